"""``close``: the closing checklist as a gate: what is open, signed or waived here; closed once all of it stands."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

from cpr_cockpit.cli import codes
from cpr_cockpit.cli.choosing import chosen_run, no_run
from cpr_cockpit.cli.known import damage_words, no_journal
from cpr_cockpit.cli.output import complain, say
from cpr_cockpit.cli.person import acting
from cpr_cockpit.cli.written import write
from cpr_cockpit.core.checklist import Item, Mark, Standing, items_of, open_reason
from cpr_cockpit.core.checklists import QUALITY
from cpr_cockpit.core.closing import (
    ClosingRefused,
    closed,
    closing_event,
    closing_lists,
    left,
    seen_of,
    state_words,
    why_not,
)
from cpr_cockpit.core.events import ItemMarked, Record
from cpr_cockpit.core.issue_events import RunClosed
from cpr_cockpit.core.run import Run, fold
from cpr_cockpit.core.second import sentence
from cpr_cockpit.core.standings import standings
from cpr_cockpit.core.verdict import moment
from cpr_cockpit.documents.closing_papers import proven
from cpr_cockpit.documents.papers.writing import feature_folder, write_papers
from cpr_cockpit.engine.afterword import with_afterword
from cpr_cockpit.engine.desk_closing import from_files
from cpr_cockpit.engine.greeting import SessionGone, SessionRefused
from cpr_cockpit.engine.journal import JournalDamaged, JournalError, read
from cpr_cockpit.engine.places import PlacesError

LONGEST_NOTE = 2000


def close(options: argparse.Namespace) -> int:
    """Mark what was asked for and what files prove, list it all, close where everything stands; 1 where it does not."""
    try:
        folder = chosen_run(options.run)
    except PlacesError as error:
        return no_run(options.run, error)
    try:
        return _Closing(folder, options).go_through()
    except JournalDamaged as error:
        complain(damage_words(error))
        return codes.DAMAGED
    except FileNotFoundError:
        return no_journal(folder)
    except ClosingRefused as error:
        complain(f"{error}")
        return codes.BLOCKED
    except (JournalError, SessionGone, SessionRefused, OSError) as error:
        complain(f"{error} The run was not closed.")
        return codes.BLOCKED


class _Closing:
    """One command on one run."""

    def __init__(self, folder: Path, options: argparse.Namespace) -> None:
        self._folder = folder
        self._options = options
        self._by = acting(options.person)
        self._note = options.note.strip()[:LONGEST_NOTE]
        self._records, self._run = self._read()

    def _read(self) -> tuple[tuple[Record, ...], Run]:
        records = with_afterword(self._folder, read(self._folder))
        return records, fold(records)

    def go_through(self) -> int:
        if (done := closed(self._run)) is not None and not (self._options.sign or self._options.waive):
            say(
                f"Run {self._folder.name} was closed already by {done[1].by} at {moment(done[0])}. Nothing was changed."
            )
            return 0
        why = why_not(self._run)
        if why:
            complain(f"Run {self._folder.name} is not closed now: {why}. Nothing was changed.")
            return codes.BLOCKED
        if (wrong := self._wrong()) != 0:
            return wrong
        for item, mark in self._asked():
            self._mark(ItemMarked(item=item, mark=mark, by=self._by, note=self._note))
        write_papers(self._folder, self._run, feature_folder(self._folder, self._run))
        feature = Path(self._options.feature) if self._options.feature else None
        for event in from_files(self._run, proven(self._folder, self._run, feature)):
            self._mark(event)
        now = time.time()
        known = standings(self._run, now)
        still = left(self._run, known, now)
        self._list(known, now)
        if waits := sentence(self._run, now).strip():
            say(waits)
        if still or self._options.list:
            return self._refused([one.item for one in still])
        arguments = {"by": self._by, "words": self._note}
        write(self._folder, self._records, self._run, self._closing, "close", arguments)
        self._records, self._run = self._read()
        write_papers(self._folder, self._run, feature_folder(self._folder, self._run))
        say(f"Run {self._folder.name} is {state_words(self._run, known, now)}")
        return 0

    def _wrong(self) -> int:
        """The exit code of wrong use, after its message; 0 where everything that was named is there."""
        there = [item.key for item in items_of(closing_lists(self._run))]
        strange = [one for one in (*self._options.sign, *self._options.waive) if one not in there]
        if strange:
            complain(f"There is no item {strange[0]!r} to mark; there are: {', '.join(there)}. Nothing was changed.")
        elif self._options.waive and not self._note:
            complain("A waiver needs a reason: --note WORDS. Nothing was changed.")
        else:
            return 0
        return codes.WRONG_USE

    def _asked(self) -> Sequence[tuple[str, Mark]]:
        options = self._options
        return [*((one, Mark.SIGNED) for one in options.sign), *((one, Mark.WAIVED) for one in options.waive)]

    def _mark(self, event: ItemMarked) -> None:
        arguments = {name: str(value) for name, value in event.model_dump(exclude_none=True).items() if name != "type"}
        write(self._folder, self._records, self._run, lambda _: event, "sign", arguments)
        self._records, self._run = self._read()

    def _closing(self, run: Run) -> RunClosed:
        """What closes it as it stands by then. ClosingRefused."""
        now = time.time()
        return closing_event(run, standings(run, now), now, self._by, self._note)

    def _list(self, known: dict[str, Standing], now: float) -> None:
        for one in closing_lists(self._run):
            say(one.title)
            for item in one.items:
                say(_row(item, known.get(item.key), now, seen_of(self._run, item.key)))

    def _refused(self, still: Sequence[Item]) -> int:
        every = len(tuple(items_of(closing_lists(self._run))))
        say(f"{every - len(still)} of {every} stand; {len(still)} are open: the run is not closed")
        name, feature = self._folder.name, "" if self._options.feature else " --feature FEATURE_DIR"
        feature = feature if closing_lists(self._run) == QUALITY else ""
        if still:
            say(f"Sign: cpr-cockpit close {name}{feature} --sign {still[0].key} --note WORDS")
        return codes.BLOCKED if still else 0


def _row(item: Item, standing: Standing | None, now: float, seen: str) -> str:
    reason = open_reason(item, standing, now)
    if reason is None and standing is not None:
        told = ", ".join(one for one in (standing.by, standing.value, standing.note) if one)
        return f"  [x] {item.key:<40} {standing.mark} ({told})"
    return f"  [ ] {item.key:<40} {reason}: {item.evidence}{f' Seen: {seen}' if seen else ''}"
