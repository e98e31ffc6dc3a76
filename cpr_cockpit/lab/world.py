"""The world behind the lab's routes: its apps, and what they share: identity, scenario, telemetry, operation log."""

from __future__ import annotations

import asyncio
import secrets
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cpr_cockpit.lab import flags
from cpr_cockpit.lab import settings as app_settings
from cpr_cockpit.lab.gauges import Gauges
from cpr_cockpit.lab.key_values import KeyValues
from cpr_cockpit.lab.models import PRODUCTION, LabSettings, OperationLog
from cpr_cockpit.lab.regions import APP, Region, regions
from cpr_cockpit.lab.rest.signatures import AccessKey
from cpr_cockpit.lab.rights import Rights
from cpr_cockpit.lab.site import GREEN, OpenKudu, Site
from cpr_cockpit.lab.somebody import NAME, Somebody
from cpr_cockpit.lab.staging import Staging, StagingRegion
from cpr_cockpit.lab.troubles import COLD_SLOT, Troubles
from cpr_cockpit.lab.vault import Vault

if TYPE_CHECKING:
    from cpr_cockpit.lab.global_front import GlobalFront
    from cpr_cockpit.lab.proxy import FrontEnd
    from cpr_cockpit.lab.scenario import Scenario
    from cpr_cockpit.lab.telemetry import Telemetry
    from cpr_cockpit.lab.telemetry_faults import Fault

RESOURCE_GROUP = "rg-goals-lab"
# Of every app and slot.
TAGS = {"cpr-environment": "rehearsal"}

# Makes the front end of an app's hosts.
MakeFront = Callable[[Region], "FrontEnd"]


class World:
    """The state of the lab; attributes are read by its routes, changes go through the methods.

    `global_front`: what stands before several apps; None where there is one. `staging`: the app of staging, which is
    none of `sites`; None where there is none.
    """

    def __init__(
        self,
        settings: LabSettings,
        folder: Path,
        scenario: Scenario,
        telemetry: Telemetry,
        make_front: MakeFront,
        open_kudu: OpenKudu,
    ) -> None:
        self.settings = settings
        self.folder = folder
        self.scenario = scenario
        self.telemetry = telemetry
        self.log = OperationLog()
        self.rights = Rights()
        self.troubles = Troubles()
        self.vault = Vault()
        self.began = time.time()
        self.ui_url = ""  # of the host of the page
        self.resource_group = RESOURCE_GROUP
        self.tags = dict(TAGS)
        self.tenant, self.subscription, self.client_id, self.workspace_id = (str(uuid.uuid4()) for _ in range(4))
        self.client_secret = secrets.token_urlsafe(32)
        self.user_token, self.user_password = (secrets.token_urlsafe(24) for _ in range(2))
        self.configuration_key, self.identity_header = AccessKey.new(), secrets.token_hex(16)
        self.key_values = KeyValues()
        flags.put_first(self.key_values)
        # One database for all apps: a user who is sent to another one finds their goals there.
        self.environment = {
            "DATABASE": str(folder / "goals.sqlite3"),
            "USER_TOKEN": self.user_token,
            "USER_PASSWORD": self.user_password,
        }
        self.global_front: GlobalFront | None = None
        self.sites = {
            region.app: Site(self, region, make_front(region), open_kudu) for region in regions(settings.apps)
        }
        self.staging: Staging | None = None
        if settings.staging:
            region = StagingRegion(settings.apps, self.first.location)
            self.staging = Staging(self, region, make_front(region), open_kudu)
        self._somebody = Somebody(scenario, self._swap_by_somebody)
        if settings.telemetry_fault is not None:
            telemetry.faults.at_switch(settings.telemetry_fault, "")

    @property
    def first(self) -> Site:
        """The first app: the only one of a usual lab."""
        return self.sites[APP]

    @property
    def every(self) -> dict[str, Site]:
        """All that Resource Manager knows, by name: the apps, and staging."""
        return self.sites | ({} if self.staging is None else {self.staging.app: self.staging})

    async def open_slots(self, package: bytes, staged: bytes = b"") -> None:
        """Open all slots with `package` deployed, staging with `staged`, not yet started. Raises OSError."""
        for site in self.sites.values():
            await site.open_slots(package)
        if self.staging is not None:
            await self.staging.open(staged)

    def connect(self, configuration: str, identity: str, ca: Path) -> None:
        """Processes that start from now on read their flags from the store at `configuration`, as `identity` lets them.

        `ca`: file of the authority that they trust.
        """
        self.environment |= {
            "APP_CONFIGURATION": configuration,
            "FLAG_REFRESH": str(flags.refresh_interval(self.settings.window)),
            "IDENTITY_ENDPOINT": identity,
            "IDENTITY_HEADER": self.identity_header,
            "SSL_CERT_FILE": str(ca),
            "UI_ORIGIN": self.ui_url,
        }

    async def start(self) -> None:
        """Start every slot's process; requests that come meanwhile wait."""
        await asyncio.gather(*(site.start() for site in self.every.values()))
        self._take_troubles()
        gauges = Gauges(self.telemetry, self.telemetry.step, self._living, self._waiting)
        self.first.background(gauges.run(), "sample gauges")
        self.first.background(self._somebody.run(), "somebody else")
        if self.global_front is not None:
            self.first.background(self.global_front.run(), "check the health of the apps")

    def _living(self) -> Mapping[str, list[int]]:
        return {site.plan: list(site.living()) for site in self.sites.values()}

    def _waiting(self) -> dict[str, int]:
        return {
            site.metered(slot): waiting
            for site in self.sites.values()
            for slot, waiting in site.front.waiting().items()
        }

    def _swap_by_somebody(self, app: str) -> None:
        self.sites[app].begin_swap(GREEN, PRODUCTION, by=NAME)

    @property
    def app_insights_id(self) -> str:
        """Resource id of the component to which the processes of all apps report."""
        group = f"/subscriptions/{self.subscription}/resourceGroups/{self.resource_group}"
        return f"{group}/providers/Microsoft.Insights/components/{APP}"

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
        await self.tell_defects()

    async def tell_defects(self) -> None:
        """Every process of every app is told the defect that its version has now."""
        for site in self.sites.values():
            await site.tell_defects()

    def set_telemetry_fault(self, fault: Fault) -> None:
        """From now on `fault` is what is wrong with the telemetry of its sources."""
        self.telemetry.faults.begin(fault)
        self.log.add("telemetry.fault", faults=self.telemetry.faults.as_dict())

    def _take_troubles(self) -> None:
        """The troubles with the apps are those of the first one's slot."""
        site = self.first

        async def cold(there: bool) -> None:
            await (site.stop(GREEN) if there else site.start_slot(GREEN))

        self.troubles.watch(COLD_SLOT, cold)
        app_settings.take_troubles(self.troubles, site, GREEN)

    async def set_troubles(self, names: Iterable[str]) -> None:
        """These troubles, and no others, from now on. Raises ValueError where one is unknown."""
        await self.troubles.set(names)
        self.log.add("troubles.set", troubles=self.troubles.active)

    def described(self) -> dict[str, dict[str, Any]]:
        """The slots of each app; see `Site.described`."""
        return {app: site.described() for app, site in self.sites.items()}

    async def close(self) -> None:
        """Stop everything that runs."""
        await asyncio.gather(*(site.close() for site in self.every.values()))
