"""What the parts of the lab hand to each other: slots, operations, deployments, defects, the operation log.

Times are epoch seconds, UTC.
"""

from __future__ import annotations

import asyncio
import time
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
    ``telemetry_fault``: what goes wrong with the telemetry from the switch to a new version on.
    """

    ready_file: Path
    fast: bool
    telemetry_delay: float
    window: float
    seed: int
    port: int | None = None
    lease: float | None = None
    telemetry_fault: Fault | None = None


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
    """One zip deployment as Kudu keeps it; ``status`` 0 pending, 1 building, 2 deploying, 3 failed, 4 success."""

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
    """One slot: what was deployed to it, its settings, and the process that runs it (None: it could not be started).

    ``prepared``: its swap with preview that is neither completed nor undone.
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
    instance: Instance | None = None
    prepared: Prepared | None = None

    @property
    def instance_id(self) -> str:
        """Name of the instance that runs the slot, as its process tells it; empty where none runs."""
        return "" if self.instance is None else self.instance.id

    @property
    def instances_ready(self) -> bool:
        """Whether its process is alive."""
        return self.instance is not None and self.instance.alive


class OperationLog:
    """Everything that changed the lab, oldest first, with times."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []

    def add(self, kind: str, **members: Any) -> None:
        """Append an entry of ``kind`` at this moment."""
        self.entries.append({"at": time.time(), "kind": kind, **members})
