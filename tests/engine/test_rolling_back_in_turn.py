"""The way back of simulated apps: which of them is waited for, how long, and whose next rung a press takes."""

from __future__ import annotations

from tests.engine.moments import Moment
from tests.engine.stage import AUTO, Life
from tests.engine.world import OLD, Fault
from tests.engine.worlds import APPS, Apps

FIRST, SECOND, THIRD = APPS
REFUSED = [Fault.REFUSED] * 12


def two(script: object = AUTO) -> Apps:
    """Two apps that are switched before the first gate, and a third after it."""
    return Apps(script, at_once=2)


def switched(stage: Apps) -> Life:
    """A session in which the two serve the new version."""
    life = stage.begin()
    if stage.settings.script is None:
        stage.sign_and_start(life)
    assert not life.live(Moment("intent gate-1", 0).of(life))
    return life


def test_a_rung_that_is_pressed_waits_for_no_slot_that_is_put_off() -> None:
    with two(None) as stage:
        life = switched(stage)
        stage.worlds[SECOND].faults["swap"] = REFUSED[:]
        stage.worlds[FIRST].faults["deploy"] = [Fault.CONFLICT] * 3
        life.command("rollback", by="ana")
        assert not life.live(Moment("doubtful replace-bad", 9).of(life))
        pressed = stage.loop.time()
        life.command("rollback", by="ana")
        assert not life.live(lambda: life.run_state.row(f"route-old@{SECOND}", "back") is not None)
        assert stage.loop.time() - pressed < 1.0
        assert life.live()
        assert life.run_state.ended is not None
        assert life.run_state.ended.decision == "rolled_back", life.run_state.ended.reason
        assert stage.everywhere(OLD, OLD)
