"""What a face is shown of a feature flag: the dark release, shares of its users, and the rungs of its way back."""

from __future__ import annotations

import pytest

from cpr_cockpit.core import events as ev
from cpr_cockpit.core import showing, showing_panel, showing_window
from cpr_cockpit.core.run import Phase
from cpr_cockpit.core.strategies import Course
from cpr_cockpit.core.strategy import BLUE_GREEN, FEATURE_FLAG
from cpr_cockpit.core.verdict import VerdictKind
from tests.core.a_run import outcome
from tests.core.observations import NEW, T0
from tests.core.test_showing_share import intent, run_of, said, stage

FLAG = "goal-suggestions"
BY_FLAG = Course(FEATURE_FLAG, flag=FLAG)
DARK = (
    intent("swap", mutates=True),
    ev.ReleasedDark(version=NEW, since=T0 - 60.0),
    outcome("swap"),
    outcome("keep-warm"),
    intent("watch-dark"),
)
RAISED = (
    *DARK,
    outcome("watch-dark"),
    intent("flag-5", mutates=True),
    ev.FlagSeen(flag=FLAG, percent=5.0),
    outcome("flag-5"),
    outcome("prove-flag-5"),
)
BACK = ev.Decided(word="rollback", by="anna", verdict="ROLLBACK", sentence="it is ROLLBACK")
OFFERED = ev.RungOffered(step="prove-calm", why="step 'Judge' did not succeed: it still fails")


@pytest.mark.parametrize(
    ("events", "kind", "word", "sentence"),
    [
        (DARK, VerdictKind.WAIT, "DARK", "flag off: it is WAIT"),
        (RAISED, VerdictKind.WAIT, "FLAG", "flag on for 5 % of the users: it is WAIT"),
        (RAISED, VerdictKind.HOLD, "LOOK", "flag on for 5 % of the users: it is HOLD"),
        (RAISED, VerdictKind.ROLLBACK, "ROLL BACK NOW", "flag on for 5 % of the users: it is ROLLBACK"),
    ],
)
def test_what_is_judged_of_a_flag_has_its_own_word(
    events: tuple[ev.AnyEvent, ...], kind: VerdictKind, word: str, sentence: str
) -> None:
    run = run_of(BY_FLAG, *events)
    panel = showing_panel.panel(run, stage(said(kind)))
    assert (panel.word, panel.sentence) == (word, sentence)
    assert panel.go is not None
    assert not panel.go.enabled
    assert [stop.key for stop in showing.rail(run, stage(None)) if stop.state == "here"] == ["window"]


def test_the_window_is_that_of_the_share_until_everybody_has_it() -> None:
    run = run_of(BY_FLAG, *RAISED)
    shown = showing_window.window(run, stage(None))
    assert (shown.t0, shown.stage, shown.on_part) == (run.flag_at, f"flag {FLAG} on for 5 % of the users", True)
    everybody = (
        ev.FlagSeen(flag=FLAG, percent=100.0),
        ev.TrafficSwitched(way="forward", version=NEW, t0=T0 + 50.0),
    )
    whole = run_of(BY_FLAG, *RAISED, *everybody)
    assert (whole.phase, whole.t0, whole.switched_at) == (Phase.WINDOW, T0 + 50.0, T0 - 60.0)
    assert showing_window.window(whole, stage(None)).t0 == T0 + 50.0


def test_roll_back_says_what_it_does_before_and_after_the_flag_was_raised() -> None:
    before = showing_panel.panel(run_of(BY_FLAG, *DARK), stage(None)).rollback
    after = showing_panel.panel(run_of(BY_FLAG, *RAISED), stage(None)).rollback
    assert before is not None
    assert after is not None
    assert any("swaps green and production" in line for line in before.details)
    assert after.details[0] == f"sets flag {FLAG} off, proves it on every instance; {NEW} stays dark"
    assert "next: swap green and production" in after.details[1]
    assert not any("everywhere" in line for line in after.details)
    assert "flag off about" in after.reason


def test_the_swap_back_is_offered_where_the_flag_did_not_do() -> None:
    run = run_of(BY_FLAG, *RAISED, BACK, outcome("flag-off", way="back"), intent("prove-calm", "back"))
    control = showing_panel.panel(run, stage(None)).rollback
    assert control is not None
    assert (control.enabled, control.label) == (True, "NEXT RUNG, do not wait")
    before = showing_panel.panel(run_of(BY_FLAG, *DARK, BACK, intent("flag-off", "back")), stage(None)).rollback
    assert before is not None
    assert not before.enabled
    run = run_of(BY_FLAG, *RAISED, BACK, outcome("prove-calm", "failed", way="back"), OFFERED)
    panel = showing_panel.panel(run, stage(None))
    assert panel.word == "NEXT RUNG"
    assert panel.rollback is not None
    assert panel.rollback.enabled
    assert panel.rollback.reason == "the flag did not do"
    assert next(line for line in panel.rollback.details if line.startswith("then: ")).startswith("then: Swap back")
    assert showing.plan(run).back[-1].key == "prove-rollback"
    taken = run_of(BY_FLAG, *RAISED, BACK, OFFERED, intent("swap-back", "back", mutates=True))
    again = showing_panel.panel(taken, stage(None)).rollback
    assert again is not None
    assert not again.enabled


def test_a_kill_switch_is_told_beside_what_else_is_done() -> None:
    switched = ev.TrafficSwitched(way="forward", version=NEW, t0=T0)
    run = run_of(Course(BLUE_GREEN, flag=FLAG), intent("swap", mutates=True), switched, outcome("swap"))
    control = showing_panel.panel(run, stage(None)).rollback
    assert control is not None
    assert control.details[0] == f"first sets flag {FLAG} off, and goes on whatever comes of that"
    assert any("swaps green and production" in line for line in control.details)
