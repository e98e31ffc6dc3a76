"""What a machine can read of a checklist item, before anything begins: sensors, and what they tell.

A sensor only reads. What it could not read is ``unknown``, which never stands for ``ok``: missing is not healthy.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol


class State(StrEnum):
    """What a reading means: a note blocks nothing, ``unknown`` is never taken for ``ok``."""

    OK = "ok"
    NOTE = "note"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Reading:
    """One thing that was looked at, and what was seen. ``name``: a checklist item's key where a sensor read it."""

    name: str
    state: State
    words: str


class Sensor(Protocol):
    """A small unit that reads what it can of one or several items.

    ``items``: their keys; ``timeout_s``: seconds after which it is given up, and every item of it is unknown.
    """

    @property
    def items(self) -> tuple[str, ...]:
        """The keys of the checklist items that it reads."""

    @property
    def timeout_s(self) -> float:
        """Seconds that one reading may take."""

    async def read(self) -> tuple[Reading, ...]:
        """A reading of each item, by key; an item that does not apply is left out. May raise PortError or OSError."""


# The worst first: of several sensors of one item the worst tells its state.
_WORST = (State.FAILED, State.UNKNOWN, State.NOTE, State.OK)


def together(readings: Iterable[Reading]) -> tuple[Reading, ...]:
    """One reading for each item, in the order in which items came: it holds only where all of them hold."""
    found: dict[str, list[Reading]] = {}
    for one in readings:
        found.setdefault(one.name, []).append(one)
    return tuple(_worst(name, several) for name, several in found.items())


def _worst(name: str, several: Sequence[Reading]) -> Reading:
    state = next(state for state in _WORST if any(one.state is state for one in several))
    # What keeps one from reading keeps the others from it, too, and is told once.
    words = "; ".join(dict.fromkeys(one.words for one in several if one.state is state))
    return Reading(name, state, words)


def sharing(sensors: Iterable[Sensor]) -> tuple[tuple[Sensor, ...], ...]:
    """The sensors in groups: two that tell the same item are in one, in their order.

    Who reads only some of a group tells an item without what the others say of it.
    """
    groups: list[list[Sensor]] = []
    for sensor in sensors:
        shared = [group for group in groups if any(set(one.items) & set(sensor.items) for one in group)]
        groups = [group for group in groups if group not in shared]
        groups.append([*(one for group in shared for one in group), sensor])
    return tuple(tuple(group) for group in groups)


def told_once(readings: Iterable[Reading]) -> tuple[Reading, ...]:
    """The same trouble in full once only: who cannot sign in, or has no network, meets it everywhere."""
    seen: set[str] = set()
    told = []
    for one in readings:
        again = one.state is State.UNKNOWN and one.words in seen
        seen.add(one.words)
        told.append(replace(one, words="could not be asked, for the same reason") if again else one)
    return tuple(told)
