"""Named troubles of the lab: each is a switch of its real behaviour, thrown at its start or while it runs.

Who behaves otherwise asks `has` when it answers, or is told by `watch` when the trouble comes and when it goes.
"""

from __future__ import annotations

import difflib
from collections.abc import Awaitable, Callable, Iterable

EXPIRED_CERTIFICATE = "expired-certificate"
MISSING_SETTING = "missing-setting"
STICKY_DIFFERENCE = "sticky-difference"
RED_CHECK = "red-check"
MERGE_CONFLICT = "merge-conflict"
STALE_BACKUP = "stale-backup"
DISABLED_ALERT = "disabled-alert"
TAG_EXISTS = "tag-exists"
WRONG_DNS = "wrong-dns"
COLD_SLOT = "cold-slot"
MERGE_REFUSED = "merge-refused"
REPOSITORY_RENAMED = "repository-renamed"
WEAK_TOKEN = "weak-token"  # noqa: S105  # a name of a trouble, not a secret
CHECK_PENDING = "check-pending"
RATE_LIMITED = "rate-limited"
NOTIFICATION_REFUSED = "notification-refused"

NAMES = {
    EXPIRED_CERTIFICATE: "the host of the page serves a certificate that has ended",
    MISSING_SETTING: "a documented setting is not set in the slot",
    STICKY_DIFFERENCE: "a sticky setting has another value in the slot than in production",
    RED_CHECK: "a required check of the branch's head failed",
    MERGE_CONFLICT: "the branch cannot be merged into main",
    STALE_BACKUP: "the newest restore point of the database is days old",
    DISABLED_ALERT: "an alert rule is not enabled",
    TAG_EXISTS: "the version's tag is there already, at another commit",
    WRONG_DNS: "the name of production leads to another address than the app's",
    COLD_SLOT: "the slot was stopped: nothing of it runs",
    MERGE_REFUSED: "the second repository's pull request is not merged",
    REPOSITORY_RENAMED: "a repository has another name by now",
    WEAK_TOKEN: "the Git host's token may read, and not write",
    CHECK_PENDING: "a required check of the branch's head never ends",
    RATE_LIMITED: "the Git host takes no more requests for now",
    NOTIFICATION_REFUSED: "the webhook refuses every message",
}

# Told True when the trouble comes, False when it goes.
Told = Callable[[bool], Awaitable[None]]


class Troubles:
    """Those in force."""

    def __init__(self) -> None:
        self._active: frozenset[str] = frozenset()
        self._told: dict[str, list[Told]] = {}

    @property
    def active(self) -> list[str]:
        """Their names, sorted."""
        return sorted(self._active)

    def has(self, name: str) -> bool:
        """Whether this one is in force."""
        return name in self._active

    def watch(self, name: str, told: Told) -> None:
        """`told` is awaited whenever this one comes or goes."""
        self._told.setdefault(name, []).append(told)

    async def set(self, names: Iterable[str]) -> None:
        """These, and no others, from now on. Raises ValueError where one is unknown: nothing is changed then."""
        wanted = frozenset(checked(name) for name in names)
        before, self._active = self._active, wanted
        for name in sorted(before ^ wanted):
            for told in self._told.get(name, ()):
                await told(name in wanted)


def checked(name: str) -> str:
    """The name itself. Raises ValueError, with those that are allowed, where it is none."""
    if name in NAMES:
        return name
    near = difflib.get_close_matches(name, NAMES, n=1)
    hint = f" (meant {near[0]}?)" if near else ""
    raise ValueError(f"'{name}' is no trouble of the lab{hint}: {', '.join(NAMES)}")
