"""The tag that tells which environment an Azure resource belongs to: it must say what the settings allow.

Names of tags are the same in any case of letters, their values are not (Azure Resource Manager, "Use tags").
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from cpr_cockpit.core.inert import clean

# What a tag says is for a sentence: Azure lets a value have 256 characters.
_LONGEST = 80


@dataclass(frozen=True, slots=True)
class Tagged:
    """What was read: ``asked`` names app, resource group and subscription; the app's own tag goes before its group's.

    ``group`` is {} where the app had all that was asked for.
    """

    asked: str
    app: Mapping[str, str] = field(default_factory=dict)
    group: Mapping[str, str] = field(default_factory=dict)

    def value(self, name: str) -> tuple[str, str]:
        """What the tag says, and of what it is the tag; two empty texts where there is none."""
        for where, tags in (("app", self.app), ("resource group", self.group)):
            for known, value in tags.items():
                if known.casefold() == name.casefold():
                    return value, where
        return "", ""


class TagReader(Protocol):
    """Who reads the tags of one app."""

    async def tagged(self, names: Collection[str]) -> Tagged:
        """The tags of the app, and those of its resource group where the app lacks one of ``names``. PortError."""


def lacking(names: Collection[str], tags: Mapping[str, str]) -> bool:
    """Whether one of these names is not among the tags."""
    known = {one.casefold() for one in tags}
    return any(name.casefold() not in known for name in names)


def mismatch(allowed: Mapping[str, str], tagged: Tagged) -> str:
    """Which tag does not say what is allowed, as a sentence; "" where all do."""
    for name, wanted in allowed.items():
        value, where = tagged.value(name)
        if not where:
            return f"{clean(tagged.asked)} has no tag {name}, nor has its resource group. Allowed: {name} = {wanted!r}."
        if value != wanted:
            said = clean(value)[:_LONGEST]
            return f"{clean(tagged.asked)}: the {where}'s tag {name} says {said!r}. Allowed: {wanted!r}."
    return ""


def words(allowed: Mapping[str, str], tagged: Tagged) -> str:
    """That all of them match, for a person."""
    told = ", ".join(f"{name} = {value} (the {tagged.value(name)[1]}'s)" for name, value in allowed.items())
    return f"{clean(tagged.asked)}: {told}"
