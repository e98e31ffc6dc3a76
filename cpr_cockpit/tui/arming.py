"""Arm, then confirm: how START, GO and ROLL BACK are sent, and how they never are by accident.

A terminal tells no key-up: a held key is the same key again and again. So a control is armed by one key and confirmed
by another one (``y``) or by a typed word and Enter, no sooner than 600 ms later, and never by a key that repeats. GO
and START disarm when the verdict gets worse; ROLL BACK stays armed. No I/O here; the clock (seconds, monotonic) is
given.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum

from cpr_cockpit.core.view import Control, Panel
from cpr_cockpit.tui.plain_text import clean

# Keys that follow so soon after the arming key were meant for something else, or are its repetition.
GUARD_S = 0.6
EXPIRES_S = 20.0
# The same key again within this time counts as a repetition: terminals wait up to 660 ms before the first one.
REPEAT_S = 0.75
# Keys that follow each other faster than this are no typing: the arming key is still held.
HELD_S = 0.2
# What was told stands this long once nothing is armed any more.
TOLD_S = 10.0
# Longer reasons are cut: the journal's line is for a person to read.
LONGEST = 300
CONFIRM_KEY = "y"
MERGE_CHOICE = "merge_choice"
EXPIRED = "arm expired: nothing was sent"
_CANCELLED = "disarmed: nothing was sent"
_WORSE = "the verdict got worse and disarmed it: nothing was sent"
_CHANGED = "what it would do has changed and disarmed it: nothing was sent"


class Act(StrEnum):
    """What can be armed; the value is the session's command, or of the last two its choice (`Confirmed.name`)."""

    START = "start"
    GO = "keep"
    ROLLBACK = "rollback"
    MERGE = "merge"
    REVERT = "revert"
    GO_ON = "go-on"


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What a person armed and confirmed: the session's command and its arguments, but for who it was."""

    act: Act
    arguments: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The session's name of the command."""
        return MERGE_CHOICE if self.act in (Act.REVERT, Act.GO_ON) else self.act.value


@dataclass(frozen=True, slots=True)
class Armed:
    """An armed control. ``at``: when; ``touched``: the last deliberate key; ``worsened``: the panel's count then."""

    act: Act
    control: Control
    key: str
    at: float
    touched: float
    worsened: int
    word: str = ""
    reason: str = ""
    in_reason: bool = False

    @property
    def typed(self) -> bool:
        """Whether it is confirmed by typing; else by one different key."""
        return bool(self.control.type_this)

    @property
    def confirm_key(self) -> str:
        """The one different key: ``y``, or Enter where ``y`` itself was bound to arm."""
        return "enter" if self.key == CONFIRM_KEY else CONFIRM_KEY

    @property
    def word_fits(self) -> bool:
        """Whether the word that must be typed was typed; case counts in versions only."""
        wanted, typed = self.control.type_this, self.word.strip()
        return typed == wanted or (wanted.isalpha() and typed.casefold() == wanted.casefold())

    @property
    def whole(self) -> bool:
        """Whether all that must be typed was typed."""
        return self.word_fits and (bool(self.reason.strip()) or not self.control.needs_reason)


def control_of(panel: Panel, act: Act) -> Control | None:
    """The panel's control for that act."""
    return {
        Act.START: panel.start,
        Act.GO: panel.go,
        Act.ROLLBACK: panel.rollback,
        Act.MERGE: panel.merge,
        Act.REVERT: panel.revert,
        Act.GO_ON: panel.go_on,
    }[act]


class Arming:
    """The state of arming. ``words``: what to tell the person about the last thing that happened ("" : nothing).

    They stand for `TOLD_S`; a refusal of the session stands until the panel moves on.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.armed: Armed | None = None
        self._words, self._told_at = "", 0.0
        self._word = ""
        self._last: tuple[str, float] = ("", float("-inf"))
        # Seconds between the newest key and the same key just before it; infinite where another one came before it.
        self._gap = float("inf")

    # -- what a face asks ----------------------------------------------------------------------------------------------

    @property
    def words(self) -> str:
        """What to tell about the last thing that happened."""
        return self._words

    @words.setter
    def words(self, words: str) -> None:
        self._words, self._told_at = words, self._clock()

    def refused(self, words: str) -> None:
        """The session refused what was sent: that stands until the panel moves on, or something is armed."""
        self._words, self._told_at = words, float("inf")

    @property
    def seconds_left(self) -> float:
        """Until the arm expires; 0 where nothing is armed."""
        return 0.0 if self.armed is None else max(0.0, self.armed.touched + EXPIRES_S - self._clock())

    @property
    def guarded(self) -> bool:
        """Whether keys are still ignored."""
        return self.armed is not None and self._clock() - self.armed.at < GUARD_S

    def takes(self, key: str, character: str | None = None) -> bool:
        """Whether that key is for the armed control now: then it must not do anything else."""
        armed = self.armed
        if armed is None:
            return False
        if self.guarded or key in ("escape", armed.key):
            return True
        if armed.typed:
            return key in ("enter", "tab", "shift+tab", "backspace", "ctrl+u") or _printable(character)
        return key in (armed.confirm_key, "n")

    # -- what happens --------------------------------------------------------------------------------------------------

    def arm(self, act: Act, panel: Panel, key: str) -> bool:
        """Arm a control by that key; False, and why in ``words``, where it cannot be."""
        self.tick()
        repeated = self._repeats(key)
        if self.armed is not None and (repeated or self.armed.act is act):
            return False
        if self.armed is not None and self.armed.act is Act.ROLLBACK:
            self.words = "ROLL BACK is armed: Esc first"
            return False
        control = control_of(panel, act)
        if control is None or not control.enabled:
            reason = control.reason if control is not None else ""
            self.words = (
                f"{control.label if control else act.name} is not possible now: {reason or 'not in this phase'}"
            )
            return False
        if repeated:
            return False
        now = self._clock()
        self.armed = Armed(act, control, key, now, now, panel.worsened)
        self.words = ""
        return True

    def press(self, key: str, character: str | None = None) -> Confirmed | None:
        """A key while something is armed; what was confirmed by it, if anything was. It is disarmed by that."""
        repeated = self._repeats(key)
        if self.tick() or self.armed is None:
            return None
        if self.guarded:
            if not repeated and key not in (self.armed.key, "escape"):
                # What was ignored is told: else one waits for what was never sent.
                self.words = f"{key} came too soon and was ignored: nothing was sent"
            return None
        if key == "escape":
            self.disarm(_CANCELLED)
            return None
        return self._typed(self.armed, key, character, repeated) if self.armed.typed else self._answered(key, repeated)

    def paste(self, text: str) -> None:
        """A paste: taken as part of a reason, never as the word that must be typed."""
        if self.armed is None or self.guarded or not self.armed.typed:
            return
        if self.armed.in_reason:
            self.armed = replace(self.armed, reason=(self.armed.reason + clean(text[:LONGEST]))[:LONGEST])
        else:
            self.words = f"a paste is not taken here: type {self.armed.control.type_this}"

    def follow(self, panel: Panel) -> None:
        """A new panel: GO and START disarm when it got worse, anything disarms when it is not possible any more."""
        armed, word = self.armed, self._word
        self._word = panel.word
        if armed is None:
            if word not in ("", panel.word):
                # The panel has moved on: what was sent is to be seen in it.
                self.words = ""
            return
        control = control_of(panel, armed.act)
        if control is None or not control.enabled:
            why = control.reason if control is not None and control.reason else "not possible any more"
            self.disarm(f"disarmed, {why}: nothing was sent")
        elif armed.act is not Act.ROLLBACK and panel.worsened > armed.worsened:
            self.disarm(_WORSE)
        elif armed.act is not Act.ROLLBACK and (_asks(control) != _asks(armed.control) or not _runs(armed, control)):
            self.disarm(_CHANGED)
        else:
            self.armed = replace(armed, control=control)

    def tick(self) -> bool:
        """Let time pass; True when the arm expired just now."""
        if self.armed is None and self._clock() - self._told_at >= TOLD_S:
            self.words = ""
        if self.armed is None or self.seconds_left > 0:
            return False
        self.disarm(EXPIRED)
        return True

    def disarm(self, words: str = "") -> None:
        """Forget what was armed."""
        self.armed = None
        self.words = words

    # -- keys ----------------------------------------------------------------------------------------------------------

    def _repeats(self, key: str) -> bool:
        """Whether the key is the one before it, again, too soon to be meant."""
        now = self._clock()
        (before, at), self._last = self._last, (key, now)
        self._gap = now - at if key == before else float("inf")
        return self._gap < REPEAT_S

    def _answered(self, key: str, repeated: bool) -> Confirmed | None:
        armed = self.armed
        if armed is None or key not in (armed.confirm_key, "n"):
            return None
        if key == "n":
            self.disarm(_CANCELLED)
            return None
        if repeated:
            self.words = f"let go of {key}, then press it once"
            return None
        return self._confirmed(armed)

    def _typed(self, armed: Armed, key: str, character: str | None, repeated: bool) -> Confirmed | None:
        if key == armed.key and self._gap < HELD_S and not armed.word:
            return None
        if not repeated:
            armed = replace(armed, touched=self._clock())
        if key == "enter":
            return self._entered(armed, repeated=repeated)
        self.armed = _edited(armed, key, character)
        self.words = ""
        return None

    def _entered(self, armed: Armed, *, repeated: bool) -> Confirmed | None:
        self.armed = armed
        if repeated:
            return None
        if armed.whole:
            return self._confirmed(armed)
        if armed.word_fits and not armed.in_reason:
            self.armed = replace(armed, in_reason=True)
        elif armed.word_fits:
            self.words = "a reason is missing: nothing was sent"
        else:
            # What was refused must not stand before what is typed next.
            self.armed = replace(armed, word="", in_reason=False)
            self.words = f"that is not {armed.control.type_this}: nothing was sent"
        return None

    def _confirmed(self, armed: Armed) -> Confirmed:
        self.disarm(f"sent: {armed.control.label}")
        # START has a reason in a freeze only, and MERGE never.
        gives = armed.act is not Act.MERGE and (armed.act is not Act.START or armed.control.needs_reason)
        reasons = {"reason": armed.reason.strip()} if gives else {}
        if armed.act in (Act.REVERT, Act.GO_ON):
            reasons["choice"] = armed.act.value
        return Confirmed(armed.act, reasons)


def _edited(armed: Armed, key: str, character: str | None) -> Armed:
    name = "reason" if armed.in_reason else "word"
    text: str = getattr(armed, name)
    if key in ("tab", "shift+tab"):
        return replace(armed, in_reason=armed.control.needs_reason and not armed.in_reason)
    if key == "backspace":
        text = text[:-1]
    elif key == "ctrl+u":
        text = ""
    elif _printable(character):
        text = (text + (character or ""))[:LONGEST]
    return replace(armed, reason=text) if armed.in_reason else replace(armed, word=text)


def _printable(character: str | None) -> bool:
    return character is not None and len(character) == 1 and character.isprintable()


def _asks(control: Control) -> tuple[str, str, bool]:
    return control.label, control.type_this, control.needs_reason


def _runs(armed: Armed, control: Control) -> bool:
    """Whether it would still do what it was armed for: another strategy, or another head, has other details."""
    return armed.act in (Act.GO, Act.ROLLBACK) or control.details == armed.control.details
