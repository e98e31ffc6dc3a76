"""The ports that a Session is given, in one value."""

from __future__ import annotations

from dataclasses import dataclass

from cpr_cockpit.core.ports import Clock, Metrics, Premises, Probe, Reader, Rights, Telemetry, WebApps


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything outside; wiring fills it with adapters, tests with stand-ins.

    ``readers``: the further sources. ``premises``: what the logs tell of themselves; None: nothing tells.
    ``rights``: what this sign-in may do; None: nothing tells.
    """

    clock: Clock
    web_apps: WebApps
    probe: Probe
    telemetry: Telemetry
    metrics: Metrics
    readers: tuple[Reader, ...] = ()
    premises: Premises | None = None
    rights: Rights | None = None
