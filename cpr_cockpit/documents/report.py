"""A first deployment report: outcome and timeline, all of it from the journal."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from cpr_cockpit.core.run import Moment, Run

REPORT = "deployment-report.md"

_STATUS = {
    "kept": "SUCCESS: kept",
    "rolled_back": "FAILED: rolled back",
    "partial": "PARTIAL: rolled back in part",
    "held": "PARTIAL: held, a person must look",
    "stopped": "STOPPED before START, nothing was changed",
    "failed": "FAILED",
}


def write_report(folder: Path, run: Run) -> Path:
    """Write the report into the run's ``report`` folder; its path."""
    path = folder / "report" / REPORT
    path.parent.mkdir(mode=0o700, exist_ok=True)
    partial = path.with_name(path.name + ".part")
    partial.write_text(render_report(run), "utf-8")
    partial.chmod(0o600)
    partial.replace(path)
    return path


def render_report(run: Run) -> str:
    """The report's text; what was not measured says so."""
    parts = [*_head(run), *_metrics(run), *_steps(run), *_timeline(run), *_rollback(run)]
    return "\n".join(parts) + "\n"


def _day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _head(run: Run) -> list[str]:
    opened = run.opened
    if opened is None:
        return ["# Deployment Report", "", "The journal holds no opened run."]
    ended = run.ended
    status = _STATUS[ended.decision] if ended else f"NOT ENDED: {run.phase}"
    score = "not measured" if run.gate is None or run.gate.score is None else f"{run.gate.score:g}/100"
    executed = "YES" if run.decision and run.decision.word == "rollback" else "NO"
    lines = [f"# Deployment Report: {opened.feature}", ""]
    if opened.mode in ("drill", "rehearse"):
        where = f"a {opened.mode} on the embedded lab, signed by `{opened.actor}`"
        lines += [f"**REHEARSAL**: {where}; no production was touched.", ""]
    lines += [
        f"**Deployment Date**: {_day(run.started_at) if run.started_at else 'not started'}  ",
        f"**Deployment Status**: {status}  ",
        f"**Production Readiness Score**: {score}  ",
        f"**Rollback Executed**: {executed}",
        "",
        "## Summary",
        "",
        f"{ended.reason if ended else 'The run has not ended.'}",
        "",
    ]
    if ended is not None:
        slot = ended.slot_version or "not read"
        kept = " Provisional: the extended validation was not awaited." if ended.provisional else ""
        lines += [f"Production serves `{ended.production_version}`; the other slot: `{slot}`.{kept}", ""]
    return lines


def _metrics(run: Run) -> list[str]:
    def span(start: float | None, end: float | None) -> str:
        return "not measured" if start is None or end is None else f"{(end - start) / 60:.1f} minutes"

    baseline = run.baseline
    before = "not measured"
    if baseline is not None and baseline.requests:
        p95 = "not measured" if baseline.p95 is None else f"{baseline.p95:.0f} ms"
        before = (
            f"{100 * baseline.failures / baseline.requests:.2f} % of {baseline.requests} requests failed, p95 {p95}"
        )
    verdict = "none" if run.verdict is None else f"{run.verdict.kind}: {run.verdict.sentence}"
    return [
        "## Key Metrics",
        "",
        f"- Deployment Duration: {span(run.started_at, run.ended_at)}",
        f"- Swaps: {run.swaps}",
        f"- Before the switch: {before}",
        f"- Last verdict: {verdict}",
        "- Downtime: not measured by the cockpit in this version",
        "- User Impact: not measured in this version",
        "",
    ]


def _steps(run: Run) -> list[str]:
    lines = [
        "## Steps",
        "",
        "| Step | Way | Attempts | Result | Seconds | What was seen |",
        "|---|---|---|---|---|---|",
    ]
    for row in run.steps:
        result = row.result or "no outcome"
        seconds = "" if row.ended_at is None else f"{row.seconds:.1f}"
        lines.append(f"| {_cell(row.title)} | {row.way} | {row.attempts} | {result} | {seconds} | {_cell(row.words)} |")
    return [*lines, ""]


def _row(moment: Moment) -> str:
    return f"| {_time(moment.at)} | {_cell(moment.what)} | {_cell(moment.detail)} | {_cell(moment.status)} |"


def _timeline(run: Run) -> list[str]:
    rows = [_row(moment) for moment in sorted(run.timeline, key=lambda moment: moment.at)]
    return ["## Deployment Timeline", "", "| Time (UTC) | Event | Detail | Status |", "|---|---|---|---|", *rows, ""]


def _rollback(run: Run) -> list[str]:
    plan = run.plan
    if plan is None:
        return []
    executed = "EXECUTED" if run.decision and run.decision.word == "rollback" else "NOT NEEDED"
    took = next((row.seconds for row in run.steps if row.key == "swap" and row.result == "done"), None)
    estimate = "not measured" if took is None else f"this run's own swap took {took:.0f} s"
    lines = [
        "## Rollback Capability",
        "",
        f"- Rollback Plan: {executed}",
        f"- Previous Version: {plan.old_version}",
        f"- Rollback Method: {plan.strategy}",
        f"- Rollback Time: {estimate}",
        f"- Card: {run.card.path if run.card else 'not written'}",
    ]
    return lines + [f"- {remark}" for remark in plan.remarks]
