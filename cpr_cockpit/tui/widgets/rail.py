"""The rail: the five stops, where the run stands, which one is looked at, and what blocks the next step."""

from __future__ import annotations

from collections.abc import Sequence

from cpr_cockpit.core.view import Stop
from cpr_cockpit.tui.plain_text import elide
from cpr_cockpit.tui.toned import Line, Row, Span, row, row_width, tone_of

# The rail before the first View: every screen can be reached from the first paint on.
EMPTY = tuple(
    Stop(key, title, "open")
    for key, title in (
        ("gate", "Gate"),
        ("lists", "Lists"),
        ("plan", "Production"),
        ("window", "Window"),
        ("papers", "Papers"),
    )
)
_CODE = Stop("code", "Code", "open")


class Rail(Line):
    """Stops as ``1 Gate``; ``>`` marks where the run stands, brackets and reverse what is looked at."""

    def show(self, stops: Sequence[Stop], looked_at: str, *, code: bool = False) -> None:
        """Show these stops; the details of the others give way first, then what blocks is cut short.

        ``code``: the run has repositories, whose screen is looked at aside from the way of the run.
        """
        width = self.app.size.width
        stops = (*(stops or EMPTY), *([_CODE] if code else []))
        made = _stops(stops, looked_at, detailed=True, room=10_000)
        if row_width(made) > width:
            made = _stops(stops, looked_at, detailed=False, room=10_000)
        if row_width(made) > width:
            spare = width - row_width(_stops(stops, looked_at, detailed=False, room=0, short=True))
            made = _stops(stops, looked_at, detailed=False, room=spare, short=True)
        self.say(made)


def _stops(stops: Sequence[Stop], looked_at: str, *, detailed: bool, room: int, short: bool = False) -> Row:
    """``room``: cells for the detail and the blocker of the stop where the run stands."""
    spans: list[Span] = []
    for number, stop in enumerate(stops, start=1):
        here = stop.state in ("here", "blocked")
        title = stop.title if not short or len(stop.title) <= 6 else f"{stop.title[:4]}."
        tone = "here" if stop.key == looked_at else "strong" if here else "dim" if stop.state == "open" else ""
        name = f"{number} {title}"
        spans += [
            (f"[{'>' if here else ''}{name}]" if tone == "here" else f"{'>' if here else ' '}{name} ", tone),
            (" " if tone == "here" and stop.detail else "", ""),
        ]
        left = room
        if stop.detail and (detailed or here) and left > 8:
            detail = elide(stop.detail, min(24, left - 1))
            spans += [(detail, tone_of(stop.detail)), (" ", "")]
            left -= len(detail) + 1
        if stop.blocked_by and left > 12:
            what = "! " if short else "blocked: "
            spans.append((f"{what}{elide(stop.blocked_by, left - len(what) - 1)} ", "warn"))
        spans.append((" ", ""))
    return row(*spans)
