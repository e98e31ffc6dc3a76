"""``issue``: record an issue of a run, or what is new of one, at any moment of it and after its end; list them."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from functools import partial
from pathlib import Path

from cpr_cockpit.cli import codes
from cpr_cockpit.cli.choosing import chosen_run, no_run
from cpr_cockpit.cli.known import damage_words, no_journal
from cpr_cockpit.cli.output import complain, say
from cpr_cockpit.cli.person import acting
from cpr_cockpit.cli.written import write
from cpr_cockpit.core.issues import IssueError, RecordedIssue
from cpr_cockpit.core.run import Run, fold
from cpr_cockpit.engine.afterword import with_afterword
from cpr_cockpit.engine.desk_issues import issue_event
from cpr_cockpit.engine.greeting import SessionGone, SessionRefused
from cpr_cockpit.engine.journal import JournalDamaged, JournalError, read
from cpr_cockpit.engine.places import PlacesError

_FIELDS = ("severity", "title", "category", "impact", "resolution", "status")


def issue(options: argparse.Namespace) -> int:
    """Record or update, where something was told; then list them all."""
    told = {name: value for name in _FIELDS if (value := getattr(options, name))}
    if options.update:
        told["number"] = options.update
    if told and options.list:
        complain("--list only lists. Nothing was recorded.")
        return codes.WRONG_USE
    try:
        folder = chosen_run(options.run)
    except PlacesError as error:
        return no_run(options.run, error)
    try:
        records = with_afterword(folder, read(folder))
        run = fold(records)
        if told:
            by = acting(options.person)
            issue_event(run, by, told)  # what is wrong with it is said whoever writes it
            write(folder, records, run, partial(issue_event, by=by, fields=told), "issue", {**told, "by": by})
            run = fold(with_afterword(folder, read(folder)))
    except JournalDamaged as error:
        complain(damage_words(error))
        return codes.DAMAGED
    except FileNotFoundError:
        return no_journal(folder)
    except IssueError as error:
        complain(f"{error} Nothing was recorded.")
        return codes.WRONG_USE
    except (JournalError, SessionGone, SessionRefused) as error:
        complain(f"{error} Nothing was recorded.")
        return codes.BLOCKED
    _list(folder, run, as_json=options.json)
    return 0


def _list(folder: Path, run: Run, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps([{"issue": one.name, **asdict(one)} for one in run.issues.values()]))
        return
    left = sum(1 for one in run.issues.values() if one.status != "RESOLVED")
    say(f"Issues of run {folder.name}: {left} of {len(run.issues)} not resolved")
    for one in run.issues.values():
        _show(one)
    if left:
        say(f"What is new of one: cpr-cockpit issue {folder.name} --update {_first(run)} --status RESOLVED")


def _first(run: Run) -> str:
    return next(one.name for one in run.issues.values() if one.status != "RESOLVED")


def _show(one: RecordedIssue) -> None:
    say(f"  {one.line} ({one.by})")
    for name, value in (("impact", one.impact), ("resolution", one.resolution)):
        if value:
            say(f"            {name}: {value}")
