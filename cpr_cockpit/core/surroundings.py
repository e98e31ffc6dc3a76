"""What others could change around a run: deployments, routing, settings, the plan; as values, and the port that reads.

A part that could not be read is absent: it says nothing, neither that something was changed nor that nothing was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class Part(StrEnum):
    """What is compared, each part by itself: one may be unreadable while the others are read."""

    SWAPS = "swaps"
    SERVING = "serving"
    DEPLOYMENTS = "deployments"
    ROUTING = "routing"
    SETTINGS = "settings"
    PLAN = "plan"
    FLAG = "flag"
    LEASE = "lease"


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deployment as Resource Manager lists it; ``at``: when it came, as told; "" where that is not told."""

    id: str
    slot: str
    deployer: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class PlanScale:
    """On what the app runs: ``sku`` (P1v3) and how many ``workers``; None where that is not told."""

    name: str
    sku: str
    workers: int | None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """One reading, begun at ``at`` (epoch seconds).

    ``deployments``: by slot, newest first. ``shares``: percentage of production's new sessions by slot; None: unread.
    ``settings``: a keyed hash by what it is of ("app settings of slot green"); ``key`` tells which key made it.
    ``flag``: the percentage of the users for whom the release's feature flag is on; None: unread, or there is none.
    ``troubles``: what could not be read, in words.
    """

    at: float
    deployments: Mapping[str, tuple[Deployment, ...]] = field(default_factory=dict)
    shares: Mapping[str, float] | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    plan: PlanScale | None = None
    key: str = ""
    flag: float | None = None
    troubles: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether nothing at all could be read."""
        unread = self.shares is None and self.plan is None and self.flag is None
        return unread and not self.deployments and not self.settings


@dataclass(frozen=True, slots=True)
class Activity:
    """An entry of the activity log: at ``at`` (epoch seconds) ``caller`` did ``operation`` on ``resource``."""

    at: float
    caller: str
    operation: str
    resource: str


class SurroundingsReader(Protocol):
    """Reads what others could change, and who did."""

    async def read(self, at: float) -> Surroundings:
        """One reading, begun ``at``; a part that cannot be read is in ``troubles``. It raises nothing for that."""

    async def activities(self, since: float) -> tuple[Activity, ...]:
        """What the activity log tells since then, oldest first; on Azure it is 3 to 20 minutes late. PortError."""
