"""What a face is shown of several apps: who serves, what is judged, what the way back does."""

from __future__ import annotations

import pytest

from cpr_cockpit.core import events as ev
from cpr_cockpit.core import showing, showing_panel, showing_window
from cpr_cockpit.core.strategies import Course
from cpr_cockpit.core.strategy import ROLLING
from cpr_cockpit.core.verdict import VerdictKind
from tests.core.a_run import outcome
from tests.core.observations import NEW, OLD, T0
from tests.core.test_showing_share import intent, run_of, said, stage

COURSE = Course(ROLLING, apps=("goals", "goals-2", "goals-3"), step_s=300.0)


def switched(app: str, at: float = T0, way: ev.Way = "forward") -> ev.AppSwitched:
    return ev.AppSwitched(way=way, app=app, version=NEW if way == "forward" else OLD, t0=at)


FIRST = (intent("swap", mutates=True), switched("goals"), outcome("swap"), outcome("keep-warm"))
GATE = (*FIRST, intent("gate-1"))
SECOND = (*GATE, outcome("gate-1"), intent("swap@goals-2", mutates=True))
ROLLBACK = ev.Decided(word="rollback", by="anna", verdict="ROLLBACK", sentence="it is ROLLBACK")


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        (VerdictKind.WAIT, "ROLLING"),
        (VerdictKind.GO, "ROLLING"),
        (VerdictKind.HOLD, "LOOK"),
        (VerdictKind.ROLLBACK, "ROLL BACK NOW"),
    ],
)
def test_a_gate_has_its_own_word_says_how_many_serve_and_offers_the_way_back(kind: VerdictKind, word: str) -> None:
    panel = showing_panel.panel(run_of(COURSE, *GATE), stage(said(kind)))
    assert (panel.word, panel.sentence) == (word, f"1 of 3 apps serve {NEW}: it is {kind.value}")
    assert panel.rollback is not None
    assert panel.rollback.enabled
    assert panel.rollback.details[0] == f"swaps green and production in goals, then puts {OLD} into green of all apps"
    assert panel.go is not None
    assert not panel.go.enabled


def test_while_the_next_app_is_switched_the_sentence_is_of_the_step_and_not_of_a_verdict() -> None:
    panel = showing_panel.panel(run_of(COURSE, *SECOND), stage(said(VerdictKind.WAIT)))
    assert panel.word == "SWITCHING"
    assert panel.sentence.startswith(f"1 of 3 apps serve {NEW}: swap@goals-2, since ")


def test_a_breach_is_one_also_while_the_next_app_is_switched() -> None:
    panel = showing_panel.panel(run_of(COURSE, *SECOND), stage(said(VerdictKind.ROLLBACK)))
    assert panel.word == "ROLL BACK NOW"


def test_the_clock_of_a_gate_is_its_own_and_the_window_screen_is_where_one_looks() -> None:
    run = run_of(COURSE, *GATE)
    shown = showing_window.window(run, stage(said(VerdictKind.WAIT)))
    assert (shown.t0, shown.deadline, shown.stage) == (T0, T0 + 300.0, f"rolling, 1 of 3 apps serve {NEW}")
    assert shown.on_part
    assert shown.facts[0] == ("apps", f"1 of 3 apps serve {NEW}: goals")
    assert [stop.key for stop in showing.rail(run, stage(None)) if stop.state == "here"] == ["window"]
    assert run.t0 is None


def test_the_window_begins_when_the_last_app_is_switched() -> None:
    rest = (switched("goals-2"), switched("goals-3", T0 + 30.0))
    t0 = ev.TrafficSwitched(way="forward", version=NEW, t0=T0 + 30.0)
    warm = tuple(outcome(f"keep-warm@{app}") for app in ("goals-2", "goals-3"))
    run = run_of(COURSE, *SECOND, *rest, t0)
    assert str(run.phase) == "deploying"
    run = run_of(COURSE, *SECOND, *rest, t0, *warm)
    assert (str(run.phase), run.t0, run.judged_since, run.switched_at) == ("window", T0 + 30.0, T0 + 30.0, T0)
    assert showing_window.window(run, stage(said(VerdictKind.WAIT))).deadline is not None


def test_the_way_back_names_the_apps_in_reverse_and_takes_the_time_of_all_their_swaps() -> None:
    run = run_of(COURSE, *SECOND, switched("goals-2"), outcome("swap@goals-2"))
    panel = showing_panel.panel(run, stage(said(VerdictKind.WAIT)))
    assert panel.rollback is not None
    assert "in goals-2, then goals, then puts" in panel.rollback.details[0]
    assert "this run's own swaps, of 2 apps one after another" in showing.takes(run)
    assert run.swaps == 2


def test_only_the_rungs_of_an_app_that_refused_are_offered() -> None:
    offered = ev.RungOffered(step="swap-back@goals-2", why="step 'goals-2: Swap back' did not succeed: refused")
    failed = (intent("swap-back@goals-2", "back", mutates=True), outcome("swap-back@goals-2", "failed", way="back"))
    run = run_of(COURSE, *SECOND, switched("goals-2"), ROLLBACK, *failed, offered)
    control = showing_panel.panel(run, stage(None)).rollback
    assert control is not None
    assert control.enabled
    then = [line for line in control.details if line.startswith("then: ")]
    assert len(then) == 4
    assert all(line.startswith("then: goals-2: ") for line in then)
    shown = [step.key for step in showing.plan(run).back if step.key.startswith("route-old")]
    assert shown == ["route-old@goals-2"]


PROVEN = tuple(outcome(f"prove-rollback{app}", way="back") for app in ("", "@goals-2", "@goals-3"))


@pytest.mark.parametrize(
    ("proven", "word"),
    [
        (PROVEN[:1], "ROLLING BACK"),
        (PROVEN[:2], "ROLLING BACK"),
        (PROVEN, "ROLLED BACK"),
        ((*PROVEN[:2], outcome("prove-redeployed@goals-3", way="back")), "ROLLED BACK"),
    ],
)
def test_it_is_rolled_back_once_that_is_proven_in_every_app(proven: tuple[ev.AnyEvent, ...], word: str) -> None:
    assert showing_panel.panel(run_of(COURSE, *SECOND, ROLLBACK, *proven), stage(None)).word == word


def test_no_rung_waits_once_the_app_that_refused_was_switched_back_after_all() -> None:
    offered = ev.RungOffered(step="swap-back", why="refused")
    run = run_of(COURSE, *FIRST, ROLLBACK, outcome("swap-back", "failed", way="back"), offered)
    assert run.rung_waits
    run = run_of(COURSE, *FIRST, ROLLBACK, outcome("swap-back", "failed", way="back"), offered, PROVEN[1])
    assert showing_panel.panel(run, stage(None)).word == "SWAP REFUSED"
    again = outcome("swap-back", way="back", attempt=2)
    run = run_of(COURSE, *FIRST, ROLLBACK, outcome("swap-back", "failed", way="back"), offered, again)
    assert not run.rung_waits


def test_the_checks_of_every_app_are_shown_with_its_name() -> None:
    proven = (outcome("prove-production"), outcome("prove-production@goals-2"))
    run = run_of(COURSE, *SECOND, switched("goals-2"), *proven)
    texts = [check.text for check in showing_window.checks(run, stage(None))]
    assert sum(text.startswith("goals: ") for text in texts) == 2
    assert sum(text.startswith("goals-2: ") for text in texts) == 1


def test_start_says_in_what_turns() -> None:
    run = run_of(COURSE)
    run.started_at = None
    control = showing_panel.panel(run, stage(None)).start
    assert control is not None
    turns = "one app at a time: goals, goals-2, goals-3; 300 s between, judged beside the others"
    assert turns in control.details
