"""One source as a face is shown it, in plain strings and numbers, and its word at any moment.

Like the View this module imports neither events nor Run.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class SourceWord(StrEnum):
    """How a source stands; a face shows a sign beside the word."""

    OK = "ok"
    TROUBLE = "trouble"
    STALE = "stale"
    NEVER = "never"
    WAITING = "waiting"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One source as it stands; `source_word` is its word at any moment. ``asked``: whether it is asked in these days.

    ``since``: from when its age counts before its first datum. ``newest``: event time of its newest datum, which is
    stale after ``stale_after_s`` (None: it may be as old as it likes). ``lag_s``: its delay as measured. ``asked_at``:
    when its last reading came, ``answered_at``: when its last answer did. ``trouble``: what went wrong last, and when;
    ``recovered_at``: the first whole answer since.
    """

    key: str
    name: str
    asked: bool = False
    since: float | None = None
    newest: float | None = None
    stale_after_s: float | None = None
    lag_s: float | None = None
    asked_at: float | None = None
    answered_at: float | None = None
    trouble: str = ""
    trouble_at: float | None = None
    recovered_at: float | None = None


def source_word(row: SourceRow, now: float) -> SourceWord:
    """The word of a source at ``now``: what is too old is so whatever was answered, for missing is not healthy."""
    if not row.asked:
        return SourceWord.OFF
    from_when = row.since if row.newest is None else row.newest
    if row.stale_after_s is not None and from_when is not None and now - from_when > row.stale_after_s:
        return SourceWord.NEVER if row.newest is None else SourceWord.STALE
    if row.trouble and row.recovered_at is None:
        return SourceWord.TROUBLE
    awaited = row.answered_at is None or (row.newest is None and row.stale_after_s is not None)
    return SourceWord.WAITING if awaited else SourceWord.OK
