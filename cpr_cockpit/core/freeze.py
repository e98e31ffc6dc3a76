"""Freezes: times in which nobody should deploy, told by the clock on the wall of one place.

A freeze begins with the first moment that shows its beginning there and ends with the last one that shows its end:
where clocks are set back, both hours of one name are in it; a time that no clock shows, since they are set forward,
counts so that the freeze is the longer for it. No zone is looked up here: it is given.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY_MINUTES = 24 * 60
# A week and a day around now: so far a freeze of every day of the week is followed to its end.
_AROUND_DAYS = 8


@dataclass(frozen=True, slots=True)
class Freeze:
    """``begins`` and ``ends``: local, without a zone; or, on these ``days`` of every week, minutes since midnight.

    An end that is not after its beginning is on the next day. ``zone``: a name of the IANA data base.
    """

    name: str
    zone: str
    begins: datetime | None = None
    ends: datetime | None = None
    days: tuple[str, ...] = ()
    from_minute: int = 0
    to_minute: int = 0

    def to_dict(self) -> dict[str, Any]:
        """For session.json."""
        once = [one.isoformat() if one is not None else None for one in (self.begins, self.ends)]
        weekly = {"days": list(self.days), "from_minute": self.from_minute, "to_minute": self.to_minute}
        return {"name": self.name, "zone": self.zone, "once": once, **weekly}

    @classmethod
    def from_dict(cls, body: Mapping[str, Any]) -> Freeze:
        """From session.json; KeyError, TypeError or ValueError where it is none."""
        begins, ends = (datetime.fromisoformat(one) if one is not None else None for one in body["once"])
        days = tuple(str(one) for one in body["days"])
        return cls(body["name"], body["zone"], begins, ends, days, int(body["from_minute"]), int(body["to_minute"]))

    def until(self, now: float, zone: tzinfo) -> float | None:
        """When the freeze that holds at ``now`` ends; None where none does. Epoch seconds."""
        end = None
        for start, stop in sorted(self._stretches(now, zone)):
            if end is None and start <= now < stop:
                end = stop
            elif end is not None and start <= end:
                end = max(end, stop)
        return end

    def _stretches(self, now: float, zone: tzinfo) -> Iterator[tuple[float, float]]:
        """Its stretches around ``now``."""
        if self.begins is not None and self.ends is not None:
            yield _first(self.begins, zone), _last(self.ends, zone)
            return
        today = datetime.fromtimestamp(now, zone).replace(
            hour=0, minute=0, second=0, microsecond=0, tzinfo=None, fold=0
        )
        wraps = _DAY_MINUTES if self.to_minute <= self.from_minute else 0
        for number in range(-_AROUND_DAYS, _AROUND_DAYS + 1):
            day = today + timedelta(days=number)
            if DAYS[day.weekday()] in self.days:
                begins = day + timedelta(minutes=self.from_minute)
                yield _first(begins, zone), _last(day + timedelta(minutes=self.to_minute + wraps), zone)


@dataclass(frozen=True, slots=True)
class Frozen:
    """A freeze that holds now. ``until``: epoch seconds; ``words``: for a person."""

    name: str
    until: float
    words: str


def frozen(freeze: Freeze, now: float, zone: tzinfo) -> Frozen | None:
    """The freeze in words where it holds; None where it does not."""
    until = freeze.until(now, zone)
    if until is None:
        return None
    local = datetime.fromtimestamp(until, zone)
    utc = "" if local.utcoffset() == timedelta(0) else f" ({datetime.fromtimestamp(until, UTC):%H:%M} UTC)"
    return Frozen(freeze.name, until, f"freeze {freeze.name} until {local:%Y-%m-%d %H:%M} {freeze.zone}{utc}")


def _first(wall: datetime, zone: tzinfo) -> float:
    return min(wall.replace(tzinfo=zone, fold=fold).timestamp() for fold in (0, 1))


def _last(wall: datetime, zone: tzinfo) -> float:
    return max(wall.replace(tzinfo=zone, fold=fold).timestamp() for fold in (0, 1))
