"""``runs``, ``status``, ``report``: read journals, change nothing."""

from __future__ import annotations

import argparse
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cpr_cockpit.cli import codes
from cpr_cockpit.cli.choosing import chosen_run, no_run
from cpr_cockpit.cli.glance import verdict_rows
from cpr_cockpit.cli.known import damage_words, no_journal
from cpr_cockpit.cli.output import complain, say
from cpr_cockpit.core.apps_words import serving_words
from cpr_cockpit.core.closing import closed, left, state_words
from cpr_cockpit.core.code_run import MergeState
from cpr_cockpit.core.issues import SEVERITIES
from cpr_cockpit.core.run import Phase, Run, fold
from cpr_cockpit.core.standings import standings
from cpr_cockpit.engine.afterword import with_afterword
from cpr_cockpit.engine.journal import JournalDamaged, JournalError, read
from cpr_cockpit.engine.places import PlacesError, all_runs
from cpr_cockpit.engine.writer import writer_pid

# Rows that a person is spared where they do not apply.
_WHERE_ANY = frozenset({"now", "last_check", "issues", "ended_at", "report", "open_follow_ups", "closing", "merge"})


def runs(options: argparse.Namespace) -> int:
    """List all runs."""
    rows = [_row(folder) for folder in all_runs()]
    if options.json:
        print(json.dumps(rows))
        return 0
    if not rows:
        print("There is no run yet. Start one with: cpr-cockpit drill")
        return 0
    width = max(len(row["run"]) for row in rows)
    say(f"{'run':<{width}}  {'state':<19} {'session':<15} {'START (UTC)':<20} feature")
    for row in rows:
        alive = f"process {row['pid']}" if row["pid"] else "none"
        started = _stamp(row["started_at"]) if row["started_at"] else "not pressed"
        state = f"{row['state']}, closed" if row["closed"] else row["state"]
        say(f"{row['run']:<{width}}  {state:<19} {alive:<15} {started:<20} {row['feature']}")
    return 0


def _row(folder: Path) -> dict[str, Any]:
    row: dict[str, Any] = {
        "run": folder.name,
        "feature": "",
        "state": "damaged",
        "closed": False,
        "pid": writer_pid(folder),
        "started_at": None,
    }
    try:
        run = fold(with_afterword(folder, read(folder)))
    except JournalDamaged:
        return row
    except FileNotFoundError:
        return row | {"state": "empty"}
    except JournalError:
        return row | {"state": "unreadable"}
    feature = run.opened.feature if run.opened else ""
    started = _iso(run.started_at) if run.started_at is not None else None
    return row | {"feature": feature, "state": _state(run), "closed": closed(run) is not None, "started_at": started}


def _stamp(iso: str) -> str:
    """``2026-11-25 02:20:02``, as in every other line for a person; a machine is told with the letters of ISO 8601."""
    return iso.replace("T", " ").removesuffix("Z")


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _state(run: Run) -> str:
    return run.ended.decision if run.ended else str(run.phase)


# What a run that only looks on, or whose swap is not proven yet, has not done itself.
_LABELS = {"swaps": "swaps of its own"}


def _load(name: str | None) -> tuple[Path, Run] | int:
    """The run, or the exit code after its message."""
    try:
        folder = chosen_run(name)
    except PlacesError as error:
        return no_run(name, error)
    try:
        return folder, fold(with_afterword(folder, read(folder)))
    except JournalDamaged as error:
        complain(damage_words(error))
        return codes.DAMAGED
    except FileNotFoundError:
        return no_journal(folder)
    except JournalError as error:
        complain(str(error))
        return codes.BLOCKED


def status(options: argparse.Namespace) -> int:
    """One glance."""
    loaded = _load(options.run)
    if isinstance(loaded, int):
        return loaded
    folder, run = loaded
    body = _status_of(folder, run)
    if options.json:
        print(json.dumps(body))
        return 0
    for name, value in body.items():
        if name != "verdict_at" and (value is not None or name not in _WHERE_ANY):
            label = _LABELS.get(name, name.replace("_", " "))
            say(f"{label:<20} {'-' if value is None else value}")
    if body["session_pid"] is None and run.ended is None:
        print(f"\nNo session is alive. Go on with: cpr-cockpit resume {folder.name}")
    return 0


def _status_of(folder: Path, run: Run) -> dict[str, Any]:
    step, pid = run.open_step, writer_pid(folder)
    return {
        "run": folder.name,
        "feature": run.opened.feature if run.opened else None,
        "state": _state(run),
        "step": step.title if step else None,
        "merge": _merge(run),
        "old_version": run.plan.old_version if run.plan else None,
        "new_version": run.plan.new_version or None if run.plan else None,
        "production_version": run.ended.production_version if run.ended else _last_seen(run),
        **verdict_rows(folder, run, alive=pid is not None),
        "last_check": _last_check(run),
        "issues": _issues(run),
        **_ended_rows(folder, run),
        "swaps": run.swaps,
        "events": run.seq,
        "last_event_s_ago": round(max(0.0, time.time() - run.last_at), 1),
        "session_pid": pid,
    }


def _merge(run: Run) -> str | None:
    """How step 4 stands; None where this run has nothing to merge."""
    code = run.code
    if code.state is MergeState.NONE:
        return None
    return f"{code.state}: {code.rested.words}" if code.rested is not None else str(code.state)


def _last_check(run: Run) -> str | None:
    """The newest check of the schedule; None before GO, from which on there is one."""
    if not run.checks:
        return "none yet" if run.phase is Phase.KEEPING else None
    at, check = run.checks[-1]
    return f"{_stamp(_iso(at))} UTC, {check.stage}: {check.kind}: {check.sentence}"


def _ended_rows(folder: Path, run: Run) -> dict[str, str | None]:
    """When it ended, where its report lies, what is left to do; None where that is not so yet."""
    now = time.time()
    known = standings(run, now)
    report = folder / "report" / "deployment-report.md"
    rows: dict[str, str | None] = dict.fromkeys(("ended_at", "report", "open_follow_ups", "closing"))
    if run.ended_at is not None:
        rows["ended_at"] = f"{_stamp(_iso(run.ended_at))} UTC"
        rows["report"] = str(report) if report.exists() else f"not written: cpr-cockpit report {folder.name}"
        if run.decision is not None and run.decision.word == "rollback":
            still = left(run, known, now)
            named = ", ".join(one.item.key for one in still)
            rows["open_follow_ups"] = f"{len(still)}: {named}" if still else "none"
    rows["closing"] = state_words(run, known, now) or None
    return rows


def _issues(run: Run) -> str | None:
    """How many persons recorded, and how many of them are not resolved; None where nobody recorded one."""
    if not run.issues:
        return None
    left = [one for one in run.issues.values() if one.status != "RESOLVED"]
    grave = f", the gravest: {min(left, key=lambda one: SEVERITIES.index(one.severity)).line}" if left else ""
    return f"{len(run.issues)} recorded, {len(left)} not resolved{grave}"


def _last_seen(run: Run) -> str | None:
    """Which version production was last seen to serve; None before the plan was made."""
    if run.plan is None:
        return None
    if part := serving_words(run):
        return part
    switched = run.switched_at is not None and run.switched_back_at is None
    return run.plan.new_version if switched else run.plan.old_version


def report(options: argparse.Namespace) -> int:
    """Render the papers again."""
    from cpr_cockpit.documents.papers.writing import feature_folder, write_papers

    loaded = _load(options.run)
    if isinstance(loaded, int):
        return loaded
    folder, run = loaded
    try:
        for path in write_papers(folder, run, feature_folder(folder, run)):
            print(path)
    except OSError as error:
        complain(f"The report cannot be written: {error}. The journal was not changed.")
        return codes.BLOCKED
    return 0
