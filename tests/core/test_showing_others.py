"""The panel on others: a void plan, a way forth that waits, a lease that another run holds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.checklist import derive
from cpr_cockpit.core.checklists import ALL_CHECKLISTS
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.run import Run
from cpr_cockpit.core.showing import Stage
from cpr_cockpit.core.showing_panel import panel
from cpr_cockpit.core.verdict import HoldCause, Verdict, VerdictKind
from tests.core.a_run import A_RUN, records

CHANGED = ev.ForeignChanged(part="plan", topic="plan p", value="3", words="the plan was scaled from 1 to 3", since=1.0)
SEEN = ev.LeaseSeen(key="cpr-cockpit/lease/goals", holder="ben on host (run other)", since=1.0, expires_at=2.0)


def stage_of(run: Run) -> Stage:
    now = run.last_at
    return Stage(now, Policy(), (), ALL_CHECKLISTS, derive(ALL_CHECKLISTS, {}, now, "cockpit"))


def a_run(*more: ev.AnyEvent, before: str = "run.started") -> Run:
    """A run up to the event before the first one of that type, and then these."""
    run, told = Run(), list(A_RUN)
    upto = next(at for at, event in enumerate(told) if event.type == before)
    for record in records((*told[:upto], *more)):
        run.apply(record)
    return run


def test_before_start_a_change_voids_the_plan_and_the_key_is_told() -> None:
    run = a_run(CHANGED)
    shown = panel(run, stage_of(run))
    assert (shown.word, shown.shape) == ("LOOK", "look")
    assert (
        shown.sentence == "The plan is void: the plan was scaled from 1 to 3. u: looked at, and the plan is made anew."
    )
    assert shown.start is not None
    assert (shown.start.enabled, shown.start.reason) == (False, "the plan is void, u when you have looked")
    assert shown.acknowledge is not None
    assert shown.acknowledge.enabled


def test_after_a_look_it_is_as_before() -> None:
    run = a_run(CHANGED, ev.ForeignLookedAt(by="anna", words="known"))
    shown = panel(run, stage_of(run))
    assert shown.acknowledge is None
    assert "void" not in shown.sentence


def test_after_start_nothing_more_is_sent_until_somebody_has_looked_and_rollback_stays() -> None:
    run = a_run(ev.Started(by="anna"), CHANGED)
    shown = panel(run, stage_of(run))
    assert shown.word == "LOOK"
    assert shown.sentence.startswith("Nothing more is sent: the plan was scaled")
    assert shown.rollback is not None
    assert shown.rollback.enabled


@pytest.mark.parametrize("looked", [False, True])
def test_in_the_window_a_verdict_that_waits_for_a_look_names_the_key(looked: bool) -> None:
    run = a_run(CHANGED, *((ev.ForeignLookedAt(by="anna", words="known"),) if looked else ()), before="verdict")
    verdict = Verdict(VerdictKind.HOLD, HoldCause.FOREIGN, None, "Others changed it.", run.last_at)
    shown = panel(run, replace(stage_of(run), verdict=verdict))
    assert shown.sentence == ("" if looked else "u when you have looked: ") + "Others changed it."


@pytest.mark.parametrize("taken", [False, True])
def test_a_lease_that_another_holds_is_told_with_the_key_that_takes_it_over(taken: bool) -> None:
    held = ev.LeaseHeld(key=SEEN.key, holder="anna on host (run this)", expires_at=9.0)
    run = a_run(SEEN, *((held,) if taken else ()))
    shown = panel(run, stage_of(run))
    assert (shown.take_over is None) is taken
    if not taken:
        assert shown.sentence.startswith("The lease cpr-cockpit/lease/goals is held by ben on host (run other)")
        assert shown.start is not None
        assert shown.start.reason == "ben on host (run other) holds the lease"
