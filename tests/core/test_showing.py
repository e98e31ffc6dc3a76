"""The View of a Run: every prefix of a real run can be shown, and what is shown follows from what has happened."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cpr_cockpit.core import showing, showing_panel, showing_window
from cpr_cockpit.core.checklist import Due, Mark, Standing, derive, items_of
from cpr_cockpit.core.checklists import ALL_CHECKLISTS
from cpr_cockpit.core.readiness import ReadinessFacts
from cpr_cockpit.core.run import Run, fold
from cpr_cockpit.core.showing import Stage
from cpr_cockpit.core.verdict import Figure, HoldCause, Verdict, VerdictKind
from tests.core.a_run import A_RUN, BEFORE_THE_SWAP, PREPARED, WATCHED, records
from tests.core.observations import NEW, OLD, T0, WRITTEN

FACTS = (
    ReadinessFacts("automation-deploy.json", score=92.0, open_critical=0, uat_approved=True),
    ReadinessFacts("test-report.md", score=71.0, open_critical=0, uat_approved=None),
)
IN_WINDOW = len(PREPARED) + len(BEFORE_THE_SWAP) + 5 + len(WATCHED)


def _stage(now: float, verdict: Verdict | None = None, blocking: tuple[str, ...] = ()) -> Stage:
    return Stage(now, WRITTEN, FACTS, ALL_CHECKLISTS, derive(ALL_CHECKLISTS, {}, now, "cockpit"), blocking, (), verdict)


def _verdict(kind: VerdictKind, cause: HoldCause | None = None, figures: tuple[Figure, ...] = ()) -> Verdict:
    return Verdict(kind, cause, None, f"it is {kind.value}", T0, figures)


def _run(events: int) -> Run:
    return fold(records(A_RUN)[:events])


@pytest.mark.parametrize("events", range(len(A_RUN) + 1))
def test_every_prefix_of_a_run_can_be_shown(events: int) -> None:
    run, stage = _run(events), _stage(T0 + 30, _verdict(VerdictKind.WAIT))
    stops = showing.rail(run, stage)
    assert [stop.key for stop in stops] == [key for key, _ in showing.SCREENS]
    assert sum(stop.state in ("here", "blocked") for stop in stops) == 1
    showing.header(run)
    showing.gate(run, stage)
    showing.plan(run)
    showing.happenings(run)
    showing_window.window(run, stage)
    showing_window.signals(run, stage)
    showing_window.series(run, stage)
    showing_window.checks(run, stage)
    assert showing_panel.panel(run, stage).word


def test_rollback_is_offered_from_start_to_the_end_and_nowhere_else() -> None:
    offered = []
    for events in range(len(A_RUN) + 1):
        control = showing_panel.panel(_run(events), _stage(T0 + 30, _verdict(VerdictKind.WAIT))).rollback
        offered.append(control is not None and control.enabled)
    first, last = offered.index(True), len(offered) - 1 - offered[::-1].index(True)
    assert first == len(PREPARED) + 1
    assert all(offered[first : last + 1])
    assert not offered[-1]


def test_go_opens_at_the_deadline_only() -> None:
    run = _run(IN_WINDOW)
    early = showing_panel.panel(run, _stage(T0 + WRITTEN.window_s - 1, _verdict(VerdictKind.GO))).go
    due = showing_panel.panel(run, _stage(T0 + WRITTEN.window_s, _verdict(VerdictKind.GO))).go
    assert early is not None
    assert not early.enabled
    assert early.reason.startswith("opens at ")
    assert due is not None
    assert (due.enabled, due.type_this, due.needs_reason) == (True, "go", False)


def test_go_against_the_data_needs_version_and_reason() -> None:
    held = _verdict(VerdictKind.HOLD, HoldCause.STALE)
    control = showing_panel.panel(_run(IN_WINDOW), _stage(T0 + WRITTEN.window_s + 5, held)).go
    assert control is not None
    assert (control.type_this, control.needs_reason) == (NEW, True)


def test_start_is_blocked_by_open_items_with_the_reason_as_text() -> None:
    run = _run(len(PREPARED))
    blocked = showing_panel.panel(run, _stage(T0, blocking=("a.b", "c.d"))).start
    free = showing_panel.panel(run, _stage(T0)).start
    assert blocked is not None
    assert (blocked.enabled, blocked.reason) == (False, "2 checklist items are open")
    assert free is not None
    assert free.enabled


def test_armed_rollback_says_what_where_how_long_and_what_then() -> None:
    control = showing_panel.panel(_run(IN_WINDOW), _stage(T0 + 60, _verdict(VerdictKind.ROLLBACK))).rollback
    assert control is not None
    text = " ".join(control.details)
    for part in ("swaps green and production", "app cpr-api", "takes:", f"results in {OLD}", "rollback-card.md"):
        assert part in text


def test_contradictions_of_the_gate_show_both_values_and_the_worse_is_taken() -> None:
    shown = showing.gate(_run(len(PREPARED)), _stage(T0))
    score = next(row for row in shown.rows if row.name == "production readiness score")
    assert (score.values, score.taken, score.agree) == (("92", "71"), "71", False)
    uat = next(row for row in shown.rows if row.name == "UAT approval")
    assert (uat.values, uat.agree) == (("approved", "-"), True)


def test_a_figure_without_data_is_no_data_and_a_stale_one_too() -> None:
    run = _run(IN_WINDOW)
    absent = Figure("error rate", None, "share", 0, None, 0.05)
    old = Figure("error rate", 0.0, "share", 100, 90.0, 0.05)
    limit = Figure("logs age", 90.0, "s", age_s=90.0, limit=40.0)
    for figure in (absent, old):
        row = showing_window.signals(run, _stage(T0 + 60, _verdict(VerdictKind.WAIT, None, (figure, limit))))[0]
        assert row.state == "no data"
    fresh = replace(old, age_s=3.0)
    row = showing_window.signals(run, _stage(T0 + 60, _verdict(VerdictKind.WAIT, None, (fresh, limit))))[0]
    assert (row.state, row.now, row.n) == ("ok", "0.0 %", 100)


def test_charts_come_from_the_newest_answer_of_the_logs() -> None:
    errors, p95 = showing_window.series(_run(IN_WINDOW), _stage(T0 + 60))
    assert [(point.start, point.typical) for point in errors.points] == [(0.0, 30.0)]
    assert errors.limit == 100 * WRITTEN.error_rate
    assert errors.top > 30.0
    assert p95.limit is not None


def test_lists_tell_which_items_block() -> None:
    keys = [item.key for item in items_of(ALL_CHECKLISTS) if item.due <= Due.START]
    rows = [row for one in showing.lists(fold(()), _stage(T0, blocking=tuple(keys))) for row in one.items]
    assert {row.key for row in rows if row.blocks} == set(keys)
    assert all(row.mark == "open" and not row.stands for row in rows if row.blocks)


def test_worsened_counts_every_step_towards_rollback() -> None:
    assert _run(IN_WINDOW).worsened == 0
    assert _run(IN_WINDOW + 1).worsened == 1


def test_an_open_item_that_no_machine_reads_says_so_and_a_team_s_own_check_is_named_as_what_it_is() -> None:
    key = "production-health.health"
    told = {key: Standing(key, Mark.MEASURED, "cockpit", T0, "200", check="ping")}
    there = replace(_stage(T0), standings=told)
    run = _run(IN_WINDOW)
    rows = {row.key: row for one in showing.lists(run, there) for row in one.items}
    assert rows[key].evidence.startswith("the team's own check 'ping' read it")
    assert rows["production-health.loads"].note == "no source: sign it"
    assert rows["production-health.error-rate"].note == ""
    assert {row.note for one in showing.lists(fold(()), there) for row in one.items} == {""}
