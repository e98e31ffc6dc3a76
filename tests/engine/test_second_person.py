"""Two persons for what the policy names; ROLLBACK is never one of them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpr_cockpit.core import second
from cpr_cockpit.core.events import Script
from cpr_cockpit.core.run import Phase
from cpr_cockpit.core.safeguards import TWO_PERSON, Safeguards, Somebody
from cpr_cockpit.engine.gate import start_blockers
from cpr_cockpit.engine.host import CommandError
from cpr_cockpit.engine.second_person import WAITS_S
from tests.engine.moments import WAY_FORTH, Moment, bounded, moments, name_of
from tests.engine.stage import AUTO, Life, Stage
from tests.engine.users import ERRORS
from tests.engine.world import NEW, OLD

PEOPLE = (
    Somebody("Marta Lindqvist", "ML", "deployment lead"),
    Somebody("Jonas Weber", "JW", "on-call engineer"),
)


def with_two(stage: Stage, acts: tuple[str, ...] = TWO_PERSON, people: tuple[Somebody, ...] = PEOPLE) -> Stage:
    stage.change(safeguards=Safeguards(two_person=acts, people=people))
    return stage


def ready(stage: Stage) -> Life:
    """A run that is ready for START, every item signed."""
    life = stage.begin()
    assert not life.live(lambda: life.run_state.phase is Phase.READY)
    for blocker in start_blockers(life.run_state, stage.world.clock.now()):
        if not blocker.item.follows:
            life.command("sign", item=blocker.item.key, by="ML")
    return life


def done(life: Life, name: str, **arguments: Any) -> str:
    """Why the command was refused; an empty text where it was taken."""
    command = life.command(name, **arguments)
    assert not life.live(command.done)
    error = command.exception()
    assert error is None or isinstance(error, CommandError), error
    return str(error or "")


def told(life: Life) -> list[str]:
    return [name_of(record.event) for record in life.recorder.records]


def test_start_waits_for_somebody_else_and_says_who_pressed_and_who_may_confirm() -> None:
    with with_two(Stage(None)) as stage:
        life = ready(stage)
        assert done(life, "start", by="ML") == ""
        assert life.run_state.started_at is None
        words = second.sentence(life.run_state, stage.world.clock.now())
        assert words.startswith("ML pressed START, waiting for a second person (JW) until ")
        for again in ({"by": "ML"}, {"by": "ml"}, {"by": "Marta Lindqvist"}, {"by": "ML", "words": "marta lindqvist"}):
            assert "a second person is somebody else" in done(life, "second", **again)
        assert "'XX' is none of [[people]]" in done(life, "second", by="ML", words="XX")
        assert done(life, "second", by="ML", words="jw") == ""
        assert life.run_state.started_by == "ML with Jonas Weber"
        assert [name for name in told(life) if name in ("second.given", "run.started")] == [
            "second.given",
            "run.started",
        ]
        assert second.waiting(life.run_state, stage.world.clock.now()) == ()


@pytest.mark.parametrize(("by", "words"), [("ben", ""), ("ben", "ben"), ("JW", "JW"), ("ops", "JW")])
def test_another_persons_own_face_confirms(by: str, words: str) -> None:
    with with_two(Stage(None)) as stage:
        life = ready(stage)
        done(life, "start", by="ML")
        assert done(life, "second", by=by, words=words) == ""
        assert life.run_state.started_at is not None


def test_without_people_nobody_else_can_be_named_at_the_same_terminal() -> None:
    with with_two(Stage(None), people=()) as stage:
        life = ready(stage)
        done(life, "start", by="ana")
        assert "attach --as WHO" in done(life, "second", by="ana", words="ben")
        assert done(life, "second", by="ben") == ""
        assert life.run_state.started_by == "ana with ben"


def test_no_face_can_send_what_was_confirmed_and_what_waited_too_long_is_void() -> None:
    with with_two(Stage(None)) as stage:
        life = ready(stage)
        assert "Nothing waits" in done(life, "second", by="JW")
        assert done(life, "start", by="ML", second="JW", asked="start", confirmed=True) == ""
        assert life.run_state.started_at is None
        until = stage.loop.time() + WAITS_S + 1.0
        assert not life.live(lambda: stage.loop.time() >= until)
        assert "Nothing waits" in done(life, "second", by="JW")
        assert life.run_state.started_at is None


def test_what_waits_outlives_the_session_and_another_plan_makes_it_void() -> None:
    with with_two(Stage(None)) as stage:
        life = ready(stage)
        done(life, "start", by="ML", plan="1")
        life.die()
        life = stage.begin()
        assert not life.live(lambda: life.run_state.phase is Phase.READY)
        assert done(life, "choose", choice="canary", by="JW") == ""
        assert not life.live(lambda: life.run_state.plans == 2 and life.run_state.phase is Phase.READY)
        assert "The plan has changed" in done(life, "second", by="JW")
        assert life.run_state.started_at is None


def test_go_and_a_waiver_wait_too() -> None:
    with with_two(Stage(None), ("go", "waiver")) as stage:
        life = ready(stage)
        item = "infrastructure.ssl-certificates-valid"
        assert done(life, "sign", item=item, mark="waived", note="the old one serves", by="ML") == ""
        assert life.run_state.standings[item].mark == "signed"
        assert done(life, "second", by="ML", words="JW") == ""
        assert (life.run_state.standings[item].mark, life.run_state.standings[item].by) == (
            "waived",
            "ML with Jonas Weber",
        )
        done(life, "sign", item=item, by="ML")
        assert done(life, "start", by="ML") == ""
        assert life.run_state.started_at is not None
        end = lambda: life.run_state.t0 is not None and stage.world.clock.now() >= life.run_state.t0 + 10.0  # noqa: E731
        assert not life.live(end)
        assert done(life, "keep", by="ML", reason="enough") == ""
        assert life.run_state.decision is None
        assert done(life, "second", by="JW") == ""
        assert life.run_state.decision is not None
        assert life.run_state.decision.by == "ML with Jonas Weber"


def test_go_that_was_asked_for_while_all_was_well_is_not_given_against_the_data() -> None:
    with with_two(Stage(None, window_s=20.0), ("go",)) as stage:
        life = ready(stage)
        done(life, "start", by="ML")
        well = lambda: (  # noqa: E731
            life.run_state.t0 is not None
            and stage.world.clock.now() >= life.run_state.t0 + 20.0
            and life.session.watch is not None
            and life.session.watch.may_keep()
        )
        assert not life.live(well)
        assert done(life, "keep", by="ML", reason="looks fine to me") == ""
        stage.world.users.behaviours[NEW] = ERRORS
        watch = life.session.watch
        assert watch is not None
        assert not life.live(lambda: not watch.may_keep())
        assert "has changed since ML pressed GO" in done(life, "second", by="JW")
        assert life.run_state.decision is None
        assert done(life, "keep", by="ML", reason="looks fine to me") == ""
        assert done(life, "second", by="JW") == ""
        assert life.run_state.decision is not None


@pytest.mark.parametrize("spelled", ["Marta  Lindqvist", " marta lindqvist ", "MARTA\u00a0LINDQVIST"])
def test_one_person_in_two_spellings_is_one_person(spelled: str) -> None:
    with with_two(Stage(None)) as stage:
        life = ready(stage)
        done(life, "start", by="ML")
        assert "a second person is somebody else" in done(life, "second", by=spelled)
        done(life, "start", by=spelled)
        assert second.waiting(life.run_state, stage.world.clock.now())[0].others == ("JW",)
        assert "a second person is somebody else" in done(life, "second", by="JW", words="ml")


def test_one_person_in_two_ways_to_write_a_letter_is_one_person() -> None:
    people = (Somebody("Zo\u00eb Weber", "ZW", "deployment lead"),)
    with with_two(Stage(None), people=people) as stage:
        life = ready(stage)
        done(life, "start", by="Zoe\u0308 Weber")
        assert "a second person is somebody else" in done(life, "second", by="ops", words="ZW")


def test_start_is_confirmed_for_the_plan_that_was_there_when_it_was_pressed() -> None:
    """Also where a face does not say which plan it has shown."""
    with with_two(Stage(None)) as stage:
        life = ready(stage)
        done(life, "start", by="ML")
        assert done(life, "choose", choice="canary", by="JW") == ""
        assert not life.live(lambda: life.run_state.plans == 2 and life.run_state.phase is Phase.READY)
        assert "The plan has changed" in done(life, "second", by="JW")
        assert life.run_state.started_at is None


def test_a_script_is_both_persons_under_two_names() -> None:
    with with_two(Stage(Script(decide="keep"))) as stage:
        run = stage.whole_run()
        assert run.ended is not None
        assert run.ended.decision == "kept"
        rows = [one.detail for one in run.timeline if one.what == "Second person"]
        assert rows == [
            f"drill, second person confirmed {what} {NEW}, asked for by drill" for what in ("START of", "GO for")
        ]


@bounded(12)
@given(
    acts=st.sets(st.sampled_from(TWO_PERSON)).map(tuple),
    scripted=st.booleans(),
    moment=moments(WAY_FORTH),
    pressed=st.booleans(),
    by=st.sampled_from(("ML", "JW", "somebody")),
)
def test_rollback_needs_nobody_else(
    acts: tuple[str, ...], scripted: bool, moment: Moment, pressed: bool, by: str
) -> None:
    """Whatever the policy asks for, and whatever waits: who presses ROLLBACK rolls back, alone."""
    with with_two(Stage(AUTO if scripted else None), acts) as stage:
        if scripted:
            life = stage.begin()
        else:
            life = ready(stage)
            done(life, "start", by="ML")
            if "start" in acts:
                done(life, "second", by="JW")
        has_come, latest = moment.of(life), stage.loop.time() + 40.0
        if life.live(lambda: has_come() or stage.loop.time() >= latest):
            return
        if pressed:
            life.command("keep", by="ML", reason="enough")
        command = life.command("rollback", by=by)
        assert life.live()
        stage.rest()
        if isinstance(command.exception(), CommandError):
            return
        decision = next(one for one in [life.run_state.decision] if one is not None)
        assert (decision.word, decision.by) == ("rollback", by)
        assert (stage.world.production, stage.world.slot) == (OLD, OLD)
