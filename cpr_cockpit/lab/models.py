"""What the parts of the lab hand to each other: slots, operations, deployments, defects, the operation log.

Times are epoch seconds, UTC.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from cpr_cockpit.lab.errors import ApiError
    from cpr_cockpit.lab.instance import Instance
    from cpr_cockpit.lab.telemetry_faults import Fault

PRODUCTION = "production"


@dataclass(frozen=True, slots=True)
class LabSettings:
    """How a lab was started.

    ``telemetry_delay``: seconds from a request to its row in the logs. ``window``: seconds of the observation window,
    which scales the lab's own times. ``lease``: seconds after which the lab ends unless renewed; None: never.
    ``telemetry_fault``: what goes wrong with the telemetry from the switch to a new version on. ``apps``: how many.
    ``instances``: of each slot. ``troubles``: those in force from the start, by name. ``staging``: whether there is an
    app of staging beside them. ``requests_per_minute``: of all users together; None: many. ``journeys``: whether its
    ready file tells of any.
    """

    ready_file: Path
    fast: bool
    telemetry_delay: float
    window: float
    seed: int
    port: int | None = None
    lease: float | None = None
    telemetry_fault: Fault | None = None
    apps: int = 1
    instances: int = 1
    troubles: tuple[str, ...] = ()
    staging: bool = False
    requests_per_minute: float | None = None
    journeys: bool = True


@dataclass(frozen=True, slots=True)
class Defect:
    """What is wrong with a version while it runs: ``kind`` as the product's ``goals.defects`` names it.

    ``share`` of requests is hit; ``factor``: how much slower; ``until``: when it ends by itself (epoch seconds).
    ``flag``: the feature flag that must be on for a user whose request is to be hit; None: everybody's are.
    """

    kind: str
    share: float
    factor: float
    until: float | None = None
    flag: str | None = None


@dataclass(slots=True)
class Deployment:
    """One zip deployment as Kudu keeps it; ``status`` 0 pending, 1 building, 2 deploying, 3 failed, 4 success.

    ``site_started``: whether the slot's process runs what was deployed; None as long as that is not known.
    """

    id: str
    deployer: str
    received: float
    started: float
    message: str = ""
    ended: float | None = None
    status: int = 0
    status_text: str = ""
    complete: bool = False
    active: bool = False
    site_started: bool | None = None
    finished: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True)
class Operation:
    """A long-running swap; ``status`` InProgress, Succeeded or Failed; ``switched_at``: when routing changed.

    ``switched`` is also set when it ends without having switched.
    """

    id: str
    name: str
    source: str
    target: str
    accepted_at: float
    switched_at: float | None = None
    ended_at: float | None = None
    status: str = "InProgress"
    error: ApiError | None = None
    switched: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a swap with preview has begun: the slot runs with `target`'s sticky settings; `own`: those it has itself."""

    target: str
    own: dict[str, str]


@dataclass(slots=True)
class Slot:
    """One slot: what was deployed to it, its settings, and the processes that run it (none: they could not be started).

    ``settings``: its connection strings among them, by environment variable. ``prepared``: its swap with preview that
    is neither completed nor undone. ``logs``: what was asked for of ``config/logs``.
    """

    name: str
    host: str
    scm_host: str
    settings: dict[str, str]
    package: bytes
    last_modified: float
    state: str = "Running"
    config_web: dict[str, Any] = field(default_factory=dict)
    deployments: list[Deployment] = field(default_factory=list)
    instances: tuple[Instance, ...] = ()
    prepared: Prepared | None = None
    logs: dict[str, Any] = field(default_factory=dict)

    @property
    def instance(self) -> Instance | None:
        """The first of its instances: the only one of a usual lab."""
        return self.instances[0] if self.instances else None

    @property
    def instance_id(self) -> str:
        """Name of the first instance that runs the slot, as its process tells it; empty where none runs."""
        return "" if self.instance is None else self.instance.id

    @property
    def instances_ready(self) -> bool:
        """Whether all its processes are alive."""
        return bool(self.instances) and all(instance.alive for instance in self.instances)


# How many requests are kept: a reader asks within minutes.
_REQUESTS = 5000


class OperationLog:
    """Everything that changed the lab, oldest first, with times."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self._always: dict[str, Any] = {}
        self._requests: deque[tuple[float, str, str]] = deque(maxlen=_REQUESTS)

    def came(self, method: str, path: str) -> None:
        """Keep that a request to Resource Manager or Kudu came at this moment; the newest ones are kept."""
        self._requests.append((time.time(), method, path))

    def requests(self, since: float) -> list[dict[str, Any]]:
        """Requests that came at or after `since` (epoch seconds), oldest first."""
        return [{"at": at, "method": method, "path": path} for at, method, path in self._requests if at >= since]

    def add(self, kind: str, **members: Any) -> None:
        """Append an entry of ``kind`` at this moment."""
        self.entries.append({"at": time.time(), "kind": kind, **self._always, **members})

    def of(self, app: str) -> OperationLog:
        """The same log for one of several apps: its entries name it."""
        own = OperationLog()
        own.entries, own._always = self.entries, {"app": app}
        return own
