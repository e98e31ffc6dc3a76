"""Laws 4 and 5: a rollback by command is carried out at any time from START on, and leaves the new version nowhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpr_cockpit.core.events import Script, StepIntent
from cpr_cockpit.core.ports import PRODUCTION
from cpr_cockpit.core.run import Phase
from cpr_cockpit.engine.host import CommandError
from tests.engine.moments import WAY_BACK, WAY_FORTH, Moment, Troubles, bounded, deaths, moments, name_of, troubles
from tests.engine.stage import AUTO, Death, Stage, bodies
from tests.engine.users import ERRORS, HEALTHY, OUTAGE, SILENT, Behaviour
from tests.engine.world import NEW, OLD, SLOT, Fault, forward_switches

# What the service refuses for good is the next rung's: the card.
PASSING = st.sampled_from([fault for fault in Fault if fault not in (Fault.REFUSED, Fault.FAILS)])
DECIDERS = (None, AUTO, Script(decide="keep"))


@bounded(14)
@given(
    decides=st.sampled_from(DECIDERS),
    behaviour=st.sampled_from((HEALTHY, ERRORS, SILENT, OUTAGE)),
    moment=moments(WAY_FORTH),
    trouble=troubles(PASSING, within_s=20.0),
    blind=st.booleans(),
    held=st.sampled_from((OLD, OLD, NEW, "v1.1.0", None, "no slot")),
    ends=st.lists(st.tuples(moments(WAY_BACK, ("decision",)), deaths, st.booleans()), max_size=2),
)
def test_a_rollback_by_command_is_carried_out_at_any_time(
    decides: Script | None,
    behaviour: Behaviour,
    moment: Moment,
    trouble: Troubles,
    blind: bool,
    held: str | None,
    ends: list[tuple[Moment, Death, bool]],
) -> None:
    exists = held != "no slot"
    with Stage(decides, behaviour=behaviour, slot=held if exists else None, slot_exists=exists) as stage:
        life = stage.begin()
        if decides is None:
            stage.sign_and_start(life)
        has_come, latest = moment.of(life), stage.loop.time() + 40.0
        if life.live(lambda: has_come() or stage.loop.time() >= latest):
            return
        trouble.befall(stage.world)
        stage.world.users.down = blind
        command = life.command("rollback", by="ana")
        for end, death, by_command in ends:
            if life.live(end.of(life)):
                break
            life.die(death)
            heard = any(body["type"] == "decision" and body["word"] == "rollback" for body in bodies(stage.folder))
            life = stage.begin(rollback_by="ana" if by_command or not heard else None)
        assert life.live()
        stage.rest()
        world, ended = stage.world, life.run_state.ended
        if command.done() and not command.cancelled() and isinstance(command.exception(), CommandError):
            return
        assert ended is not None
        told = [name_of(record.event) for record in life.recorder.records]
        assert told.count("run.ended") == 1
        decided = max(index for index, name in enumerate(told) if name == "decision")
        since = [record.event for record in life.recorder.records[decided:]]
        begun = [event.way for event in since if isinstance(event, StepIntent)]
        assert "forward" not in begun, "something was begun after ROLLBACK"
        assert ended.decision == "rolled_back", ended.reason
        assert world.production == OLD
        assert world.slot == OLD or SLOT not in world.sites
        assert forward_switches(world.switches) * 2 == len(world.switches)


@pytest.mark.parametrize(
    ("what", "most", "every"),
    [
        ("run.started", 12, 1),
        ("intent deploy", 120, 8),
        ("outcome baseline", 18, 1),
        ("accepted swap", 110, 10),
        ("decision", 12, 1),
    ],
)
def test_turn_by_turn_where_it_is_narrow(what: str, most: int, every: int) -> None:
    """Between a reading and what is sent, between a look and the end: each turn of the loop, nothing else wrong."""
    for turn in range(0, most, every):
        with Stage() as stage:
            life = stage.begin()
            if life.live(Moment(what, turn).of(life)):
                continue
            command = life.command("rollback", by="ana")
            assert life.live()
            stage.rest()
            told = [name_of(record.event) for record in life.recorder.records]
            assert told.count("run.ended") == 1, turn
            assert told[-1] == "run.ended"
            if isinstance(command.exception(), CommandError):
                continue
            asked = told.index("decision", told.index("decision") + 1 if what == "decision" else 0)
            begun = [record.event for record in life.recorder.records[asked:] if isinstance(record.event, StepIntent)]
            assert all(intent.way == "back" for intent in begun), turn
            assert life.run_state.ended is not None
            assert life.run_state.ended.decision == "rolled_back", turn
            assert (stage.world.production, stage.world.slot) == (OLD, OLD), turn


@pytest.mark.parametrize(("hangs", "within_s"), [((), 0.2), ((PRODUCTION,), 1.2)])
def test_the_swap_back_leaves_as_soon_as_it_is_known_that_it_is_to_do(hangs: tuple[str, ...], within_s: float) -> None:
    """A production that hangs holds nothing up."""
    with Stage(None, window_s=30.0) as stage:
        life = stage.begin()
        stage.sign_and_start(life)
        assert not life.live(lambda: life.run_state.phase is Phase.WINDOW)
        until = stage.loop.time() + 3.0
        assert not life.live(lambda: stage.loop.time() >= until)
        stage.world.hangs.update(hangs)
        began = stage.loop.time()
        life.command("rollback", by="ana")
        assert not life.live(lambda: any(call.at >= began for call in stage.world.calls))
        first = next(call for call in stage.world.calls if call.at >= began)
        assert first.at - began <= within_s
        assert first.kind == "swap"
