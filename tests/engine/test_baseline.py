"""The baseline: figures of an incomplete answer are no baseline, and a history that did not come is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import pytest

from cpr_cockpit.core.blocks import BlockQuestion
from cpr_cockpit.core.run import Run
from cpr_cockpit.core.signals import Bin, Observation
from tests.engine.stage import AUTO, Stage
from tests.engine.test_observing import decision, ended, looking_on, others_switch, waiting
from tests.engine.users import Users
from tests.engine.world import NEW, OLD

CUT = "2 of 9 partitions did not answer"
SICK = Bin(0.0, 20.0, OLD, 12, 11, 8.0, 11.0, 13.0)


@dataclass(slots=True)
class CutUsers(Users):
    """Logs whose answer to the first ``times`` questions about the old version alone is cut.

    ``cuts``: which of those questions, by their length in seconds and whether they ask for blocks.
    """

    cuts: Callable[[float, bool], bool] = lambda length, blocks: True
    times: float = float("inf")

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
        seen = await Users.requests(self, start=start, end=end, bin_s=bin_s, versions=versions, blocks=blocks)
        if tuple(versions) != (OLD,) or not self.cuts(end - start, blocks is not None) or self.times <= 0:
            return seen
        self.times -= 1
        return replace(seen, whole=(SICK,), bins=(), blocks=(), partial=CUT)


def users(stage: Stage, cuts: Callable[[float, bool], bool], times: float = float("inf")) -> CutUsers:
    """The stage's users from now on."""
    honest = stage.world.users
    cut = stage.world.users = CutUsers(honest.clock, honest.timeline, honest.behaviours, cuts=cuts, times=times)
    return cut


def own(length: float, blocks: bool) -> bool:
    """The question for the baseline itself."""
    return round(length, 3) == 20.0


def history(length: float, blocks: bool) -> bool:
    """Both questions for the hour before it."""
    return not own(length, blocks)


def history_blocks(length: float, blocks: bool) -> bool:
    """The second of them."""
    return blocks


def words(run: Run) -> str:
    row = run.row("baseline", "forward")
    return row.words if row is not None else ""


def test_an_incomplete_answer_is_no_baseline_and_is_asked_again() -> None:
    with Stage(AUTO) as stage:
        users(stage, own, times=2)
        run = stage.whole_run()
        assert run.baseline is not None
        assert (run.baseline.requests, run.baseline.failures) == (2000, 0)
        assert run.baseline.yardstick is not None
        assert "history" not in words(run)
        assert decision(run) == ("kept", 0)


def test_answers_that_stay_incomplete_end_the_step_and_nothing_is_switched() -> None:
    with Stage(AUTO) as stage:
        users(stage, own)
        run = stage.whole_run()
        assert run.baseline is None
        assert decision(run) == ("failed", 40)
        assert CUT in words(run)
        assert stage.world.switches == []


@pytest.mark.parametrize("cuts", [history, history_blocks])
def test_a_history_that_is_incomplete_once_is_asked_again(cuts: Callable[[float, bool], bool]) -> None:
    with Stage(AUTO) as stage:
        users(stage, cuts, times=1)
        run = stage.whole_run()
        assert run.baseline is not None
        assert run.baseline.yardstick is not None
        assert run.baseline.yardstick["quantiles_ms"] == (80.0, 110.0, 130.0)
        assert "history" not in words(run)


@pytest.mark.parametrize("cuts", [history, history_blocks])
def test_a_history_that_does_not_come_is_told_and_stops_nothing(cuts: Callable[[float, bool], bool]) -> None:
    with Stage(AUTO) as stage:
        users(stage, cuts)
        run = stage.whole_run()
        assert run.baseline is not None
        assert (run.baseline.requests, run.baseline.failures) == (2000, 0)
        assert run.baseline.yardstick is None
        assert words(run).startswith("0 of 2000 requests failed, p95 110 ms; the early tests have no history")
        assert CUT in words(run)
        assert [switch.production for switch in stage.world.switches] == [NEW]


@pytest.mark.parametrize("cuts", [own, history, history_blocks])
def test_a_run_that_looks_on_keeps_the_newest_whole_baseline(cuts: Callable[[float, bool], bool]) -> None:
    with looking_on() as stage:
        cut = users(stage, cuts, times=0)
        life = stage.begin()
        waiting(life)
        cut.times = float("inf")
        others_switch(life)
        run = ended(life)
        assert run.baseline is not None
        assert (run.baseline.failures, run.baseline.p95) == (0, 110.0)
        assert run.baseline.yardstick is not None
        assert "history" not in words(run)


@pytest.mark.parametrize(("cuts", "requests"), [(own, False), (history, True)])
def test_a_run_that_looks_on_says_where_no_history_came(cuts: Callable[[float, bool], bool], requests: bool) -> None:
    with looking_on() as stage:
        users(stage, cuts)
        life = stage.begin()
        waiting(life)
        others_switch(life)
        run = ended(life)
        assert run.baseline is not None
        assert run.baseline.failures == 0
        assert bool(run.baseline.requests) == requests
        assert "the early tests have no history" in words(run)
