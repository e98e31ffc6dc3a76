"""The report's notices: who was told what, when, and what did not arrive."""

from __future__ import annotations

from collections.abc import Iterator

from cpr_cockpit.core.noticing import Sending
from cpr_cockpit.core.run import Run
from cpr_cockpit.documents.papers.text import clock, heading, paragraph, table


def notices(run: Run) -> list[str]:
    """Every notice with each channel; where none is configured, that nobody was told."""
    sendings = run.notices.sendings
    lines = heading(3, "Notices")
    if not sendings:
        return [*lines, *paragraph("The cockpit has told nobody: no channel was configured, or nothing was to tell.")]
    rows = [row for one in sendings.values() for row in _rows(one)]
    lost = sum(1 for row in rows if not row[4].startswith("sent"))
    words = f"{len(rows)} sent" if not lost else f"{len(rows) - lost} sent, {lost} of {len(rows)} did not arrive"
    seen = run.notices.acknowledged
    if seen is not None:
        words += f"; the last alarm was acknowledged by {seen.by} at {clock(run.notices.acknowledged_at)}"
    return [*lines, *paragraph(f"{words}."), *table(("At", "Notice", "Channel", "Status", "Outcome"), rows)]


def _rows(one: Sending) -> Iterator[tuple[str, str, str, str, str]]:
    for name in one.intent.to:
        outcome = one.outcomes.get(name)
        words = "not seen to arrive"
        if outcome is not None:
            at, told = outcome
            tries = f" at try {told.attempt}" if told.attempt > 1 else ""
            words = f"sent {clock(at)}{tries}" if told.result == "sent" else f"NOT SENT{tries}: {told.words}"
        yield clock(one.at), one.intent.title, name, one.intent.line, words
