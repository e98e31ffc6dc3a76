"""The one place where ports meet adapters: builds a Session from a run's configuration."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cpr_cockpit.core.events import Record, Script
from cpr_cockpit.core.plan import Act
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.ports import PRODUCTION, PlannedRequest
from cpr_cockpit.core.readiness import ReadinessFacts
from cpr_cockpit.core.strategy import NEW_ARTIFACT, blue_green
from cpr_cockpit.documents.card import render_card
from cpr_cockpit.documents.plan import render_plan
from cpr_cockpit.engine.executor import Patience
from cpr_cockpit.engine.journal import Journal
from cpr_cockpit.engine.ports import Ports
from cpr_cockpit.engine.preparing import Blocked, keep_old_artifact, read_facts
from cpr_cockpit.engine.recorder import Recorder
from cpr_cockpit.engine.session import Session
from cpr_cockpit.engine.settings import SessionSettings
from cpr_cockpit.engine.zips import ZipError, examine
from cpr_cockpit.lab_client import READY_FILE, LabError, keep_lease, read_ready

CONFIG = "session.json"
# Runs of these modes change a lab only: every endpoint must be on this machine.
LAB_MODES = frozenset({"drill", "rehearse"})
_ENDPOINTS = ("resource_manager", "authority", "logs", "production_url", "slot_url")
_IDS = ("tenant", "subscription", "resource_group", "app", "workspace_id", "app_insights_id")
_NEEDED = (*_ENDPOINTS, *_IDS, "slot", "ca", "client_id", "client_secret", "logs_audience", "user_token")


class ConfigError(Exception):
    """The run's configuration cannot be used: file, key, what was found."""


@dataclass(frozen=True, slots=True)
class SessionConfig:
    """The settings of a run and the lab that it runs on."""

    settings: SessionSettings
    ready: dict[str, Any]

    @property
    def folder(self) -> Path:
        """The run's folder."""
        return self.settings.folder


def write_config(settings: SessionSettings) -> None:
    """Keep the settings in the run's folder, so that a new session can go on."""
    body = {
        "run": settings.run,
        "feature": settings.feature,
        "mode": settings.mode,
        "actor": settings.actor,
        "script": settings.script.model_dump() if settings.script else None,
        "slot": settings.slot,
        "new_version": settings.new_version,
        "policy": settings.policy.to_dict(),
        "window_s": settings.window_s,
        "declared_delay_s": settings.declared_delay_s,
        "readiness": [asdict(facts) for facts in settings.readiness],
    }
    path = settings.folder / CONFIG
    path.write_text(json.dumps(body, indent=2) + "\n", "utf-8")
    path.chmod(0o600)


def environment_of(ready: dict[str, Any]) -> dict[str, str]:
    """The pinned ids and addresses of a lab, without its secrets."""
    names = ("tenant", "subscription", "resource_group", "app", "slot", "production_url", "slot_url", "workspace_id")
    return {name: str(ready[name]) for name in names}


def read_config(folder: Path) -> SessionConfig:
    """The configuration of the run in ``folder``; ConfigError names the file and what is wrong with it."""
    path = folder / CONFIG
    try:
        body = json.loads(path.read_text("utf-8"))
        ready = read_ready(folder / READY_FILE)
        _check(folder / READY_FILE, ready)
        settings = SessionSettings(
            run=body["run"],
            feature=body["feature"],
            mode=body["mode"],
            actor=body["actor"],
            script=Script(**body["script"]) if body["script"] else None,
            environment=environment_of(ready),
            slot=body["slot"],
            new_version=body["new_version"],
            policy=Policy.from_dict(body["policy"]),
            window_s=float(body["window_s"]),
            declared_delay_s=float(body["declared_delay_s"]),
            readiness=tuple(ReadinessFacts(**facts) for facts in body["readiness"]),
            folder=folder,
        )
    except LabError as error:
        raise ConfigError(str(error)) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path} cannot be used ({error!r}). Nothing was changed. Begin a new run.") from error
    if settings.mode in LAB_MODES:
        _refuse_elsewhere(folder / READY_FILE, ready)
    return SessionConfig(settings, ready)


def _check(path: Path, ready: dict[str, Any]) -> None:
    wrong = next((name for name in _NEEDED if not isinstance(ready.get(name), str) or not ready[name]), None)
    if wrong is not None:
        raise ConfigError(
            f"{path}: {wrong} is {ready.get(wrong)!r}, where a text is needed. Nothing was changed. Begin a new run."
        )
    if not Path(ready["ca"]).is_file():
        raise ConfigError(f"{path}: ca names {ready['ca']}, which is no file. Nothing was changed. Begin a new run.")


def _refuse_elsewhere(path: Path, ready: dict[str, Any]) -> None:
    from cpr_cockpit.adapters.azure.environment import is_loopback

    addresses = {name: str(ready.get(name, "")) for name in _ENDPOINTS}
    addresses["control.url"] = str(ready["control"].get("url", ""))
    for name, address in addresses.items():
        if not is_loopback(address):
            raise ConfigError(
                f"{path}: {name} is {address or 'missing'}, which is not on this machine. Nothing was changed. "
                "A drill or a rehearsal runs on a lab on loopback only: begin again with the ready file of one."
            )


@dataclass(frozen=True, slots=True)
class _Outside:
    """The adapters of one run as ports, and what an act of its plan would send."""

    ports: Ports
    planned: Callable[[Act], tuple[PlannedRequest, ...]]


@asynccontextmanager
async def _adapters(config: SessionConfig) -> AsyncIterator[_Outside]:
    """Everything outside, as the ready file names it; closed at the end."""
    from cpr_cockpit.adapters.azure.credentials import service_principal
    from cpr_cockpit.adapters.azure.environment import AzureEnvironment
    from cpr_cockpit.adapters.azure.kudu import Kudu
    from cpr_cockpit.adapters.azure.logs import LogsTelemetry
    from cpr_cockpit.adapters.azure.manager import Manager
    from cpr_cockpit.adapters.azure.metrics import PlatformMetrics
    from cpr_cockpit.adapters.azure.transport import SharedTransport
    from cpr_cockpit.adapters.azure.web_apps import AzureWebApps
    from cpr_cockpit.adapters.clock import SystemClock
    from cpr_cockpit.adapters.connections import Connections
    from cpr_cockpit.adapters.http_probe import HttpProbe, ProbeSettings

    ready, clock = config.ready, SystemClock()
    environment = AzureEnvironment(
        **{name: ready[name] for name in (*_IDS, "resource_manager", "logs", "logs_audience")},
        manager_scope=ready["resource_manager"].rstrip("/") + "/.default",
        loopback_only=config.settings.mode in LAB_MODES,
    )
    settings = ProbeSettings(
        hosts={PRODUCTION: ready["production_url"].rstrip("/"), ready["slot"]: ready["slot_url"].rstrip("/")},
        second=environment.manager_url("/metadata/endpoints?api-version=2022-09-01"),
        user_token=ready["user_token"],
    )
    secret = {"client_id": ready["client_id"], "client_secret": ready["client_secret"]}
    async with AsyncExitStack() as stack:
        connections = Connections(ready["ca"], loopback=environment.loopback_only)
        stack.push_async_callback(connections.close)
        transport = SharedTransport(connections)
        credential = await stack.enter_async_context(
            service_principal(environment, transport, authority=ready["authority"], **secret)
        )
        manager = Manager(environment, credential, transport)
        stack.push_async_callback(manager.close)
        telemetry = LogsTelemetry(environment, credential, transport, clock)
        stack.push_async_callback(telemetry.close)
        web_apps = AzureWebApps(manager, Kudu(environment, credential, connections))
        probe = HttpProbe(settings, connections, clock)
        ports = Ports(clock, web_apps, probe, telemetry, PlatformMetrics(manager, clock))
        yield _Outside(ports, lambda act: web_apps.planned(act) + probe.planned(act) + telemetry.planned(act))


@asynccontextmanager
async def open_session(
    config: SessionConfig, journal: Journal | None, records: Iterable[Record] = ()
) -> AsyncIterator[Session]:
    """The Session of a run, with its lab kept alive meanwhile; the adapters are closed at the end.

    ``journal`` None: none can be written, and ``records`` are what could be read (only for a rollback).
    """
    async with _adapters(config) as outside:
        lease = asyncio.create_task(keep_lease(config.ready))
        try:
            yield Session(config.settings, outside.ports, Recorder(journal, outside.ports.clock, records), Patience())
        finally:
            lease.cancel()
            await asyncio.gather(lease, return_exceptions=True)


async def plan_text(folder: Path) -> str:
    """The whole plan of the run in ``folder`` with every request that it would send, and its card.

    Reads who serves what, and the old version's zip; sends nothing that changes anything. ConfigError, Blocked or
    PortError where no plan can be made.
    """
    config = read_config(folder)
    settings = config.settings
    try:
        examine(settings.artifacts / NEW_ARTIFACT)
    except ZipError as error:
        raise Blocked(f"{error} Nothing was changed. Build the artifact of {settings.new_version} again.") from error
    scaled = settings.policy.scaled(settings.window_s)
    async with _adapters(config) as outside:
        facts = await read_facts(outside.ports, settings.slot, settings.new_version)
        artifact = not await keep_old_artifact(outside.ports, settings)
        plan = blue_green(settings.slot, settings.new_version, facts, baseline_s=scaled.baseline_s, artifact=artifact)
        return render_plan(plan, outside.planned) + "\n" + render_card(folder, settings.environment, plan)
