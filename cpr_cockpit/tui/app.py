"""The cockpit on a terminal: screens, keys, and what the keys do."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import events
from textual.app import SystemCommand
from textual.binding import BindingType
from textual.screen import ModalScreen, Screen
from textual.widgets import Input

from cpr_cockpit.tui import messages as told
from cpr_cockpit.tui.actions import ACTIONS, BY_ID, SCREENS, bindings, key_word
from cpr_cockpit.tui.hygiene import write_private
from cpr_cockpit.tui.keyed_app import KeyedApp
from cpr_cockpit.tui.plain_text import as_markup
from cpr_cockpit.tui.screens.base import CockpitScreen
from cpr_cockpit.tui.screens.first import FirstScreen
from cpr_cockpit.tui.themes import ANSI, DARK, LIGHT

# Below this many columns or rows only the floor can be read.
LEAST = (60, 15)
_FLOOR = "floor"
# Looked at in passing: Escape leads back to where one was.
_ASIDE = ("log", "sources", "code")
_AGAIN_S = 3.0
# Nobody types any more when no key has come for so long.
_QUIET_S = 3.0


class CockpitApp(KeyedApp):
    """``source_factory`` connects to the session; ``actor`` is who signs; ``read_only`` sends nothing."""

    TITLE = "CPR Cockpit"
    CSS_PATH = Path(__file__).parent / "screens" / "base.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("")]
    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (60, "-narrow"), (100, "-wide"), (160, "-huge")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (24, "-normal"), (40, "-tall")]  # noqa: RUF012

    # Where the person is; the floor and the help do not change it.
    place = ""
    # Where the person was before the log, the sources or the code.
    _before = ""
    _leaving_at = -_AGAIN_S

    def get_default_screen(self) -> Screen[None]:
        """The frame alone: what is painted first."""
        return FirstScreen(self.newest)

    def draw(self) -> None:
        """Draw the cockpit's screen, which may lie under the palette; trouble needs more than the first paint's."""
        for screen in reversed(self.screen_stack if self._has_screens() else []):
            if isinstance(screen, CockpitScreen):
                shown = self.newest()
                if isinstance(screen, FirstScreen) and screen is self.screen and shown.panel is not None:
                    self._look_at(SCREENS[0])
                else:
                    screen.show(shown)
                return

    # -- screens -----------------------------------------------------------------------------------------------------

    def _has_screens(self) -> bool:
        """Whether there is a screen at all: there is none before the first one and after the last."""
        return bool(self._screen_stacks.get(self._current_mode))

    def on_view_arrived(self, event: told.ViewArrived) -> None:
        """Draw it, and follow the run if the person stood where it was."""
        if not self._has_screens():
            # The program is being left: one View more may be in the queue.
            return
        before = self._here()
        self.take(event.view)
        here = self._here()
        moved = bool(self.place) and here != before and self.place == before
        if moved or not self.place:
            if isinstance(self.screen, CockpitScreen) and self.screen.KEY == "help":
                # It is read on; escape leads to where the run is.
                self.place = here
            elif moved and not self._quiet():
                # Another screen under the hands of who types would make other commands of the keys.
                self._moved = f"The run has moved on: {SCREENS.index(here) + 1} leads to {BY_ID[here].label}"
                self.say(self._moved)
            else:
                self.action_go_to(here)
        self.draw()

    def _quiet(self) -> bool:
        """Whether nobody types, or the newest key was the one that sent a decision: then the screen may change."""
        if self.decision.arming.armed is not None or self.asking() is not None or isinstance(self.focused, Input):
            return False
        return self._decided or self._monotonic() - self._key_at >= _QUIET_S

    def _here(self) -> str:
        rail = self.view.rail if self.view is not None else ()
        return next((one.key for one in rail if one.state in ("here", "blocked")), SCREENS[0])

    def action_go_to(self, name: str) -> None:
        """To a screen; it is made when it is first looked at."""
        if name in _ASIDE and self.place not in _ASIDE:
            self._before = self.place
        self.place = name
        self._look_at(name)

    def action_go_back(self) -> None:
        """From the log, the sources or the code to where one was."""
        self.action_go_to(self._before or self._here())

    def _look_at(self, name: str) -> None:
        self._switch(_FLOOR if self._small() else name)

    def _small(self) -> bool:
        return self.size.width < LEAST[0] or self.size.height < LEAST[1]

    def _switch(self, name: str) -> None:
        if not self.is_screen_installed(name):
            module = importlib.import_module(f"cpr_cockpit.tui.screens.{name}")
            self.install_screen(getattr(module, f"{name.capitalize()}Screen")(self.newest), name)
        if self.screen is not self.get_screen(name):
            self._put_on_top(name)

    def _put_on_top(self, screen: Screen[None] | str) -> None:
        """The frame of the first paint stays below; whatever is looked at is above it."""
        if len(self.screen_stack) == 1:
            self._coming = self.push_screen(screen)
        else:
            self._coming = self.switch_screen(screen)

    def action_turn(self, step: int) -> None:
        """To the next screen or the one before."""
        index = SCREENS.index(self.place) if self.place in SCREENS else 0
        self.action_go_to(SCREENS[(index + step) % len(SCREENS)])

    def action_back_home(self) -> None:
        """From the help to where it was asked for; who was nowhere yet is taken to where the run is."""
        self._look_at(self.place or SCREENS[0])

    def on_resize(self, event: events.Resize) -> None:
        """Down to the floor, or up again."""
        if self.place and not isinstance(self.screen, ModalScreen) and self.asking() is None:
            self.call_later(self.action_go_to, self.place)

    async def _clear(self) -> None:
        """A terminal that shrank or grew while somebody typed gets the screen that fits it now, not earlier."""
        await super()._clear()
        here = self.screen
        if self.place and isinstance(here, CockpitScreen) and (here.KEY == _FLOOR) is not self._small():
            self._look_at(self.place)

    def action_help(self) -> None:
        """The keys of the focused pane and its screen."""
        here = self.screen
        if isinstance(here, CockpitScreen):
            pane = (self.focused.border_title or self.focused.id or "") if self.focused is not None else ""
            module = importlib.import_module("cpr_cockpit.tui.screens.help")
            self._put_on_top(module.HelpScreen(self.newest, here.KEY, here.HELP or "", pane.partition("  ")[0]))

    def action_zoom(self) -> None:
        """The focused pane alone, or all again."""
        if isinstance(self.screen, CockpitScreen):
            self.screen.zoom()

    # -- this terminal -----------------------------------------------------------------------------------------------

    def action_copy(self) -> None:
        """The focused value, to the terminal's clipboard and to a file."""
        value = str(getattr(self.focused, "value", "") or "")
        if not value:
            self.say("nothing to copy here")
            return
        self.copy_to_clipboard(value)
        path = write_private("copied.txt", value + "\n")
        self.say(f"copied, also to {path}" if path else "copied to the terminal's clipboard")

    def action_theme(self) -> None:
        """The next theme."""
        names = (DARK, LIGHT, *ANSI)
        self.theme = names[(names.index(self.theme) + 1) % len(names)] if self.theme in names else DARK

    def action_close(self) -> None:
        """Close this face only."""
        self.exit(return_code=0)

    def action_help_quit(self) -> None:
        """ctrl+c closes at the second time, and says so at the first."""
        if self._monotonic() - self._leaving_at < _AGAIN_S and not self._held:
            self.action_close()
        self._leaving_at = self._monotonic()
        self.say("ctrl+c again, or q, closes this screen; the session goes on without it")

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Every action of the registry that can be reached from here, for the palette and ``:``."""
        place = next((one.KEY for one in reversed(self.screen_stack) if isinstance(one, CockpitScreen)), "")
        for one in ACTIONS:
            if one.id != "palette" and one.where in ("", place):
                why = one.why_not(self.newest())
                words = f"not now: {why}" if why else one.tooltip or one.label
                call = partial(self.run_action, one.call, default_namespace=self)
                yield SystemCommand(f"{one.label} ({key_word(one.key)})", as_markup(words), call)
