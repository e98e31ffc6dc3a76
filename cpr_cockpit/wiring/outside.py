"""The adapters of one place as ports: the same code for a lab and for Azure, only addresses and credential differ."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from cpr_cockpit.config import PIPELINE_TOKEN, Smoke
from cpr_cockpit.config.pipeline_table import GITHUB
from cpr_cockpit.core.plan import Act
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.ports import PRODUCTION, Clock, FeatureFlags, Pipeline, PlannedRequest, Reader
from cpr_cockpit.engine.ports import AppPorts, Ports
from cpr_cockpit.wiring.custom import custom_readers
from cpr_cockpit.wiring.sensors import sensors_of
from cpr_cockpit.wiring.target import AppPlace, Place

if TYPE_CHECKING:
    from cpr_cockpit.adapters.azure.credentials import PinnedCredential
    from cpr_cockpit.adapters.azure.environment import AzureEnvironment
    from cpr_cockpit.adapters.azure.logs_batch import SharedBatch
    from cpr_cockpit.adapters.azure.manager import Manager
    from cpr_cockpit.adapters.azure.transport import SharedTransport
    from cpr_cockpit.adapters.azure.workers import AzureWorkers
    from cpr_cockpit.adapters.connections import Connections
    from cpr_cockpit.adapters.http_probe import ProbeSettings
    from cpr_cockpit.adapters.smoke import SmokeTest
    from cpr_cockpit.core.lease import LeaseStore


@dataclass(frozen=True, slots=True)
class Outside:
    """The adapters as ports, and what an act of a plan would send."""

    ports: Ports
    planned: Callable[[Act], tuple[PlannedRequest, ...]]


@asynccontextmanager
async def outside_of(place: Place, policy: Policy | None = None, key: bytes | None = None) -> AsyncIterator[Outside]:
    """Everything outside, as ``place`` names it; closed at the end. Nothing is asked yet.

    ``policy``: the limits that further sources tell beside their figures (None: the procedure's). ``key``: what the
    run's hashes of settings are made with (None: one that nobody keeps).
    """
    from cpr_cockpit.adapters.azure.kudu import Kudu
    from cpr_cockpit.adapters.azure.logs import LogsTelemetry
    from cpr_cockpit.adapters.azure.logs_batch import SharedBatch
    from cpr_cockpit.adapters.azure.logs_pinned import LogsUserCount
    from cpr_cockpit.adapters.azure.logs_premises import LogsPremises
    from cpr_cockpit.adapters.azure.manager import Manager
    from cpr_cockpit.adapters.azure.metrics import PlatformMetrics
    from cpr_cockpit.adapters.azure.rights import AzureRights
    from cpr_cockpit.adapters.azure.surroundings import AzureSurroundings
    from cpr_cockpit.adapters.azure.transport import SharedTransport
    from cpr_cockpit.adapters.azure.web_apps import AzureWebApps
    from cpr_cockpit.adapters.clock import SystemClock
    from cpr_cockpit.adapters.connections import Connections
    from cpr_cockpit.adapters.http_probe import HttpProbe
    from cpr_cockpit.adapters.log_stream import LogStream

    environment, clock = place.azure, SystemClock()
    async with AsyncExitStack() as stack:
        connections = Connections(place.ca, loopback=environment.loopback_only)
        stack.push_async_callback(connections.close)
        transport = SharedTransport(connections)
        credential = await stack.enter_async_context(_credential(place, transport))
        manager = Manager(environment, credential, transport)
        stack.push_async_callback(manager.close)
        telemetry = LogsTelemetry(environment, credential, transport, clock)
        stack.push_async_callback(telemetry.close)
        premises = LogsPremises(environment, credential, transport)
        stack.push_async_callback(premises.close)
        kudu = Kudu(environment, credential, connections)
        web_apps = AzureWebApps(manager, kudu, _own_settings(place))
        log_stream = LogStream(connections, clock, partial(web_apps.kudu_host, PRODUCTION), kudu.headers)
        stack.push_async_callback(log_stream.close)
        probe = HttpProbe(_probing(place), connections, clock)
        custom = custom_readers(stack, place, credential, transport, connections, clock)
        batch = SharedBatch(environment, credential, transport)
        stack.push_async_callback(batch.close)
        platform = _platform_readers(manager, clock, policy or Policy())
        workers, queue = _workers(place, manager, connections, clock)
        readers = (*_log_readers(batch, clock, place.feature_operation), *platform, log_stream, *queue, *custom)
        pipeline = _pipeline(place, connections)
        metrics, user_count = PlatformMetrics(manager, clock), LogsUserCount(environment, credential, transport)
        stack.push_async_callback(user_count.close)
        flags = _flag_store(stack, environment, credential, transport)
        ports = Ports(
            clock,
            web_apps,
            probe,
            telemetry,
            metrics,
            readers,
            premises,
            pipeline=pipeline,
            user_count=user_count,
            flags=flags,
            rights=AzureRights(manager, credential),
            workers=workers,
            apps=_further(stack, place, credential, transport, connections),
            surroundings=AzureSurroundings(manager, web_apps, place.slot, key or secrets.token_bytes(32)),
            lease=_lease(stack, place, credential, transport),
            sensors=sensors_of(place, connections, clock, web_apps, manager, policy or Policy()),
        )

        def planned(act: Act) -> tuple[PlannedRequest, ...]:
            there = ports.at(act.app)
            planners = (pipeline, there.web_apps, there.probe, telemetry, premises, flags, workers)
            return tuple(one for planner in planners if planner is not None for one in planner.planned(act))

        yield Outside(ports, planned)


def _further(
    stack: AsyncExitStack,
    place: Place,
    credential: PinnedCredential,
    transport: SharedTransport,
    connections: Connections,
) -> dict[str, AppPorts]:
    """The ports of each further app of several, closed with ``stack``."""
    from cpr_cockpit.adapters.azure.kudu import Kudu
    from cpr_cockpit.adapters.azure.manager import Manager
    from cpr_cockpit.adapters.azure.metrics import PlatformMetrics
    from cpr_cockpit.adapters.azure.web_apps import AzureWebApps
    from cpr_cockpit.adapters.clock import SystemClock
    from cpr_cockpit.adapters.http_probe import HttpProbe

    apps, clock = {}, SystemClock()
    for one in place.apps:
        manager = Manager(one.azure, credential, transport)
        stack.push_async_callback(manager.close)
        web_apps = AzureWebApps(manager, Kudu(one.azure, credential, connections))
        probe = HttpProbe(_probing(place, one), connections, clock)
        apps[one.azure.app] = AppPorts(web_apps, probe, PlatformMetrics(manager, clock))
    return apps


def _own_settings(place: Place) -> dict[str, str]:
    """What a new slot has of its own: the setting that keeps its workers off, where one does."""
    table = place.workers
    return {table.setting: table.off} if table is not None and table.setting else {}


def _workers(
    place: Place, manager: Manager, connections: Connections, clock: Clock
) -> tuple[AzureWorkers | None, tuple[Reader, ...]]:
    """Who tells of background work, where a rule is declared; and of its queue, where instances tell."""
    from cpr_cockpit.adapters.azure.workers import AzureWorkers
    from cpr_cockpit.adapters.hosted_services import HostedServices, QueueReader

    table = place.workers
    if table is None:
        return None, ()
    if not table.path:
        return AzureWorkers(manager, None), ()
    hosts = {PRODUCTION: place.production_url, place.slot: place.slot_url}
    hosted = HostedServices(connections, clock, hosts, table.path)
    return AzureWorkers(manager, hosted), (QueueReader(hosted),)


def _pipeline(place: Place, connections: Connections) -> Pipeline | None:
    """The team's own, where one is configured."""
    from cpr_cockpit.adapters.pipelines.asking import PipelineSettings
    from cpr_cockpit.adapters.pipelines.azure_devops import DevOpsPipeline
    from cpr_cockpit.adapters.pipelines.github import GitHubWorkflow

    table = place.pipeline
    if table is None:
        return None
    settings = PipelineSettings(
        address=table.service,
        project=table.project,
        workflow=table.workflow,
        ref=table.ref,
        artifact=table.artifact,
        token=place.pipeline_token,
        variable=PIPELINE_TOKEN,
    )
    return GitHubWorkflow(settings, connections) if table.kind == GITHUB else DevOpsPipeline(settings, connections)


def _flag_store(
    stack: AsyncExitStack, environment: AzureEnvironment, credential: PinnedCredential, transport: SharedTransport
) -> FeatureFlags | None:
    """The store of the feature flags, closed with ``stack``; None where the environment names none."""
    from cpr_cockpit.adapters.azure.feature_flags import AppConfigurationFlags

    if not environment.app_configuration:
        return None
    flags = AppConfigurationFlags(environment, credential, transport)
    stack.push_async_callback(flags.close)
    return flags


def _lease(
    stack: AsyncExitStack, place: Place, credential: PinnedCredential, transport: SharedTransport
) -> LeaseStore | None:
    """The lease of the app, where the environment names a store for it; its client is closed with ``stack``."""
    from cpr_cockpit.adapters.azure.app_configuration import store_client
    from cpr_cockpit.adapters.azure.store_lease import StoreLease

    if not place.azure.app_configuration:
        return None
    client = store_client(place.azure, credential, transport)
    stack.push_async_callback(client.close)
    return StoreLease(client, place.azure.app)


def _log_readers(batch: SharedBatch, clock: Clock, feature_operation: str) -> tuple[Reader, ...]:
    """The further tables of the logs, each a source with an age and errors of its own; asked in one batch."""
    from cpr_cockpit.adapters.azure.logs_dependencies import DependenciesReader
    from cpr_cockpit.adapters.azure.logs_exceptions import ExceptionsReader
    from cpr_cockpit.adapters.azure.logs_users import BrowserReader, UsageReader

    usage = UsageReader(batch, clock, feature_operation)
    return (ExceptionsReader(batch, clock), DependenciesReader(batch, clock), usage, BrowserReader(batch, clock))


def _platform_readers(manager: Manager, clock: Clock, policy: Policy) -> tuple[Reader, ...]:
    """The plan, and the database where the environment names one."""
    from cpr_cockpit.adapters.azure.metrics_database import KINDS, DatabaseReader, kind_of
    from cpr_cockpit.adapters.azure.metrics_plan import LoadLimits, PlanReader

    plan = PlanReader(manager, clock, LoadLimits(policy.warning_cpu_percent, policy.warning_memory_percent))
    database = manager.environment.database_id
    # A kind that is not known is refused where the configuration is read, not here: nothing may block a rollback.
    return (plan, DatabaseReader(manager, clock, database)) if kind_of(database) in KINDS else (plan,)


def _credential(place: Place, transport: SharedTransport) -> AbstractAsyncContextManager[PinnedCredential]:
    from cpr_cockpit.adapters.azure.credentials import service_principal, signed_in

    if place.principal is None:
        return signed_in(place.azure, transport, authority=place.authority)
    client_id, client_secret = place.principal
    authority = place.authority or ""
    return service_principal(
        place.azure, transport, authority=authority, client_id=client_id, client_secret=client_secret
    )


def _probing(place: Place, app: AppPlace | None = None) -> ProbeSettings:
    """What the probe asks: the tests of ``cockpit.toml``, else a lab's own product, else the health address alone.

    ``app``: a further one of several.
    """
    from cpr_cockpit.adapters.http_probe import ProbeSettings
    from cpr_cockpit.adapters.smoke import GOALS_API, SmokeTest

    health = SmokeTest("health", "GET", place.health_path, 200)
    tests = tuple(_test(one) for one in place.smoke) or (GOALS_API if place.on_lab else (health,))
    pages = [test.path for test in tests if test.method == "GET" and test.status == 200]
    return ProbeSettings(
        hosts={PRODUCTION: (app or place).production_url, place.slot: (app or place).slot_url},
        second=place.azure.manager_url("/metadata/endpoints?api-version=2022-09-01"),
        user_token=place.user_token,
        tests=tests,
        warm_paths=tuple(dict.fromkeys(("/", *pages, place.health_path))),
        health=place.health_path,
        flags=place.flags_path,
    )


def _test(one: Smoke) -> SmokeTest:
    from cpr_cockpit.adapters.smoke import SmokeTest

    return SmokeTest(one.name, one.method, one.path, one.status, one.signed_in, one.body, one.clean_up)
