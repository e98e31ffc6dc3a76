"""``follow-up``: what is left to do after a rollback, open or signed; and signing it, before or after the run's end."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from cpr_cockpit.cli import codes
from cpr_cockpit.cli.choosing import chosen_run, no_run
from cpr_cockpit.cli.known import damage_words, no_journal
from cpr_cockpit.cli.output import complain, say
from cpr_cockpit.cli.person import acting
from cpr_cockpit.cli.written import write
from cpr_cockpit.core.checklist import Item, Mark, Standing, items_of, open_reason
from cpr_cockpit.core.checklists.rollback import ROLLBACK_FOLLOW_UP
from cpr_cockpit.core.events import ItemMarked, Record
from cpr_cockpit.core.run import Run, fold
from cpr_cockpit.core.standings import standings
from cpr_cockpit.engine.afterword import with_afterword
from cpr_cockpit.engine.greeting import SessionGone, SessionRefused
from cpr_cockpit.engine.journal import JournalDamaged, JournalError, read
from cpr_cockpit.engine.places import PlacesError

LONGEST_NOTE = 2000
_ITEMS = {item.key: item for item in items_of(ROLLBACK_FOLLOW_UP)}


def follow_up(options: argparse.Namespace) -> int:
    """List what is left, after signing what was named; 1 where the run was not rolled back."""
    try:
        folder = chosen_run(options.run)
    except PlacesError as error:
        return no_run(options.run, error)
    try:
        records = with_afterword(folder, read(folder))
        run = fold(records)
        if run.decision is None or run.decision.word != "rollback":
            complain(f"Run {folder.name} was not rolled back: nothing follows it. Nothing was changed.")
            return codes.BLOCKED
        if options.sign is not None and options.sign not in _ITEMS:
            complain(f"There is no item {options.sign!r} to sign; there are: {', '.join(_ITEMS)}. Nothing was changed.")
            return codes.WRONG_USE
        if options.sign is not None:
            _sign(folder, records, run, options)
            run = fold(with_afterword(folder, read(folder)))
    except JournalDamaged as error:
        complain(damage_words(error))
        return codes.DAMAGED
    except FileNotFoundError:
        return no_journal(folder)
    except (JournalError, SessionGone, SessionRefused) as error:
        complain(f"{error} Nothing was signed.")
        return codes.BLOCKED
    _list(folder, run)
    return 0


def _sign(folder: Path, records: tuple[Record, ...], run: Run, options: argparse.Namespace) -> None:
    """By the session where one lives, else beside the journal of the ended run."""
    by, note = acting(options.person), options.note.strip()[:LONGEST_NOTE]
    mark = ItemMarked(item=options.sign, mark=Mark.SIGNED, by=by, note=note)
    write(folder, records, run, lambda _: mark, "sign", {"item": options.sign, "by": by, "note": note})


def _list(folder: Path, run: Run) -> None:
    now = time.time()
    known = standings(run, now)
    left = [item for item in _ITEMS.values() if open_reason(item, known.get(item.key), now) is not None]
    say(f"After the rollback of run {folder.name}: {len(left)} of {len(_ITEMS)} left to do")
    for item in _ITEMS.values():
        say(_row(item, known.get(item.key), now))
    if left and run.ended is not None:
        say(f"Sign one: cpr-cockpit follow-up {folder.name} --sign ITEM --note WORDS")


def _row(item: Item, standing: Standing | None, now: float) -> str:
    reason = open_reason(item, standing, now)
    state = "open" if standing is None else str(standing.mark)
    told = "" if standing is None else ", ".join(one for one in (standing.by, standing.value, standing.note) if one)
    mark = " " if reason is not None else "x"
    return f"  [{mark}] {item.key:<40} {item.text}: {state}{f' ({told})' if told else ''}"
