"""Clocks: what is left of the critical window, and the time of day, in the session's time by the face's clock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from textual.geometry import Size

from cpr_cockpit.core.view import View, Window
from cpr_cockpit.tui.glyphs import Glyphs
from cpr_cockpit.tui.plain_text import elide
from cpr_cockpit.tui.toned import Row
from cpr_cockpit.tui.widgets.ages import countdown_words
from cpr_cockpit.tui.widgets.block_letters import block_letters
from cpr_cockpit.tui.widgets.canvas import Canvas


def time_of_day(at: float) -> str:
    """``14:07:31 UTC``."""
    return f"{datetime.fromtimestamp(at, UTC):%H:%M:%S} UTC"


def stopped(view: View) -> str:
    """What stands in the place of a clock that nothing waits for any more; "" while it runs."""
    if view.phase == "ended":
        return view.panel.word
    return "ROLLING BACK" if view.phase == "rolling back" else ""


class Countdown(Canvas):
    """What is left of the window, in block digits where there is room, with a bar; or all of it in one line."""

    DEFAULT_CSS = """
    Countdown { height: auto; width: 1fr; }
    """

    def __init__(
        self,
        *,
        glyphs: Glyphs | None = None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(glyphs=glyphs, id=id, classes=classes)
        self._window = Window(0.0)
        self._now = 0.0
        self._stopped = ""

    def show(self, window: Window, now: float, *, stopped: str = "") -> None:
        """Show that window; ``stopped``: what came of it, instead of a clock that runs on ("ROLLED BACK")."""
        self._window, self._now, self._stopped = window, now, stopped
        self.redraw()

    def tick(self, now: float) -> None:
        """Time has passed."""
        self._now = now
        self.redraw()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Block digits on tall terminals, one line on others."""
        return 5 if viewport.height >= 40 and width >= 18 else 1 if width >= 40 else 2

    @property
    def value(self) -> str:
        """The clock in one line: what ``c`` copies."""
        return "  ".join(part for part in (self._figures(), self._until()) if part)

    def compose_rows(self, width: int, height: int) -> Sequence[Row]:
        """Digits, until when, bar: as much of it as there is room for."""
        window = self._window
        if self._stopped or window.deadline is None or window.t0 is None:
            begun = (
                f"{window.stage} is over" if window.stage else f"window {countdown_words(window.length_s)}, not begun"
            )
            if not self._stopped or window.t0 is None:
                return [((self._stopped or begun, "dim"),)]
            return [((self._stopped, "strong"), (f"  T0 {time_of_day(window.t0)}", "dim"))]
        left = window.deadline - self._now
        tone = "strong" if left > 0 else "warn"
        word = ("left" if left > 0 else "over") if not window.stage else "to go" if left > 0 else "late"
        digits = block_letters(self._figures(), width, min(3, height - 1), self.glyphs)
        if digits is not None:
            rows: list[Row] = [((line, tone),) for line in digits]
            rows.append(((word, tone), (f" {self._until()}", "dim")))
            return [*rows, self._bar(width)] if height > len(rows) else rows
        one: list[tuple[str, str]] = [(f"{self._figures()} {word} ", tone)]
        until = f"  {self._until()}"
        room = width - sum(len(text) for text, _ in one)
        # The bar of a window; from one check to the next there is none.
        bar = 0 if window.stage else 12
        if height >= 2 or room < len(until) + bar:
            if height < 2 and not bar:
                return [(*one, (elide(until, room), "dim"))]
            rows = [(*one, *self._bar(max(0, min(40, room)))), ((self._until(), "dim"),)]
            return rows[:height]
        return [(*one, *self._bar(min(40, room - len(until))), (until, "dim"))]

    def _figures(self) -> str:
        return "" if self._window.deadline is None else countdown_words(self._window.deadline - self._now)

    def _until(self) -> str:
        window = self._window
        if window.deadline is None or window.t0 is None:
            return ""
        if window.stage:
            word = "judged until" if window.on_part else "next check"
            return f"{window.stage}, {word} {time_of_day(window.deadline)}"
        word = "until" if self._now < window.deadline else "ended"
        return f"{word} {time_of_day(window.deadline)[:8]}, T0 {time_of_day(window.t0)}"

    def _bar(self, width: int) -> Row:
        """Time gone and time to come, told apart by form."""
        window = self._window
        if width < 4 or window.stage:
            # From one check to the next nothing is decided: there is no end to count down to.
            return ()
        gone = (self._now - (window.t0 or 0.0)) / window.length_s if window.length_s > 0 else 1.0
        inner = width - 2 if self.glyphs is Glyphs.ASCII else width
        filled = max(0, min(inner, int(gone * inner)))
        if self.glyphs is Glyphs.ASCII:
            return (("[" + "#" * filled, "data"), ("." * (inner - filled) + "]", "dim"))
        return (("━" * filled, "data"), ("─" * (inner - filled), "dim"))


class TimeOfDay(Canvas):
    """The time, in UTC."""

    DEFAULT_CSS = """
    TimeOfDay { height: 1; width: 12; }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._now: float | None = None

    def tick(self, now: float) -> None:
        """Show that time."""
        self._now = now
        self.redraw()

    def compose_rows(self, width: int, height: int) -> Sequence[Row]:
        """One line, right."""
        text = "" if self._now is None else time_of_day(self._now)
        return [((text.rjust(width), "strong"),)]
