"""The ports that a Session is given, in one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from cpr_cockpit.core.code import CodeHost
from cpr_cockpit.core.lease import LeaseStore
from cpr_cockpit.core.plan import Act
from cpr_cockpit.core.ports import (
    Clock,
    FeatureFlags,
    Metrics,
    Pipeline,
    PlannedRequest,
    Premises,
    Probe,
    Reader,
    Rights,
    Telemetry,
    UserCount,
    WebApps,
)
from cpr_cockpit.core.sensing import Sensor
from cpr_cockpit.core.surroundings import SurroundingsReader
from cpr_cockpit.core.workers import Workers


@dataclass(frozen=True, slots=True)
class AppPorts:
    """One further app of several: the same product, in the same logs."""

    web_apps: WebApps
    probe: Probe
    metrics: Metrics
    surroundings: SurroundingsReader | None = None
    rights: Rights | None = None


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything outside; wiring fills it with adapters, tests with stand-ins.

    ``readers``: the further sources. ``premises``: what the logs tell of themselves; None: nothing tells.
    ``pipeline``: the team's own; None: none is configured. ``user_count``: who was routed; None: nothing tells.
    ``flags``: the store of the feature flags; None: none is configured.
    ``rights``: what this sign-in may do; None: nothing tells. ``apps``: the further ones of several apps by name;
    ``web_apps`` and ``probe`` are those of the first. ``workers``: who works in the background; None: no rule is
    declared. ``surroundings``: what others could change; None: only who serves what is looked at.
    ``lease``: of the environment; None: it has none. ``sensors``: what a machine reads of checklist items before START.
    ``code``: the feature's repositories at their host; none: step 4 is signed by hand.
    """

    clock: Clock
    web_apps: WebApps
    probe: Probe
    telemetry: Telemetry
    metrics: Metrics
    readers: tuple[Reader, ...] = ()
    premises: Premises | None = None
    pipeline: Pipeline | None = None
    user_count: UserCount | None = None
    flags: FeatureFlags | None = None
    rights: Rights | None = None
    workers: Workers | None = None
    apps: Mapping[str, AppPorts] = field(default_factory=dict)
    surroundings: SurroundingsReader | None = None
    lease: LeaseStore | None = None
    sensors: tuple[Sensor, ...] = ()
    code: tuple[CodeHost, ...] = ()

    def at(self, app: str) -> Ports:
        """The ports as they are in ``app``, "" being the first; KeyError for one that there is not."""
        if not app:
            return self
        there = self.apps[app]
        around, rights = there.surroundings, there.rights
        return replace(self, web_apps=there.web_apps, probe=there.probe, surroundings=around, rights=rights)

    def planned(self, act: Act) -> tuple[PlannedRequest, ...]:
        """The requests that ``act`` would send, where it is done; sends nothing."""
        there = self.at(act.app)
        planners = (
            there.pipeline,
            there.web_apps,
            there.probe,
            there.telemetry,
            there.premises,
            there.flags,
            there.workers,
        )
        return tuple(one for planner in planners if planner is not None for one in planner.planned(act))
