"""Rolling on several simulated apps: a gate between them, and the way back in reverse of what was done."""

from __future__ import annotations

from tests.engine.users import ERRORS
from tests.engine.world import NEW, OLD
from tests.engine.worlds import APPS, Apps


def test_a_healthy_version_goes_from_app_to_app_and_is_kept() -> None:
    with Apps() as stage:
        run = stage.whole_run()
        assert run.ended is not None
        assert (run.ended.decision, run.ended.production_version) == ("kept", NEW)
        assert stage.everywhere(NEW, OLD)
        assert stage.sent("swap") == list(APPS)
        assert stage.sent("deploy") == list(APPS)
        assert run.swaps == 3
        gates = [row for row in run.steps if row.key.startswith("gate-")]
        assert [(row.result, "GO after" in row.words) for row in gates] == [("done", True)] * 2


def test_a_fault_ends_at_the_first_gate_and_is_rolled_back_there() -> None:
    with Apps(behaviour=ERRORS) as stage:
        run = stage.whole_run()
        assert run.ended is not None
        assert run.ended.decision == "rolled_back", run.ended.reason
        assert stage.everywhere(OLD, OLD)
        assert stage.sent("swap") == [APPS[0], APPS[0]]
