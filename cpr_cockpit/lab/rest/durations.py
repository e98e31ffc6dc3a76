"""ISO 8601 durations and intervals, as the metrics and the logs API take them in `timespan` and `interval`."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from urllib.parse import unquote

_DURATION = re.compile(
    r"P(?:(?P<weeks>\d+(?:\.\d+)?)W)?(?:(?P<days>\d+(?:\.\d+)?)D)?"
    r"(?:T(?:(?P<hours>\d+(?:\.\d+)?)H)?(?:(?P<minutes>\d+(?:\.\d+)?)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?",
    re.IGNORECASE,
)
_SECONDS = {"weeks": 604800.0, "days": 86400.0, "hours": 3600.0, "minutes": 60.0, "seconds": 1.0}
_FRACTION = re.compile(r"\.(\d+)")


def seconds(text: str) -> float:
    """Length in seconds of a duration such as `PT15M`. Raises ValueError; years and months have no fixed length."""
    found = _DURATION.fullmatch(text.strip())
    parts = {} if found is None else {name: value for name, value in found.groupdict().items() if value is not None}
    if not parts:
        raise ValueError(f"'{text}' is not an ISO 8601 duration")
    length = sum(float(value) * _SECONDS[name] for name, value in parts.items())
    if not math.isfinite(length):
        raise ValueError(f"'{text[:40]}...' is too long a duration")
    return length


def moment(text: str) -> float:
    """Epoch seconds of an ISO 8601 time; without an offset it is UTC. Raises ValueError."""
    trimmed = _FRACTION.sub(lambda found: "." + found[1][:6].ljust(6, "0"), text.strip())
    at = datetime.fromisoformat(trimmed)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def interval(text: str, now: float) -> tuple[float, float]:
    """Start and end (epoch seconds) of `start/end`, `start/duration`, `duration/end` or `duration` before `now`.

    A text that arrives percent-encoded a second time, as the az client sends it, is decoded. Raises ValueError.
    """
    if "%" in text:
        text = unquote(text)
    first, slash, second = text.partition("/")
    if not slash:
        return now - seconds(first), now
    if first.strip()[:1] in ("P", "p"):
        end = moment(second)
        return end - seconds(first), end
    start = moment(first)
    end = start + seconds(second) if second.strip()[:1] in ("P", "p") else moment(second)
    if end < start:
        raise ValueError("the end lies before the start")
    return start, end


def duration(length: float) -> str:
    """`length` (seconds) as an ISO 8601 duration: `PT1M`, `PT4S`, `PT1.5S`."""
    if length % 60 == 0 and length >= 60:
        return f"PT{length / 60:g}M"
    return f"PT{length:g}S"
