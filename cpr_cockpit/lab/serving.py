"""Puts a lab together, keeps it until it is told to end, and takes it apart again."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import shutil
import signal
import socket
import ssl
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from cpr_cockpit.lab import certificates, releases, staging, ui_host
from cpr_cockpit.lab import settings as app_settings
from cpr_cockpit.lab.control import Control
from cpr_cockpit.lab.counts import Counts
from cpr_cockpit.lab.git_host import GitHost
from cpr_cockpit.lab.githost.ci import FAST, USUAL
from cpr_cockpit.lab.githost.git import GitFailed
from cpr_cockpit.lab.global_front import Endpoint, GlobalFront
from cpr_cockpit.lab.lease import Lease
from cpr_cockpit.lab.models import PRODUCTION, LabSettings
from cpr_cockpit.lab.pipeline_host import PipelineHost
from cpr_cockpit.lab.proxy import FrontEnd
from cpr_cockpit.lab.ready import ReadyFile
from cpr_cockpit.lab.ready_content import ready_content
from cpr_cockpit.lab.regions import Region
from cpr_cockpit.lab.rest import app, app_configuration, managed_identity, metrics
from cpr_cockpit.lab.scenario import Scenario
from cpr_cockpit.lab.site import GREEN, Site, metered
from cpr_cockpit.lab.telemetry import Telemetry
from cpr_cockpit.lab.traffic import RATE, Traffic
from cpr_cockpit.lab.webhook_sink import WebhookSink
from cpr_cockpit.lab.world import World

LOOPBACK = "127.0.0.1"
_BACKLOG = 128
_SHUTDOWN = 1.0  # seconds that a server waits for its open requests when the lab ends


class LabRefused(Exception):
    """The lab cannot start: what, what was not changed, what next."""


async def serve(settings: LabSettings) -> None:
    """Run a lab until its lease ends, somebody stops it, or a signal comes. Raises LabRefused when it cannot start."""
    ended = _signals()
    async with AsyncExitStack() as stack:
        ready = _ready_file(settings.ready_file)
        stack.callback(ready.give_up)
        entrance = _listen(settings.port)
        stack.callback(entrance.close)
        folder = Path(tempfile.mkdtemp(prefix="cpr-cockpit-lab-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        try:
            ready.remove_old()
            lab = Lab(settings, folder, stack)
            content = await lab.start(entrance)
            ready.write(content)
            # Its time to start is not taken from the lease.
            lab.lease.restart()
        except OSError as error:
            raise LabRefused(f"The lab cannot start ({error}). Nothing is left running. Try again.") from error
        await _first(ended.wait(), lab.control.stop.wait(), lab.lease.ended())


def _signals() -> asyncio.Event:
    """Set when a signal asks the lab to end; a hang-up does unless the lab was started to outlive its terminal."""
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(name) is not signal.SIG_IGN:
            loop.add_signal_handler(name, asked.set)
    return asked


def _ready_file(path: Path) -> ReadyFile:
    try:
        return ReadyFile(path)
    except OSError as error:
        raise LabRefused(
            f"The ready file {path} cannot be written ({error.strerror or error}). Nothing was started. "
            "Name a file in a folder that exists and that you may write to."
        ) from error


def _listen(port: int | None) -> socket.socket:
    """Resource Manager's port, taken before anything else is done, so that a taken one is found out first."""
    entrance = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        entrance.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        entrance.bind((LOOPBACK, port or 0))
        entrance.listen(_BACKLOG)
    except OSError as error:
        entrance.close()
        raise LabRefused(
            f"Port {port or 0} on {LOOPBACK} cannot be used ({error.strerror or error}). Nothing was started. "
            "Name another port, or none for any free one."
        ) from error
    return entrance


async def _first(*waiting: Any) -> None:
    tasks = [asyncio.ensure_future(one) for one in waiting]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


class Lab:
    """All parts of one lab; what is opened is closed by `stack`, the last opened first."""

    def __init__(self, settings: LabSettings, folder: Path, stack: AsyncExitStack) -> None:
        self._settings = settings
        self._folder = folder
        self._stack = stack
        self._certificates = certificates.issue(folder)
        self._releases = releases.write(folder)
        scenario = Scenario()
        self._telemetry = telemetry = Telemetry(settings.telemetry_delay, metrics.step(settings.window), settings.seed)
        self._trust = ssl.create_default_context(cafile=self._certificates.ca)
        self._world = World(settings, folder, scenario, telemetry, self._make_front, self._open_kudu)
        self._counts = Counts()
        self._token = secrets.token_urlsafe(24)
        self.lease = Lease(settings.lease)
        self._sink = WebhookSink(secrets.token_urlsafe(24))
        self._sink.take_troubles(self._world.troubles)
        self.control = Control(self._world, self._counts, self.lease, self._token, self._sink)

    async def start(self, entrance: socket.socket) -> dict[str, Any]:
        """Start everything, Resource Manager on `entrance`; returns the ready file. Raises LabRefused, OSError."""
        world, stack = self._world, self._stack
        for site in world.every.values():
            stack.push_async_callback(site.front.close)
        stack.push_async_callback(world.close)
        await world.open_slots(self._releases.serving.read_bytes(), self._releases.good.read_bytes())
        if len(world.sites) > 1:
            await self._open_global_front()
        manager = app.resource_manager_app(world)
        port = await self._open(manager, entrance, self._certificates.server)
        await self._open_page()
        more = await self._open_for_processes(f"https://localhost:{port}")
        documented = app_settings.write(self._folder)
        control = await self._open(self.control.application(), _listen(None), None)
        pipeline = await self._open_pipeline()
        hook = await self._open(self._sink.application(), _listen(None), self._certificates.server)
        traffic = Traffic(self._counts, self._telemetry.browser)
        stack.push_async_callback(traffic.stop)
        _, _, git_host = await asyncio.gather(world.start(), self._start_traffic(traffic), self._open_git_host())
        await self._prove()
        await world.set_troubles(self._settings.troubles)
        told = self._content(f"https://localhost:{port}", f"http://{LOOPBACK}:{control}")
        webhook = {"webhook_url": f"https://localhost:{hook}{self._sink.path}"}
        around = {"git_host": git_host, "settings_file": str(documented)}
        around |= {} if self._settings.journeys else {"journeys": {}}
        return told | more | webhook | around | {"pipeline": pipeline}

    async def _open_page(self) -> None:
        """The host of the page, with its own certificate."""
        page = self._certificates.page
        port = await self._open(ui_host.application(), _listen(None), page.context)
        self._world.ui_url = f"https://localhost:{port}"
        ui_host.take_troubles(self._world.troubles, page)

    async def _open_pipeline(self) -> dict[str, Any]:
        """The team's pipeline host; what the ready file tells of it."""
        names, site = releases.VERSIONS, self._world.first
        host = PipelineHost(
            {names[kind]: getattr(self._releases, kind).read_bytes() for kind in names},
            site.begin_deploy,
            self._world.log,
            secrets.token_urlsafe(24),
            fast=self._settings.fast,
        )
        self._stack.push_async_callback(host.close)
        port = await self._open(host.application(), _listen(None), self._certificates.server)
        return host.described(f"https://localhost:{port}", names["good"])

    async def _open_git_host(self) -> dict[str, Any] | None:
        """The feature's repositories at a Git host; None where git is missing, without which all else is as ever."""
        world, tag = self._world, releases.VERSIONS["good"]
        built = {"goals-api": self._releases.good.read_bytes(), "goals-ui": f"the page of {tag}".encode()}
        digests = {name: hashlib.sha256(content).hexdigest() for name, content in built.items()}
        host = GitHost(world.troubles, world.log, digests, tag, secrets.token_urlsafe(24))
        try:
            await host.plant(self._folder / "git", FAST if self._settings.fast else USUAL)
        except GitFailed as failed:
            world.log.add("git.missing", reason=str(failed))
            sys.stderr.write(f"The lab runs without its Git host: {failed}\n")
            return None
        port = await self._open(host.application(), _listen(None), self._certificates.server)
        return host.described(f"https://localhost:{port}")

    async def _open(self, application: web.Application, entrance: socket.socket, tls: ssl.SSLContext | None) -> int:
        """Serve `application` on the listening socket until the lab ends; returns the port."""
        runner = web.AppRunner(application, access_log=None, handle_signals=False, shutdown_timeout=_SHUTDOWN)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        await web.SockSite(runner, entrance, ssl_context=tls).start()
        port: int = entrance.getsockname()[1]
        return port

    async def _open_for_processes(self, manager: str) -> dict[str, Any]:
        """App Configuration and the app's identity, which its processes need from their start; their members."""
        world = self._world
        issuer = f"{manager}/{world.tenant}/"
        store = await self._open(app_configuration.application(world), _listen(None), self._certificates.server)
        port = await self._open(managed_identity.application(world, issuer), _listen(None), None)
        configuration = f"https://localhost:{store}"
        identity = f"http://{LOOPBACK}:{port}{managed_identity.PATH}"
        world.connect(configuration, identity, self._certificates.ca)
        return {
            "app_configuration": configuration,
            "app_configuration_key": world.configuration_key.as_dict(),
            "identity_endpoint": identity,
            "identity_header": world.identity_header,
        }

    def _make_front(self, region: Region) -> FrontEnd:
        """The front end of the hosts of one app; staging has a certificate of its own."""
        issued = self._certificates
        tls = issued.staging if region.app == staging.NAME else issued.server

        def counted(slot: str, at: float, status: int, seconds: float) -> None:
            self._telemetry.counted(metered(region.app, slot), at, status, seconds)

        seed, name = region.seed(self._settings.seed), region.app if self._settings.apps > 1 else ""
        return FrontEnd(tls, counted, seed, name)

    async def _open_global_front(self) -> None:
        world = self._world
        world.global_front = front = GlobalFront(
            self._certificates.server, self._trust, world.log, self._settings.window
        )
        for site in world.sites.values():
            host = site.slots[PRODUCTION].host
            front.add(Endpoint(site.app, host, site.front.serve_production, site.admit))
        await front.open()
        self._stack.push_async_callback(front.close)

    async def _open_kudu(self, site: Site, slot: str) -> str:
        port = await self._open(app.kudu_app(site, slot), _listen(None), self._certificates.server)
        return f"localhost:{port}"

    async def _start_traffic(self, traffic: Traffic) -> None:
        await traffic.start(
            production_url=self._entrance(),
            slot=GREEN,
            ca=self._certificates.ca,
            user_token=self._world.user_token,
            seed=self._settings.seed,
            rate=RATE if self._settings.requests_per_minute is None else self._settings.requests_per_minute / 60.0,
        )

    def _entrance(self) -> str:
        """Where users come in: production, or the front before several apps."""
        front = self._world.global_front
        return f"https://{self._world.first.slots[PRODUCTION].host if front is None else front.host}"

    async def _prove(self) -> None:
        """Ask all slots from outside. Raises LabRefused where one does not answer as healthy."""
        slots = [slot for site in self._world.every.values() for slot in site.slots.values()]
        for slot in slots:
            if not slot.instances_ready:
                reasons = [entry["reason"] for entry in self._world.log.entries if entry["kind"] == "process.failed"]
                raise LabRefused(
                    f"The process of slot '{slot.name}' did not start ({'; '.join(reasons) or 'it died'}). "
                    "Nothing is left running. Try again on a calmer machine."
                )
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=self._trust)) as client:
            for slot in slots:
                async with client.get(f"https://{slot.host}/api/health") as answer:
                    if answer.status != web.HTTPOk.status_code:
                        raise LabRefused(
                            f"The slot '{slot.name}' answers {answer.status}. Nothing is left running. Try again."
                        )

    def _content(self, manager: str, control: str) -> dict[str, Any]:
        files = {"ca": str(self._certificates.ca), "packages": self._releases.names(), "versions": releases.VERSIONS}
        return ready_content(self._world, manager) | files | {"control": {"url": control, "token": self._token}}
