"""The checks after GO: each once, at its moment, also where the machine slept, a session died or the disk refused."""

from __future__ import annotations

import asyncio
import re
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.afterwards import schedule
from cpr_cockpit.core.blocks import BlockQuestion
from cpr_cockpit.core.plan import PlanFacts
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.rolling import Rolling
from cpr_cockpit.core.signals import Observation
from cpr_cockpit.core.strategy import blue_green
from cpr_cockpit.core.verdict import HoldCause
from cpr_cockpit.engine.asking import Asking
from cpr_cockpit.engine.journal import Journal
from cpr_cockpit.engine.recorder import Recorder
from cpr_cockpit.engine.scheduled import ScheduledChecks
from cpr_cockpit.engine.thinned import Thinned
from cpr_cockpit.engine.writer import FILE
from tests.engine.moments import bounded
from tests.engine.refusing import by_trigger
from tests.engine.stage import IN_MEMORY, cancel_all
from tests.engine.suspending import suspending
from tests.engine.users import Users
from tests.engine.virtual import EPOCH, VirtualLoop
from tests.engine.world import NEW, OLD, SLOT, World

PLAN = blue_green(SLOT, NEW, PlanFacts(OLD, OLD, True), baseline_s=20.0, artifact=True)
POLICY = Policy().scaled(30.7)
# Neither is a round number, as they are not in life: an hour must not become a day by rounding.
T0 = EPOCH + 0.3
HOUR_S, DAY_S = 3600.0 * POLICY.scale, 86_400.0 * POLICY.scale
WHOLE = list(schedule(T0, POLICY.scale))
WAIT_S = 60.0
"""So late at most a check notices that the machine was away."""
AGAIN_S = 30.0
READS_S = 1.0
"""A check's own readings take less."""


@dataclass(slots=True)
class CutUsers(Users):
    """Their logs are incomplete where they are asked for bins of ``cut_from_s`` and longer; ``asked``: how often."""

    cut_from_s: float = float("inf")
    asked: int = 0

    async def requests(
        self,
        *,
        start: float,
        end: float,
        bin_s: float,
        versions: Sequence[str],
        blocks: BlockQuestion | None = None,
        flag: str = "",
    ) -> Observation:
        """The Telemetry port."""
        self.asked += 1
        seen = await Users.requests(self, start=start, end=end, bin_s=bin_s, versions=versions, blocks=blocks)
        return replace(seen, partial="the answer was cut") if bin_s >= self.cut_from_s else seen


class Watch:
    """The checks of a run that was kept, with a journal on disk, in a world of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.loop = VirtualLoop()
        self.world = World(self.loop)
        self.users = self.world.users = CutUsers(self.world.clock, [(T0, NEW)])
        self.clock = suspending(self.world)
        self.troubles: list[tuple[float, float]] = []
        self.woken = 0
        self._begin()

    def _begin(self) -> None:
        """A new session's checks."""
        self.journal = Journal(self.folder)
        self.recorder = Recorder(self.journal, self.clock)
        self.rolling = Rolling(POLICY, NEW, OLD, 0.5, None)
        self.checks = ScheduledChecks(
            POLICY,
            PLAN,
            T0,
            self.clock,
            self.recorder,
            Asking(self.world.ports(), POLICY, (OLD, NEW)),
            self.rolling,
            Thinned(self.recorder, self.clock),
            None,
            lambda: 10.0,
            AGAIN_S,
            self._wake,
        )
        self.task = self.loop.create_task(self.checks.go_on())

    def _wake(self) -> None:
        self.woken += 1

    def live(self, seconds: float) -> None:
        """Go on for so long."""
        self.loop.run_until_complete(asyncio.sleep(seconds))

    def suspend(self, seconds: float) -> None:
        """The machine is away."""
        self.clock.suspend(seconds)

    def die(self, seconds: float) -> None:
        """No session lives for so long."""
        cancel_all(self.loop)
        self.journal.close()
        self.live(seconds)
        self._begin()

    def refuse(self, seconds: float) -> None:
        """The disk is full for so long, at most two hours."""
        seconds = min(seconds, 2 * HOUR_S)
        by_trigger(self.folder)
        self.live(seconds)
        with closing(sqlite3.connect(self.folder / FILE)) as db:
            db.execute("DROP TRIGGER refuse")

    def trouble(self, kind: Callable[[Watch, float], None], seconds: float) -> None:
        """One of the three, remembered."""
        began = self.clock.now()
        kind(self, seconds)
        self.troubles.append((began, self.clock.now()))

    @property
    def made(self) -> list[tuple[float, ev.WatchChecked]]:
        """The checks in the journal, and when they were written."""
        return [
            (record.at, record.event) for record in self.journal.records if isinstance(record.event, ev.WatchChecked)
        ]

    def stands_on(self, due: float) -> list[tuple[str, str]]:
        """Source and name of what was written for the check that was due then."""
        found: list[tuple[str, str]] = []
        for record in self.journal.records:
            if isinstance(record.event, ev.Observed):
                found.append((record.event.source, str(record.event.body.get("name", ""))))
            elif isinstance(record.event, ev.WatchChecked) and record.event.due == due:
                return found
            else:
                found = []
        raise AssertionError(f"no check of {due}")


@contextmanager
def watching() -> Iterator[Watch]:
    """A watch on a folder of its own, cleared away behind it."""
    with tempfile.TemporaryDirectory(dir=IN_MEMORY) as place:
        watch = Watch(Path(place))
        try:
            yield watch
        finally:
            cancel_all(watch.loop)
            watch.journal.close()
            watch.loop.close()


kinds = st.sampled_from((Watch.suspend, Watch.die, Watch.refuse))
lengths = st.one_of(st.floats(1.0, 2 * HOUR_S), st.floats(1.0, 2 * DAY_S))
lives = st.lists(st.tuples(lengths, kinds, lengths), max_size=8)


@bounded(4)
@given(lives)
def test_each_check_is_made_once_at_its_moment_or_gives_way_to_a_newer_one(
    life: list[tuple[float, Callable[[Watch, float], None], float]],
) -> None:
    with watching() as watch:
        for seconds, kind, length in life:
            watch.live(seconds)
            watch.trouble(kind, length)
        watch.loop.run_until_complete(watch.task)
        dues = [check.due for _, check in watch.made]
        assert dues == sorted(set(dues))
        assert dues[-1] == WHOLE[-1].due
        for at, check in watch.made:
            assert (check.stage, check.since, check.due) in [(one.stage, one.since, one.due) for one in WHOLE]
            # None that a newer one had overtaken when it was made.
            assert not [one for one in WHOLE if check.due < one.due <= at - READS_S]
            ends = [end for begin, end in watch.troubles if begin <= at and end >= check.due - WAIT_S]
            assert check.due <= at < max([check.due + READS_S, *(end + WAIT_S + READS_S for end in ends)])
        for one in WHOLE:
            if one.due not in dues:
                assert [begin for begin, end in watch.troubles if begin <= one.due + READS_S and end >= one.due]


def test_a_machine_that_slept_through_five_checks_makes_the_newest_of_them_and_says_how_late() -> None:
    with watching() as watch:
        watch.live(3.5 * HOUR_S)
        before = len(watch.made)
        watch.suspend(5.4 * HOUR_S)
        watch.live(2 * WAIT_S)
        late = [check.due for _, check in watch.made[before:]]
        assert late[0] == pytest.approx(T0 + 8 * HOUR_S)
        assert all(due > T0 + 8.5 * HOUR_S for due in late[1:])
        assert not [check for _, check in watch.made if " late" in check.sentence]
        watch.live(T0 + 2 * DAY_S - 30.0 - watch.clock.now())
        watch.suspend(180.0)
        watch.live(2 * WAIT_S)
        assert watch.made[-1][1].due == pytest.approx(T0 + 2 * DAY_S)
        assert re.search(r"; made [234] min late$", watch.made[-1][1].sentence)


def test_a_journal_that_refuses_for_hours_has_the_sources_asked_once_and_not_again_in_vain() -> None:
    with watching() as watch:
        watch.live(2 * HOUR_S - READS_S)
        made, asked = len(watch.made), watch.users.asked
        watch.refuse(1.5 * HOUR_S)
        assert (len(watch.made), watch.users.asked) == (made, asked + 1)
        watch.live(AGAIN_S + READS_S)
        (late,) = [check for _, check in watch.made[made:]]
        assert late.due == pytest.approx(T0 + 3 * HOUR_S)
        assert watch.users.asked == asked + 2


def test_a_check_stands_on_one_reading_of_each_source_and_a_day_on_one_more() -> None:
    with watching() as watch:
        watch.loop.run_until_complete(watch.task)
        hours, days = [("platform", ""), ("logs", "")], [("platform", ""), ("logs", ""), ("logs", "day")]
        assert [watch.stands_on(one.due) for one in WHOLE] == [hours] * 27 + [days] * 6
        assert watch.woken == len(WHOLE)
        assert len(watch.journal.records) == 27 * 3 + 6 * 4


def test_its_sentence_is_one_line_with_the_figures_of_its_time() -> None:
    with watching() as watch:
        for ok in (True, True, False):
            watch.checks.count_probe(ok=ok)
        watch.live(HOUR_S + READS_S)
        first, *others = [check for _, check in watch.made]
        (requests,) = {figure["n"] for figure in first.figures}
        assert 2900 <= requests <= 15 * POLICY.bin_s * 100
        assert first.sentence.startswith(f"0.0 % of {requests} requests failed; p50 80, p95 110, p99 130 ms; ")
        assert "; 2 of 3 own probes answered; " in first.sentence
        assert not [check for check in (first, *others) if "\n" in check.sentence]
        # Counted since the check before.
        assert len(others) == 3
        assert all("no own probe was sent" in check.sentence for check in others)
        assert [figure["name"] for figure in first.figures] == ["error rate", "p50", "p95", "p99"]


def test_figures_of_an_incomplete_answer_are_not_believed() -> None:
    with watching() as watch:
        watch.users.cut_from_s = DAY_S / 2.0
        watch.live(2.5 * DAY_S)
        hourly, daily = watch.made[-2][1], watch.made[-1][1]
        assert hourly.sentence.startswith("0.0 % of ")
        assert daily.due == pytest.approx(T0 + 2 * DAY_S)
        assert daily.sentence.startswith("what was told of the requests is incomplete (the answer was cut); ")
        assert [figure["value"] for figure in daily.figures] == [None] * 4


def test_of_hours_whose_logs_came_in_part_there_is_no_go_and_no_word_of_silence() -> None:
    with watching() as watch:
        watch.live(0.5 * HOUR_S + READS_S)
        watch.users.cut_from_s = 0.0
        watch.live(0.25 * HOUR_S)
        check = watch.made[-1][1]
        assert check.due == pytest.approx(T0 + 0.75 * HOUR_S)
        assert (check.kind, check.cause) == ("HOLD", "incomplete")
        assert "could not be read (partial answer: the answer was cut)" in check.sentence
        assert "told nothing" not in check.sentence


@pytest.mark.parametrize("source", ["logs and platform", "neither"])
def test_without_an_answer_it_says_so_and_is_no_go(source: str) -> None:
    with watching() as watch:
        watch.users.down = source == "neither"
        watch.live(0.25 * HOUR_S + READS_S)
        ((_, check),) = watch.made
        assert check.sentence.startswith("no request was told of (The logs do not answer.)") == watch.users.down
        assert (check.kind, check.cause) == ("HOLD", "stale")


def test_who_reads_a_check_has_been_told_that_nobody_watched() -> None:
    with watching() as watch:
        watch.rolling.hold(HoldCause.SLEPT, "this machine was away")
        watch.rolling.hold(HoldCause.FOREIGN, "somebody swapped")
        watch.live(0.5 * HOUR_S + READS_S)
        assert [check.cause for _, check in watch.made] == ["slept", "foreign"]
