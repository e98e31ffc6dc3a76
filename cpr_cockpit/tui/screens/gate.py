"""The gate: what each document says, side by side, what was taken, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.containers import Container
from textual.widget import Widget

from cpr_cockpit.core.view import Gate, View
from cpr_cockpit.tui.plain_text import clean, elide_middle
from cpr_cockpit.tui.screens.base import CockpitScreen, title
from cpr_cockpit.tui.shown import Shown
from cpr_cockpit.tui.toned import Row, Span, row, table, tone_of
from cpr_cockpit.tui.widgets.rows import Rows

_NAME, _TAKEN, _WORD = 26, 11, 8


class GateScreen(CockpitScreen):
    """Both documents, contradictions in words, blockers, conditions, findings."""

    KEY: ClassVar[str] = "gate"
    CSS_PATH = "gate.tcss"
    HELP = "What the documents of the feature say. Where they disagree, both values stand here and the worse is taken."

    def panes(self) -> Iterable[Widget]:
        """Documents above or left, reasons below or right."""
        with Container(id="gate-panes"):
            yield Rows(id="documents", classes="pane", empty="The documents are being read.")
            yield Rows(id="reasons", classes="pane", wrap=True, indent=2)

    def draw(self, view: View, shown: Shown) -> None:
        """Draw the gate of this View."""
        documents, reasons = self.query_one("#documents", Rows), self.query_one("#reasons", Rows)
        title(documents, "DOCUMENTS")
        title(reasons, "WHAT FOLLOWS")
        documents.show(lambda width: fact_rows(view.gate, width))
        reasons.show(reason_rows(view.gate))


def fact_rows(gate: Gate, width: int) -> list[Row]:
    """One row a fact: its value in each document, and what the gate took."""
    if not gate.rows:
        return []
    count = max(1, len(gate.sources))
    name = min(_NAME, max(len(clean(one.name)) for one in gate.rows))
    each = max(8, min(26, (width - name - _TAKEN - _WORD - 2 - count) // count))
    widths = (name, *([each] * count), _TAKEN, _WORD)
    # Names of documents begin alike, or end alike: both ends tell them apart.
    sources = [elide_middle(clean(one), each) for one in gate.sources]
    head: list[Span] = [("fact", "dim"), *((one, "dim") for one in sources), ("taken", "dim"), ("", "")]
    cells: list[list[Span]] = [head]
    for one in gate.rows:
        values = (*one.values, *("-",) * count)[:count]
        word = ("agree", "dim") if one.agree else ("DISAGREE", "warn")
        cells.append([(one.name, ""), *((value, "") for value in values), (one.taken, "strong"), word])
    return table(cells, widths, gap=1)


def reason_rows(gate: Gate) -> list[Row]:
    """Level, then blockers, contradictions, conditions and findings, each under its name."""
    level = gate.level or "not judged yet"
    rows = [row((level, tone_of(level) or "strong"), f"  score {gate.score}" if gate.score else "")]
    parts = (
        ("blocks production", gate.blockers, "fail"),
        ("documents disagree", gate.contradictions, "warn"),
        ("conditions", gate.conditions, "warn"),
        ("findings to watch", gate.findings, "run"),
    )
    for name, lines, tone in parts:
        if lines:
            rows += [row(), row((f"{name}: {len(lines)}", "strong"))]
            rows += [row(("! " if tone == "fail" else "- ", "warn" if tone != "run" else "run"), one) for one in lines]
    if gate.level and not any(lines for _, lines, _ in parts):
        rows += [row(), row("Nothing blocks, and the documents agree.")]
    return rows
