"""The face without its screens: the newest View, the link to the session, what was said, how it ends."""

from __future__ import annotations

import importlib
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import App

from cpr_cockpit.core.view import View
from cpr_cockpit.tui import messages as told
from cpr_cockpit.tui.decision import Decision
from cpr_cockpit.tui.guard import KeyGuard
from cpr_cockpit.tui.hygiene import end_on_signals, write_crash
from cpr_cockpit.tui.shown import Shown, clock
from cpr_cockpit.tui.themes import register_themes

if TYPE_CHECKING:
    from cpr_cockpit.tui.link import Link, SourceFactory

# The first paint comes before the session; a paint that a key prevented must not keep it from being reached.
_PAINTED_S = 0.3
# What was said stands this long, so that it does not hide the keys for good.
SAID_S = 5.0
# A decision that was sent is shown by a View after this long at most, or it came to nothing.
_SHOWN_S = 10.0
_DECISIONS = ("start", "keep", "rollback")
_SENT = {
    "keep": "GO",
    "rollback": "ROLL BACK",
    "start": "START",
    "raise": "trigger",
    "sign": "mark",
    "sign_list": "list",
    "choose": "strategy",
    "note": "note",
    "issue": "issue",
    "figure": "figure",
    "acknowledge": "looked at",
    "take_over": "take-over",
    "second": "second person",
    "ack": "seen",
    "close": "close",
    "extend": "extension",
    "merge": "MERGE",
    "merge_choice": "merge choice",
}


class FaceApp(App[None]):
    """State and session of a face. ``monotonic``: seconds, for everything that this face times itself.

    ``log``: where a session that does not come up tells why. ``ended``: connects to what may be written after the
    run's end.
    """

    def __init__(
        self,
        source_factory: SourceFactory,
        actor: str,
        read_only: bool = False,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        retry_s: float = 1.0,
        log: Path | None = None,
        ended: SourceFactory | None = None,
    ) -> None:
        super().__init__()
        self.animation_level = "none"
        self.decision = Decision(monotonic)
        self.guard = KeyGuard()
        self.view: View | None = None
        self.run_name = ""
        self.status = ""
        self.crash_file: Path | None = None
        self._factory = source_factory
        self._actor = actor
        self._read_only = read_only
        self._monotonic = monotonic
        self._retry_s = retry_s
        self._log_file = log
        self._ended_factory = ended
        self._began = monotonic()
        self._link: Link | None = None
        self._view_at = 0.0
        self._status_at = 0.0
        # Where the run has gone while somebody typed on another screen, in words.
        self._moved = ""
        self._lost_at: float | None = None
        self._lost_words = ""
        # The decision that was sent, the panel's word and the time then.
        self._sent: tuple[str, str, float] | None = None
        self._ended = False
        self._crashed = False
        register_themes(self, light=light_ground(os.environ))

    # -- what is known -----------------------------------------------------------------------------------------------

    def newest(self) -> Shown:
        """All that a screen draws, as of now."""
        return Shown(
            view=self.view,
            now=self.now(),
            actor=self._actor,
            arming=self.decision.arming,
            run=self.run_name,
            read_only=self._read_only,
            status=self.status if self._monotonic() - self._status_at < SAID_S else "",
            gone_since=self._lost_at,
            gone_words=self._lost_words,
            waited_s=self._monotonic() - self._began if self.view is None else 0.0,
            log=str(self._log_file) if self._log_file is not None and self._log_file.exists() else "",
            sent=self._under_way(),
            ended=self._ended,
            afterword=self._ended_factory is not None,
        )

    def _under_way(self) -> str:
        """The decision that the newest View does not show yet; not for ever, for the session may think otherwise."""
        if self._sent is None or self._monotonic() - self._sent[2] >= _SHOWN_S:
            return ""
        return _SENT[self._sent[0]]

    def now(self) -> float:
        """The session's clock, carried on by ours since the newest View."""
        return 0.0 if self.view is None else self.view.now + self._monotonic() - self._view_at

    def draw(self) -> None:
        """Draw the screen again: each widget finds out what changed. Screens override nothing else."""

    def say(self, words: str) -> None:
        """Put words into the status line; the next key takes them away, or their time."""
        self.status, self._status_at = words, self._monotonic()
        self.draw()

    # -- life --------------------------------------------------------------------------------------------------------

    def on_mount(self) -> None:
        """Paint first; connect then."""
        end_on_signals(lambda code: self.exit(return_code=code))
        self.set_interval(1.0, self._tick)
        # A screen that is left before it was painted calls nothing back: then the timer connects.
        self.call_after_refresh(self._connect)
        self.set_timer(_PAINTED_S, self._connect)

    def _connect(self) -> None:
        """Once, whichever screen is up."""
        if self._link is not None:
            return
        link: type[Link] = importlib.import_module("cpr_cockpit.tui.link").Link
        self._link = link(self._factory, self.post_message, retry_s=self._retry_s, ended=self._ended_factory)
        self.run_worker(self._link.run(), group="link", exclusive=True)

    def _tick(self) -> None:
        self.decision.arming.tick()
        self.draw()

    def last_words(self) -> str:
        """The line that stays on the terminal: what became of it, and how to come back."""
        back = f"cpr-cockpit attach {self.run_name}".rstrip()
        if self._crashed:
            where = f"The details are in {self.crash_file}." if self.crash_file else "The details could not be written."
            return f"The screen failed; the session goes on without it. {where} Back to it: {back}"
        if self._ended or (self.view is not None and self.view.phase == "ended"):
            word = self.view.panel.word if self.view is not None else "ended"
            papers = self.view.report_path if self.view is not None else ""
            return f"The run {self.run_name} has ended: {word}. {f'Report: {papers}' if papers else ''}".rstrip()
        if not self.run_name:
            return "No session was reached. What there is: cpr-cockpit runs"
        if self._lost_at is not None:
            return f"The session of {self.run_name} did not answer any more when this screen was left."
        return f"The session of {self.run_name} goes on without this screen. Back to it: {back}"

    def _handle_exception(self, error: Exception) -> None:
        """Write the traceback to a file; the screen ends with one sentence."""
        self._crashed = True
        self.crash_file = write_crash(error) or self.crash_file
        super()._handle_exception(error)

    def _fatal_error(self) -> None:
        """Textual prints a traceback with every local variable here; nothing of it belongs on a terminal."""
        self._close_messages_no_wait()

    # -- the session -------------------------------------------------------------------------------------------------

    def send(self, name: str, arguments: Mapping[str, str]) -> None:
        """Send a command as this person; the answer comes as a message."""
        if self._read_only:
            self.say("this face is read-only: nothing was sent")
        elif self._link is None:
            self.say("not sent: not connected yet")
        else:
            if name in _DECISIONS and self.view is not None:
                self._sent = (name, self.view.panel.word, self._monotonic())
            self.run_worker(self._link.send(name, {**arguments, "by": self._actor}), group="commands")

    def on_session_met(self, event: told.SessionMet) -> None:
        """Connected, again perhaps."""
        self.run_name, self._lost_at, self._lost_words = event.run, None, ""
        self.draw()

    def on_session_lost(self, event: told.SessionLost) -> None:
        """Keep the last View with its growing ages, and say since when it is the last; nothing stays armed."""
        if self.view is None:
            # What failed first is the cause; that nobody answers is what every later attempt says.
            self._lost_words = event.words if event.final else self._lost_words or event.words
        else:
            self._lost_words = event.words if event.final else ""
            self._lost_at = self.now() if self._lost_at is None else self._lost_at
            self._sent = None
            self.decision.follow(self.newest().panel or self.view.panel)
            if self.decision.arming.armed is not None:
                self.decision.arming.disarm("disarmed, the session has gone: nothing was sent")
        self.draw()

    def on_run_ended(self, event: told.RunEnded) -> None:
        """Nothing more will come."""
        self._ended = True
        self.say(f"The run has ended at {clock(self.now())} UTC; q closes this screen.")

    def take(self, view: View) -> None:
        """A newer View: what is armed may not outlive it, nor what was said before there was one."""
        if self.view is None:
            self.status = ""
        if self._sent is not None and view.panel.word != self._sent[1]:
            self._sent = None
        self.view, self._view_at = view, self._monotonic()
        self.decision.follow(view.panel)

    def on_command_answered(self, event: told.CommandAnswered) -> None:
        """A refusal stays in the panel and in the status line; it is no toast."""
        name = _SENT.get(event.name, event.name)
        if event.refused:
            self._sent = None
        if event.refused and event.name in (*_DECISIONS, "raise"):
            self.decision.arming.refused(f"{name} {event.refused}")
        # What moved the run on is answered after it: one must not hide the other.
        moved = f". {self._moved}" if self._moved and self.status == self._moved else ""
        self.say(f"{name} {event.refused}" if event.refused else f"{name}: the session took it{moved}")

    def on_told(self, event: told.Told) -> None:
        """A screen has words for the status line."""
        self.say(event.words)


def light_ground(environ: Mapping[str, str]) -> bool:
    """Whether the terminal says that its ground is light (COLORFGBG, set by many): dark where it says nothing."""
    return environ.get("COLORFGBG", "").rpartition(";")[2] in ("7", "15")
