"""Values as the framework's JSON file spells them; None is what is not known and stays out."""

from __future__ import annotations

import math
from datetime import UTC, datetime


def iso(at: float | None) -> str | None:
    """``2026-11-25T02:20:02.254Z``; None for no time."""
    if at is None:
        return None
    try:
        return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (ValueError, OverflowError, OSError):
        return None


def rounded(value: float | None, digits: int = 1) -> float | None:
    """At most so many digits behind the point; a whole number without one."""
    if value is None or not math.isfinite(value):
        return None
    short = round(float(value), digits)
    return int(short) if short.is_integer() else short


def elapsed(start: float | None, end: float | None, unit: float = 1.0, digits: int = 1) -> float | None:
    """From ``start`` to ``end`` in units of ``unit`` seconds."""
    return None if start is None or end is None else rounded((end - start) / unit, digits)


def word(passed: bool | None) -> str | None:
    """PASS or FAIL."""
    return None if passed is None else "PASS" if passed else "FAIL"


def all_of(said: list[bool | None]) -> bool | None:
    """False where one failed, True where all passed, None where one is not known."""
    if any(one is False for one in said):
        return False
    return True if said and all(said) else None
