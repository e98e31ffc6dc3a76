"""The team's own signals after GO: on the newest stretch, against the time before the switch, in bounded room."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from cpr_cockpit.core.afterwards import ScheduledCheck
from cpr_cockpit.core.blocks import Block, Reading
from cpr_cockpit.core.check_words import check_event, check_figures
from cpr_cockpit.core.custom import Limit, SignalSpec
from cpr_cockpit.core.rolling import Rolling, Stretch
from cpr_cockpit.core.signals import Observation, Source
from cpr_cockpit.core.verdict import HoldCause, Verdict, VerdictKind
from tests.core.minutes import BAD, GOOD, HOUR_S, MINUTE_S, POLL_S, QUARTER_S, counted, probe, reading
from tests.core.observations import BEFORE, NEW, OLD, T0, WRITTEN

NAME = "logins"
LOGINS = SignalSpec(NAME, Limit.DROP, 0.5, for_s=300.0, every_s=15.0, delay_s=10.0, rollback=True)
LOOKED_AT = replace(LOGINS, rollback=False)
QUEUE = SignalSpec("queue", Limit.ABOVE, 500.0, for_s=300.0, every_s=15.0, rollback=True)
HISTORY = Block(T0 - HOUR_S, HOUR_S, "", 6000, 0)
"""A hundred a minute."""


class Night:
    """A service that is well by all else, and what its signals tell minute by minute."""

    def __init__(self, *specs: SignalSpec, since: float = T0 + HOUR_S, history: Block | None = HISTORY) -> None:
        self.rolling = Rolling(WRITTEN, NEW, OLD, 0.0, BEFORE, signals=specs, t0=T0)
        self.specs, self.now, self.history = specs, since, history
        self.until = since
        self.said: list[tuple[float, Verdict]] = []

    def go_on(
        self, minutes: int, count: Callable[[], int] | None = None, *, failures: int = GOOD, length: float = 0.0
    ) -> Night:
        """``count``: events of each minute, None: the signals tell nothing; ``length``: the queue's."""
        for _ in range(minutes):
            self.now += MINUTE_S
            if count is not None:
                block = Block(self.until, self.now - self.until, "", count(), 0)
                self.until = self.now
                blocks = (block,) if self.history is None else (self.history, block)
                self._tell(NAME, blocks=blocks)
                self._tell("queue", readings=(Reading("queue", length),))
            self._judged(failures)
        return self

    def _tell(self, name: str, **told: object) -> None:
        if name in [spec.name for spec in self.specs]:
            seen = Observation(Source.CUSTOM, self.now, self.now, lag_p95=1.0, name=name)
            self.rolling.take(replace(seen, **told), POLL_S)  # type: ignore[arg-type]  # one of its members

    def _judged(self, failures: int) -> None:
        first = round((self.now - QUARTER_S - T0) / MINUTE_S)
        self.rolling.take(probe(self.now - 1.0), 10.0)
        self.rolling.take(counted(self.now, first, 15), POLL_S)
        stretch = self.rolling.newest(self.now, T0)
        self.rolling.take_logs(reading([failures] * 15, self.now, first), stretch, POLL_S)
        self.said.append((self.now, self.last))

    @property
    def last(self) -> Verdict:
        found = self.rolling.verdict(self.now)
        assert found is not None
        return found

    @property
    def kinds(self) -> list[VerdictKind]:
        """Each as long as it lasted, once."""
        found = [verdict.kind for _, verdict in self.said]
        return [one for place, one in enumerate(found) if place == 0 or found[place - 1] is not one]


def around(mean: int, seed: int = 1) -> Callable[[], int]:
    """Counts as they come of users who do not know of each other."""
    dice = random.Random(seed)
    return lambda: sum(dice.random() < 0.5 for _ in range(2 * mean))


def test_a_signal_that_breaks_hours_after_go_is_a_rollback_until_it_is_well_again() -> None:
    night = Night(LOGINS).go_on(60, around(100))
    assert night.kinds == [VerdictKind.GO]
    broken = night.now
    night.go_on(10, lambda: 0)
    verdict = night.last
    assert (verdict.kind, verdict.rule) == (VerdictKind.ROLLBACK, f"signal {NAME}")
    assert "100 per minute before, not to drop by 50 %" in verdict.sentence
    # While a dependency's spike could explain it, it is under way.
    rising = next(verdict for at, verdict in night.said if at > broken and verdict.kind is not VerdictKind.GO)
    assert (rising.kind, rising.cause) == (VerdictKind.HOLD, HoldCause.SUSPICIOUS)
    assert "a dependency's spike could explain it until" in "".join(rising.pending)
    well = night.now
    night.go_on(30, around(100))
    assert night.kinds == [VerdictKind.GO, VerdictKind.HOLD, VerdictKind.ROLLBACK, VerdictKind.GO]
    assert next(at for at, verdict in night.said if at > well and verdict.kind is VerdictKind.GO) <= well + QUARTER_S


def test_what_a_person_shall_look_at_is_a_hold() -> None:
    night = Night(LOOKED_AT).go_on(20, around(100)).go_on(10, lambda: 0)
    assert (night.last.kind, night.last.cause) == (VerdictKind.HOLD, HoldCause.SUSPICIOUS)
    assert night.last.rule == f"signal {NAME}"


def test_a_figure_that_stays_beyond_its_limit_counts_from_before_the_stretch() -> None:
    slow = replace(QUEUE, for_s=1800.0)
    night = Night(slow).go_on(20, around(100), length=10.0)
    assert night.last.kind is VerdictKind.GO
    night.go_on(25, around(100), length=900.0)
    assert (night.last.kind, len(night.last.pending)) == (VerdictKind.HOLD, 1)
    night.go_on(10, around(100), length=900.0)
    assert (night.last.kind, night.last.rule) == (VerdictKind.ROLLBACK, "signal queue")
    night.go_on(1, around(100), length=10.0)
    assert night.last.kind is VerdictKind.GO


def test_a_signal_that_falls_silent_is_stale_by_the_pace_after_go() -> None:
    night = Night(LOGINS).go_on(20, around(100)).go_on(2)
    # Two times the pace and the delay are allowed, though the window's pace was four times as fast.
    assert night.last.kind is VerdictKind.GO
    night.go_on(1)
    assert (night.last.kind, night.last.cause, night.last.rule) == (
        VerdictKind.HOLD,
        HoldCause.STALE,
        f"signal {NAME}",
    )


def test_a_signal_that_a_new_session_has_not_asked_yet_is_not_stale_and_one_that_never_answers_is() -> None:
    night = Night(LOGINS).go_on(2)
    assert night.kinds == [VerdictKind.GO]
    night.go_on(2)
    assert (night.last.kind, night.last.cause) == (VerdictKind.HOLD, HoldCause.STALE)
    assert "told nothing" in night.last.sentence


@pytest.mark.parametrize("since", [T0 + HOUR_S, T0 + 100 * HOUR_S])
def test_what_came_before_the_stretch_is_no_history_of_the_switch(since: float) -> None:
    # Ten a minute for hours, a hundred before the switch: against the hours it would be well.
    night = Night(LOGINS, since=since).go_on(90, around(10))
    assert night.last.kind is VerdictKind.ROLLBACK
    # And where nobody knows what was before the switch, the hours after it do not stand in for that.
    unknown = Night(LOGINS, since=since, history=None).go_on(30, around(100)).go_on(30, lambda: 0)
    assert unknown.last.kind is VerdictKind.GO
    assert unknown.last.visible.startswith(f"not judged: {NAME}: nothing is known of the hour before the switch")


def test_a_signal_that_is_too_seldom_hides_nothing_and_is_told_beside_the_verdict() -> None:
    seldom = replace(HISTORY, requests=3)
    night = Night(LOGINS, history=seldom).go_on(20, lambda: 0)
    assert night.last.kind is VerdictKind.GO
    assert night.last.visible.startswith(f"not judged: {NAME}: ")
    assert "too few to judge" in night.last.visible
    check = ScheduledCheck("first 24 hours", night.now - HOUR_S, night.now)
    event = check_event(check, check_figures(None, BEFORE, WRITTEN), night.last, probes=(1, 1), late_s=0.0)
    assert event.kind == "GO"
    assert event.sentence.endswith(f"; {night.last.visible}")
    night.go_on(10, lambda: 0, failures=2)
    assert night.last.cause is HoldCause.TARGET_MISSED


def test_the_worse_of_two_faults_is_told() -> None:
    night = Night(LOOKED_AT).go_on(20, around(100)).go_on(10, lambda: 0, failures=BAD)
    assert (night.last.kind, night.last.rule) == (VerdictKind.ROLLBACK, "error rate")
    night = Night(LOGINS).go_on(20, around(100)).go_on(10, lambda: 0, failures=2)
    assert (night.last.kind, night.last.rule) == (VerdictKind.ROLLBACK, f"signal {NAME}")
    night = Night(LOGINS).go_on(20, around(100)).go_on(10, failures=2)
    # A missed target is worse than a signal that tells nothing.
    assert night.last.cause is HoldCause.TARGET_MISSED


def test_what_a_person_raised_or_somebody_else_changed_stands_before_a_signal() -> None:
    night = Night(LOOKED_AT).go_on(20, around(100)).go_on(10, lambda: 0)
    night.rolling.hold(HoldCause.FOREIGN, "somebody swapped")
    assert night.last.cause is HoldCause.FOREIGN


@pytest.mark.long
def test_hours_of_a_signal_at_its_own_rate_are_calm_and_take_no_more_room_than_one() -> None:
    night = Night(LOGINS, QUEUE).go_on(70, around(70, seed=7), length=10.0)
    kept = night.rolling.kept
    night.go_on(5 * 60, around(70, seed=8), length=10.0)
    # Thirty in a hundred fewer than before the switch are within its limit.
    assert night.kinds == [VerdictKind.GO]
    assert night.rolling.kept <= kept + 2


def test_the_check_of_an_hour_judges_the_signals_of_that_hour() -> None:
    night = Night(LOGINS).go_on(60, around(100)).go_on(12, lambda: 0).go_on(30, around(100))
    assert night.last.kind is VerdictKind.GO
    now = night.now
    logs = reading([GOOD] * 60, now, round((now - HOUR_S - T0) / MINUTE_S))
    whole = night.rolling.verdict_on(Stretch(now - HOUR_S, HOUR_S), logs, POLL_S, now)
    assert night.last.kind is VerdictKind.GO
    assert whole.kind is VerdictKind.GO
    down = Night(LOGINS).go_on(60, around(100)).go_on(30, lambda: 0)
    logs = reading([GOOD] * 60, down.now, round((down.now - HOUR_S - T0) / MINUTE_S))
    whole = down.rolling.verdict_on(Stretch(down.now - HOUR_S, HOUR_S), logs, POLL_S, down.now)
    assert (whole.kind, whole.rule) == (VerdictKind.ROLLBACK, f"signal {NAME}")
