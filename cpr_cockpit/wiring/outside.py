"""The adapters of one place as ports: the same code for a lab and for Azure, only addresses and credential differ."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

from cpr_cockpit.config import PIPELINE_TOKEN
from cpr_cockpit.config.pipeline_table import GITHUB
from cpr_cockpit.core.annotation import Annotations
from cpr_cockpit.core.journeys import Journeys
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.ports import PRODUCTION, Clock, FeatureFlags, Pipeline, Reader
from cpr_cockpit.core.sensing import Sensor
from cpr_cockpit.engine.ports import AppPorts, Ports
from cpr_cockpit.wiring.code import code_hosts
from cpr_cockpit.wiring.custom import custom_readers, figure_readers
from cpr_cockpit.wiring.journeys import runner_of
from cpr_cockpit.wiring.notifying import notifiers_of, painter_of
from cpr_cockpit.wiring.probing import probing
from cpr_cockpit.wiring.sensors import Site, sensors_of
from cpr_cockpit.wiring.target import AppPlace, Place

if TYPE_CHECKING:
    from cpr_cockpit.adapters.azure.credentials import PinnedCredential
    from cpr_cockpit.adapters.azure.kudu import Kudu
    from cpr_cockpit.adapters.azure.manager import Manager
    from cpr_cockpit.adapters.azure.transport import SharedTransport
    from cpr_cockpit.adapters.azure.web_apps import AzureWebApps
    from cpr_cockpit.adapters.azure.workers import AzureWorkers
    from cpr_cockpit.adapters.connections import Connections
    from cpr_cockpit.core.lease import LeaseStore


class _Closing(Protocol):
    async def close(self) -> None: ...


Closed = TypeVar("Closed", bound=_Closing)


@dataclass(frozen=True, slots=True)
class _Common:
    """What the adapters of one place share. ``stack`` closes it, and them, at the end."""

    place: Place
    stack: AsyncExitStack
    clock: Clock
    connections: Connections
    transport: SharedTransport
    credential: PinnedCredential
    manager: Manager

    def closed(self, adapter: Closed) -> Closed:
        """The same adapter, which is closed at the end."""
        self.stack.push_async_callback(adapter.close)
        return adapter


@asynccontextmanager
async def outside_of(place: Place, policy: Policy | None = None, key: bytes | None = None) -> AsyncIterator[Ports]:
    """The adapters as ports: everything outside, as ``place`` names it; closed at the end. Nothing is asked yet.

    ``policy``: the limits that further sources tell beside their figures (None: the procedure's). ``key``: what the
    run's hashes of settings are made with (None: one that nobody keeps).
    """
    async with AsyncExitStack() as stack:
        common = await _common(place, stack)
        yield _ports(common, policy or Policy(), key or secrets.token_bytes(32))


async def stand_in(place: Place, stack: AsyncExitStack) -> Manager:
    """Resource Manager alone, for looks that are no port of a session; ``stack`` closes it."""
    return (await _common(place, stack)).manager


async def _common(place: Place, stack: AsyncExitStack) -> _Common:
    from cpr_cockpit.adapters.azure.manager import Manager
    from cpr_cockpit.adapters.azure.transport import SharedTransport
    from cpr_cockpit.adapters.clock import SystemClock
    from cpr_cockpit.adapters.connections import Connections

    connections = Connections(place.ca, loopback=place.azure.loopback_only)
    stack.push_async_callback(connections.close)
    transport = SharedTransport(connections)
    credential = await stack.enter_async_context(_credential(place, transport))
    manager = Manager(place.azure, credential, transport)
    stack.push_async_callback(manager.close)
    return _Common(place, stack, SystemClock(), connections, transport, credential, manager)


def _ports(common: _Common, policy: Policy, key: bytes) -> Ports:
    from cpr_cockpit.adapters.azure.kudu import Kudu
    from cpr_cockpit.adapters.azure.logs import LogsTelemetry
    from cpr_cockpit.adapters.azure.logs_pinned import LogsUserCount
    from cpr_cockpit.adapters.azure.logs_premises import LogsPremises
    from cpr_cockpit.adapters.azure.metrics import PlatformMetrics
    from cpr_cockpit.adapters.azure.query_proof import QueryProof
    from cpr_cockpit.adapters.azure.rights import AzureRights
    from cpr_cockpit.adapters.azure.surroundings import AzureSurroundings
    from cpr_cockpit.adapters.azure.tags import AzureTags
    from cpr_cockpit.adapters.azure.web_apps import AzureWebApps
    from cpr_cockpit.adapters.http_probe import HttpProbe

    place, clock, manager = common.place, common.clock, common.manager
    signed_in = (place.azure, common.credential, common.transport)
    kudu = Kudu(place.azure, common.credential, common.connections)
    web_apps = AzureWebApps(manager, kudu, _own_settings(place))
    workers, queue = _workers(common)
    further = _further_sites(common)
    proof = common.closed(QueryProof(*signed_in))
    code = code_hosts(place, common.connections, clock)
    sites = (Site(manager, web_apps, place.production_url, place.slot_url), *further.values())
    return Ports(
        clock,
        web_apps,
        HttpProbe(probing(place), common.connections, clock),
        common.closed(LogsTelemetry(*signed_in, clock)),
        PlatformMetrics(manager, clock),
        _readers(common, policy, _log_stream(common, web_apps, kudu), queue),
        common.closed(LogsPremises(*signed_in)),
        pipeline=_pipeline(place, common.connections),
        user_count=common.closed(LogsUserCount(*signed_in)),
        flags=_flag_store(common),
        rights=AzureRights(manager, common.credential),
        workers=workers,
        apps=_further(common, further, key),
        surroundings=AzureSurroundings(manager, web_apps, place.slot, key),
        lease=_lease(common),
        sensors=(
            *sensors_of(place, common.connections, clock, sites, policy, proof, code),
            *_staged_logs(common),
        ),
        tags=AzureTags(manager),
        notifiers=notifiers_of(place, common.connections),
        painter=painter_of(place),
        annotations=_annotations(common),
        code=code,
        journeys=_journeys(common, None),
        figures=figure_readers(common.stack, place, common.credential, common.transport, common.connections, clock),
    )


def _readers(common: _Common, policy: Policy, log_stream: Reader, queue: tuple[Reader, ...]) -> tuple[Reader, ...]:
    """Every further source, in the order in which they are shown."""
    place = common.place
    custom = custom_readers(common.stack, place, common.credential, common.transport, common.connections, common.clock)
    logs, platform = _log_readers(common), _platform_readers(common.manager, common.clock, policy)
    return (*logs, *platform, log_stream, *queue, *custom)


def _staged_logs(common: _Common) -> tuple[Sensor, ...]:
    """Who scans the logs of staging, where they are declared and the version is known."""
    from cpr_cockpit.adapters.azure.staged_logs import StagedLogs

    component, version = common.place.around.staging_app_insights_id, common.place.declared.tag
    if not (component and version):
        return ()
    return (
        common.closed(
            StagedLogs(common.place.azure, common.credential, common.transport, common.clock, component, version)
        ),
    )


def _log_stream(common: _Common, web_apps: AzureWebApps, kudu: Kudu) -> Reader:
    from cpr_cockpit.adapters.log_stream import LogStream

    host = partial(web_apps.kudu_host, PRODUCTION)
    return common.closed(LogStream(common.connections, common.clock, host, kudu.headers))


def _further_sites(common: _Common) -> dict[str, Site]:
    """Each further app of several by its name."""
    from cpr_cockpit.adapters.azure.kudu import Kudu
    from cpr_cockpit.adapters.azure.manager import Manager
    from cpr_cockpit.adapters.azure.web_apps import AzureWebApps

    sites = {}
    for one in common.place.apps:
        manager = common.closed(Manager(one.azure, common.credential, common.transport))
        web_apps = AzureWebApps(manager, Kudu(one.azure, common.credential, common.connections))
        sites[one.azure.app] = Site(manager, web_apps, one.production_url, one.slot_url)
    return sites


def _further(common: _Common, sites: Mapping[str, Site], key: bytes) -> dict[str, AppPorts]:
    """The ports of each further app of several; ``key``: as in `outside_of`."""
    from cpr_cockpit.adapters.azure.metrics import PlatformMetrics
    from cpr_cockpit.adapters.azure.rights import AzureRights
    from cpr_cockpit.adapters.azure.surroundings import AzureSurroundings
    from cpr_cockpit.adapters.azure.tags import AzureTags
    from cpr_cockpit.adapters.http_probe import HttpProbe

    apps = {}
    for one in common.place.apps:
        manager, web_apps = sites[one.azure.app].manager, sites[one.azure.app].web_apps
        probe = HttpProbe(probing(common.place, one), common.connections, common.clock)
        around = AzureSurroundings(manager, web_apps, common.place.slot, key)
        rights, metrics = AzureRights(manager, common.credential), PlatformMetrics(manager, common.clock)
        apps[one.azure.app] = AppPorts(
            web_apps, probe, metrics, around, rights, AzureTags(manager), _journeys(common, one)
        )
    return apps


def _journeys(common: _Common, app: AppPlace | None) -> Journeys | None:
    """Who walks the declared journeys in an app, None being the first."""
    place = common.place
    hosts = {PRODUCTION: (app or place).production_url, place.slot: (app or place).slot_url}
    runner = runner_of(place.journeys, hosts, place.journeys_given, common.connections, common.credential, common.clock)
    return None if runner is None else common.closed(runner)


def _own_settings(place: Place) -> dict[str, str]:
    """What a new slot has of its own: the setting that keeps its workers off, where one does."""
    table = place.workers
    return {table.setting: table.off} if table is not None and table.setting else {}


def _workers(common: _Common) -> tuple[AzureWorkers | None, tuple[Reader, ...]]:
    """Who tells of background work, where a rule is declared; and of its queue, where instances tell."""
    from cpr_cockpit.adapters.azure.workers import AzureWorkers
    from cpr_cockpit.adapters.hosted_services import HostedServices, QueueReader

    place, table = common.place, common.place.workers
    if table is None:
        return None, ()
    if not table.path:
        return AzureWorkers(common.manager, None), ()
    hosts = {PRODUCTION: place.production_url, place.slot: place.slot_url}
    hosted = HostedServices(common.connections, common.clock, hosts, table.path)
    return AzureWorkers(common.manager, hosted), (QueueReader(hosted),)


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


def _flag_store(common: _Common) -> FeatureFlags | None:
    """The store of the feature flags; None where the environment names none."""
    from cpr_cockpit.adapters.azure.feature_flags import AppConfigurationFlags

    if not common.place.azure.app_configuration:
        return None
    return common.closed(AppConfigurationFlags(common.place.azure, common.credential, common.transport))


def _lease(common: _Common) -> LeaseStore | None:
    """The lease of the app, where the environment names a store for it."""
    from cpr_cockpit.adapters.azure.app_configuration import store_client
    from cpr_cockpit.adapters.azure.store_lease import StoreLease

    environment = common.place.azure
    if not environment.app_configuration:
        return None
    client = common.closed(store_client(environment, common.credential, common.transport))
    return StoreLease(client, environment.app)


def _annotations(common: _Common) -> Annotations | None:
    """Where a switch is marked; None where the environment names no Application Insights component."""
    from cpr_cockpit.adapters.azure.annotations import AzureAnnotations

    component = common.place.azure.app_insights_id
    return AzureAnnotations(common.manager, component) if component else None


def _log_readers(common: _Common) -> tuple[Reader, ...]:
    """The further tables of the logs, each a source with an age and errors of its own; asked in one batch."""
    from cpr_cockpit.adapters.azure.logs_batch import SharedBatch
    from cpr_cockpit.adapters.azure.logs_dependencies import DependenciesReader
    from cpr_cockpit.adapters.azure.logs_exceptions import ExceptionsReader
    from cpr_cockpit.adapters.azure.logs_users import BrowserReader, UsageReader

    clock = common.clock
    batch = common.closed(SharedBatch(common.place.azure, common.credential, common.transport))
    usage = UsageReader(batch, clock, common.place.feature_operation)
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
