"""The report's head: what it is about, the summary and the key metrics."""

from __future__ import annotations

from cpr_cockpit.core.run import Run
from cpr_cockpit.core.verdict import percent
from cpr_cockpit.documents.papers import ending
from cpr_cockpit.documents.papers.figures import (
    latencies,
    new_version,
    old_version,
    rate_before,
    served,
)
from cpr_cockpit.documents.papers.people import people
from cpr_cockpit.documents.papers.text import (
    NOT_MEASURED,
    between,
    bullet,
    clock,
    field,
    heading,
    ms,
    paragraph,
    point,
    share,
    signed,
    span,
    stamp,
)

_SAME_RATE = 0.0005
"""Shares that differ by less print alike."""


def head(run: Run) -> list[str]:
    """Rehearsal line, title, status block and summary."""
    opened = run.opened
    rehearsal = ending.rehearsal(run)
    score = NOT_MEASURED if run.gate is None or run.gate.score is None else f"{run.gate.score:g}/100"
    lines = [field("REHEARSAL", rehearsal), ""] if rehearsal else []
    lines += [field("OBSERVED ONLY", ending.looked_on(run)), ""] if run.observed else []
    lines += heading(1, f"Deployment Report: {opened.feature if opened else 'no opened run in the journal'}")
    lines += [
        field("Deployment Date", stamp(run.started_at, "not started")),
        field("Deployment Status", ending.status(run)),
        field("Production Readiness Score", score),
        field("Rollback Executed", ending.rollback_executed(run)),
        field("Run", f"{opened.run}, opened {stamp(run.opened_at)} by {opened.actor}" if opened else NOT_MEASURED),
        "",
        *heading(2, "Summary"),
    ]
    for sentence in ending.summary(run):
        lines += paragraph(sentence)
    return lines


def key_metrics(run: Run) -> list[str]:
    """The procedure's five, and what belongs beside them."""
    took = ending.rollback_times(run) or NOT_MEASURED
    return [
        *heading(2, "Key Metrics"),
        bullet("Deployment Duration", duration(run)),
        bullet("Downtime", downtime(run)),
        bullet("Error Rate Impact", error_impact(run)),
        bullet("Performance Impact", performance_impact(run)),
        bullet("User Impact", user_impact(run)),
        bullet("Rollback Duration", took if ending.ordered_back(run) else "not applicable: no rollback was ordered"),
        bullet("Before the switch", before_words(run)),
        bullet("Swaps that took effect", f"{run.swaps}{' of its own' if run.observed else ''}"),
        "",
        point(
            "Users' figures are rows of requests in Application Insights without the cockpit's own probes; "
            f"all times are UTC.{_beside(run)}"
        ),
        "",
    ]


def duration(run: Run) -> str:
    """From START to the switch, and to the end."""
    if run.started_at is None:
        return "not applicable: START was not pressed"
    return (
        f"{between(run.started_at, run.switched_at)} from START to the switch; "
        f"{between(run.started_at, run.ended_at)} from START to the end of the run"
    )


def downtime(run: Run) -> str:
    """What the cockpit's own probes of production met; what they cannot tell."""
    if not ending.switched(run):
        return "not applicable: production was not switched"
    probes = run.tally.whole
    if not probes.count:
        return f"{NOT_MEASURED}: no probe of production is in the journal"
    when = (
        f"{probes.failed} of {probes.count} own probes from {clock(probes.first_at)} to {clock(probes.last_at)} failed"
    )
    seen = "none seen"
    if probes.failed:
        seen = f"{span(probes.down_s)} without a good answer, {span(probes.longest_s)} at a stretch"
    return f"{seen}: {when}; the moment of the switch itself lies before the first probe"


def error_impact(run: Run) -> str:
    """The error rate since the switch beside the one before it."""
    if not ending.switched(run):
        return ending.of_a_share(run) or "not applicable: production was not switched"
    now, before = served(run, new_version(run)), rate_before(run)
    if now is None:
        return f"{NOT_MEASURED}: no request of {new_version(run)} is in the journal"
    since = f"{share(now.failures, now.requests)} requests to {new_version(run)} failed"
    if before is None:
        return f"{since}; before the switch {NOT_MEASURED}"
    change = now.rate - before
    words = "No change" if abs(change) < _SAME_RATE else signed(100 * change, "percentage points", 1)
    return f"{words}: {since}, before the switch {percent(before)}"


def performance_impact(run: Run) -> str:
    """Percentiles since the switch beside those before it."""
    if not ending.switched(run):
        return "not applicable: production was not switched"
    said = []
    for one in latencies(run):
        change = ""
        if one.value is not None and one.before is not None:
            change = f" ({signed(one.value - one.before, 'ms')})"
        said.append(f"{one.name} {ms(one.value)}, before {ms(one.before)}{change}")
    return f"{'; '.join(said)}; average response time {NOT_MEASURED}: the cockpit reads percentiles"


def user_impact(run: Run) -> str:
    """Requests that failed, where slow ones are told, and who uses the application as far as that was read."""
    if not ending.switched(run):
        met = ending.of_a_share(run) or f"none by the new version: users were not served by {new_version(run)}"
        return f"{met}; {people(run)}"
    now = served(run, new_version(run))
    met = NOT_MEASURED
    if now is not None:
        failed = f"{now.failures:,} of {now.requests:,} requests to {new_version(run)} failed"
        met = f"{failed} (a slow answer is no failure: see Performance Impact)"
    return f"{met}; {people(run)}"


def _beside(run: Run) -> str:
    """Why the lab's own figures are others."""
    if not ending.rehearsal(run):
        return ""
    return (
        " The summary at the end of the command counts what the lab's own clients met, slow answers of the defect "
        "among them, and times the rollback by their last request that met the bad version."
    )


def before_words(run: Run) -> str:
    """The baseline."""
    before = run.baseline
    if before is None or not before.requests:
        return NOT_MEASURED
    when = f"{clock(before.start)} to {clock(before.end)}"
    return (
        f"{share(before.failures, before.requests)} requests to {old_version(run)} failed, "
        f"p50 {ms(before.p50)}, p95 {ms(before.p95)}, p99 {ms(before.p99)} ({when})"
    )
