"""A face of lines: the same Views, the same commands, for screen readers, dumb terminals and logs.

Every line stands by itself: the time, then words. ROLLBACK takes two different words (``rollback``, then ``yes``); GO
takes ``go`` and what the panel asks to be typed.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import UTC, datetime

from cpr_cockpit.core.code_lines import WORDS, code_lines, command_of, control_of
from cpr_cockpit.core.inert import clean
from cpr_cockpit.core.view import Control, PlanView, View, stage_words
from cpr_cockpit.engine.face import FaceSource
from cpr_cockpit.engine.greeting import SessionRefused

HELP = """\
  status              where it stands, every signal, what each command would do
  lists [all]         checklist items that block what comes next (all: every item)
  sign ITEM [NOTE]    sign an item; also: fail, defer, waive ITEM REASON
  sign-list LIST      sign every open item of a list
  strategy [KEY]      how it is deployed, with expected times, and what else can be chosen until START; KEY: choose it
  code                pull requests, checks, merge and tag of the repositories (step 4), and what can be typed
  merge               merge them, or look again where it rests, then confirm with: yes
  revert              where it rests half merged: pull requests that take it back, then confirm with: yes
  go-on               there: go on with what is merged, then type what is asked for, with a reason
  start               START, then confirm with: yes
  go                  GO, then type what is asked for
  rollback            ROLLBACK, then confirm with: yes
  raise TRIGGER       critical functionality | data corruption | security breach; then: yes
  note WORDS          write a note into the journal
  issue SEVERITY WORDS   record an issue; more of one: issue NUMBER [STATUS] WORDS
  looked-at WORDS     you have looked at what others changed; with a word on what you saw
  second INITIALS     confirm, as a second person, what another one pressed
  seen [WORDS]        you have seen what is called for: nobody is called any more, nothing happens by itself
  close [WORDS]       close the run's paperwork, where every closing item stands
  extend [WORDS]      the critical window lasts a third longer, as far as policy allows
  take-over REASON    take the lease of another run, then confirm with: yes
  help, quit          quit leaves the session running"""

_PIECE = 65_536  # bytes
_MARKS = {"sign": "signed", "fail": "failed", "defer": "deferred", "waive": "waived"}
# Each sent as it is, with the rest of its line as one argument.
_SENT = {
    "sign-list": ("sign_list", "list"),
    "note": ("note", "words"),
    "looked-at": ("acknowledge", "words"),
    "second": ("second", "words"),
    "issue": ("issue", "line"),
    "seen": ("ack", "words"),
    "close": ("close", "words"),
    "extend": ("extend", "words"),
}


class PlainFace:
    """One person at a line-by-line terminal."""

    def __init__(self, source: FaceSource, actor: str, *, read_only: bool, say: Callable[[str], None]) -> None:
        self._source = source
        self._actor = actor
        self._read_only = read_only
        self._say = say
        self._view: View | None = None
        self._told_until = 0.0
        self._word = ""
        self._commands: tuple[str, ...] = ()
        self._pending: tuple[str, str, dict[str, str]] | None = None

    # -- what happens ------------------------------------------------------------------------------------------------

    def show(self, view: View) -> None:
        """Say what is new since the last View."""
        first, self._view = self._view is None, view
        if first:
            header = view.header
            self._line(view.now, f"{header.banner} {header.banner_detail}".strip() or "production")
            self._line(view.now, f"run {view.run}: {header.feature} {header.new_version}, as {self._actor}; type: help")
        new = [one for one in reversed(view.happenings) if one.at > self._told_until]
        for one in new:
            self._line(one.at, one.text)
        self._told_until = max([self._told_until, *(one.at for one in new)])
        if view.panel.word != self._word:
            self._word = view.panel.word
            self._line(view.now, f"{view.panel.word}: {view.panel.sentence}")
        if view.panel.commands != self._commands:
            self._commands = view.panel.commands
            for command in self._commands:
                self._line(view.now, f"by hand: {command}")

    def _line(self, at: float, words: str) -> None:
        self._say(f"{datetime.fromtimestamp(at, UTC):%H:%M:%S}  {clean(words)}")

    # -- what is typed -----------------------------------------------------------------------------------------------

    async def typed(self, line: str) -> bool:
        """Carry out one line; False where the person wants to leave."""
        if self._pending is not None:
            await self._confirm(line.strip())
            return True
        word, _, rest = line.strip().partition(" ")
        if word in ("quit", "exit"):
            return False
        if word in WORDS or word == "code":
            self._code(word)
            return True
        try:
            await self._carry_out(word, rest.strip())
        except SessionRefused as error:
            self._say(f"refused: {clean(str(error))}")
        return True

    async def _carry_out(self, word: str, rest: str) -> None:
        if word == "status":
            self._status()
        elif word == "lists":
            self._lists(everything=rest == "all")
        elif word in _MARKS:
            item, _, note = rest.partition(" ")
            await self._send("sign", item=item, mark=_MARKS[word], note=note.strip())
        elif word in _SENT:
            command, argument = _SENT[word]
            await self._send(command, **{argument: rest})
        elif word == "strategy":
            await self._strategy(rest)
        elif word == "take-over":
            self._take_over(rest)
        elif word == "raise":
            self._ask("raise", "yes", {"trigger": rest}, f"raises the trigger {rest!r}: the verdict becomes ROLLBACK.")
        elif word in ("start", "go", "rollback"):
            self._arm(word)
        elif word:
            self._say(HELP)

    async def _strategy(self, key: str) -> None:
        """What is planned and what else there is; or choose that."""
        if key:
            await self._send("choose", choice=key)
            return
        plan = self._view.plan if self._view else PlanView()
        if not plan.stages:
            self._say("the plan is being made")
            return
        for name, stages in (("forth", plan.stages), ("back", plan.rungs), ("else", plan.lower)):
            if stages:
                self._say(clean(f"{name}: " + ", then ".join(stage_words(one) for one in stages)))
        for one in plan.choices:
            state = "chosen" if one.chosen else f"not now: {one.why_not}" if one.why_not else "can be chosen"
            self._say(clean(f"  {one.key:<12} {one.label}; {state}"))
        if plan.fixed:
            self._say(clean(f"nothing else can be chosen any more: {plan.fixed}"))

    def _code(self, word: str) -> None:
        """Step 4: where it stands, or one of its controls."""
        view = self._view
        control = control_of(view.panel, word) if view is not None and word in WORDS else None
        if view is None or word == "code":
            for line in code_lines(view.code, view.panel) if view is not None else ("no View yet",):
                self._say(clean(line))
        elif control is None or not control.enabled:
            self._say(f"{word} is not possible now: {clean(control.reason) if control else view.code.state}")
        else:
            command, arguments = command_of(word)
            self._ask(command, control.type_this or "yes", arguments, "; ".join(control.details), control)

    def _take_over(self, words: str) -> None:
        """The lease that another run holds is taken over once that is confirmed."""
        control = self._view.panel.take_over if self._view else None
        label = control.label if control is not None else "takes the lease, where another run holds it"
        self._ask("take_over", "yes", {"words": words}, label)

    def _arm(self, word: str) -> None:
        panel = self._view.panel if self._view else None
        control = {"start": panel.start, "go": panel.go, "rollback": panel.rollback}[word] if panel else None
        if control is None or not control.enabled:
            self._say(f"{word} is not possible now: {clean(control.reason) if control else 'no View yet'}")
            return
        command = "keep" if word == "go" else word
        # What was looked at; another face may choose another strategy meanwhile.
        seen = {"plan": str(self._view.plan.number)} if word == "start" and self._view else {}
        self._ask(command, control.type_this or "yes", seen, "; ".join(control.details), control)

    def _ask(
        self, command: str, expected: str, arguments: dict[str, str], words: str, control: Control | None = None
    ) -> None:
        reason = ", a space and a reason" if control is not None and control.needs_reason else ""
        self._pending = (command, expected, arguments)
        self._say(clean(words))
        self._say(f"type {expected}{reason} to confirm; anything else sends nothing")

    async def _confirm(self, line: str) -> None:
        if self._pending is None:
            return
        command, expected, arguments = self._pending
        self._pending = None
        word, _, reason = line.partition(" ")
        if word != expected:
            self._say("nothing was sent")
            return
        try:
            await self._send(command, **arguments, **({"reason": reason} if reason else {}))
        except SessionRefused as error:
            self._say(f"refused: {clean(str(error))}")

    async def _send(self, command: str, **arguments: str) -> None:
        if self._read_only:
            self._say("this face is read-only: nothing was sent")
            return
        await self._source.command(command, by=self._actor, **arguments)
        self._say(f"{command}: done")

    def _status(self) -> None:
        view = self._view
        if view is None:
            self._say("no View yet")
            return
        self._say(clean(f"{view.panel.word}: {view.panel.sentence} {view.panel.detail}"))
        for words in (view.panel.back, *view.panel.commands):
            if words:
                self._say(clean(words))
        if view.window.stage and view.window.deadline is not None:
            self._say(f"{view.window.stage}: next check in {max(0.0, view.window.deadline - view.now):.0f} s")
        elif view.window.deadline is not None:
            self._say(f"window: {max(0.0, view.window.deadline - view.now):.0f} s left of {view.window.length_s:.0f}")
        for one in view.signals:
            age = "no age" if one.measured_at is None else f"{max(0.0, view.now - one.measured_at):.0f} s old"
            limits = f"target {one.target or '-'}, trigger {one.trigger or '-'}, before {one.before or '-'}"
            self._say(
                clean(f"{one.name}: {one.now}, {limits}, n {one.n if one.n is not None else '-'}, {age}: {one.state}")
            )
        for control in (view.panel.start, view.panel.go, view.panel.rollback):
            if control is not None:
                self._say(
                    clean(f"{control.label}: {'possible' if control.enabled else 'not possible'}; {control.reason}")
                )

    def _lists(self, *, everything: bool) -> None:
        for one in self._view.lists if self._view else ():
            rows = [row for row in one.items if everything or row.blocks]
            if rows:
                complete = ", COMPLETE" if one.complete else ""
                self._say(clean(f"{one.title} [{one.key}] ({one.done} of {len(one.items)}{complete})"))
            for row in rows:
                self._say(clean(f"  {row.mark:<9} {row.key}: {row.text} (due {row.due})"))


async def run_plain(source: FaceSource, actor: str, *, read_only: bool) -> None:
    """Show and listen until the run has ended, the person leaves or the session is gone (SessionGone)."""
    face = PlainFace(source, actor, read_only=read_only, say=lambda words: print(words, flush=True))
    showing = asyncio.create_task(_show_all(source, face))
    typing = asyncio.create_task(_type_all(face))
    try:
        await asyncio.wait((showing, typing), return_when=asyncio.FIRST_COMPLETED)
        if typing.done() and not typing.result():
            # Nothing more can be typed (a pipe, a log): go on showing.
            await showing
        elif showing.done():
            showing.result()
    finally:
        for task in (showing, typing):
            task.cancel()
        await asyncio.gather(showing, typing, return_exceptions=True)


async def _show_all(source: FaceSource, face: PlainFace) -> None:
    async for view in source.views():
        face.show(view)


async def _type_all(face: PlainFace) -> bool:
    """Carry out what is typed; True where the person left, False where there is no more to come."""
    async with aclosing(_lines()) as lines:
        async for line in lines:
            if not await face.typed(line):
                return True
    return False


async def _lines() -> AsyncGenerator[str, None]:
    """Lines of standard input, read when they are there.

    No thread waits for them, which would outlive us, and the terminal is not made one that never blocks, which it would
    be for everybody who writes to it.
    """
    loop = asyncio.get_running_loop()
    pieces: asyncio.Queue[bytes] = asyncio.Queue()
    try:
        number = sys.stdin.fileno()
        loop.add_reader(number, lambda: pieces.put_nowait(_read(number)))
    except (OSError, ValueError):
        # A file or the null device cannot be waited for, and never makes anybody wait.
        for line in sys.stdin:
            yield line
        return
    try:
        rest = b""
        while piece := await pieces.get():
            *lines, rest = (rest + piece).split(b"\n")
            for typed in lines:
                yield typed.decode(errors="replace")
        if rest:
            yield rest.decode(errors="replace")
    finally:
        loop.remove_reader(number)


def _read(number: int) -> bytes:
    try:
        return os.read(number, _PIECE)
    except OSError:  # the terminal is gone
        return b""
