"""The Recorder: one way for a fact to become an event: journal first, then the Run, then the faces.

Law 5 (nothing blocks ROLLBACK) lives here for the disk: once a rollback is under way, an event that the journal
refuses goes to a new chain beside it, then to one in a private temporary folder, and at last to memory, said aloud.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
from collections.abc import Iterable
from pathlib import Path

from cpr_cockpit.core.events import AnyEvent, JournalContinued, Record
from cpr_cockpit.core.ports import Clock
from cpr_cockpit.core.run import Run, fold
from cpr_cockpit.engine.journal import GENESIS, Journal, JournalDamaged, JournalError, read, set_aside

log = logging.getLogger(__name__)


class Recorder:
    """Writes events, keeps the Run, wakes whoever waits for news.

    ``journal`` None: none can be written, ``records`` are what could be read (only for a rollback).
    """

    def __init__(self, journal: Journal | None, clock: Clock, records: Iterable[Record] = ()) -> None:
        self._journal = journal
        self._clock = clock
        self.records: list[Record] = list(records if journal is None else journal.records)
        self.run: Run = fold(self.records)
        self.must_not_fail = journal is None
        self._homeless = journal is None
        self._news = asyncio.Event()

    def record(self, event: AnyEvent) -> Record:
        """Write ``event`` durably, then show it. JournalError where it is refused, unless a rollback is under way.

        Nothing follows the end of a run: JournalError, whoever asks.
        """
        if self.run.ended is not None:
            raise JournalError(
                f"The run has ended: {event.type} was not written. What is left is signed in its afterword."
            )
        record = self._written(event, self._clock.now())
        self._show(record)
        return record

    async def wait_news(self) -> None:
        """Return when the next event has been recorded."""
        await self._news.wait()

    def _show(self, record: Record) -> None:
        # Faces go on counting from the events that they have seen, whichever file an event went to.
        record = record.model_copy(update={"seq": len(self.records) + 1})
        self.records.append(record)
        self.run.apply(record)
        self._news.set()
        self._news = asyncio.Event()

    def _written(self, event: AnyEvent, at: float) -> Record:
        while self._journal is not None:
            try:
                return self._journal.append(event, at)
            except JournalError as error:
                if not self.must_not_fail:
                    raise
                log.warning("the journal refuses events during a rollback: %s", error)
                self._move(self._journal, f"the journal refused to be written: {error}")
        if self._homeless:
            self._homeless = False
            log.warning("no journal can be written: the events of this rollback are kept in memory only")
        return Record(seq=len(self.records) + 1, at=at, event=event, hash="")

    def _move(self, broken: Journal, why: str) -> None:
        """Go on in a new chain: beside the old one, else in a temporary folder, else nowhere."""
        broken.abandon()
        self._journal = None
        first_place = broken.folder
        for place in (first_place, None):
            try:
                self._journal = self._new_chain(place, why)
            except (OSError, JournalError) as error:
                log.warning("no new chain in %s: %s", place or "a temporary folder", error)
            else:
                return
        self._homeless = True

    def _new_chain(self, place: Path | None, why: str) -> Journal:
        """A chain that begins with the old head's hash and holds every event that this session knows."""
        if place is None:
            place = Path(tempfile.mkdtemp(prefix="cpr-cockpit-journal-"))
            log.warning("the journal goes on in %s", place)
        else:
            why = f"{why}; set aside as {set_aside(place, f'{self._clock.now():.0f}').name}"
        head = self.records[-1].hash if self.records else GENESIS
        journal = Journal(place)
        try:
            journal.begin_after(head or GENESIS)
            first_bad = len(self.records) + 1
            journal.append(
                JournalContinued(old_head=head or GENESIS, first_bad=first_bad, set_aside=why), self._clock.now()
            )
            for record in self.records:
                journal.append(record.event, record.at)
        except JournalError:
            journal.close()
            raise
        return journal

    def close(self, *, seal: bool) -> None:
        """Give the journal up; ``seal`` a finished one, so that any later change to its file shows."""
        if self._journal is None:
            return
        if seal and self.must_not_fail:
            self._mend(self._journal)
        if seal and self._journal is not None:
            self._journal.seal()
        elif self._journal is not None:
            self._journal.close()

    def _mend(self, journal: Journal) -> None:
        """After a rollback: where somebody has changed the file under us, write what we know into a new chain."""
        try:
            read(journal.folder)
        except JournalDamaged as damaged:
            self._move(journal, f"damaged from event {damaged.damage.first_bad}")
        except (JournalError, FileNotFoundError) as error:
            self._move(journal, str(error))
