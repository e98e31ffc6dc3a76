"""When sensors read: before START what is due until then, and from the switch on what only then can be seen."""

from __future__ import annotations

from collections.abc import Iterable

from cpr_cockpit.core.checklist import Due, items_of
from cpr_cockpit.core.checklists import ALL_CHECKLISTS
from cpr_cockpit.core.sensing import Sensor

_DUE = {item.key: item.due for item in items_of(ALL_CHECKLISTS)}
LATE = (Due.GO, Due.FINAL)
"""Points at which items block that are read while production serves the new version."""


def late(item: str) -> bool:
    """Whether an item is due after START."""
    return _DUE.get(item, Due.START) > Due.START


def before_start(sensors: Iterable[Sensor]) -> tuple[Sensor, ...]:
    """Those of which something is due before production begins."""
    return tuple(one for one in sensors if not all(late(item) for item in one.items))


def after_switch(sensors: Iterable[Sensor]) -> tuple[Sensor, ...]:
    """The others."""
    return tuple(one for one in sensors if all(late(item) for item in one.items))
