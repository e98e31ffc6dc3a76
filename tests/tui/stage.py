"""A bare app around one widget, and what it drew."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.widget import Widget

from cpr_cockpit.tui.themes import register_themes
from cpr_cockpit.tui.widgets.canvas import Canvas

C = TypeVar("C", bound=Canvas)


class Around(App[None]):
    """One widget on a screen of its own."""

    CSS = "Screen { layout: vertical; }"

    def __init__(self, widget: Widget, *, light: bool = False) -> None:
        super().__init__()
        self._widget = widget
        self._light = light

    def compose(self) -> ComposeResult:
        """The widget."""
        yield self._widget

    def on_mount(self) -> None:
        """Wear our themes."""
        register_themes(self, light=self._light)

    def shown(self) -> list[str]:
        """The screen's lines, as a terminal gets them."""
        return [strip.text for strip in self.screen._compositor.render_strips()]


async def drawn(widget: C, size: tuple[int, int], show: Callable[[C], None]) -> list[str]:
    """The lines of the screen after ``show`` was called."""
    app = Around(widget)
    async with app.run_test(size=size) as pilot:
        show(widget)
        await pilot.pause()
        return app.shown()


def refreshed(widget: Canvas, act: Callable[[], None]) -> list[Region]:
    """The regions that a widget and its cutouts ask to be sent again while ``act`` runs."""
    for one in (widget, *widget.query(Canvas)):
        one._exchange_repaint_regions()
    act()
    return [region for one in (widget, *widget.query(Canvas)) for region in one._exchange_repaint_regions()]
