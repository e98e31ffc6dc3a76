"""The ports that a Session is given, in one value."""

from __future__ import annotations

from dataclasses import dataclass

from cpr_cockpit.core.ports import Clock, Metrics, Probe, Telemetry, WebApps


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything outside; wiring fills it with adapters, tests with stand-ins."""

    clock: Clock
    web_apps: WebApps
    probe: Probe
    telemetry: Telemetry
    metrics: Metrics
