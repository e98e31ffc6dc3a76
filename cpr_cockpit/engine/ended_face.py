"""A run that has ended, to a face that looks at it still: the View of its end, and what may be written after it.

Signatures, issues, figures and the closing go into the afterword; everything else is refused. Nothing of it touches an
environment.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path

from cpr_cockpit.core.business import FigureError, told
from cpr_cockpit.core.checklist import Mark, Standing, open_reason
from cpr_cockpit.core.closing import ClosingRefused, closing_event
from cpr_cockpit.core.events import ItemMarked, Record
from cpr_cockpit.core.inert import clean
from cpr_cockpit.core.issues import IssueError
from cpr_cockpit.core.readiness import ReadinessFacts
from cpr_cockpit.core.run import Run, fold
from cpr_cockpit.core.standings import PROGRAM, lists_in_force, standings
from cpr_cockpit.core.view import View
from cpr_cockpit.documents.closing_papers import proven
from cpr_cockpit.engine.afterword import FOLDER, Afterword, with_afterword, write_made
from cpr_cockpit.engine.desk_closing import LONGEST, from_files
from cpr_cockpit.engine.desk_issues import issue_event
from cpr_cockpit.engine.greeting import SessionRefused
from cpr_cockpit.engine.journal import JournalDamaged, JournalError, read
from cpr_cockpit.engine.showing import Render, Showing
from cpr_cockpit.engine.tape import ReplaySettings, Tape
from cpr_cockpit.engine.writer import FILE

LONGEST_NOTE = 2000
LOOK_S = 3.0
"""Seconds between two looks at what others have written after the end."""


class EndedFace:
    """A FaceSource of the ended run in ``folder``. JournalError, JournalDamaged, FileNotFoundError, CannotJudge."""

    def __init__(
        self,
        folder: Path,
        render: Render,
        readiness: tuple[ReadinessFacts, ...] = (),
        findings: tuple[str, ...] = (),
        now: Callable[[], float] = time.time,
        look_s: float = LOOK_S,
    ) -> None:
        self.run = folder.name
        self._folder = folder
        self._render = render
        self._settings = ReplaySettings(folder.name, folder, readiness)
        self._findings = findings
        self._now = now
        self._look_s = look_s
        self._changed = asyncio.Event()
        self._stamp = self._written()
        self._view = self._made()

    def _records(self) -> tuple[Record, ...]:
        return with_afterword(self._folder, read(self._folder))

    def _made(self) -> View:
        tape = Tape(self._settings, self._records())
        tape.wind(math.inf)
        return Showing(tape, self._render, self._findings).view()

    async def views(self) -> AsyncIterator[View]:
        """The end as it is now, and again after everything that was written, by this face or by a command beside it."""
        while True:
            yield self._view
            await self._news()
            self._changed.clear()

    async def _news(self) -> None:
        """Return once there is something new to show."""
        while not self._changed.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._look_s):
                    await self._changed.wait()
            stamp = await asyncio.to_thread(self._written)
            if self._changed.is_set() or stamp == self._stamp:
                continue
            # What is half written, or cannot be trusted, is not shown; the next look tries again.
            with contextlib.suppress(JournalError, JournalDamaged, OSError):
                self._view = await asyncio.to_thread(self._made)
                self._stamp = stamp
                return

    def _written(self) -> tuple[int, int]:
        """What tells that the afterword has grown; no file is read for it."""
        try:
            found = (self._folder / FOLDER / FILE).stat()
        except OSError:
            return (0, 0)
        return (found.st_mtime_ns, found.st_size)

    async def command(self, name: str, **arguments: str) -> None:
        """Write it into the afterword; SessionRefused says why not."""
        try:
            await asyncio.to_thread(self._write, name, arguments)
            self._stamp = await asyncio.to_thread(self._written)
            self._view = await asyncio.to_thread(self._made)
        except (IssueError, FigureError) as error:
            raise SessionRefused(f"{error} Nothing was recorded.") from error
        except (JournalError, JournalDamaged, OSError) as error:
            raise SessionRefused(f"{error}") from error
        self._changed.set()

    async def close(self) -> None:
        """Nothing is held open."""

    def _write(self, name: str, arguments: Mapping[str, str]) -> None:
        by = arguments.get("by", "").strip()
        if not by:
            raise SessionRefused("It needs a name under it. Nothing was recorded.")

        def made(records: Sequence[Record]) -> list[tuple[float, Afterword]]:
            return [(self._now(), event) for event in self._events(name, fold(records), by, arguments)]

        records = self._records()
        made(records)  # what is refused opens no afterword
        write_made(self._folder, records, made)

    def _events(self, name: str, run: Run, by: str, arguments: Mapping[str, str]) -> Sequence[Afterword]:
        if name == "sign":
            return [self._mark(run, by, arguments)]
        if name == "sign_list":
            return self._whole_list(run, by, arguments)
        if name == "issue":
            return [issue_event(run, by, arguments)]
        if name == "figure":
            return [told(arguments.get("kind", ""), by, arguments.get("line", ""))]
        if name == "close":
            return self._closed(run, by, arguments.get("words", ""))
        raise SessionRefused("The run has ended. Nothing was changed.")

    def _closed(self, run: Run, by: str, words: str) -> list[Afterword]:
        """What the run's own report proves, and the end of the paperwork where everything stands."""
        now, marks = self._now(), list(from_files(run, proven(self._folder, run, None)))
        known = standings(run, now) | {one.item: Standing(one.item, Mark(one.mark), PROGRAM, now) for one in marks}
        try:
            return [*marks, closing_event(run, known, now, by, clean(words)[:LONGEST])]
        except ClosingRefused as error:
            raise SessionRefused(str(error)) from error

    def _mark(self, run: Run, by: str, arguments: Mapping[str, str]) -> ItemMarked:
        item, mark = arguments.get("item", ""), arguments.get("mark", "signed")
        known = {one.key for checklist in lists_in_force(run) for one in checklist.items}
        if item not in known or mark not in set(Mark):
            raise SessionRefused(f"That is no mark of a checklist item: {item!r}. Nothing was signed.")
        return ItemMarked(item=item, mark=mark, by=by, note=arguments.get("note", "")[:LONGEST_NOTE])

    def _whole_list(self, run: Run, by: str, arguments: Mapping[str, str]) -> list[ItemMarked]:
        """Every open item of the list that follows from no other."""
        now = self._now()
        known = standings(run, now)
        found = [one for one in lists_in_force(run) if one.key == arguments.get("list", "")]
        left = [item for one in found for item in one.items if not item.follows]
        open_ones = [item for item in left if open_reason(item, known.get(item.key), now) is not None]
        if not open_ones:
            raise SessionRefused("Nothing of this list is to be signed. Nothing was changed.")
        how = arguments.get("note", "").strip()[:LONGEST_NOTE]
        note = f"signed with its whole list: {how}" if how else "signed with its whole list"
        return [ItemMarked(item=item.key, mark=Mark.SIGNED, by=by, note=note) for item in open_ones]
