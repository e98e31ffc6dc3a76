"""What steps took in earlier runs of the same app: expected times, composed and never promised.

Journals of other runs are read past their chain of hashes, in a few rows: nothing is decided by what is found.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from cpr_cockpit.engine.settings import SessionSettings
from cpr_cockpit.engine.writer import FILE

log = logging.getLogger(__name__)

# Runs that are looked through at most, the newest first; and those of the same app among them.
_MOST_RUNS, _MOST_ALIKE = 40, 5
_SAME = ("subscription", "resource_group", "app", "slot")
_OUTCOMES = "SELECT body FROM events WHERE body LIKE '%\"step.outcome\"%' ORDER BY seq DESC"


def earlier_times(home: Path, settings: SessionSettings) -> dict[str, float]:
    """Seconds by the key of a step, of the newest run that did it; {} where nothing can be read.

    Only runs of the same app and slot, and of the same mode: a lab is quicker than Azure, a drill than a rehearsal.
    """
    times: dict[str, float] = {}
    try:
        folders = sorted((one for one in home.iterdir() if one.name != settings.run), reverse=True)[:_MOST_RUNS]
    except OSError:
        return times
    alike = 0
    for folder in folders:
        try:
            alike += _take(folder / FILE, settings, times)
        except (sqlite3.Error, OSError, ValueError, KeyError, TypeError) as error:
            log.info("no times of %s: %s", folder.name, error)
        if alike >= _MOST_ALIKE:
            break
    return times


def _take(path: Path, settings: SessionSettings, times: dict[str, float]) -> bool:
    """Take in what is not known from a newer run; whether the run is one of the same app."""
    if not path.is_file():
        return False
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as db:
        opened = json.loads(next(db.execute("SELECT body FROM events WHERE seq = 1"), ("{}",))[0])
        if not _same_app(opened, settings):
            return False
        newest: dict[str, float] = {}
        for key, seconds in _done(db):
            newest.setdefault(key, seconds)
    times.update({key: seconds for key, seconds in newest.items() if key not in times})
    return True


def _same_app(opened: dict[str, Any], settings: SessionSettings) -> bool:
    told = opened.get("environment") or {}
    return opened.get("mode") == settings.mode and all(
        told.get(name) == settings.environment.get(name) for name in _SAME
    )


def _done(db: sqlite3.Connection) -> Iterator[tuple[str, float]]:
    for (body,) in db.execute(_OUTCOMES):
        event = json.loads(body)
        # Only what was really done has a time of its own.
        if event["type"] == "step.outcome" and event["result"] == "done" and event["attempt"] > 0:
            yield str(event["step"]), float(event["seconds"])
