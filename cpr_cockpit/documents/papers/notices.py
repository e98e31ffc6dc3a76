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
    needless = sum(1 for row in rows if row[4].startswith("needless"))
    sent = sum(1 for row in rows if row[4].startswith("sent"))
    words, lost = f"{sent} sent", len(rows) - sent - needless
    words += f", {lost} of {len(rows)} did not arrive" if lost else ""
    words += f", {needless} needless when its turn came" if needless else ""
    seen = run.notices.acknowledged
    if seen is not None:
        words += f"; the last alarm was acknowledged by {seen.by} at {clock(run.notices.acknowledged_at)}"
    return [*lines, *paragraph(f"{words}."), *table(("At", "Notice", "Channel", "Status", "Outcome"), rows)]


def _rows(one: Sending) -> Iterator[tuple[str, str, str, str, str]]:
    for name in one.intent.to:
        yield clock(one.at), one.intent.title, name, one.intent.line, _outcome(one, name)


def _outcome(one: Sending, name: str) -> str:
    if name not in one.outcomes:
        return "not seen to arrive"
    at, told = one.outcomes[name]
    tries = f" at try {told.attempt}" if told.attempt > 1 else ""
    if told.result == "sent":
        return f"sent {clock(at)}{tries}"
    return f"needless: {told.words}" if told.result == "needless" else f"NOT SENT{tries}: {told.words}"
