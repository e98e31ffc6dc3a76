"""The feature flag in this process: read once at the start, then anew on activity when it has become old.

As .NET's configuration provider does it: a request that finds the value older than the interval has it refreshed, and
is itself still answered by the old one; a refresh that fails leaves it as it was until the next interval has passed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .configuration import Configuration, Unreadable, Version
from .targeting import FLAG, Definition

OFF, ON = "off", "on"
HEADER = f"x-feature-{FLAG}"
PROPERTY = f"FeatureFlag.{FLAG}"


@dataclass(frozen=True, slots=True)
class Seen:
    """The flag for the user of one request; `once_on`: it is on, or was in its widest state that the process knew."""

    on: bool = False
    once_on: bool = False

    @property
    def word(self) -> str:
        """As headers and telemetry say it."""
        return ON if self.on else OFF


class Flags:
    """The flag of one process; `configuration` None: there is no store, and it is off.

    `interval`: seconds until it is old. `complain` takes what went wrong. Made in a running loop.
    """

    def __init__(self, configuration: Configuration | None, interval: float, complain: Callable[[str], None]) -> None:
        self._configuration = configuration
        self._interval = interval
        self._complain = complain
        self._version: Version | None = None
        self._definition: Definition | None = None
        self._widest: Definition | None = None
        self._refreshed: float | None = None
        self._due = 0.0
        self._refreshing: asyncio.Task[None] | None = None

    async def load(self) -> None:
        """Read the flag for the first time; where that fails it is off."""
        self._due = time.monotonic() + self._interval
        if self._configuration is not None:
            await self._refresh(self._configuration)

    def active(self) -> None:
        """A request has come: refresh in the background what has become old."""
        if self._configuration is None or time.monotonic() < self._due:
            return
        self._due = time.monotonic() + self._interval
        if self._refreshing is None or self._refreshing.done():
            self._refreshing = asyncio.create_task(self._refresh(self._configuration), name="refresh flags")

    def seen(self, user: str) -> Seen:
        """The flag for this user, as the process knows it now."""
        on = self._definition is not None and self._definition.on(user)
        return Seen(on, on or (self._widest is not None and self._widest.on(user)))

    def forget(self) -> None:
        """What the flag was before now does not count any more."""
        self._widest = self._definition

    def described(self) -> dict[str, Any]:
        """What this process knows of the flag; `percent` is what is set, also while it is not enabled."""
        known = self._definition
        return {
            FLAG: {
                "enabled": known is not None and known.enabled,
                "percent": 0.0 if known is None else known.percent,
                "etag": None if self._version is None else self._version.etag,
                "refreshed_at": None if self._refreshed is None else _utc(self._refreshed),
            }
        }

    async def close(self) -> None:
        """Let no refresh be under way any more."""
        if self._refreshing is not None:
            self._refreshing.cancel()
            await asyncio.gather(self._refreshing, return_exceptions=True)
        if self._configuration is not None:
            await self._configuration.close()

    async def _refresh(self, configuration: Configuration) -> None:
        try:
            version = await configuration.read(self._version)
            definition = None if version is None else Definition.parse(version.value)
        except (Unreadable, ValueError) as error:
            self._complain(f"The feature flags cannot be refreshed ({error}); they stay as they are")
            return
        self._version, self._definition, self._refreshed = version, definition, time.time()
        if definition is not None and definition.enabled and self._is_wider(definition):
            self._widest = definition

    def _is_wider(self, definition: Definition) -> bool:
        widest = self._widest
        return widest is None or not widest.enabled or definition.percent >= widest.percent


def _utc(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
