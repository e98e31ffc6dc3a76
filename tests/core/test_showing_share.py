"""What a face is shown of a share that is judged, of a control, and of the rungs below a refused swap."""

from __future__ import annotations

import pytest

from cpr_cockpit.core import diagram, showing, showing_panel, showing_window
from cpr_cockpit.core import events as ev
from cpr_cockpit.core.checklist import derive
from cpr_cockpit.core.checklists import ALL_CHECKLISTS
from cpr_cockpit.core.plan import PlanFacts
from cpr_cockpit.core.run import Run, fold
from cpr_cockpit.core.showing import Stage
from cpr_cockpit.core.strategies import Course, plan_by
from cpr_cockpit.core.strategy import CANARY
from cpr_cockpit.core.verdict import Verdict, VerdictKind
from cpr_cockpit.engine.preparing import plan_event
from tests.core.a_run import PREPARED, outcome, records
from tests.core.observations import NEW, OLD, T0, WRITTEN

STARTED = ev.Started(by="anna")


def run_of(course: Course, *events: ev.AnyEvent) -> Run:
    """A prepared and started run of that course, with these events after START; all at T0."""
    plan = plan_by(course, "green", NEW, PlanFacts(OLD, OLD, True), baseline_s=20.0, artifact=True)
    made = plan_event(plan, 20.0, artifact=True)
    before = [made if isinstance(event, ev.PlanMade) else event for event in PREPARED]
    return fold(records((*before, STARTED, *events)))


def stage(verdict: Verdict | None) -> Stage:
    return Stage(T0 + 60.0, WRITTEN, (), ALL_CHECKLISTS, derive(ALL_CHECKLISTS, {}, T0, "cockpit"), (), (), verdict)


def said(kind: VerdictKind) -> Verdict:
    return Verdict(kind, None, None, f"it is {kind.value}", T0)


def intent(step: str, way: ev.Way = "forward", *, mutates: bool = False) -> ev.StepIntent:
    return ev.StepIntent(way=way, step=step, attempt=1, title=step, mutates=mutates, facts={})


ROUTED = ev.ShareRouted(slot="green", version=NEW, percent=5.0)
SHARED = (intent("route-5", mutates=True), ROUTED, outcome("route-5"), intent("watch-5"))


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        (VerdictKind.WAIT, "CANARY"),
        (VerdictKind.GO, "CANARY"),
        (VerdictKind.HOLD, "LOOK"),
        (VerdictKind.ROLLBACK, "ROLL BACK NOW"),
    ],
)
def test_a_share_under_watch_has_its_own_word_and_a_breach_is_one(kind: VerdictKind, word: str) -> None:
    run = run_of(Course(CANARY), *SHARED)
    panel = showing_panel.panel(run, stage(said(kind)))
    assert panel.word == word
    assert panel.sentence == f"5 % of new sessions: it is {kind.value}"
    assert ("Goes on by itself once the data say GO" in panel.detail) is (kind is VerdictKind.HOLD)
    assert panel.rollback is not None
    assert panel.rollback.enabled
    assert any("routes no new sessions to green" in line for line in panel.rollback.details)
    assert panel.rollback.reason == "routing off about 20 s (this run's own routing); production is not switched"
    assert panel.go is not None
    assert not panel.go.enabled


def test_on_the_way_back_the_watch_of_a_share_does_not_run_on() -> None:
    back = ev.Decided(word="rollback", by="ana", verdict="WAIT", sentence="it is WAIT")
    left = ev.StepOutcome(
        step="watch-5", way="forward", attempt=1, result="left", words="ROLLBACK came first", seconds=3.0
    )
    run = run_of(Course(CANARY), *SHARED, back, left, intent("route-back", "back", mutates=True))
    rows = {one.key: one for one in (*showing.plan(run).forward, *showing.plan(run).back)}
    assert (rows["watch-5"].state, rows["watch-5"].words) == ("left", "ROLLBACK came first")
    assert [key for key, one in rows.items() if one.state == "running"] == ["route-back"]
    made = plan_by(Course(CANARY), "green", NEW, PlanFacts(OLD, OLD, True), baseline_s=20.0, artifact=True)
    stages = {one.name: one.state for one in diagram.forth(made, diagram.Known(run, {}), 900.0)}
    assert stages["share 5 %"] == "left"


def test_the_clock_of_a_share_is_its_own_and_the_window_screen_is_where_one_looks() -> None:
    run = run_of(Course(CANARY, step_s=300.0), *SHARED)
    shown = showing_window.window(run, stage(said(VerdictKind.WAIT)))
    assert run.share_at is not None
    assert (shown.t0, shown.deadline, shown.stage, shown.on_part) == (
        run.share_at,
        run.share_at + 300.0,
        "canary, 5 % of new sessions",
        True,
    )
    assert [stop.key for stop in showing.rail(run, stage(None)) if stop.state == "here"] == ["window"]


def test_between_two_shares_and_once_nobody_is_routed_it_is_a_deployment_again() -> None:
    ended = (outcome("watch-5"), ev.ShareRouted(slot="green", version=NEW, percent=0.0))
    run = run_of(Course(CANARY), *SHARED, *ended)
    assert run.exposed
    assert showing_panel.panel(run, stage(None)).word == "DEPLOYING"


def test_a_control_is_no_canary() -> None:
    switched = ev.TrafficSwitched(way="forward", version=NEW, t0=T0)
    held = ev.ShareRouted(slot="green", version=NEW, percent=5.0)
    run = run_of(
        Course(control=5.0), intent("swap", mutates=True), switched, outcome("swap"), outcome("keep-warm"), held
    )
    assert showing_panel.panel(run, stage(said(VerdictKind.WAIT))).word == "KEEP WATCHING"
    assert showing_window.window(run, stage(None)).t0 == T0


def test_the_rungs_below_the_swap_are_offered_with_what_they_do_and_only_then() -> None:
    refused = (
        ev.TrafficSwitched(way="forward", version=NEW, t0=T0),
        ev.Decided(word="rollback", by="anna", verdict="ROLLBACK", sentence="it is ROLLBACK"),
        intent("swap-back", "back", mutates=True),
    )
    before = showing_panel.panel(run_of(Course(), *refused), stage(None)).rollback
    assert before is not None
    assert not before.enabled
    offered = ev.RungOffered(step="swap-back", why="step 'Swap back' did not succeed: refused")
    run = run_of(Course(), *refused, outcome("swap-back", "failed", way="back"), offered)
    control = showing_panel.panel(run, stage(None)).rollback
    assert control is not None
    assert control.enabled
    assert any("All new sessions go to slot green" in line for line in control.details)
    assert any("Deploy the kept" in line for line in control.details)
    assert [step.key for step in showing.plan(run).back][-4:] == [
        "route-old",
        "redeploy-old",
        "route-home",
        "prove-redeployed",
    ]
    taken = run_of(Course(), *refused, offered, intent("route-old", "back", mutates=True))
    again = showing_panel.panel(taken, stage(None)).rollback
    assert again is not None
    assert not again.enabled
