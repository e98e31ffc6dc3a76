"""The ports that a Session is given, in one value."""

from __future__ import annotations

from dataclasses import dataclass

from cpr_cockpit.core.lease import LeaseStore
from cpr_cockpit.core.ports import Clock, Metrics, Premises, Probe, Reader, Telemetry, WebApps
from cpr_cockpit.core.surroundings import SurroundingsReader


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything outside; wiring fills it with adapters, tests with stand-ins.

    ``readers``: the further sources. ``premises``: what the logs tell of themselves; None: nothing tells.
    ``surroundings``: what others could change; None: only who serves what is looked at. ``lease``: of the environment;
    None: it has none.
    """

    clock: Clock
    web_apps: WebApps
    probe: Probe
    telemetry: Telemetry
    metrics: Metrics
    readers: tuple[Reader, ...] = ()
    premises: Premises | None = None
    surroundings: SurroundingsReader | None = None
    lease: LeaseStore | None = None
