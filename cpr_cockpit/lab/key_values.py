"""The key-values of an App Configuration store: their versions, conditions, locks and revisions, without any wire.

Times are epoch seconds, UTC.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

_MOST_REVISIONS = 1000
_ANY = "*"


class NotMatched(Exception):
    """A condition on the version of a key-value does not hold; nothing was changed."""


class Locked(Exception):
    """The key-value is locked; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a client says of a key-value."""

    value: str | None = None
    content_type: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    description: str | None = None


@dataclass(frozen=True, slots=True)
class KeyValue:
    """One key-value as it is since `last_modified`; `etag` names this version of it. `label` None: it has none."""

    key: str
    label: str | None
    content: Content
    etag: str
    last_modified: float
    locked: bool = False


@dataclass(frozen=True, slots=True)
class Condition:
    """Versions that a client wants to meet (`if_match`) or not to meet; None: whatever there is. `*`: any version."""

    if_match: frozenset[str] | None = None
    if_none_match: frozenset[str] | None = None

    def check(self, present: KeyValue | None) -> None:
        """Raises NotMatched where `present` is not what the client wants."""
        if self.if_match is not None and not _names(self.if_match, present):
            raise NotMatched
        if self.if_none_match is not None and _names(self.if_none_match, present):
            raise NotMatched


def _names(versions: frozenset[str], present: KeyValue | None) -> bool:
    return present is not None and (_ANY in versions or present.etag in versions)


UNCONDITIONAL = Condition()


class KeyValues:
    """All key-values of one store; `sequence` counts their changes."""

    def __init__(self) -> None:
        self.sequence = 0
        self._present: dict[tuple[str, str | None], KeyValue] = {}
        self._revisions: list[tuple[int, KeyValue]] = []

    def find(self, key: str, label: str | None) -> KeyValue | None:
        """The key-value, if there is one."""
        return self._present.get((key, label))

    def put(self, key: str, label: str | None, content: Content, condition: Condition = UNCONDITIONAL) -> KeyValue:
        """Make or replace a key-value. Raises NotMatched, Locked."""
        present = self.find(key, label)
        _check_change(present, condition)
        return self._keep(KeyValue(key, label, content, secrets.token_urlsafe(32), time.time()))

    def remove(self, key: str, label: str | None, condition: Condition = UNCONDITIONAL) -> KeyValue | None:
        """Delete a key-value; returns what it was, if there was one. Raises NotMatched, Locked."""
        present = self.find(key, label)
        _check_change(present, condition)
        if present is not None:
            self.sequence += 1
            del self._present[key, label]
        return present

    def lock(
        self, key: str, label: str | None, condition: Condition = UNCONDITIONAL, *, locked: bool
    ) -> KeyValue | None:
        """Lock or unlock a key-value, which is a version of its own; None if there is none. Raises NotMatched."""
        present = self.find(key, label)
        condition.check(present)
        if present is None or present.locked == locked:
            return present
        return self._keep(replace(present, locked=locked, etag=secrets.token_urlsafe(32), last_modified=time.time()))

    def all(self) -> list[KeyValue]:
        """All key-values by key and label, those without a label first."""
        return sorted(self._present.values(), key=lambda one: (one.key, one.label or ""))

    def revisions(self) -> Iterator[tuple[int, KeyValue]]:
        """Every version that is remembered, newest first, with the number of the change that made it."""
        return reversed(self._revisions)

    def _keep(self, made: KeyValue) -> KeyValue:
        self.sequence += 1
        self._present[made.key, made.label] = made
        self._revisions.append((self.sequence, made))
        del self._revisions[:-_MOST_REVISIONS]
        return made


def _check_change(present: KeyValue | None, condition: Condition) -> None:
    condition.check(present)
    if present is not None and present.locked:
        raise Locked
