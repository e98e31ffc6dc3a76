"""Figures of the business after the switch: what a line tells of one, how they fold, which items they sign.

Support tickets, adoption, engagement, conversion and user feedback of the first day and week (step 9, monitoring plan).
The judge never sees them: they roll nothing back.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, get_args

from cpr_cockpit.core.checklist import Mark, Standing
from cpr_cockpit.core.event import Event
from cpr_cockpit.core.inert import clean
from cpr_cockpit.core.issue_events import FigureTold, Kind
from cpr_cockpit.core.verdict import clock_time, moment

if TYPE_CHECKING:
    from cpr_cockpit.core.run import Run

KINDS: tuple[str, ...] = get_args(Kind)
LONGEST = 500
PROGRAM = "cockpit"
# Whoever enters the figure has done what these items ask for: "entered the figure and where it was read".
_ITEMS = {one: f"first-day-business.{one}" for one in ("adoption", "engagement", "conversion", "tickets")}
_LINE = re.compile(r"(?P<value>[0-9]+(?:\.[0-9]+)?) *(?P<unit>%?)(?: +of +(?P<n>[0-9]{1,12}))?(?: +(?P<words>.*))?")


@dataclass(frozen=True, slots=True)
class FigureSpec:
    """A declared figure; ``every_s``: seconds between two readings, at their real length."""

    name: str
    kind: Kind
    unit: str = ""
    every_s: float = 3600.0


class FigureReader(Protocol):
    """Reads one declared figure."""

    @property
    def spec(self) -> FigureSpec:
        """Which one."""

    @property
    def timeout_s(self) -> float:
        """Seconds that one reading may take."""

    async def read(self, t0: float, now: float) -> tuple[float | None, int | None]:
        """The figure since ``t0``, and of how many where that is told; None: nothing is told. PortError."""


class FigureError(ValueError):
    """What was told is no figure: a sentence that says what would be one."""


def told(kind: str, by: str, line: str) -> FigureTold:
    """The figure of a line such as ``12 % of 340 dashboard usage``, or of feedback its words; FigureError."""
    if kind not in KINDS:
        raise FigureError(f"{clean(kind)[:40]!r} is no kind of figure: {', '.join(KINDS)}.")
    text = " ".join(clean(line).split())
    found = _LINE.fullmatch(text)
    if found is None:
        if kind != "feedback" or not text:
            raise FigureError(f"{text[:40]!r} is no figure, such as: 12, or 12 % of 340, then where it was read.")
        return FigureTold.model_validate({"kind": kind, "by": by, "words": text[:LONGEST]})
    value, n = float(found["value"]), found["n"]
    if not math.isfinite(value):
        raise FigureError("That number is too large for a figure.")
    body = {
        "value": value,
        "unit": found["unit"],
        "n": int(n) if n else None,
        "words": (found["words"] or "")[:LONGEST],
    }
    return FigureTold.model_validate({"kind": kind, "by": by, **body})


def figure_words(event: FigureTold) -> str:
    """``12 % of 340``; the words of feedback without a number."""
    if event.value is None:
        return event.words or "not read"
    unit = f" {event.unit}" if event.unit else ""
    return f"{event.value:g}{unit}" + (f" of {event.n:,}" if event.n is not None else "")


def newest(run: Run) -> dict[str, tuple[float, FigureTold]]:
    """The newest of each kind, in the order of the kinds."""
    found = {event.kind: (at, event) for at, event in run.figures}
    return {kind: found[kind] for kind in KINDS if kind in found}


def newest_words(run: Run) -> str:
    """All kinds in one line, each with its time and who told it; "" where none was told."""
    return "; ".join(
        f"{kind} {figure_words(event)} ({event.source or event.by} {moment(at)})"
        for kind, (at, event) in newest(run).items()
    )


def signed_by_figures(run: Run) -> Iterator[Standing]:
    """Items that a person signs by entering the figure; what a query read is shown there and signs nothing."""
    for kind, (at, event) in newest(run).items():
        if kind in _ITEMS and event.value is not None:
            mark = Mark.MEASURED if event.source else Mark.SIGNED
            yield Standing(_ITEMS[kind], mark, event.by, at, figure_words(event), event.words)


# -- folding -----------------------------------------------------------------------------------------------------------


class Folding(Protocol):
    """The Run, as far as this needs it."""

    figures: list[tuple[float, FigureTold]]

    def note_moment(self, at: float, what: str, detail: str = "", status: str = "done") -> None:
        """A row of the timeline."""


def _told(run: Folding, at: float, event: FigureTold) -> None:
    run.figures.append((at, event))
    where = f": {event.words}" if event.value is not None and event.words else ""
    who = f"query {event.source}" if event.source else event.by
    run.note_moment(at, event.kind.capitalize(), f"{figure_words(event)}{where}, by {who} at {clock_time(at)}", "note")


HANDLERS: dict[type[Event], Callable[[Any, float, Any], None]] = {FigureTold: _told}
