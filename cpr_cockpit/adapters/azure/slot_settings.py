"""Settings of production and slot side by side, pure: what is missing, empty, a placeholder, or different. Names only.

A swap carries every setting of the slot into production that is not sticky; a sticky one stays, so that what was tried
in the slot was tried with another value than production's.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

_PLACEHOLDER = re.compile(
    r"(change|replace|fix)[-_ ]?me|todo|tbd|placeholder|dummy|x{3,}|<[^<>]*>|\$?\{\{?[^{}]*\}?\}|"
    r"your[-_ ][\w -]*(here|key|secret|token|password)",
    re.IGNORECASE,
)
_KEY_RING = re.compile(r"data[-_:. ]*protection|key[-_:. ]*ring", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Told:
    """What one slot is told: its settings and its connection strings, by name. Values never leave the adapter."""

    slot: str
    settings: Mapping[str, str]
    strings: Mapping[str, str]
    _lower: Mapping[str, str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_lower", {name.lower(): value for name, value in self.settings.items()})

    def value(self, name: str) -> str | None:
        """The value of the setting, whatever the case of its name; None where there is none."""
        return self._lower.get(name.lower())


def key_ring(told: Sequence[Told]) -> str:
    """Where the data-protection keys are kept, as far as names of settings tell it; "" where all is well.

    Slots share no key ring of their own (ASP.NET Core, Data Protection key storage: App Service), so that what users
    hold of before a swap cannot be read after it. Azure tells nothing of the keys themselves, only settings that may
    lead to a shared store.
    """
    named = [{name for name in one.settings if _KEY_RING.search(name)} for one in told]
    if not any(named):
        return (
            "data-protection keys cannot be seen from here, and no setting names a store for them: where a slot keeps "
            "its own, the sessions of users end with the swap"
        )
    different = sorted(name for name in set().union(*named) if len({one.value(name) for one in told}) > 1)
    return f"data-protection keys: {', '.join(different)} is another one in the slot" if different else ""


def missing(documented: Sequence[str], told: Sequence[Told], sticky: Collection[str]) -> list[str]:
    """Documented names that are not set, with the slot; a sticky one need only be set where it belongs."""
    found = []
    for name in documented:
        without = [one.slot for one in told if one.value(name) is None]
        if len(without) == len(told):
            found.append(name)
        elif name.lower() not in sticky:
            found += [f"{name} in {slot}" for slot in without]
    return found


def empty(documented: Sequence[str], told: Sequence[Told]) -> list[str]:
    """Documented names that are set and hold nothing, with the slot."""
    return [
        f"{name} in {one.slot}"
        for one in told
        for name in documented
        if (value := one.value(name)) is not None and not value.strip()
    ]


def placeholders(documented: Sequence[str], told: Sequence[Told]) -> list[str]:
    """Documented names whose value is what a template had in its place, with the slot."""
    return [
        f"{name} in {one.slot}"
        for one in told
        for name in documented
        if _PLACEHOLDER.fullmatch((one.value(name) or "").strip())
    ]


def sticky_differences(told: Sequence[Told], sticky: Collection[str], harmless: Collection[str]) -> list[str]:
    """Sticky settings with another value in the slot than in production, but those that are declared harmless."""
    declared = {name.casefold() for name in harmless}
    return [name for name in _different(told) if name.lower() in sticky and _kind(name).casefold() not in declared]


def carried(told: Sequence[Told], sticky: Collection[str], harmless: Collection[str]) -> list[str]:
    """Settings whose values a swap carries from the slot into production, where they are others."""
    declared = {name.casefold() for name in harmless}
    return [name for name in _different(told) if name.lower() not in sticky and _kind(name).casefold() not in declared]


def _kind(name: str) -> str:
    """As the strategy names a difference that is declared harmless."""
    return f"app setting {name}"


def _different(told: Sequence[Told]) -> Iterator[str]:
    if len(told) < 2:
        return
    production, slot = told[0], told[1]
    for name, value in slot.settings.items():
        other = production.value(name)
        if other is not None and other != value:
            yield name
