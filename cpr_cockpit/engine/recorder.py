"""The Recorder: one way for a fact to become an event: journal first, then the Run, then the faces.

Law 5 (nothing blocks ROLLBACK) lives here for the disk: once a rollback is under way, an event that the journal
refuses goes to a new chain in a private temporary folder, and where even that fails, to memory, said aloud.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
from pathlib import Path

from cpr_cockpit.core.events import AnyEvent, JournalContinued, Record
from cpr_cockpit.core.ports import Clock
from cpr_cockpit.core.run import Run, fold
from cpr_cockpit.engine.journal import Journal, JournalError

log = logging.getLogger(__name__)


class Recorder:
    """Writes events, keeps the Run, wakes whoever waits for news."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal: Journal | None = journal
        self._clock = clock
        self.records: list[Record] = list(journal.records)
        self.run: Run = fold(self.records)
        self.must_not_fail = False
        self.elsewhere: Path | None = None
        self._news = asyncio.Event()

    def record(self, event: AnyEvent) -> Record:
        """Write ``event`` durably, then show it. JournalError when it cannot be written, unless a rollback is under way."""
        record = self._write(event, self._clock.now())
        self.records.append(record)
        self.run.apply(record)
        self._news.set()
        self._news = asyncio.Event()
        return record

    async def wait_news(self) -> None:
        """Return when the next event has been recorded."""
        await self._news.wait()

    def _write(self, event: AnyEvent, at: float) -> Record:
        try:
            if self._journal is None:
                raise JournalError("No journal can be written.")
            return self._renumbered(self._journal.append(event, at))
        except JournalError as error:
            if not self.must_not_fail:
                raise
            log.error("the journal refuses events during a rollback: %s", error)
        return self._write_elsewhere(event, at)

    def _renumbered(self, record: Record) -> Record:
        # After a detour the new file counts from 1 again; faces go on counting from the events that they have seen.
        return record.model_copy(update={"seq": len(self.records) + 1})

    def _write_elsewhere(self, event: AnyEvent, at: float) -> Record:
        head = self.records[-1].hash if self.records else ""
        if self.elsewhere is None:
            try:
                self.elsewhere = Path(tempfile.mkdtemp(prefix="cpr-cockpit-journal-"))
                detour = Journal(self.elsewhere)
                detour.begin_after(head)
                continued = JournalContinued(
                    old_head=head, first_bad=len(self.records) + 1, set_aside="the journal refused to be written"
                )
                self.records.append(self._renumbered(detour.append(continued, at)))
                self.run.apply(self.records[-1])
                self._journal = detour
                return self._renumbered(detour.append(event, at))
            except (OSError, JournalError) as error:
                log.error("no other place for events either; they are kept in memory only: %s", error)
                self._journal = None
        return Record(seq=len(self.records) + 1, at=at, event=event, hash="")

    def close(self, *, seal: bool) -> None:
        """Give the journal up; ``seal`` a finished one."""
        if self._journal is None:
            return
        if seal:
            self._journal.seal()
        else:
            self._journal.close()
