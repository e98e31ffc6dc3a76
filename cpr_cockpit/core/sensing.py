"""What a machine can read of a checklist item, before anything begins: sensors, and what they tell.

A sensor only reads. What it could not read is ``unknown``, which never stands for ``ok``: missing is not healthy.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
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
    """One thing that was looked at, and what was seen. ``name``: a checklist item's key where a sensor read it.

    ``check``: name of the team's own check that looked, "": the program itself did.
    ``later``: it is told to whoever asks now, and marks nothing: what the item wants is still to come.
    ``n``: how many were counted, where that is the value's weight. ``at``: epoch seconds at which it was read, after
    ``took_s`` seconds; None where nobody kept the time.
    """

    name: str
    state: State
    words: str
    check: str = ""
    later: bool = False
    n: int | None = None
    at: float | None = None
    took_s: float | None = None


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
    telling = [one for one in several if one.state is state]
    # What keeps one from reading keeps the others from it, too, and is told once.
    words = "; ".join(dict.fromkeys(one.words for one in telling))
    counted = [one.n for one in several if one.n is not None]
    return Reading(
        name,
        state,
        words,
        # Where the program looked too, the item's own evidence holds beside the team's.
        check=", ".join(one.check for one in telling) if all(one.check for one in telling) else "",
        later=any(one.later for one in telling),
        n=counted[0] if len(counted) == 1 else None,
        at=max((one.at for one in several if one.at is not None), default=None),
        took_s=max((one.took_s for one in several if one.took_s is not None), default=None),
    )


def declared(sensor: Sensor) -> bool:
    """Whether a team declared it: it says so by ``declared``, and takes its turn among its like.

    Nobody knows how long one of these takes; the program's own must not wait for it.
    """
    return bool(getattr(sensor, "declared", False))


def telling(sensors: Iterable[Sensor], items: Collection[str]) -> tuple[Sensor, ...]:
    """Those that tell one of these items, each with all who tell the same: an item is told by all or by none."""
    return tuple(
        one for group in sharing(sensors) if any(set(each.items) & set(items) for each in group) for one in group
    )


BEFORE_START = frozenset(
    {
        "infrastructure.staging-healthy",
        "infrastructure.load-balancers",
        "infrastructure.ssl-certificates-valid",
        "code-readiness.ci-checks",
        "database.backups",
        "configuration.environment-variables",
        "configuration.feature-flags",
        "monitoring.alert-rules",
        "communication.emergency-contacts",
    }
)
"""What may have changed since it was read: it is read again when START is pressed."""
BEFORE_GO = frozenset(
    {
        "infrastructure.ssl-certificates-valid",
        "monitoring.logs",
        "monitoring.error-tracking",
        "monitoring.alert-rules",
    }
)
"""What a person who decides on GO wants to know once more. It blocks nothing."""


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


# Where the trouble of a PortError ends and its advice begins.
_UNCHANGED = " Nothing was changed."


def told_once(readings: Iterable[Reading]) -> tuple[Reading, ...]:
    """The same trouble in full once only: who cannot sign in, or has no network, meets it everywhere."""
    seen: set[str] = set()
    told = []
    for one in readings:
        trouble = one.words.partition(_UNCHANGED)[0]
        # Not every failure is one of asking: two that lack the same are two.
        asking = one.state is State.UNKNOWN or _UNCHANGED in one.words
        again = one.state is not State.OK and asking and trouble in seen
        seen.add(trouble)
        told.append(replace(one, words="could not be asked, for the same reason") if again else one)
    return tuple(told)
