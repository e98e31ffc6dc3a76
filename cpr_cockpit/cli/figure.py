"""``figure``: support tickets, adoption and feedback of the first day and week, told by a person; list them."""

from __future__ import annotations

import argparse
from pathlib import Path

from cpr_cockpit.cli import codes
from cpr_cockpit.cli.choosing import chosen_run, no_run
from cpr_cockpit.cli.known import damage_words, no_journal
from cpr_cockpit.cli.output import complain, say
from cpr_cockpit.cli.person import acting
from cpr_cockpit.cli.written import write
from cpr_cockpit.core.business import FigureError, figure_words, told
from cpr_cockpit.core.events import Record
from cpr_cockpit.core.run import Run, fold
from cpr_cockpit.core.verdict import moment
from cpr_cockpit.engine.afterword import with_afterword
from cpr_cockpit.engine.greeting import SessionGone, SessionRefused
from cpr_cockpit.engine.journal import JournalDamaged, JournalError, read
from cpr_cockpit.engine.places import PlacesError


def figure(options: argparse.Namespace) -> int:
    """Tell one, where one was given; then list them all."""
    try:
        folder = chosen_run(options.run)
    except PlacesError as error:
        return no_run(options.run, error)
    try:
        records = with_afterword(folder, read(folder))
        run = fold(records)
        if options.kind or options.told:
            _tell(folder, records, run, options)
            run = fold(with_afterword(folder, read(folder)))
    except JournalDamaged as error:
        complain(damage_words(error))
        return codes.DAMAGED
    except FileNotFoundError:
        return no_journal(folder)
    except FigureError as error:
        complain(f"{error} Nothing was recorded.")
        return codes.WRONG_USE
    except (JournalError, SessionGone, SessionRefused) as error:
        complain(f"{error} Nothing was recorded.")
        return codes.BLOCKED
    _list(folder, run)
    return 0


def _tell(folder: Path, records: tuple[Record, ...], run: Run, options: argparse.Namespace) -> None:
    """FigureError; JournalError also where users never met the new version."""
    by = acting(options.person)
    event = told(options.kind, by, options.told)
    if run.switched_at is None:
        raise JournalError(f"Production never served the new version in run {folder.name}.")
    write(folder, records, run, lambda _: event, "figure", {"kind": options.kind, "line": options.told, "by": by})


def _list(folder: Path, run: Run) -> None:
    say(f"Figures of run {folder.name}: {len(run.figures)}")
    for at, one in run.figures:
        words = f": {one.words}" if one.value is not None and one.words else ""
        say(f"  {moment(at)}  {one.kind:<11} {figure_words(one)}{words} ({one.source or one.by})")
