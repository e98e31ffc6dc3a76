"""``deployment-plan.md``: the plan with every step and undo, the gate, the checklists, what to watch."""

from __future__ import annotations

from collections.abc import Sequence

from cpr_cockpit.core.events import PlannedStep
from cpr_cockpit.core.run import Run
from cpr_cockpit.core.standings import lists_in_force
from cpr_cockpit.core.verdict import percent
from cpr_cockpit.core.workflow import WORKFLOW
from cpr_cockpit.documents.feature import FeatureDocuments
from cpr_cockpit.documents.papers import ending
from cpr_cockpit.documents.papers.figures import limit, new_version, old_version
from cpr_cockpit.documents.papers.marks import Marks
from cpr_cockpit.documents.papers.text import (
    NOT_MEASURED,
    bullet,
    clock,
    field,
    heading,
    paragraph,
    point,
    points,
    span,
    stamp,
    table,
)


def render_deployment_plan(run: Run, documents: FeatureDocuments | None) -> str:
    """The plan's text. ``documents``: the feature's own, for what they want watched; None where there are none."""
    marks = Marks.of(run)
    parts = [
        *_head(run),
        *_gate(run),
        *_tests(documents),
        *_priorities(run, documents),
        *_way(run, "The way forth", "forward"),
        *_way(run, "The way back", "back"),
        *_triggers(run),
        *_checklists(run, marks),
    ]
    return "\n".join(parts).rstrip() + "\n"


def _chosen(run: Run) -> str:
    """Who chose the strategy, where it is not the configured one."""
    return f", chosen by {run.chosen.by} before START" if run.chosen else ""


def _head(run: Run) -> list[str]:
    opened, plan = run.opened, run.plan
    rehearsal = ending.rehearsal(run)
    lines = [field("REHEARSAL", rehearsal), ""] if rehearsal else []
    lines += heading(1, f"Deployment Plan: {opened.feature if opened else 'no opened run in the journal'}")
    lines += [
        field("Release", f"{old_version(run)} to {new_version(run)}"),
        field("Strategy", f"{plan.course}{_chosen(run)}" if plan else "no plan was made"),
        field("Staging deployment", "not carried out by this run"),
        field("Production deployment", stamp(run.started_at, "START was not pressed")),
        field("Rollback plan", _rollback_plan(run)),
        "",
    ]
    if opened is None:
        return lines
    names = [bullet(name.replace("_", " "), value) for name, value in opened.environment.items()]
    artifact = bullet("artifact sha256", opened.artifact_sha256)
    return [*lines, *heading(2, "Target"), *names, artifact, ""]


def _rollback_plan(run: Run) -> str:
    if run.plan is None:
        return "none: no plan was made"
    back = ", then ".join(step.title for step in run.plan.back)
    card = f"; card {run.card.path}" if run.card else "; no rollback card was written"
    return f"{back}{card}"


def _gate(run: Run) -> list[str]:
    gate = run.gate
    if gate is None:
        return [*heading(2, "Readiness Gate"), *paragraph("Not judged.")]
    score = NOT_MEASURED if gate.score is None else f"{gate.score:g}/100"
    return [
        *heading(2, "Readiness Gate"),
        field("Level", gate.level),
        field("Production Readiness Score", score),
        "",
        *heading(3, "Blockers"),
        *points(gate.blockers, "None"),
        *heading(3, "Conditions and known issues"),
        *points(gate.conditions, "None"),
    ]


def _tests(documents: FeatureDocuments | None) -> list[str]:
    lines = heading(2, "Key Test Metrics")
    if documents is None:
        return [*lines, *paragraph("Not known: the feature's documents were not at hand.")]
    figures = [
        bullet(f"API {name}" if name.startswith("p") else name, NOT_MEASURED if value is None else f"{value:g} {unit}")
        for name, value, unit in (
            ("p50", documents.performance.api_p50_ms, "ms"),
            ("p95", documents.performance.api_p95_ms, "ms"),
            ("p99", documents.performance.api_p99_ms, "ms"),
            ("UI load time", documents.performance.ui_load_s, "s"),
            ("Error rate", documents.performance.error_rate_percent, "%"),
        )
    ]
    rows = [(one.name, *(_count(value) for value in (one.total, one.passed, one.failed))) for one in documents.tests]
    table_lines = (
        table(("Tests", "Total", "Passed", "Failed"), rows) if rows else paragraph("No test results are told.")
    )
    return [*lines, *paragraph("As the test report says:"), *table_lines, *figures, ""]


def _count(value: int | None) -> str:
    return "not told" if value is None else str(value)


def _priorities(run: Run, documents: FeatureDocuments | None) -> list[str]:
    lines = heading(2, "Monitoring Priorities")
    if documents is None:
        lines += paragraph("Not known: the feature's documents were not at hand.")
    else:
        rows = [
            (one.topic.value, one.text, f"{one.file}, {one.where}" if one.where else one.file)
            for one in documents.findings
        ]
        lines += table(("Topic", "What to watch", "Said by"), rows) if rows else paragraph("The documents name none.")
    conditions = run.gate.conditions if run.gate else ()
    return lines + [point(f"Condition of the gate: {one}") for one in conditions] + ([""] if conditions else [])


def _way(run: Run, title: str, way: str) -> list[str]:
    lines = heading(2, title)
    if run.plan is None:
        return [*lines, *paragraph("No plan was made.")]
    steps: Sequence[PlannedStep] = run.plan.forward if way == "forward" else run.plan.back
    for number, step in enumerate(steps, start=1):
        lines += heading(3, f"Step {number}: {step.title}")
        lines += [bullet("Undo", step.undo), bullet("State", _state(run, step.key, way))]
        lines += [bullet("Request", one) for one in step.requests]
        if not step.requests:
            lines.append(bullet("Requests", "none known to the journal"))
        lines.append("")
    return lines + [bullet("Remark", one) for one in run.plan.remarks] + ([""] if run.plan.remarks else [])


def _state(run: Run, key: str, way: str) -> str:
    row = next((one for one in reversed(run.steps) if one.key == key and one.way == way), None)
    if row is None:
        return "not begun"
    accepted = f"; accepted as {row.operation}" if row.operation else ""
    if row.ended_at is None:
        return f"begun at {clock(row.began_at)}, no outcome{accepted}"
    return f"{row.result} at {clock(row.ended_at)} after {span(row.seconds)}: {row.words}{accepted}"


def _triggers(run: Run) -> list[str]:
    window = f"{limit(run, 'window_s'):g} s"
    return [
        *heading(2, "Triggers and Targets"),
        *paragraph(f"Durations are written for a critical window of 900 s; this run's is {window}."),
        bullet(
            "Rollback",
            f"error rate above {percent(limit(run, 'error_rate'))} for more than {span(limit(run, 'error_for_s'))}",
        ),
        bullet("Rollback", f"p95 more than {limit(run, 'degradation'):g} times what it was before"),
        bullet("Rollback", "complete unavailability; a person's word on functionality, data or security"),
        bullet("Target", f"error rate below {percent(limit(run, 'target_error_rate'))}"),
        bullet(
            "Target",
            f"p50 < {limit(run, 'target_p50_ms'):g} ms, p95 < {limit(run, 'target_p95_ms'):g} ms, "
            f"p99 < {limit(run, 'target_p99_ms'):g} ms",
        ),
        "",
    ]


def _checklists(run: Run, marks: Marks) -> list[str]:
    lists = lists_in_force(run)
    in_force, of_steps = {one.key for one in lists}, {each.key for step in WORKFLOW for each in step.checklists}
    lines = heading(2, "Checklists")
    for step in WORKFLOW:
        for one in (each for each in step.checklists if each.key in in_force):
            lines += heading(3, f"{one.title} (step {step.number}, {marks.count([one])})")
            lines += marks.lines(one)
    for one in (each for each in lists if each.key not in of_steps):
        lines += heading(3, f"{one.title} ({marks.count([one])})")
        lines += marks.lines(one)
    return lines


__all__ = ["render_deployment_plan"]
