"""Background work: an app's one declared rule, and what the platform and the instances tell of its workers.

WebJobs and hosted services of both slots run and take from the same queues, unless a setting that stays with its slot
switches them off (Azure documentation, deployment slots). Times are epoch seconds, UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from cpr_cockpit.core.plan import Act
    from cpr_cockpit.core.ports import PlannedRequest

STICKY_OFF, IDEMPOTENT, NONE = "sticky-off", "idempotent", "none"
WORKER_RULES = (STICKY_OFF, IDEMPOTENT, NONE)
"""Off in the slot by a sticky setting; harmless where they run twice; or there are none."""
QUEUE_DEPTH, QUEUE_OLDEST, DEAD_LETTERS = "queue depth", "oldest message", "dead letters"
"""Names of the figures of the source `core.signals.Source.WORKERS`."""


@dataclass(frozen=True, slots=True)
class WorkerRule:
    """What an app declares. ``setting`` with the value ``off`` switches its workers off in the slot (sticky-off)."""

    rule: str
    setting: str = ""
    off: str = ""

    @property
    def harmless(self) -> tuple[str, ...]:
        """The difference between slot and production that the rule itself demands."""
        return (f"app setting {self.setting}",) if self.rule == STICKY_OFF else ()

    def to_dict(self) -> dict[str, str]:
        """For the journal."""
        return asdict(self)

    @classmethod
    def from_dict(cls, body: Mapping[str, str]) -> WorkerRule | None:
        """The rule of its JSON form; None for {}: nothing is declared."""
        return cls(body["rule"], body.get("setting", ""), body.get("off", "")) if body else None


@dataclass(frozen=True, slots=True)
class Worker:
    """A hosted service or a WebJob. ``state``: in the words of who tells; ``runs``: it takes work now, or may."""

    name: str
    kind: str
    runs: bool
    state: str = ""


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits for the workers, and what they have given up; ``oldest_s``: age, None where nothing waits."""

    depth: int
    oldest_s: float | None
    dead_letters: int


@dataclass(frozen=True, slots=True)
class WorkersTold:
    """What one instance tells of its hosted services; ``workers`` None: it tells nothing (``error``: why)."""

    at: float
    version: str | None = None
    instance: str | None = None
    workers: tuple[Worker, ...] | None = None
    queue: Queue | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class SettingTold:
    """The setting as Resource Manager has it: whether it stays with its slot, its values (None: it is not set)."""

    sticky: bool
    production: str | None
    slot: str | None


class Workers(Protocol):
    """Who works in the background. ``tells``: instances are asked; otherwise the platform alone tells."""

    @property
    def tells(self) -> bool:
        """Whether an address is configured by which an instance tells."""

    async def web_jobs(self, slot: str) -> tuple[Worker, ...]:
        """The WebJobs of ``slot``, those that run by a schedule or on demand included. PortError."""

    async def setting(self, name: str, slot: str) -> SettingTold:
        """An app setting in production and in ``slot``. PortError."""

    async def look(self, slot: str) -> WorkersTold:
        """One answer over a fresh connection; never raises for what the application does."""

    def planned(self, act: Act) -> tuple[PlannedRequest, ...]:
        """The requests that ``act`` would send."""
