"""The first line: which feature, which version, to where, for whom, and whether this is a rehearsal."""

from __future__ import annotations

from cpr_cockpit.tui.plain_text import clean, elide_middle
from cpr_cockpit.tui.shown import Shown
from cpr_cockpit.tui.toned import Line, Row, row, row_width

# The clock beside it, a widget of its own: only it changes every second.
CLOCK = 14


class HeaderBar(Line):
    """Who and what, in one line; the banner of a rehearsal is never left out."""

    DEFAULT_CSS = """
    HeaderBar { background: $panel; }
    """

    def show(self, shown: Shown) -> None:
        """Show the header of this View, and the person."""
        self.say(*self._parts(shown, self.app.size.width - CLOCK))

    def _parts(self, shown: Shown, width: int) -> tuple[Row, Row]:
        view = shown.view
        brand = (" CPR Cockpit " if width >= 86 else " CPR ", "brand")
        actor = f"{elide_middle(shown.actor, 12)}{' read-only' if shown.read_only else ''}" if not shown.replay else ""
        if view is None:
            return row(brand, f" {shown.run}"), row(actor)
        head = view.header
        version = f"{head.new_version} > {head.target}"
        right = row((actor, "strong"), " ")
        more = [f"  {head.strategy}" if width >= 100 else "", f"  {head.banner_detail}" if width >= 120 else ""]
        if width >= 160:
            more.append("".join(f"  {value}" for name, value in head.ids if name in ("app", "resource_group")))
        banner = ("  " + head.banner, "warn") if head.banner else ""
        tail = row(("  " + version, "run"), more[0], banner, *((one, "dim") for one in more[1:]))
        room = width - row_width((brand,)) - row_width(tail) - row_width(right) - 4
        # Of a replay its words are never cut: nobody may take it for what is now.
        words = f"{shown.replay} of " if shown.replay else ""
        name = elide_middle(clean(shown.run if shown.replay else head.feature), max(8, room - len(words)))
        return (*row(brand, " ", (words, "warn"), (name, "strong")), *tail), right
