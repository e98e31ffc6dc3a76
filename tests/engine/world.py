"""A small simulated Azure behind the ports, in virtual time: slots, swaps and deployments as operations with phases.

What was accepted goes on by timers of the world's own, whether or not the session that asked for it still lives. Every
request that would change something is counted at the moment in which it leaves the session.
"""

from __future__ import annotations

import asyncio
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from cpr_cockpit.core.code import CodeHost
from cpr_cockpit.core.flags import FlagLook
from cpr_cockpit.core.lease import LeaseStore
from cpr_cockpit.core.plan import Act
from cpr_cockpit.core.ports import (
    PRODUCTION,
    Accepted,
    OperationState,
    Pipeline,
    PlannedRequest,
    PortError,
    Premises,
    Reader,
    Rights,
    Sighting,
    SlotFacts,
    SmokeResult,
    SwapStatus,
    UserCount,
)
from cpr_cockpit.core.sensing import Sensor
from cpr_cockpit.core.workers import Workers
from cpr_cockpit.engine.ports import Ports
from tests.engine.around import Around
from tests.engine.flags import FlagStore
from tests.engine.users import Behaviour, FurtherSource, Users
from tests.engine.virtual import VirtualClock, VirtualLoop

OLD, NEW, SLOT = "v1.2.0", "v1.3.0", "green"

# Seconds: a request's way to the service and back, a read, a look at the application.
WAY, READ, LOOK = 0.05, 0.04, 0.03
# Seconds until a look at an application that hangs is given up.
HANGS = 5.0
# Seconds from acceptance: the first instance switches, the last one does, the other slot has restarted and all is over.
SWAP_FIRST, SWAP_LAST, SWAP_END = 1.2, 1.6, 2.4
# Seconds: until files are laid down, and then until the slot has restarted with them.
LAYING, RESTARTING = 0.5, 1.2
CREATED = 1.0
# Until a pipeline has an agent.
QUEUED = 5.0


class Fault(StrEnum):
    """What can go wrong with a request that changes something."""

    UNSENT = "no connection: the request never left"
    LOST_BEFORE = "cut before it arrived"
    LOST_AFTER = "cut after it took effect"
    LATE = "cut, and it arrives two seconds later"
    ERROR_BEFORE = "5xx without effect"
    ERROR_AFTER = "5xx after it took effect"
    CONFLICT = "409"
    REFUSED = "400"
    NO_OPERATION = "202 without an operation"
    VANISHES = "the operation cannot be found"
    FAILS = "accepted, and the operation fails"
    SCALED = "400: the plan was scaled, please retry"
    SCALED_LATER = "accepted, and the operation fails so"
    FORBIDDEN = "403"
    SLOW_ANSWER = "answered ten seconds after it took effect"


SCALED = "The allocation of VM instances for the slot has changed during the swap process. Please retry."
FORBIDDEN = PortError("The client does not have authorization.", next_step="Ask for the role.", status=403)


@dataclass(frozen=True, slots=True)
class Call:
    """A request that changes something, as it left a session: ``at`` in virtual seconds.

    Of a flag: whether it is then ``enabled``, with its share ``kept`` or not, if it still is what ``etag`` names.
    """

    at: float
    kind: str
    slot: str
    version: str = ""
    percent: float = 0.0
    run: str = ""
    enabled: bool = False
    kept: bool = False
    etag: str = ""


@dataclass(frozen=True, slots=True)
class Switch:
    """A swap that took effect: production serves ``production`` from ``at`` (virtual seconds) on."""

    at: float
    production: str


@dataclass(slots=True)
class Site:
    """A slot: what was laid into it, and what each of its instances answers with (None: no version)."""

    name: str
    content: str | None
    instances: dict[str, str | None] = field(default_factory=dict)
    state: str = "Running"

    @classmethod
    def serving(cls, name: str, version: str | None, instances: int) -> Site:
        """A slot that serves ``version`` on so many instances."""
        return cls(name, version, {f"{name}-{number}": version for number in range(instances)})

    def answer(self, version: str | None) -> None:
        """From now on all instances answer with ``version``."""
        self.instances = dict.fromkeys(self.instances, version)


@dataclass(slots=True)
class _Operation:
    state: str = "running"
    words: str = ""
    found: bool = True
    again: bool = False

    def as_state(self) -> OperationState:
        return OperationState(self.state, self.words, again=self.again) if self.found else OperationState("unknown")


def package(path: Path, version: str) -> Path:
    """A release zip that the world can deploy."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("version.txt", version)
    return path


class World:
    """The WebApps and Probe ports. Times in ``unreachable`` are virtual seconds in which Resource Manager is gone."""

    def __init__(self, loop: VirtualLoop, *, slot: str | None = OLD, slot_exists: bool = True) -> None:
        self.loop = loop
        self.clock = VirtualClock(loop)
        self.sites = {PRODUCTION: Site.serving(PRODUCTION, OLD, 2)}
        if slot_exists:
            self.sites[SLOT] = Site.serving(SLOT, slot, 1)
        self.users = Users(self.clock, [(self.clock.now(), OLD)])
        self.flags = FlagStore(self)
        self.calls: list[Call] = []
        self.switches: list[Switch] = []
        self.faults: dict[str, list[Fault]] = {
            kind: [] for kind in ("swap", "deploy", "create", "route", "preview", "reset", "pipeline", "flag")
        }
        self.unreachable: list[tuple[float, float]] = []
        # When our rights are gone: nothing may be read or changed.
        self.forbidden: list[tuple[float, float]] = []
        # What a version's health answer tells of its commit; of one that is not here nothing.
        self.commits: dict[str, str] = {}
        self.read_s = READ
        self.share = 0.0
        self.differs: tuple[str, ...] = ()
        self.unreadable_settings = False
        self.around = Around(self)
        self.laying_s = LAYING
        # How long a swap is under way before anything of it is to be seen but that.
        self.swap_hangs_s = 0.0
        self.swap_told_s = 0.0
        # The slot that a pending preview leads to, and the one that has its settings.
        self.pending_preview: str | None = None
        self.preview_on: str | None = None
        self.signs_in: tuple[str, ...] = ()
        self.content_missing = False
        self.smoke_fails = False
        # The new version does not work with production's settings, which a preview gives it.
        self.smoke_fails_previewed = False
        self.network_down = False
        self.premises: Premises | None = None
        self.pipeline: Pipeline | None = None
        self.workers: Workers | None = None
        # Of every operation of the pipeline: the run that started it.
        self.pipeline_runs: dict[str, str] = {}
        self.user_count: UserCount | None = None
        self.lease_store: LeaseStore | None = None
        self.readers: tuple[Reader, ...] = ()
        self.rights: Rights | None = None
        self.sensors: tuple[Sensor, ...] = ()
        self.code: tuple[CodeHost, ...] = ()
        self.hangs: set[str] = set()
        self.witness: Callable[[Call], None] = lambda call: None
        self._operations = {"deploy-0": _Operation("succeeded")}
        self._deployments = {SLOT: ["deploy-0"]} if slot_exists else {}
        self._swap: str | None = None
        self._last_swap: tuple[str, str] | None = None
        self._looks = 0
        self._on_the_way: list[asyncio.TimerHandle] = []

    def ports(self) -> Ports:
        """The world as a session is given it."""
        readers = (FurtherSource(self.clock), *self.readers)
        ports = Ports(self.clock, self, self, self.users, self.users, readers, self.premises)
        ports = replace(
            ports, surroundings=self.around, lease=self.lease_store, workers=self.workers, sensors=self.sensors
        )
        ports = replace(ports, code=self.code)
        return replace(ports, pipeline=self.pipeline, user_count=self.user_count, flags=self.flags, rights=self.rights)

    @property
    def production(self) -> str | None:
        """What production serves: None where its instances differ or do not answer."""
        served = set(self.sites[PRODUCTION].instances.values())
        return served.pop() if len(served) == 1 else None

    @property
    def slot(self) -> str | None:
        """What the other slot serves."""
        return next(iter(self.sites[SLOT].instances.values())) if SLOT in self.sites else None

    @property
    def at_rest(self) -> bool:
        """Whether no operation is under way."""
        return all(operation.state != "running" for operation in self._operations.values())

    @property
    def pipeline_at_work(self) -> bool:
        """Whether the team's pipeline has begun something that has not ended."""
        return any(self._operations[name].state == "running" for name in self.pipeline_runs)

    def tear_requests(self) -> None:
        """Requests that have left and not arrived are lost, as with the process that sent them."""
        for handle in self._on_the_way:
            handle.cancel()
        self._on_the_way = []

    def somebody_swaps(self) -> None:
        """A colleague swaps, from the portal."""
        self._begin_swap(Fault.SLOW_ANSWER)

    def somebody_deploys(self, version: str, slot: str = SLOT) -> None:
        """A colleague deploys, to the slot unless another is named."""
        self._begin_deploy(slot, version, None)

    def somebody_routes(self, percent: float) -> None:
        """A colleague routes so many new sessions to the slot."""
        self._begin_route(percent)

    def deployments(self) -> dict[str, tuple[str, ...]]:
        """Ids by slot, newest first."""
        return {name: tuple(reversed(self._deployments.get(name, []))) for name in self.sites}

    # -- WebApps: reading ------------------------------------------------------------------------------------------

    def gone(self) -> bool:
        """Whether Resource Manager cannot be reached now."""
        return any(begin <= self.loop.time() < end for begin, end in self.unreachable)

    async def _read(self) -> None:
        await asyncio.sleep(self.read_s)
        if self.gone():
            raise PortError("Resource Manager cannot be reached.", next_step="Check the network.")
        if any(begin <= self.loop.time() < end for begin, end in self.forbidden):
            raise FORBIDDEN

    async def slots(self) -> tuple[SlotFacts, ...]:
        """Production first."""
        await self._read()
        return tuple(SlotFacts(site.name, f"{site.name}.test", site.state) for site in self.sites.values())

    async def swap_status(self) -> SwapStatus:
        """What is under way, and the last swap."""
        await self._read()
        last_at, source = self._last_swap or (None, None)
        return SwapStatus(
            self._swap, last_at, source, PRODUCTION if source else None, self.pending_preview, self.preview_on
        )

    async def operation(self, operation: str) -> OperationState:
        """One look at a swap or a creation."""
        await self._read()
        found = self._operations.get(operation)
        return found.as_state() if found else OperationState("unknown")

    async def instances(self, slot: str) -> tuple[str, ...]:
        """Names."""
        await self._read()
        return tuple(self.sites[slot].instances) if slot in self.sites else ()

    async def deployment(self, slot: str, operation: str) -> OperationState:
        """One look at a deployment, with an empty id at the slot's newest."""
        await self._read()
        newest = self._deployments.get(slot, [""])[-1]
        found = self._operations.get(operation or newest)
        return found.as_state() if found else OperationState("unknown")

    async def content(self, slot: str, destination: Path) -> None:
        """A zip of what the slot serves."""
        await self._read()
        if self.content_missing:
            raise PortError(f"The content of {slot} cannot be read.")
        package(destination, self.sites[slot].content or "")

    async def differences(self, slot: str) -> tuple[str, ...]:
        """What was made to differ."""
        await self._read()
        if self.unreadable_settings:
            raise PortError("The settings may not be read.", status=403)
        return self.differs

    async def signing_in(self, slot: str) -> tuple[str, ...]:
        """What was made to have a sign-in."""
        await self._read()
        return self.signs_in

    async def shares(self) -> Mapping[str, float]:
        """What is routed to the slot."""
        await self._read()
        return {SLOT: self.share} if self.share else {}

    # -- WebApps: changing -----------------------------------------------------------------------------------------

    async def create_slot(self, slot: str) -> Accepted:
        """Create a slot."""
        return await self._send(Call(self.loop.time(), "create", slot))

    async def swap(self, slot: str) -> Accepted:
        """Swap a slot with production."""
        return await self._send(Call(self.loop.time(), "swap", slot))

    async def route(self, slot: str, percent: float) -> Accepted:
        """Route a share of the sessions; in force as soon as it has arrived."""
        return await self._send(Call(self.loop.time(), "route", slot, percent=percent))

    async def preview(self, slot: str) -> Accepted:
        """Give a slot production's settings: it restarts with them."""
        return await self._send(Call(self.loop.time(), "preview", slot))

    async def reset_preview(self, slot: str) -> Accepted:
        """Give it its own settings back."""
        return await self._send(Call(self.loop.time(), "reset", slot))

    async def deploy(self, slot: str, package: Path) -> Accepted:
        """Start a zip deployment."""
        try:
            with zipfile.ZipFile(package) as archive:
                version = archive.read("version.txt").decode()
        except OSError as error:
            raise PortError(f"{package.name} cannot be read.") from error
        return await self._send(Call(self.loop.time(), "deploy", slot, version))

    async def send(self, call: Call) -> Accepted:
        """What another port of this world sends that would change something."""
        return await self._send(call)

    async def send_flag(self, enabled: bool, percent: float | None, etag: str) -> Accepted:
        """Change the flag; in force as soon as it has arrived, if it is still what was read."""
        call = Call(
            self.loop.time(),
            "flag",
            PRODUCTION,
            percent=percent or 0.0,
            enabled=enabled,
            kept=percent is None,
            etag=etag,
        )
        return await self._send(call)

    async def _send(self, call: Call) -> Accepted:
        self.witness(call)
        self.calls.append(call)
        fault = self.faults[call.kind].pop(0) if self.faults[call.kind] else None
        if fault is Fault.UNSENT or self._unreached(call):
            await asyncio.sleep(WAY)
            raise PortError("The service cannot be reached: the request never left.")
        answer: asyncio.Future[Accepted] = self.loop.create_future()
        way = 2.0 if fault is Fault.LATE else WAY
        if fault is not Fault.LOST_BEFORE:
            self._on_the_way.append(self.loop.call_later(way, self._arrived, call, fault, answer))
        if fault in (Fault.LATE, Fault.LOST_BEFORE):
            await asyncio.sleep(2 * WAY)
            raise PortError("No answer came back.", ambiguous=True)
        return await answer

    def _unreached(self, call: Call) -> bool:
        """Resource Manager is gone; the flags have a store of their own."""
        return call.kind != "flag" and any(begin <= call.at < end for begin, end in self.unreachable)

    def _arrived(self, call: Call, fault: Fault | None, answer: asyncio.Future[Accepted]) -> None:
        result = self._taken(call, fault)
        back = 10.0 if fault is Fault.SLOW_ANSWER else WAY

        def answered() -> None:
            if answer.done():
                return
            if isinstance(result, PortError):
                answer.set_exception(result)
            else:
                answer.set_result(result)

        self.loop.call_later(back, answered)

    def _taken(self, call: Call, fault: Fault | None) -> Accepted | PortError:
        """The service has the request: what it does, and what it answers."""
        if fault is Fault.ERROR_BEFORE:
            return PortError("The service is unavailable.", ambiguous=True, status=503)
        if fault is Fault.FORBIDDEN or any(begin <= call.at < end for begin, end in self.forbidden):
            return FORBIDDEN
        if fault is Fault.SCALED:
            return PortError(SCALED, status=400, again=True)
        if fault is Fault.REFUSED:
            return PortError("The request is not valid.", status=400)
        prepared = call.kind == "swap" and self.pending_preview is not None and self.preview_on != call.slot
        busy = call.kind != "flag" and (prepared or self._busy(call))
        if fault is Fault.CONFLICT or busy:
            return PortError("Another operation is in progress.", status=409)
        return self._begun(call, fault)

    def _begun(self, call: Call, fault: Fault | None) -> Accepted | PortError:
        begin = {
            "swap": lambda: self._begin_swap(fault),
            "create": lambda: self._begin_create(call.slot),
            "route": lambda: self._begin_route(call.percent),
            "pipeline": lambda: self._begin_pipeline(call, fault),
            "preview": lambda: self._begin_preview(call.slot, PRODUCTION, fault),
            "reset": lambda: self._begin_preview(call.slot, None, fault),
        }
        if call.kind == "flag":
            wrong = self.flags.taken(call)
            if wrong is not None:
                return wrong
            operation = ""
        elif call.kind == "deploy":
            if call.slot not in self.sites:
                return PortError(f"There is no slot {call.slot}.", status=404)
            operation = self._begin_deploy(call.slot, call.version, fault)
        else:
            operation = begin[call.kind]()
        if fault in (Fault.LOST_AFTER, Fault.ERROR_AFTER):
            return PortError("The answer was lost.", ambiguous=True, status=502 if fault is Fault.ERROR_AFTER else None)
        if fault is Fault.VANISHES and operation:
            self._operations[operation].found = False
        return Accepted("" if fault is Fault.NO_OPERATION else operation)

    def _busy(self, call: Call) -> bool:
        deploying = self._deploying(call.slot)
        return self._swap is not None or (call.kind == "deploy" and deploying)

    def _deploying(self, slot: str) -> bool:
        return any(self._operations[one].state == "running" for one in self._deployments.get(slot, ()))

    def _new_operation(self, kind: str) -> tuple[str, _Operation]:
        name, operation = f"{kind}-{len(self._operations) + 1}", _Operation()
        self._operations[name] = operation
        return name, operation

    def _begin_route(self, percent: float) -> str:
        self.share = percent
        self.users.routed.append((self.clock.now(), percent, self.slot or ""))
        return ""

    def _begin_preview(self, slot: str, target: str | None, fault: Fault | None) -> str:
        """In force at once; the slot restarts with other settings. What is so already is left alone."""
        if fault is not Fault.FAILS and self.pending_preview != target:
            self.pending_preview, self.preview_on = target, slot if target else None
            site = self.sites[slot]
            site.answer(None)
            self.loop.call_later(RESTARTING, lambda: site.answer(site.content))
        return ""

    def _begin_create(self, slot: str) -> str:
        name, operation = self._new_operation("create")

        def created() -> None:
            self.sites.setdefault(slot, Site.serving(slot, None, 1))
            operation.state = "succeeded"

        self.loop.call_later(CREATED, created)
        return name

    def _begin_pipeline(self, call: Call, fault: Fault | None) -> str:
        """A run that waits for an agent, and deploys then as anybody does."""
        name, operation = self._new_operation("pipeline")
        self.pipeline_runs[name] = call.run

        def works() -> None:
            deployment = self._operations[self._begin_deploy(call.slot, call.version, fault)]
            self.loop.call_later(self.laying_s + WAY, ended, deployment)

        def ended(deployment: _Operation) -> None:
            operation.state, operation.words = deployment.state, deployment.words

        self.loop.call_later(QUEUED, works)
        return name

    def _begin_deploy(self, slot: str, version: str, fault: Fault | None) -> str:
        name, operation = self._new_operation("deploy")
        self._deployments.setdefault(slot, []).append(name)

        def laid_down() -> None:
            if fault is Fault.FAILS:
                operation.state, operation.words = "failed", "The package cannot be deployed."
                return
            operation.state = "succeeded"
            site = self.sites[slot]
            site.content = version
            site.answer(None)
            self.loop.call_later(RESTARTING, restarted)

        def restarted() -> None:
            site = self.sites[slot]
            site.answer(site.content)
            if slot == PRODUCTION:
                self.users.timeline.append((self.clock.now(), site.content or ""))

        self.loop.call_later(self.laying_s, laid_down)
        return name

    def _begin_swap(self, fault: Fault | None) -> str:
        name, operation = self._new_operation("swap")
        self._swap = name
        # What was laid into the slot before is served first.
        wait = self.swap_hangs_s + (self.laying_s + RESTARTING if self._deploying(SLOT) else 0.0)
        if fault in (Fault.FAILS, Fault.SCALED_LATER):
            operation.again = fault is Fault.SCALED_LATER
            self.loop.call_later(wait + SWAP_FIRST, self._swap_failed, operation)
            return name
        for after, phase in ((SWAP_FIRST, self._switch), (SWAP_LAST, self._switched)):
            self.loop.call_later(wait + after, phase)
        self.loop.call_later(wait + SWAP_END, self._swap_ended, operation)
        return name

    def _swap_failed(self, operation: _Operation) -> None:
        words = SCALED if operation.again else "The worker process for the slot could not be started."
        operation.state, operation.words = "failed", words
        self._swap = None

    def _switch(self) -> None:
        """The first instance of production serves what the slot held; the slot restarts with what production held."""
        production, slot = self.sites[PRODUCTION], self.sites[SLOT]
        production.content, slot.content = slot.content, production.content
        production.instances[next(iter(production.instances))] = production.content
        slot.answer(None)
        # A swap completes the preview that prepared it.
        self.pending_preview = self.preview_on = None
        self.loop.call_later(self.swap_told_s, self._tell_swap, f"{self.clock.now():.3f}")
        self.switches.append(Switch(self.loop.time(), production.content or ""))
        self.users.timeline.append((self.clock.now(), production.content or ""))

    def _tell_swap(self, at: str) -> None:
        self._last_swap = (at, SLOT)

    def _switched(self) -> None:
        self.sites[PRODUCTION].answer(self.sites[PRODUCTION].content)

    def _swap_ended(self, operation: _Operation) -> None:
        self.sites[SLOT].answer(self.sites[SLOT].content)
        operation.state, self._swap = "succeeded", None

    # -- Probe -----------------------------------------------------------------------------------------------------

    async def look(self, slot: str, *, by_cookie: bool = False, as_new: bool = False) -> Sighting:
        """One answer of an instance in turn; a dead version answers 503 without telling who it is."""
        await asyncio.sleep(LOOK)
        # A new session may be routed to the slot.
        at, site = self.clock.now(), self.sites.get(SLOT if as_new and self.share else slot)
        if slot in self.hangs:
            await asyncio.sleep(HANGS)
            return Sighting(self.clock.now(), None, None, None, HANGS * 1000.0, "no whole answer")
        if site is None or self.network_down:
            return Sighting(at, None, None, None, LOOK * 1000.0, "no connection")
        self._looks += 1
        name = tuple(site.instances)[self._looks % len(site.instances)]
        version = site.instances[name]
        if version is None or self._behaviour(version).dead:
            return Sighting(at, 503, None, None, LOOK * 1000.0)
        return Sighting(at, 200, version, name, LOOK * 1000.0, commit=self.commits.get(version))

    def _behaviour(self, version: str) -> Behaviour:
        """A release's defect shows once users have met it."""
        met = any(switch.production == version for switch in self.switches)
        met = met or any(who == version for _, _, who in self.users.routed)
        return self.users.behaviours.get(version, Behaviour()) if met else Behaviour()

    async def flag(self, slot: str, name: str) -> FlagLook:
        """What an instance in turn says of the flag."""
        seen = await self.look(slot)
        if not seen.ok or seen.instance is None:
            return FlagLook(seen.at, None, None, None, seen.error or f"{seen.status}")
        number = tuple(self.sites[slot].instances).index(seen.instance)
        return replace(self.flags.known(seen.instance, number), version=seen.version)

    async def smoke(self, slot: str) -> tuple[SmokeResult, ...]:
        """Two tests."""
        await asyncio.sleep(4 * LOOK)
        health = SmokeResult("health", True, "200", 30.0)
        fails = self.smoke_fails or (self.smoke_fails_previewed and self.preview_on is not None)
        bad = SmokeResult("goals", not fails, "500" if fails else "200", 90.0)
        return health, bad

    async def warm(self, slot: str, times: int) -> tuple[float, ...]:
        """Every page is answered."""
        await asyncio.sleep(times * LOOK)
        return (90.0,) * times

    async def second_host(self) -> bool:
        """Another host answers unless our own network is down."""
        await asyncio.sleep(LOOK)
        return not self.network_down

    def planned(self, act: Act) -> tuple[PlannedRequest, ...]:
        """Nothing is planned in a simulated world."""
        return ()


def forward_switches(switches: Sequence[Switch]) -> int:
    """How many swaps brought the new version into production."""
    return sum(1 for switch in switches if switch.production == NEW)
