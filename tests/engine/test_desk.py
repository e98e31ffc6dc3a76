"""The desk: what a face may ask, when, and what it is told otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from cpr_cockpit.core.run import Phase
from cpr_cockpit.engine.host import CommandError
from tests.engine.moments import Moment
from tests.engine.stage import AUTO, Life, Stage

PERSON = "ana\udcff\ud800"
"""A name as a terminal of another encoding may hand it over."""


def refusal(life: Life, name: str, **arguments: Any) -> str:
    command = life.command(name, **arguments)
    assert not life.live(command.done)
    error = command.exception()
    assert isinstance(error, CommandError), f"{name} was not refused"
    return str(error)


def test_a_command_that_there_is_not_is_refused() -> None:
    with Stage(None) as stage:
        life = stage.begin()
        assert "There is no command 'explode'. Nothing was changed." in refusal(life, "explode")


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"item": "infrastructure.no-such-item", "by": "ana"},
        {"item": "go.decided"},
        {"by": "ana"},
        {"item": "infrastructure.ssl-certificates-valid", "by": "ana", "mark": "blessed"},
        {"item": "infrastructure.ssl-certificates-valid", "by": ""},
    ],
    ids=str,
)
def test_only_an_item_that_there_is_can_be_signed_and_only_by_name(arguments: dict[str, Any]) -> None:
    with Stage(None) as stage:
        life = stage.begin()
        assert not life.live(lambda: life.run_state.phase is Phase.READY)
        before = dict(life.run_state.standings)
        assert "Nothing was changed" in refusal(life, "sign", **arguments)
        assert life.run_state.standings == before


def test_a_name_that_no_journal_can_hold_blocks_nothing() -> None:
    with Stage(AUTO) as stage:
        life = stage.begin()
        assert not life.live(Moment("outcome keep-warm", 0).of(life))
        life.command("note", by=PERSON, words=f"look {PERSON}")
        life.command("rollback", by=PERSON, reason=PERSON)
        assert life.live()
        assert all(deed.exception() is None for deed in life.deeds)
        assert life.run_state.ended is not None
        assert life.run_state.ended.decision == "rolled_back"
        assert life.run_state.decision is not None
        assert life.run_state.decision.by == "ana??"


@pytest.mark.parametrize("name", ["keep", "rollback", "raise"])
def test_before_start_there_is_nothing_to_decide(name: str) -> None:
    with Stage(None) as stage:
        life = stage.begin()
        assert not life.live(lambda: life.run_state.phase is Phase.READY)
        refusal(life, name, by="ana", trigger="data corruption")
        assert life.run_state.decision is None
        assert stage.world.calls == []


def test_after_the_end_a_rollback_is_told_the_truth() -> None:
    with Stage(AUTO) as stage:
        life = stage.begin()
        assert life.live()
        late = life.command("rollback", by="ana")
        stage.rest()
        assert "The run has ended" in str(late.exception())
        assert "not touched" not in str(late.exception())


def test_a_second_rollback_is_the_first_one() -> None:
    with Stage(AUTO) as stage:
        life = stage.begin()
        assert not life.live(Moment("outcome keep-warm", 0).of(life))
        first = life.command("rollback", by="ana")
        second = life.command("rollback", by="ben")
        assert life.live()
        assert (first.result(), second.result()) == ({}, {"already": True})
        assert life.run_state.decision is not None
        assert life.run_state.decision.by == "ana"


def test_a_trigger_that_a_person_raises_rolls_a_drill_back() -> None:
    with Stage(AUTO) as stage:
        life = stage.begin()
        assert not life.live(Moment("outcome keep-warm", 0).of(life))
        assert "There is no trigger 'bad mood'" in refusal(life, "raise", by="ana", trigger="bad mood")
        life.command("raise", by="ana", trigger="data corruption")
        assert life.live()
        assert life.run_state.ended is not None
        assert life.run_state.ended.decision == "rolled_back"
        assert life.run_state.triggers[0].by == "ana"


def test_an_issue_is_recorded_at_any_moment_and_changes_nothing_of_the_deployment() -> None:
    with Stage(AUTO) as stage:
        life = stage.begin()
        assert not life.live(Moment("outcome keep-warm", 0).of(life))
        life.command("issue", by="ana", severity="LOW", title="logo cut")
        life.command("issue", by="ana", line="1 resolved as designed")
        assert not life.live(lambda: any(one.status == "RESOLVED" for one in life.run_state.issues.values()))
        assert "There is no ISSUE-009 in this run; there are: ISSUE-001. Nothing" in refusal(
            life, "issue", by="ana", line="9 resolved"
        )
        assert life.live()
        assert life.run_state.ended is not None
        assert life.run_state.ended.decision == "kept"
