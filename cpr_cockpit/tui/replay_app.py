"""The cockpit on a run that was: the same screens, keys that play it, and none that decides anything."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from textual import events
from textual.screen import ModalScreen
from textual.widgets import Input

from cpr_cockpit.engine.face import FaceSource
from cpr_cockpit.engine.replaying import SKIP_S, ReplayFace
from cpr_cockpit.tui import messages as told
from cpr_cockpit.tui.actions import REPLAY
from cpr_cockpit.tui.app import CockpitApp
from cpr_cockpit.tui.shown import Shown

_SENDS_NOTHING = "this is a replay, nothing was sent"
# The same key without shift, on most keyboards.
_ALSO = {"equals_sign": "plus"}
_BY_KEY = {one.key: one.id.removeprefix("replay-") for one in REPLAY}


class ReplayApp(CockpitApp):
    """Shows what ``face`` plays; ``monotonic``: seconds, as for every face."""

    def __init__(self, face: ReplayFace, monotonic: Callable[[], float] = time.monotonic) -> None:
        async def source() -> FaceSource:
            return face

        super().__init__(source, "", read_only=True, monotonic=monotonic)
        self._face = face
        # What of the status line came from the player, so that it is taken away with its time.
        self._played_words = ""

    def newest(self) -> Shown:
        """All that a screen draws, marked as a replay."""
        return replace(super().newest(), replay=self._face.player.title, run=self._face.run)

    def now(self) -> float:
        """The moment that is shown: it moves with the Views alone."""
        return 0.0 if self.view is None else self.view.now

    def on_view_arrived(self, event: told.ViewArrived) -> None:
        """Say what the player has to say; Textual calls the cockpit's own handler, which draws, after this one."""
        # The first View takes away what was said before it.
        words = self._face.words if self.view is not None else ""
        if words != self._played_words:
            self._played_words = words
            self.say(words)

    def _took_key(self, event: events.Key) -> bool:
        if super()._took_key(event):
            return True
        what = _BY_KEY.get(_ALSO.get(event.key, event.key))
        if what is None or isinstance(self.screen, ModalScreen) or isinstance(self.focused, Input):
            return False
        self.action_replay(what)
        return True

    def _quiet(self) -> bool:
        """Keys play it, and send nothing: the screens follow them."""
        return self.asking() is None

    def action_replay(self, what: str) -> None:
        """Play it otherwise: pause, back, on, next, previous, faster, slower."""
        player = self._face.player
        deeds: dict[str, Callable[[], None]] = {
            "pause": player.pause,
            "back": lambda: player.skip(-SKIP_S),
            "on": lambda: player.skip(SKIP_S),
            "next": lambda: player.step(1),
            "previous": lambda: player.step(-1),
            "faster": lambda: player.pace(1),
            "slower": lambda: player.pace(-1),
        }
        deeds[what]()
        self._face.touched()

    def send(self, name: str, arguments: object) -> None:
        """Nothing is sent from here."""
        self.say(_SENDS_NOTHING)

    async def ask(self, question: told.Question) -> None:
        """No line is asked for what cannot be sent."""
        self.say(_SENDS_NOTHING)

    def action_help_quit(self) -> None:
        """Nothing is lost by closing it."""
        self.action_close()

    def last_words(self) -> str:
        """The line that stays on the terminal."""
        if self._crashed:
            where = f"The details are in {self.crash_file}." if self.crash_file else "The details could not be written."
            return f"The screen failed. Nothing was changed. {where}"
        return f"The replay of {self._face.run} was closed. Nothing was changed."
