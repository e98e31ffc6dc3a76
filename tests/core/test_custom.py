from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest

from cpr_cockpit.core.blocks import Block
from cpr_cockpit.core.custom import CustomSignals, Limit, SignalSpec
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.signals import Observation, Source
from cpr_cockpit.core.triggers import Finding
from cpr_cockpit.core.verdict import HoldCause, VerdictKind

T0 = 1_700_000_000.0
POLICY = Policy()
EVERY, LAG = 15.0, 60.0
NAME = "logins"
LOGINS = SignalSpec(NAME, Limit.DROP, 0.5, for_s=300.0, every_s=EVERY, delay_s=LAG, rollback=True)
Counted = tuple[int, int]


def _seen(at: float, blocks: Iterable[Block] = (), name: str = NAME, measured_at: float | None = None) -> Observation:
    told = tuple(blocks)
    newest = max((block.end for block in told), default=None) if measured_at is None else measured_at
    return Observation(Source.CUSTOM, at, measured_at=newest, lag_p95=LAG, name=name, blocks=told)


class Night:
    """One signal, fed block by block; ``said`` keeps the first finding of each kind with the seconds since T0."""

    def __init__(self, spec: SignalSpec = LOGINS, before: int | None = 3600, policy: Policy = POLICY) -> None:
        self.signals = CustomSignals([spec], policy)
        self.signals.begin(T0)
        self.spec, self.policy, self.now, self.until = spec, policy, T0, T0
        self.said: dict[VerdictKind, tuple[float, Finding]] = {}
        self._before = [] if before is None else [Block(T0 - 3600.0, 3600.0, "", before, 0)]

    def go_on(self, seconds: float, counts: Callable[[], Counted]) -> Night:
        """``counts``: events and failures of each block that follows."""
        end = self.until + seconds
        while self.until < end:
            block = Block(self.until, EVERY, "", *counts())
            self.until += EVERY
            self.now = self.until + LAG
            self.signals.take(_seen(self.now, [*self._before, block], self.spec.name))
            for finding in self.signals.findings(self.now):
                self.said.setdefault(finding.kind, (self.until - T0, finding))
        return self

    @property
    def last(self) -> tuple[Finding, ...]:
        return self.signals.findings(self.now)


def _even(count: int, failures: int = 0) -> Callable[[], Counted]:
    return lambda: (count, failures)


def _poisson(seed: int, mean: float) -> Callable[[], Counted]:
    """Counts whose gaps are exponential: a Poisson process."""
    source = random.Random(seed)

    def count() -> Counted:
        events, at = 0, source.expovariate(mean)
        while at < 1.0:
            events, at = events + 1, at + source.expovariate(mean)
        return events, 0

    return count


def test_logins_that_stop_are_told_at_once_and_rolled_back_when_no_spike_explains_it() -> None:
    night = Night().go_on(240.0, _even(15)).go_on(300.0, _even(0))
    first, finding = night.said[VerdictKind.WAIT]
    assert first == 270.0
    assert finding.rule == "signal logins"
    decided, finding = night.said[VerdictKind.ROLLBACK]
    assert decided == 240.0 + POLICY.early_patience_s
    assert finding.cause is None
    assert "logins: 0 since 22:17:20 UTC, where its limit allows at least" in finding.sentence
    assert "60 per minute before, not to drop by 50 %" in finding.sentence
    assert "false-alarm bound 1 in 100" in finding.sentence
    assert VerdictKind.HOLD not in night.said


def test_what_stops_with_the_switch_waits_as_long_a_dependency_could_have_stopped_it() -> None:
    night = Night().go_on(300.0, _even(0))
    assert night.said[VerdictKind.ROLLBACK][0] == POLICY.early_patience_s


def test_a_spike_that_ends_is_never_rolled_back_and_is_forgotten() -> None:
    night = Night().go_on(240.0, _even(15)).go_on(90.0, _even(0)).go_on(570.0, _even(15))
    assert VerdictKind.WAIT in night.said
    assert VerdictKind.ROLLBACK not in night.said
    assert night.last == ()


def test_without_on_breach_a_person_looks_as_soon_as_the_evidence_is_there() -> None:
    night = Night(replace(LOGINS, rollback=False)).go_on(240.0, _even(15)).go_on(300.0, _even(0))
    decided, finding = night.said[VerdictKind.HOLD]
    assert decided < 300.0
    assert finding.cause is HoldCause.SUSPICIOUS
    assert VerdictKind.ROLLBACK not in night.said


def test_healthy_signals_are_never_accused_and_true_drops_are_found() -> None:
    for seed in range(60):
        healthy = Night().go_on(900.0, _poisson(seed, 15.0))
        assert VerdictKind.ROLLBACK not in healthy.said, seed
        assert healthy.last == (), seed
    for seed in range(20):
        broken = Night().go_on(240.0, _poisson(seed, 15.0)).go_on(660.0, _poisson(seed + 1, 3.0))
        assert broken.said[VerdictKind.ROLLBACK][0] <= 600.0, seed


def test_a_drop_that_the_limit_allows_is_calm() -> None:
    assert Night().go_on(900.0, _even(10)).said == {}


@pytest.mark.parametrize(
    ("limit", "bound", "calm", "wrong"),
    [
        (Limit.RISE, 1.0, 25, 45),
        (Limit.ABOVE, 100.0, 24, 40),
        (Limit.BELOW, 20.0, 6, 1),
    ],
)
def test_other_limits_of_counts(limit: Limit, bound: float, calm: int, wrong: int) -> None:
    spec = replace(LOGINS, limit=limit, bound=bound)
    assert Night(spec).go_on(900.0, _even(calm)).said == {}
    broken = Night(spec).go_on(240.0, _even(calm)).go_on(660.0, _even(wrong))
    assert broken.said[VerdictKind.ROLLBACK][0] < 700.0


def test_where_none_is_allowed_one_is_enough() -> None:
    spec = replace(LOGINS, limit=Limit.ABOVE, bound=0.0)
    night = Night(spec, before=0).go_on(600.0, _even(0))
    assert night.said == {}
    night.go_on(15.0, _even(1)).go_on(285.0, _even(0))
    at, finding = night.said[VerdictKind.ROLLBACK]
    assert at == 615.0
    assert finding.sentence == "logins: 1 since 22:23:20 UTC, where its limit allows none"
    assert [one.kind for one in night.last] == [VerdictKind.ROLLBACK]


def test_a_failed_share_above_its_limit() -> None:
    spec = replace(LOGINS, limit=Limit.SHARE_ABOVE, bound=0.02)
    assert Night(spec).go_on(900.0, _even(100, 1)).said == {}
    night = Night(spec).go_on(240.0, _even(100, 1)).go_on(300.0, _even(100, 10))
    at, finding = night.said[VerdictKind.ROLLBACK]
    assert at == 240.0 + POLICY.early_patience_s
    assert "110 of 1100 failed since 22:17:20 UTC (10.0 %, limit 2.0 %)" in finding.sentence


# -- what tells nothing is never healthy -----------------------------------------------------------------------------


def _causes(findings: Iterable[Finding]) -> list[tuple[VerdictKind, HoldCause | None]]:
    return [(one.kind, one.cause) for one in findings]


STALE = [(VerdictKind.HOLD, HoldCause.STALE)]


def test_a_signal_that_never_tells_anything_is_stale_by_its_name() -> None:
    signals = CustomSignals([LOGINS, replace(LOGINS, name="orders")], POLICY)
    assert signals.findings(T0 + 1000.0) == ()
    signals.begin(T0)
    allowed = 2.0 * EVERY + 2.0 * LAG + 2.0
    assert signals.findings(T0 + allowed) == ()
    found = signals.findings(T0 + allowed + 0.1)
    assert _causes(found) == STALE * 2
    assert found[1].sentence == "orders: it has told nothing since the switch"


def test_a_signal_that_falls_silent_fails_or_is_partial_is_stale_with_its_words() -> None:
    nothing = Observation(Source.CUSTOM, T0, name=NAME)
    for trouble in (replace(nothing, error="was refused"), replace(nothing, partial="was refused"), None):
        night = Night().go_on(300.0, _even(15))
        for _ in range(12):
            night.now += EVERY
            if trouble is not None:
                night.signals.take(replace(trouble, at=night.now))
        assert _causes(night.last) == STALE
        assert ("was refused" in night.last[0].sentence) is (trouble is not None)


def test_what_is_asked_less_often_after_the_window_may_be_older() -> None:
    night = Night().go_on(900.0, _even(15))
    later = night.now + 900.0 + 2.0 * LAG
    assert _causes(night.signals.findings(later)) == STALE
    night.signals.pace(900.0)
    assert night.signals.findings(later) == ()
    assert _causes(night.signals.findings(later + 900.0)) == STALE


def test_a_frozen_signal_is_stale() -> None:
    night = Night().go_on(300.0, _even(15))
    frozen = Block(night.until - EVERY, EVERY, "", 15, 0)
    for _ in range(12):
        night.now += EVERY
        night.signals.take(_seen(night.now, [frozen]))
    assert _causes(night.last) == STALE


def test_data_from_the_future_is_refused() -> None:
    night = Night().go_on(300.0, _even(15))
    night.now += EVERY
    night.signals.take(_seen(night.now, [Block(night.now, 90.0, "", 90, 0)]))
    assert _causes(night.last) == STALE
    assert "dated ahead" in night.last[0].sentence
    night.go_on(15.0, _even(15))
    assert night.last == ()


def test_without_history_it_is_held_against_nothing_and_not_kept() -> None:
    night = Night(before=None).go_on(825.0, _even(15))
    assert night.said == {}
    night.go_on(30.0, _even(15))
    assert _causes(night.last) == [(VerdictKind.HOLD, HoldCause.THIN)]
    assert "nothing is known of the hour before" in night.last[0].sentence


@pytest.mark.parametrize(
    ("spec", "before", "counts"),
    [
        (LOGINS, 30, (0, 0)),
        (LOGINS, 0, (0, 0)),
        (replace(LOGINS, limit=Limit.SHARE_ABOVE, bound=0.02), 100, (0, 0)),
        (replace(LOGINS, limit=Limit.BELOW, bound=0.2), None, (1, 0)),
    ],
    ids=["few", "none", "no request", "a low limit"],
)
def test_where_not_even_a_total_failure_would_show_a_person_looks_at_the_deadline(
    spec: SignalSpec, before: int | None, counts: Counted
) -> None:
    night = Night(spec, before).go_on(900.0, _even(*counts))
    assert [at for kind, (at, _) in night.said.items() if kind is VerdictKind.HOLD] == [840.0]
    assert _causes(night.last) == [(VerdictKind.HOLD, HoldCause.THIN)]


def test_duplicates_and_readings_out_of_order_change_nothing() -> None:
    night = Night().go_on(240.0, _even(15))
    for _ in range(100):
        night.signals.take(_seen(night.now, [Block(T0 + 225.0, EVERY, "", 0, 0)]))
        night.signals.take(_seen(night.now - 30.0, [Block(night.until, EVERY, "", 0, 0)]))
    assert night.last == ()


def test_another_switch_begins_anew() -> None:
    night = Night().go_on(240.0, _even(0))
    assert night.last[0].kind is VerdictKind.ROLLBACK
    night.signals.begin(T0 + 600.0)
    assert night.signals.findings(T0 + 601.0) == ()


def test_other_names_and_other_sources_are_not_of_ours() -> None:
    night = Night().go_on(240.0, _even(15))
    night.signals.take(_seen(night.now + 1, [Block(night.until, 500.0, "", 0, 0)], name="orders"))
    night.signals.take(replace(_seen(night.now + 1, [Block(night.until, 500.0, "", 0, 0)]), source=Source.USAGE))
    assert night.last == ()
    night.signals.baseline("orders", 1.0, 1.0)


def test_a_history_told_from_outside_counts_like_its_own() -> None:
    night = Night(before=None)
    night.signals.baseline(NAME, 3600.0, 3600.0)
    night.go_on(300.0, _even(0))
    assert night.said[VerdictKind.ROLLBACK][0] == POLICY.early_patience_s


def test_two_signals_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="a name of its own"):
        CustomSignals([LOGINS, LOGINS], POLICY)


def test_no_signals_say_nothing() -> None:
    assert CustomSignals([], POLICY).findings(T0) == ()
