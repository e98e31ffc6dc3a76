"""A FaceSource of scripted Views, a clock that is moved by hand, and an app on them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

from textual.events import Key
from textual.pilot import Pilot

from cpr_cockpit.core.view import View
from cpr_cockpit.engine.face import FaceSource
from cpr_cockpit.engine.greeting import SessionGone, SessionRefused
from cpr_cockpit.tui.app import CockpitApp
from cpr_cockpit.tui.screens.base import CockpitScreen
from cpr_cockpit.tui.widgets.foot import Foot

# Seconds that what will happen may take on a machine with other things to do.
PATIENCE_S = 30.0


class Hand:
    """A clock moved by hand, in seconds."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at

    def move(self, seconds: float) -> None:
        self.at += seconds


class Script:
    """A source at the port: Views are pushed, commands recorded; ``refusing`` answers, ``go`` hangs up."""

    def __init__(self, *views: View, run: str = "0001-a1b2") -> None:
        self.run = run
        self.commands: list[tuple[str, dict[str, str]]] = []
        self.refusing = ""
        self.reachable = True
        self.closed = 0
        self._newest: View | None = views[-1] if views else None
        self._wake = asyncio.Event()
        self._over = False

    async def __call__(self) -> FaceSource:
        if not self.reachable:
            raise SessionGone("No session of the run is alive.")
        self._wake.set()
        return self

    def push(self, view: View) -> None:
        self._newest = view
        self._wake.set()

    def hang_up(self) -> None:
        self.reachable = False
        self._wake.set()

    def end(self) -> None:
        self._over = True
        self._wake.set()

    async def views(self) -> AsyncIterator[View]:
        last = None
        while True:
            if not self.reachable:
                raise SessionGone("The session went away.")
            if self._newest is not None and self._newest is not last:
                last = self._newest
                yield last
                continue
            if self._over:
                return
            self._wake.clear()
            await self._wake.wait()

    async def command(self, name: str, **arguments: str) -> None:
        self.commands.append((name, arguments))
        if self.refusing:
            raise SessionRefused(self.refusing)

    async def close(self) -> None:
        self.closed += 1


def face(
    source: Callable[[], Awaitable[FaceSource]], clock: Callable[[], float] | None = None, *, read_only: bool = False
) -> CockpitApp:
    """An app of ana on that source, on a clock that stands still."""
    return CockpitApp(source, "ana", read_only, monotonic=clock or Hand(), retry_s=0.01)


_CHARACTERS = {"space": " ", "full_stop": ".", "question_mark": "?", "colon": ":"}


def strike(app: CockpitApp, *keys: str) -> None:
    """Keys as a terminal sends them, without waiting for what they do."""
    for key in keys:
        app.post_message(Key(key, _CHARACTERS.get(key, key if len(key) == 1 else None)))


async def until(pilot: Pilot[None], condition: Callable[[], object]) -> None:
    """Wait for what will happen, on a machine that has other things to do."""
    patient = time.monotonic() + PATIENCE_S
    while time.monotonic() < patient:
        if condition():
            return
        await pilot.pause(0.005)
    raise AssertionError(f"it did not happen within {PATIENCE_S:.0f} seconds: {condition}")


async def settled(pilot: Pilot[None]) -> None:
    """The first View is drawn on the screen where the run stands."""
    app = pilot.app
    assert isinstance(app, CockpitApp)
    await until(pilot, lambda: app.view is not None and isinstance(app.screen, CockpitScreen) and app.screen.KEY)
    await pilot.pause()


def foot(app: CockpitApp) -> str:
    """The words of the last line, also under the palette."""
    screen = next(one for one in reversed(app.screen_stack) if isinstance(one, CockpitScreen))
    return screen.query_one(Foot).words


def at(app: CockpitApp) -> str:
    """The key of the screen that is looked at."""
    return app.screen.KEY if isinstance(app.screen, CockpitScreen) else ""


def screen_text(app: CockpitApp) -> str:
    """Everything on the screen as plain lines."""
    width, height = app.size
    lines = app.screen._compositor.render_strips()
    return "\n".join(line.text.ljust(width) for line in lines[:height])
