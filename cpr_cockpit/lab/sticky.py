"""Sticky settings: what stays with a slot in a swap and what travels, also while a swap is only prepared."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cpr_cockpit.lab.models import Slot


def own(slot: Slot, sticky: Collection[str]) -> dict[str, str]:
    """The slot's settings, its own sticky ones where it runs with those of another slot."""
    return dict(slot.settings) if slot.prepared is None else _joined(slot.settings, slot.prepared.own, sticky)


def exchanged(source: Slot, target: Slot, sticky: Collection[str]) -> tuple[dict[str, str], dict[str, str]]:
    """The settings that target and source have after a swap: the sticky ones stay, the others travel."""
    ours, theirs = own(source, sticky), own(target, sticky)
    return _joined(ours, theirs, sticky), _joined(theirs, ours, sticky)


def pair(slot: Slot) -> set[str]:
    """The names of both slots of a prepared swap; empty where none is prepared for this slot."""
    return set() if slot.prepared is None else {slot.name, slot.prepared.target}


def _joined(travelling: Mapping[str, str], staying: Mapping[str, str], sticky: Collection[str]) -> dict[str, str]:
    settings = {name: value for name, value in travelling.items() if name not in sticky}
    return settings | {name: value for name, value in staying.items() if name in sticky}


@dataclass(frozen=True, slots=True)
class Difference:
    """How a setting differs, or why it is worth a look; `rule` as App Service names it. None: the slot lacks it."""

    name: str
    level: str
    rule: str
    text: str
    current: str | None
    target: str | None


def differences(source: Slot, target: Slot, sticky: Collection[str]) -> Iterator[Difference]:
    """What a swap of `source` into `target` changes there, and sticky settings that look forgotten, by name.

    The rules are App Service's; levels and texts are the lab's own.
    """
    ours, theirs = own(source, sticky), own(target, sticky)
    for name in sorted({*ours, *theirs}):
        mine, other = ours.get(name), theirs.get(name)
        found = _sticky_rule(mine, other) if name in sticky else _travelling_rule(mine, other)
        if found is not None:
            yield Difference(name, *found, mine, other)


def _sticky_rule(mine: str | None, other: str | None) -> tuple[str, str, str] | None:
    if mine is None or other is None:
        return "Warning", "SlotSettingsMissing", "The slot setting exists in one of the slots only."
    if mine == other:
        return "Warning", "SlotSettingsSameValue", "The slot setting has the same value in both slots."
    return None


def _travelling_rule(mine: str | None, other: str | None) -> tuple[str, str, str] | None:
    if mine == other:
        return None
    if other is None:
        return "Information", "SettingsWillBeAddedToDestination", "The setting will be added to the target slot."
    if mine is None:
        return "Warning", "SettingsNotInSource", "The setting does not exist in the source slot."
    return "Information", "SettingsWillBeModifiedInDestination", "The setting will be modified in the target slot."
