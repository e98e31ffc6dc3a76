"""One app of the lab in its region: its slots, its plan, its hosts, and what can be done to them."""

from __future__ import annotations

import asyncio
import copy
import time
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cpr_cockpit.lab import background, connection_strings, settings
from cpr_cockpit.lab.deploying import SUCCESS, Deploying
from cpr_cockpit.lab.models import PRODUCTION, Deployment, Operation, OperationLog, Slot
from cpr_cockpit.lab.previewing import Previewing
from cpr_cockpit.lab.processes import Parts, Processes
from cpr_cockpit.lab.rest.faults import SwapFaults
from cpr_cockpit.lab.shares import read_rules
from cpr_cockpit.lab.swapping import Swapping

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from cpr_cockpit.lab.instance import TelemetrySink
    from cpr_cockpit.lab.proxy import FrontEnd
    from cpr_cockpit.lab.regions import Region
    from cpr_cockpit.lab.world import World

GREEN = "green"
# What a slot has of which nothing was said when it was created.
_NEW_CONFIG_WEB = {
    "linuxFxVersion": "",
    "alwaysOn": False,
    "healthCheckPath": None,
    "minTlsVersion": "1.2",
    "http20Enabled": False,
    "autoSwapSlotName": None,
    "experiments": {"rampUpRules": []},
}
_CONFIG_WEB = {"linuxFxVersion": "PYTHON|3.12", "alwaysOn": True, "healthCheckPath": "/api/health"}

# Opens the Kudu of the slot with this name of that site and returns its host, `localhost:PORT`.
OpenKudu = Callable[["Site", str], Awaitable[str]]


class Site:
    """The state of one app; attributes are read by the lab's routes, changes go through the methods."""

    def __init__(self, world: World, region: Region, front: FrontEnd, open_kudu: OpenKudu) -> None:
        self.world, self.settings, self.scenario = world, world.settings, world.scenario
        self.app, self.location, self.plan = region.app, region.location, region.plan
        self.seed = region.seed(world.settings.seed)
        self.log = self._operations()
        self.faults = SwapFaults()
        self.slots: dict[str, Slot] = {}
        self.sticky: dict[str, list[str]] = {"appSettingNames": [settings.STICKY, background.SETTING]}
        size = {"name": "P1v3", "tier": "PremiumV3", "size": "P1v3", "family": "Pv3"}
        self.plan_sku = size | {"capacity": world.settings.instances}
        self.last_swap: tuple[float, str, str] | None = None
        self.front = front
        self._open_kudu = open_kudu
        self._creating = asyncio.Lock()
        parts = Parts(
            world.folder,
            front,
            world.scenario,
            self._sink(),
            world.telemetry.faults,
            self.log,
            self._environment(),
            self.app,
            self.seed,
            world.settings.instances,
            world.vault,
        )
        self._processes = Processes(parts, self.slots, world.tell_defects)
        self._swapping = Swapping(self, self._processes)
        self._previewing = Previewing(self, self._processes, self._swapping)
        self._deploying = Deploying(self, self._processes)

    def _operations(self) -> OperationLog:
        """Where what changes it is written down: with its name where there are several."""
        return self.world.log.of(self.app) if self.world.settings.apps > 1 else self.world.log

    def _sink(self) -> TelemetrySink:
        """What takes the rows of its processes."""
        return self.world.telemetry

    def _environment(self) -> Mapping[str, str]:
        """What the platform gives to its processes."""
        return self.world.environment

    async def open_slots(self, package: bytes, names: Sequence[str] = (PRODUCTION, GREEN)) -> None:
        """Open production and a second slot, both with `package` deployed, not yet started. Raises OSError."""
        for name in names:
            slot = await self.create_slot(name, settings.of(name), _CONFIG_WEB)
            slot.package = package
            first = Deployment(uuid.uuid4().hex, "ZipDeploy", received=slot.last_modified, started=slot.last_modified)
            first.message, first.ended, first.status = "Deployed before the lab began.", first.started, SUCCESS
            first.complete = first.active = first.site_started = True
            slot.deployments.append(first)

    async def start(self) -> None:
        """Start every slot's process; requests that come meanwhile wait."""
        await asyncio.gather(*(self.restart(name) for name in self.slots))

    def background(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Run `work` until it ends or the lab does."""
        self._processes.background(work, name)

    def metered(self, slot: str) -> str:
        """Under which name the platform metrics keep a slot."""
        return metered(self.app, slot)

    def living(self) -> Iterable[int]:
        """Ids of the processes that live."""
        return self._processes.living()

    @property
    def sticky_settings(self) -> set[str]:
        """Names of the settings that stay with their slot in a swap."""
        strings = (connection_strings.variables(name) for name in self.sticky.get("connectionStringNames", ()))
        return set(self.sticky.get("appSettingNames", ())).union(*strings)

    def busy(self) -> Operation | None:
        """The swap under way, or the beginning or end of one with preview."""
        return self._swapping.running

    def operation(self, id: str) -> Operation | None:
        """The swap with this id, running or ended."""
        return self._swapping.find(id)

    def begin_swap(self, source: str, target: str, by: str = "") -> Operation:
        """Accept a swap of two slots and let it run; `by`: who asked for it, where that is no client of the lab.

        Raises ApiError 409 where another one stands in its way.
        """
        return self._swapping.begin(source, target, by)

    def preview_of(self, slot: str) -> Slot | None:
        """The source of the swap with preview in which the slot takes part."""
        return self._previewing.of(slot)

    async def apply_preview(self, source: str, target: str) -> None:
        """Begin a swap with preview. Raises ApiError 400 or 409; nothing is changed then."""
        await self._previewing.apply(source, target)

    async def reset_preview(self, slot: str) -> None:
        """Undo the swap with preview in which the slot takes part. Raises ApiError 409 while an operation runs."""
        await self._previewing.reset(slot)

    def begin_deploy(self, slot: str, package: bytes, deployer: str) -> Deployment:
        """Accept a zip deployment and let it run. Raises ApiError 409 while the slot is being changed otherwise."""
        return self._deploying.begin(self.slots[slot], package, deployer)

    async def create_slot(self, name: str, settings: Mapping[str, str], configuration: Mapping[str, Any]) -> Slot:
        """A slot with these settings and members of `config/web`, to which nothing is deployed yet.

        One that exists is returned as it is. Raises OSError where no port can be opened.
        """
        async with self._creating:
            if name not in self.slots:
                host, scm_host = await self.front.open(name), await self._open_kudu(self, name)
                self.world.telemetry.opened(self.metered(name))
                new = _NEW_CONFIG_WEB | {"numberOfWorkers": self.settings.instances} | dict(configuration)
                config = copy.deepcopy(new)
                self.slots[name] = Slot(name, host, scm_host, dict(settings), b"", time.time(), config_web=config)
                self.log.add("slot.created", slot=name)
        return self.slots[name]

    async def restart(self, name: str) -> None:
        """Start the slot's package in a new process, in the old one's place."""
        async with self._processes.lock(name):
            await self._processes.restart(self.slots[name])
        self.log.add("slot.restarted", slot=name)

    async def stop(self, name: str) -> None:
        """Stop the slot: none of its processes is left, and its host answers 503."""
        slot = self.slots[name]
        async with self._processes.lock(name):
            slot.state = "Stopped"
            self._processes.route({name: ()})
        self.log.add("slot.stopped", slot=name)

    async def start_slot(self, name: str) -> None:
        """Start a slot that was stopped."""
        self.slots[name].state = "Running"
        await self.restart(name)

    async def set_settings(self, name: str, settings: dict[str, str]) -> None:
        """Replace all settings of a slot; its process starts anew with them."""
        slot = self.slots[name]
        slot.settings, slot.last_modified = dict(settings), time.time()
        if slot.state == "Running":
            await self.restart(name)

    def set_configuration(self, name: str, members: dict[str, Any]) -> None:
        """Change members of a slot's `config/web`; production's ramp-up rules take effect at once.

        Raises ValueError or TypeError where no such rules can be.
        """
        slot = self.slots[name]
        if name == PRODUCTION and "experiments" in members:
            hosts = {one.host: one.name for one in self.slots.values() if one.name != PRODUCTION}
            shares = read_rules(members["experiments"], hosts)
            self.front.shares.put(shares)
            self._processes.reached(self.front.shares.reached)
            self.log.add("routing.changed", shares={share.slot: share.percentage for share in shares})
        slot.config_web.update(members)

    def scale_plan(self, name: str, capacity: int) -> None:
        """Run on another size, or on other workers."""
        self.plan_sku |= {"name": name, "size": name, "capacity": capacity}
        self.log.add("plan.scaled", sku=name, workers=capacity)

    def set_sticky(self, names: dict[str, list[str]]) -> None:
        """Say which settings stay with their slot in a swap."""
        self.sticky = names

    def admit(self, users: bool) -> None:
        """The global front sends users here from now on, or nobody: then none meets what is swapped in."""
        if users:
            self._processes.readmit(self.front.shares.reached)
        else:
            self._processes.leave()

    async def tell_defects(self) -> None:
        """Every process is told the defect that its version has now."""
        await self._processes.tell_defects()

    def described(self) -> dict[str, dict[str, Any]]:
        """Version, instance and life of each slot's process; `instances`: of all its processes, by their names."""
        return {
            name: {
                "version": "" if slot.instance is None else slot.instance.version,
                "instance": slot.instance_id,
                "alive": slot.instances_ready,
                "instances": [instance.id for instance in slot.instances],
            }
            for name, slot in self.slots.items()
        }

    async def close(self) -> None:
        """Stop everything that runs."""
        await self._processes.close()


def metered(app: str, slot: str) -> str:
    """The name of a slot of an app in the platform metrics."""
    return f"{app}/{slot}"
