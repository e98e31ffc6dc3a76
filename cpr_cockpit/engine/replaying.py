"""Plays a tape at any speed: a face's source like a session, from which nothing can be sent."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace

from cpr_cockpit.core.checklist import Standing
from cpr_cockpit.core.events import Record
from cpr_cockpit.core.showing import Stage
from cpr_cockpit.core.view import View
from cpr_cockpit.engine.greeting import SessionRefused
from cpr_cockpit.engine.showing import Render, Showing
from cpr_cockpit.engine.tape import Tape

SPEEDS = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, math.inf)
"""Journal seconds for one second; inf: from event to event, as fast as it is drawn."""
SKIP_S = 30.0
# Seconds without any event from which on a gap is shortened, and what is left of it at both of its ends.
IDLE_S, EDGE_S = 30.0, 3.0
FRAME_S = 0.2
WORDS_S = 3.0
# How often the journal of a run that goes on is read again once its end is reached.
GROW_S = 1.0

More = Callable[[int], Sequence[Record] | None]
"""The events after a number; None: nobody writes the journal any more."""


class Player:
    """Moves a tape as time passes. ``speed``: journal seconds a second; ``monotonic``: seconds."""

    def __init__(self, tape: Tape, speed: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.tape = tape
        self.speed = speed
        self.paused = False
        self._monotonic = monotonic
        # The first turn begins the time: until then the screen is being made.
        self._at: float | None = None
        self._words = ""
        self._words_at = -math.inf
        self._unread = 0

    @property
    def title(self) -> str:
        """``replay x10``, ``replay paused``."""
        return f"replay {'paused' if self.paused else speed_words(self.speed)}"

    @property
    def over(self) -> bool:
        """Whether the last event is shown."""
        return self.tape.now() >= self.tape.end

    @property
    def words(self) -> str:
        """What was said last, for a few seconds."""
        return self._words if self._monotonic() - self._words_at < WORDS_S else ""

    def _say(self, words: str) -> None:
        self._words, self._words_at = words, self._monotonic()

    def turn(self) -> None:
        """Wind on by what has passed since the last turn."""
        now = self._monotonic()
        passed, self._at = now - (now if self._at is None else self._at), now
        self._tell_unread()
        if self.paused or self.over:
            return
        here = self.tape.now()
        if math.isinf(self.speed):
            self.tape.wind(self.tape.event_after(here))
            return
        self.tape.wind(self._over_gap(here + passed * self.speed))

    def _tell_unread(self) -> None:
        """Once, and again when more of it has come."""
        unread = self.tape.unread
        if len(unread) > self._unread:
            self._unread = len(unread)
            self._say(
                f"left out, cannot be read: {len(unread)}, from event {unread[0].seq} on (--judge whole tells why)"
            )

    def _over_gap(self, to: float) -> float:
        before, after = self.tape.around(to)
        if after - before <= IDLE_S or not before + EDGE_S <= to < after - EDGE_S:
            return to
        self._say(f"nothing happened for {gap_words(after - before)}: shortened")
        return after - EDGE_S

    def pause(self) -> None:
        """Stand still, or go on."""
        self.turn()
        self.paused = not self.paused

    def skip(self, seconds: float) -> None:
        """Forwards or backwards in the journal's time."""
        self.turn()
        self.tape.wind(self.tape.now() + seconds)

    def step(self, direction: int) -> None:
        """To the next event (1) or the one before (-1), and stand still there."""
        here = self.tape.now()
        self.tape.wind(self.tape.event_after(here) if direction > 0 else self.tape.event_before(here))
        self.paused = True

    def pace(self, direction: int) -> None:
        """To the next speed (1) or the one before (-1)."""
        self.turn()
        wanted = [one for one in SPEEDS if (one > self.speed if direction > 0 else one < self.speed)]
        if wanted:
            self.speed = wanted[0] if direction > 0 else wanted[-1]
        self._say(f"speed {speed_words(self.speed)}")


class TapeShowing(Showing):
    """Makes Views of a tape, which knows by itself where the schedule after GO stood."""

    def __init__(self, tape: Tape, render: Render, findings: tuple[str, ...] = ()) -> None:
        super().__init__(tape, render, findings)
        self._tape = tape

    def _stage(self, now: float, standings: Mapping[str, Standing], blocking: tuple[str, ...]) -> Stage:
        return replace(super()._stage(now, standings, blocking), later=self._tape.later)


class ReplayFace:
    """A FaceSource that plays a tape; it never ends by itself: from the last event one can go back.

    ``more``: how to read on in a run that goes on; ``damage``: why the journal cannot be read to its end.
    """

    def __init__(
        self,
        player: Player,
        render: Render,
        findings: tuple[str, ...] = (),
        *,
        more: More | None = None,
        damage: str = "",
    ) -> None:
        self.run = player.tape.settings.run
        self.player = player
        self._showing = TapeShowing(player.tape, render, findings)
        self._more = more
        self._damage = damage
        self._changed = asyncio.Event()

    @property
    def words(self) -> str:
        """What a person has to know now, or ""."""
        if self.player.words or not self.player.over:
            return self.player.words
        if self._more is not None:
            return "this is as far as the run has come; left and p go back, q closes"
        ended = self.player.tape.run_state.ended is not None
        end = self._damage or ("the run ended here" if ended else "the journal ends here, and no session goes on")
        return f"{end}; left and p go back, q closes"

    def touched(self) -> None:
        """A key has changed something: the next View is due at once."""
        self._changed.set()

    async def views(self) -> AsyncIterator[View]:
        """A View for each frame, and at once after each key."""
        while True:
            self.player.turn()
            if self.player.over and self._more is not None:
                await self._grow(self._more)
            yield self._showing.view()
            quiet = self.player.paused or self.player.over
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(GROW_S if quiet else FRAME_S):
                    await self._changed.wait()
            self._changed.clear()

    async def _grow(self, more: More) -> None:
        records = await asyncio.to_thread(more, self.player.tape.length)
        if records is None:
            self._more = None
        elif records:
            self.player.tape.extend(records)

    async def command(self, name: str, **arguments: str) -> None:
        """Nothing can be sent from a replay: SessionRefused."""
        raise SessionRefused("This is a replay: nothing was sent.")

    async def close(self) -> None:
        """Nothing is held open."""


def speed_words(speed: float) -> str:
    """``x10``, or ``max``."""
    return "max" if math.isinf(speed) else f"x{speed:g}"


def gap_words(seconds: float) -> str:
    """``45 s``, ``12 min``, ``3 h 20 min``."""
    minutes = round(seconds / 60)
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
