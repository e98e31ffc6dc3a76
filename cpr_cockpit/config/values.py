"""Values as people write them: durations ("15m"), shares ("5%"), latencies ("200ms")."""

from __future__ import annotations

import math
import re

_NUMBER = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|%)?")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


def seconds(value: object) -> object:
    """Seconds of a number or of text with a unit; ValueError for other text, other kinds are left to the caller."""
    return _read(value, _SECONDS, "duration such as 30s, 15m or 1h")


def milliseconds(value: object) -> object:
    """Milliseconds of a number or of text with a unit, as in `seconds`."""
    units = {unit: size * 1000.0 for unit, size in _SECONDS.items()}
    return _read(value, units, "duration such as 200ms or 2s")


def share(value: object) -> object:
    """A share of 1 of a number or of "5%", as in `seconds`."""
    return _read(value, {"%": 0.01}, "share such as 0.05 or 5%")


def percent(value: object) -> object:
    """Percent of a number or of "80%", as in `seconds`."""
    return _read(value, {"%": 1.0}, "percentage such as 80 or 80%")


def _read(value: object, units: dict[str, float], what: str) -> object:
    if not isinstance(value, str):
        return value
    match = _NUMBER.fullmatch(value.strip())
    # A text without a unit is a number that somebody quoted: which unit was meant is not guessed.
    if match is None or match[2] not in units:
        raise ValueError(f"is no {what}")
    # To nine digits, so that 5% is 0.05 and not 0.05000000000000001.
    size = float(f"{float(match[1]) * units[match[2]]:.9g}")
    if not math.isfinite(size):
        raise ValueError(f"is no {what}")
    return size
