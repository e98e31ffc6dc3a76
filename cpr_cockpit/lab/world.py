"""The world behind the lab's routes: one app, its slots, and what can be done to them."""

from __future__ import annotations

import asyncio
import copy
import secrets
import time
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cpr_cockpit.lab import flags
from cpr_cockpit.lab.deploying import SUCCESS, Deploying
from cpr_cockpit.lab.gauges import Gauges
from cpr_cockpit.lab.key_values import KeyValues
from cpr_cockpit.lab.models import PRODUCTION, Deployment, LabSettings, Operation, OperationLog, Slot
from cpr_cockpit.lab.previewing import Previewing
from cpr_cockpit.lab.processes import Parts, Processes
from cpr_cockpit.lab.rest.faults import SwapFaults
from cpr_cockpit.lab.rest.signatures import AccessKey
from cpr_cockpit.lab.shares import read_rules
from cpr_cockpit.lab.somebody import Somebody
from cpr_cockpit.lab.swapping import Swapping

if TYPE_CHECKING:
    from cpr_cockpit.lab.proxy import FrontEnd
    from cpr_cockpit.lab.scenario import Scenario
    from cpr_cockpit.lab.telemetry import Telemetry
    from cpr_cockpit.lab.telemetry_faults import Fault

APP = "goals-lab"
RESOURCE_GROUP = "rg-goals-lab"
LOCATION = "westeurope"
GREEN = "green"
_STICKY_SETTING = "SLOT_ENVIRONMENT"
_CONFIG_WEB = {
    "numberOfWorkers": 1,
    "linuxFxVersion": "PYTHON|3.12",
    "alwaysOn": True,
    "healthCheckPath": "/api/health",
    "minTlsVersion": "1.2",
    "http20Enabled": False,
    "autoSwapSlotName": None,
    "experiments": {"rampUpRules": []},
}

# Opens the Kudu of the slot with this name in that world and returns its host, `localhost:PORT`.
OpenKudu = Callable[["World", str], Awaitable[str]]


class World:
    """The state of the lab; attributes are read by its routes, changes go through the methods."""

    def __init__(
        self,
        settings: LabSettings,
        folder: Path,
        front: FrontEnd,
        scenario: Scenario,
        telemetry: Telemetry,
        open_kudu: OpenKudu,
    ) -> None:
        self.settings = settings
        self.scenario = scenario
        self.telemetry = telemetry
        self.log = OperationLog()
        self.faults = SwapFaults()
        self.app, self.resource_group, self.location = APP, RESOURCE_GROUP, LOCATION
        self.tenant, self.subscription, self.client_id, self.workspace_id = (str(uuid.uuid4()) for _ in range(4))
        self.client_secret = secrets.token_urlsafe(32)
        self.user_token = secrets.token_urlsafe(24)
        self.configuration_key, self.identity_header = AccessKey.new(), secrets.token_hex(16)
        self.key_values = KeyValues()
        flags.put_first(self.key_values)
        self.slots: dict[str, Slot] = {}
        self.sticky: dict[str, list[str]] = {"appSettingNames": [_STICKY_SETTING]}
        self.plan_sku = {"name": "P1v3", "tier": "PremiumV3", "size": "P1v3", "family": "Pv3", "capacity": 1}
        self.last_swap: tuple[float, str, str] | None = None
        self._front = front
        self._open_kudu = open_kudu
        self._creating = asyncio.Lock()
        self._environment = {"DATABASE": str(folder / "goals.sqlite3"), "USER_TOKEN": self.user_token}
        parts = Parts(folder, front, scenario, telemetry, self.log, self._environment, APP, settings.seed)
        self._processes = Processes(parts, self.slots)
        self._swapping = Swapping(self, self._processes)
        self._previewing = Previewing(self, self._processes, self._swapping)
        self._deploying = Deploying(self, self._processes)
        self._somebody = Somebody(scenario, self._swapping, GREEN)
        if settings.telemetry_fault is not None:
            telemetry.faults.at_switch(settings.telemetry_fault, "")

    async def open_slots(self, package: bytes) -> None:
        """Open production and a second slot, both with `package` deployed, not yet started. Raises OSError."""
        for name in (PRODUCTION, GREEN):
            slot = await self.create_slot(name)
            slot.package = package
            first = Deployment(uuid.uuid4().hex, "ZipDeploy", received=slot.last_modified, started=slot.last_modified)
            first.message, first.ended, first.status = "Deployed before the lab began.", first.started, SUCCESS
            first.complete = first.active = True
            slot.deployments.append(first)

    def connect(self, configuration: str, identity: str, ca: Path) -> None:
        """Processes that start from now on read their flags from the store at `configuration`, as `identity` lets them.

        `ca`: file of the authority that they trust.
        """
        self._environment |= {
            "APP_CONFIGURATION": configuration,
            "FLAG_REFRESH": str(flags.refresh_interval(self.settings.window)),
            "IDENTITY_ENDPOINT": identity,
            "IDENTITY_HEADER": self.identity_header,
            "SSL_CERT_FILE": str(ca),
        }

    async def start(self) -> None:
        """Start every slot's process; requests that come meanwhile wait."""
        await asyncio.gather(*(self.restart(name) for name in self.slots))
        gauges = Gauges(self.telemetry, self.telemetry.step, self._processes.living, self._front.waiting)
        self._processes.background(gauges.run(), "sample gauges")
        self._processes.background(self._somebody.run(), "somebody else")

    @property
    def app_insights_id(self) -> str:
        """Resource id of the component to which the app's processes report."""
        group = f"/subscriptions/{self.subscription}/resourceGroups/{self.resource_group}"
        return f"{group}/providers/Microsoft.Insights/components/{self.app}"

    @property
    def sticky_settings(self) -> set[str]:
        """Names of the settings that stay with their slot in a swap."""
        return set(self.sticky.get("appSettingNames", ()))

    def busy(self) -> Operation | None:
        """The swap under way, or the beginning or end of one with preview."""
        return self._swapping.running

    def operation(self, id: str) -> Operation | None:
        """The swap with this id, running or ended."""
        return self._swapping.find(id)

    def begin_swap(self, source: str, target: str) -> Operation:
        """Accept a swap of two slots and let it run. Raises ApiError 409 where another one stands in its way."""
        return self._swapping.begin(source, target)

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

    async def create_slot(self, name: str) -> Slot:
        """A slot to which nothing is deployed yet, with production's settings; one that exists is returned as it is.

        Raises OSError where no port can be opened.
        """
        async with self._creating:
            if name not in self.slots:
                host, scm_host = await self._front.open(name), await self._open_kudu(self, name)
                self.telemetry.opened(name)
                pattern = self.slots.get(PRODUCTION)
                settings = {} if pattern is None else dict(pattern.settings)
                settings[_STICKY_SETTING] = name
                config = copy.deepcopy(_CONFIG_WEB if pattern is None else pattern.config_web)
                self.slots[name] = Slot(name, host, scm_host, settings, b"", time.time(), config_web=config)
                self.log.add("slot.created", slot=name)
        return self.slots[name]

    async def restart(self, name: str) -> None:
        """Start the slot's package in a new process, in the old one's place."""
        async with self._processes.lock(name):
            await self._processes.restart(self.slots[name])
        self.log.add("slot.restarted", slot=name)

    async def set_settings(self, name: str, settings: dict[str, str]) -> None:
        """Replace all settings of a slot; its process starts anew with them."""
        slot = self.slots[name]
        slot.settings, slot.last_modified = dict(settings), time.time()
        await self.restart(name)

    def set_configuration(self, name: str, members: dict[str, Any]) -> None:
        """Change members of a slot's `config/web`; production's ramp-up rules take effect at once.

        Raises ValueError or TypeError where no such rules can be.
        """
        slot = self.slots[name]
        if name == PRODUCTION and "experiments" in members:
            hosts = {one.host: one.name for one in self.slots.values() if one.name != PRODUCTION}
            shares = read_rules(members["experiments"], hosts)
            self._front.shares.put(shares)
            self._processes.reached([share.slot for share in shares if share.percentage])
            self.log.add("routing.changed", shares={share.slot: share.percentage for share in shares})
        slot.config_web.update(members)

    def scale_plan(self, name: str, capacity: int) -> None:
        """Run on another size, or on other workers."""
        self.plan_sku |= {"name": name, "size": name, "capacity": capacity}
        self.log.add("plan.scaled", sku=name, workers=capacity)

    def set_sticky(self, names: dict[str, list[str]]) -> None:
        """Say which settings stay with their slot in a swap."""
        self.sticky = names

    async def choose(
        self,
        scenario: str,
        *,
        version: str,
        window: float,
        share: float | None,
        factor: float | None,
        flag: str | None = None,
        telemetry_fault: Fault | None = None,
    ) -> None:
        """Choose what is wrong with `version`, and with all telemetry, from its switch on.

        `flag`: the feature flag to which that is bound. `telemetry_fault` None: what the lab was started with. Raises
        ValueError: unknown scenario or flag, bad number.
        """
        self.scenario.choose(scenario, version=version, window=window, share=share, factor=factor, flag=flag)
        self._somebody.again()
        self.log.add("scenario.chosen", scenario=scenario, version=version, flag=self.scenario.flag)
        faults = self.telemetry.faults
        if faults.awaits(version) if telemetry_fault is None else faults.at_switch(telemetry_fault, version):
            self.log.add("telemetry.fault", faults=faults.as_dict())
        await self._processes.tell_defects()

    def set_telemetry_fault(self, fault: Fault) -> None:
        """From now on `fault` is what is wrong with the telemetry of its sources."""
        self.telemetry.faults.begin(fault)
        self.log.add("telemetry.fault", faults=self.telemetry.faults.as_dict())

    def described(self) -> dict[str, dict[str, Any]]:
        """Version, instance and life of each slot's process."""
        return {
            name: {
                "version": "" if slot.instance is None else slot.instance.version,
                "instance": slot.instance_id,
                "alive": slot.instances_ready,
            }
            for name, slot in self.slots.items()
        }

    async def close(self) -> None:
        """Stop everything that runs."""
        await self._processes.close()
