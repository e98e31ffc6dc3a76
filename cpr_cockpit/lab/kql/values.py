"""Kusto values: how they are held, read and written.

A datetime is held as an int of ticks (100 ns) since the year 1, a timespan as an int of ticks; null is None, but a
string has no null: it is empty. Source: the scalar data types of the Kusto documentation.
"""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime, timedelta
from typing import Any

TICKS = 10_000_000  # ticks in a second
EPOCH = 621_355_968_000_000_000  # ticks from the year 1 to 1970
_YEAR_1 = datetime(1, 1, 1, tzinfo=UTC)
_UNITS = {
    "tick": 1,
    "microsecond": 10,
    "ms": 10_000,
    "millisecond": 10_000,
    "s": TICKS,
    "second": TICKS,
    "m": 60 * TICKS,
    "minute": 60 * TICKS,
    "h": 3600 * TICKS,
    "hour": 3600 * TICKS,
    "d": 86_400 * TICKS,
    "day": 86_400 * TICKS,
}
_SHORT = re.compile(r"(\d+(?:\.\d+)?)([a-z]+)")
_CLOCK = re.compile(r"(-?)(?:(\d+)\.)?(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,7}))?)?")
_FRACTION = re.compile(r"\.(\d{1,7})\d*")
_SPECIAL = {"NaN": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def ticks_of(epoch: float) -> int:
    """Ticks of a time in epoch seconds, to the microsecond a float can carry."""
    return EPOCH + round(epoch * 1_000_000) * 10


def parse_timespan(text: str) -> int:
    """Ticks of `5m`, `1.5h`, `00:05:00` or `1.02:03:04.5`. Raises ValueError."""
    short = _SHORT.fullmatch(text)
    if short:
        unit = short[2] if short[2] in _UNITS else short[2].removesuffix("s")
        if unit not in _UNITS:
            raise ValueError(f"'{text}' is not a timespan")
        return round(float(short[1]) * _UNITS[unit])
    clock = _CLOCK.fullmatch(text)
    if not clock:
        raise ValueError(f"'{text}' is not a timespan")
    sign, days, hours, minutes, seconds, fraction = clock.groups()
    whole = ((int(days or 0) * 24 + int(hours)) * 60 + int(minutes)) * 60 + int(seconds or 0)
    ticks = whole * TICKS + int((fraction or "0").ljust(7, "0"))
    return -ticks if sign else ticks


def parse_datetime(text: str) -> int:
    """Ticks of an ISO 8601 time; without an offset it is UTC. Raises ValueError."""
    fraction = _FRACTION.search(text)
    at = datetime.fromisoformat(text if fraction is None else text.replace(fraction[0], "", 1))
    since = (at if at.tzinfo else at.replace(tzinfo=UTC)) - _YEAR_1
    seconds = since.days * 86_400 + since.seconds
    return seconds * TICKS + (int(fraction[1].ljust(7, "0")) if fraction else 0)


def print_datetime(ticks: int, *, full: bool = False) -> str:
    """ISO 8601 in UTC with the `Z`; `full` keeps all seven digits of the second."""
    seconds, rest = divmod(ticks, TICKS)
    text = (_YEAR_1 + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    digits = f"{rest:07d}" if full else f"{rest:07d}".rstrip("0")
    return f"{text}.{digits}Z" if digits else f"{text}Z"


def print_timespan(ticks: int) -> str:
    """The `[-][d.]hh:mm:ss[.fffffff]` form."""
    seconds, rest = divmod(abs(ticks), TICKS)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    text = ("-" if ticks < 0 else "") + (f"{days}." if days else "") + f"{hour:02d}:{minute:02d}:{second:02d}"
    return text + (f".{rest:07d}" if rest else "")


def as_json(type: str, value: Any) -> Any:
    """`value` as the logs API writes it in a row; a dynamic value is JSON text."""
    if value is None:
        return None
    if type == "datetime":
        return print_datetime(value)
    if type == "timespan":
        return print_timespan(value)
    if type == "real":
        return float(value) if math.isfinite(value) else _SPECIAL["NaN" if math.isnan(value) else str(value)]
    if type == "dynamic" and not isinstance(value, str):
        return json.dumps(value)
    return value


def from_row(type: str, values: list[Any]) -> list[Any]:
    """A column of telemetry (times as epoch seconds) as values of `type`."""
    if type == "string":
        return ["" if value is None else value for value in values]
    if type == "datetime":
        return [None if value is None else EPOCH + round(value * 1_000_000) * 10 for value in values]
    return values
