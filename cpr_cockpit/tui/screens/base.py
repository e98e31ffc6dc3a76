"""What every screen has: header, rail, its own panes, the decision panel, the foot."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.containers import Container, Horizontal
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget

from cpr_cockpit.core.view import View
from cpr_cockpit.tui.messages import Question
from cpr_cockpit.tui.plain_text import clean
from cpr_cockpit.tui.shown import Shown
from cpr_cockpit.tui.widgets.clock import TimeOfDay
from cpr_cockpit.tui.widgets.foot import Foot
from cpr_cockpit.tui.widgets.header import HeaderBar
from cpr_cockpit.tui.widgets.panel import DecisionPanel
from cpr_cockpit.tui.widgets.prompt import Prompt
from cpr_cockpit.tui.widgets.rail import Rail

if TYPE_CHECKING:
    from cpr_cockpit.tui.keyed_app import KeyedApp


def show_or_hide(widget: Widget, wanted: bool) -> None:
    """Show a widget or hide it; nothing is laid out again where nothing changes."""
    if widget.display != wanted:
        widget.display = wanted


# Rows from which on panes have boxes, and columns for two columns of panes, as in the breakpoints of the app.
TALL, HUGE = 40, 160


def title(pane: Widget, words: str) -> None:
    """Name a pane, in words that are never markup; a box gives them room, a single line does not."""
    room = "" if pane.app.size.height >= TALL else " "
    content = Content(f"{room}{clean(words)}{room}")
    # Textual draws the whole pane again whenever a title is set, also to what it was.
    if pane.border_title != content.markup:
        pane.border_title = content


class CockpitScreen(Screen[None]):
    """A screen of the cockpit. It is given a Shown and draws it; ``newest`` tells what to draw when it comes back."""

    KEY: ClassVar[str] = ""
    AUTO_FOCUS: ClassVar[str] = ".pane"

    def __init__(self, newest: Callable[[], Shown]) -> None:
        super().__init__()
        self._newest = newest
        # What had the focus before a prompt or a menu took it.
        self._before: Widget | None = None

    def compose(self) -> ComposeResult:
        """Frame and panes."""
        with Horizontal(id="head"):
            yield HeaderBar()
            yield TimeOfDay()
        yield Rail()
        with Container(id="body"):
            yield from self.panes()
        yield DecisionPanel()
        yield Foot()

    def panes(self) -> Iterable[Widget]:
        """The panes of this screen."""
        return ()

    def on_mount(self) -> None:
        """Draw before the first paint."""
        self.show(self._newest())

    def on_screen_resume(self) -> None:
        """Catch up with what came while another screen was looked at."""
        self.show(self._newest())

    def on_resize(self) -> None:
        """Lines choose their words by the width."""
        self.show(self._newest())

    @property
    def drawable(self) -> bool:
        """Whether its widgets are there: not before it is mounted, nor while the app is being taken down."""
        return self.is_mounted and self.is_attached and self.app.is_running

    @property
    def small(self) -> bool:
        """Whether panes have to give way to each other."""
        return self.size.height < TALL and self.size.width < HUGE

    def show(self, shown: Shown) -> None:
        """Draw all of it; each widget draws again only what changed."""
        if not self.drawable:
            return
        self.query_one(HeaderBar).show(shown)
        code = shown.view is not None and bool(shown.view.code.repositories)
        self.query_one(Rail).show(shown.view.rail if shown.view else (), self.KEY, code=code)
        self.query_one(Foot).show(shown, self.KEY)
        panel = self.query_one(DecisionPanel)
        show_or_hide(panel, shown.panel is not None)
        full = shown.arming.armed is not None or bool(shown.panel and shown.panel.commands)
        self.set_class(full and self.small, "-crowded")
        if shown.panel is not None:
            inert = "REPLAY" if shown.replay else "READ ONLY" if shown.read_only else ""
            # Without a session the panel has a path to tell, at the end what is left to do: that needs the room too.
            view = shown.view
            large = shown.production or view is None or view.phase == "ended" or shown.gone_since is not None
            panel.show(shown.panel, shown.arming, inert=inert, large=large)
        if shown.view is not None:
            self.query_one(TimeOfDay).tick(shown.now)
            self.draw(shown.view, shown)

    def draw(self, view: View, shown: Shown) -> None:
        """Draw the panes of this screen."""

    # -- what its keys ask for ---------------------------------------------------------------------------------------

    async def ask(self, question: Question) -> None:
        """Ask for a line; it has the keyboard when this returns."""
        await cast("KeyedApp", self.app).ask(question)

    def command(self, name: str, arguments: dict[str, str]) -> None:
        """Ask for a command; a held key asks once."""
        cast("KeyedApp", self.app).request(name, arguments)

    # -- in the place of the foot ------------------------------------------------------------------------------------

    @property
    def asking(self) -> Widget | None:
        """The prompt or the menu in the place of the foot, which has the keyboard; None: the panes have it."""
        return next(iter(self.query(".foot-place")), None)

    async def put(self, widget: Widget) -> None:
        """Put a prompt or a menu in the place of the foot."""
        await self.clear()
        self._before = self.focused
        self.query_one(Foot).display = False
        await self.mount(widget)

    async def clear(self) -> str:
        """Take it away again, and return what was typed into it."""
        words = ""
        for one in self.query(".foot-place"):
            words = one.words if isinstance(one, Prompt) else ""
            await one.remove()
        self.query_one(Foot).display = True
        if self._before is not None and self._before.is_mounted:
            self._before.focus()
        elif self.focused is None:
            self.focus_pane()
        self._before = None
        return words

    def focus_pane(self) -> None:
        """Focus the pane that has the focus at first."""
        for pane in self.query(self.AUTO_FOCUS):
            if pane.focusable:
                pane.focus()
                return

    # -- zoom --------------------------------------------------------------------------------------------------------

    def zoom(self) -> None:
        """The focused pane alone in the body, or all of them again."""
        pane, zoomed = self.focused, self.has_class("-zoomed")
        for one in self.query(".-zoom, .-zoomed-away"):
            one.remove_class("-zoom", "-zoomed-away")
        self.set_class(not zoomed and pane is not None, "-zoomed")
        if zoomed or pane is None or not pane.has_class("pane"):
            return
        node: Widget = pane
        while isinstance(node.parent, Widget) and node.id != "body":
            node.add_class("-zoom")
            for sibling in node.parent.children:
                sibling.set_class(sibling is not node, "-zoomed-away")
            node = node.parent
