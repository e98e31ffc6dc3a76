"""The ports that a Session is given, in one value."""

from __future__ import annotations

from dataclasses import dataclass

from cpr_cockpit.core.ports import Clock, Metrics, Pipeline, Premises, Probe, Reader, Telemetry, WebApps
from cpr_cockpit.core.workers import Workers


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything outside; wiring fills it with adapters, tests with stand-ins.

    ``readers``: the further sources. ``premises``: what the logs tell of themselves; None: nothing tells.
    ``pipeline``: the team's own; None: none is configured. ``workers``: who works in the background; None: no rule is
    declared.
    """

    clock: Clock
    web_apps: WebApps
    probe: Probe
    telemetry: Telemetry
    metrics: Metrics
    readers: tuple[Reader, ...] = ()
    premises: Premises | None = None
    pipeline: Pipeline | None = None
    workers: Workers | None = None
