"""The View over the wire, and the total table of the panel's words."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace

import pytest

from cpr_cockpit.core.panel_words import panel_word
from cpr_cockpit.core.run import Phase
from cpr_cockpit.core.verdict import HoldCause, VerdictKind
from cpr_cockpit.core.view import Shape
from cpr_cockpit.core.view_json import sections, view_of
from tests.tui import views

VERDICTS = (None, *(kind.value for kind in VerdictKind))
CAUSES = (None, *(cause.value for cause in HoldCause))
DECISIONS = (None, "kept", "rolled_back", "partial", "advised", "held", "stopped", "failed")


@pytest.mark.parametrize("name", sorted(views.ALL))
def test_view_survives_the_wire(name: str) -> None:
    made = views.ALL[name]()
    assert view_of(json.loads(json.dumps(sections(made)))) == made


def test_unknown_members_of_a_newer_session_are_passed_over() -> None:
    body = sections(views.window_calm())
    body["weather"] = "rain"
    body["panel"]["colour"] = "mauve"
    assert view_of(json.loads(json.dumps(body))) == views.window_calm()


def test_only_what_changed_is_made_anew_and_read_again() -> None:
    calm = views.window_calm()
    later = replace(calm, seq=121, panel=replace(calm.panel, word="LOOK"), lists=tuple(calm.lists))
    told = sections(calm)
    again = sections(later, (calm, told))
    changed = {name: value for name, value in again.items() if value is not told[name]}
    assert set(changed) == {"seq", "panel"}
    face = view_of(json.loads(json.dumps(told)))
    newer = view_of(json.loads(json.dumps(changed)), face)
    assert newer == later
    assert newer.lists is face.lists


def test_table_of_words_is_total() -> None:
    phases = [*(str(phase) for phase in Phase), "switching", "waiting", "by hand"]
    for phase, decision, verdict, cause, overdue, early in itertools.product(
        phases, DECISIONS, VERDICTS, CAUSES, (False, True), (False, True)
    ):
        word, shape = panel_word(phase, decision=decision, verdict=verdict, cause=cause, overdue=overdue, early=early)
        assert word
        assert shape in Shape


def _word(
    phase: str, verdict: str | None, cause: str | None = None, *, overdue: bool = False, early: bool = False
) -> str:
    return panel_word(phase, decision=None, verdict=verdict, cause=cause, overdue=overdue, early=early)[0]


@pytest.mark.parametrize(
    ("verdict", "cause", "overdue", "early", "expected"),
    [
        ("WAIT", None, False, False, "KEEP WATCHING"),
        ("GO", None, False, False, "KEEP WATCHING"),
        ("GO", None, False, True, "GO POSSIBLE"),
        ("GO", None, True, False, "GO POSSIBLE"),
        ("WAIT", None, True, False, "DECIDING"),
        (None, None, True, False, "OVERDUE"),
        ("HOLD", "stale", False, False, "NO DATA"),
        ("HOLD", "incomplete", True, False, "NO DATA"),
        ("HOLD", "thin", False, False, "LOOK"),
        ("HOLD", "foreign", True, True, "LOOK"),
        ("ROLLBACK", None, False, False, "ROLL BACK NOW"),
        ("ROLLBACK", None, True, True, "ROLL BACK NOW"),
    ],
)
def test_words_of_the_window(verdict: str | None, cause: str | None, overdue: bool, early: bool, expected: str) -> None:
    assert _word("window", verdict, cause, overdue=overdue, early=early) == expected


def test_missing_data_is_never_go() -> None:
    for cause, overdue, early in itertools.product(("stale", "incomplete"), (False, True), (False, True)):
        assert _word("window", "HOLD", cause, overdue=overdue, early=early) == "NO DATA"


def test_a_rollback_verdict_shows_while_the_plan_still_runs_and_after_go() -> None:
    for phase in ("deploying", "switching", "window", "keeping"):
        assert _word(phase, "ROLLBACK") == "ROLL BACK NOW"
    assert _word("rolling back", "ROLLBACK") == "ROLLING BACK"


def test_only_an_end_says_how_it_ended() -> None:
    words = {
        decision: panel_word("ended", decision=decision, verdict="GO", cause=None, overdue=True, early=True)[0]
        for decision in DECISIONS[1:]
    }
    assert words == {
        "kept": "KEPT",
        "rolled_back": "ROLLED BACK",
        "partial": "SKEW",
        "advised": "BACK BY HAND",
        "held": "HELD",
        "stopped": "STOPPED",
        "failed": "FAILED",
    }
