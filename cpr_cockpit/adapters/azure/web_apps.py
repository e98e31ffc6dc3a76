"""App Service behind the port: one pinned app, its slots, swaps and zip deployments."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cpr_cockpit.adapters.azure import likeness, operations, previews, traffic_routing
from cpr_cockpit.adapters.azure.environment import is_loopback
from cpr_cockpit.adapters.azure.kudu import Kudu
from cpr_cockpit.adapters.azure.manager import API_VERSION, Manager
from cpr_cockpit.adapters.azure.new_slot import like_production
from cpr_cockpit.adapters.azure.sites import ToldSite, told
from cpr_cockpit.core.plan import Act, ActKind
from cpr_cockpit.core.ports import (
    PRODUCTION,
    Accepted,
    OperationState,
    PlannedRequest,
    PortError,
    SlotFacts,
    SwapStatus,
)

SWAP_BODY = {"targetSlot": PRODUCTION, "preserveVnet": True}


class AzureWebApps:
    """The WebApps port over azure-mgmt-web and Kudu; ``own``: settings that a new slot has with values of its own."""

    def __init__(self, manager: Manager, kudu: Kudu, own: Mapping[str, str] | None = None) -> None:
        self._manager = manager
        self._kudu = kudu
        self._own = own or {}
        self._environment = manager.environment
        self._group, self._app = self._environment.resource_group, self._environment.app
        # A slot's hosts stay where they are in a swap, so they are read once; ``_hosts`` tells the slot of each.
        self._kudu_hosts: dict[str, str] = {}
        self._hosts: dict[str, str] = {}

    # -- reading ---------------------------------------------------------------------------------------------------

    async def slots(self) -> tuple[SlotFacts, ...]:
        """Production first, then every slot."""
        return tuple(site.facts for site in await self._sites("Reading the app's slots"))

    async def swap_status(self) -> SwapStatus:
        """What the app and all its slots say of swaps: a preview shows on the slot that waits, an operation on both."""
        sites = await self._sites("Reading the state of swaps")
        last = sites[0].last_swap
        return SwapStatus(
            in_flight=next((site.operation for site in sites if site.operation), None),
            last_at=last.at if last else None,
            last_source=last.source if last else None,
            last_destination=last.destination if last else None,
            pending_preview=next((site.preview for site in sites if site.preview), None),
            preview_on=next((site.facts.name for site in sites if site.preview), None),
        )

    async def _sites(self, doing: str) -> tuple[ToldSite, ...]:
        """The app itself, then its slots, read afresh."""
        web_apps = self._manager.client.web_apps

        async def production() -> ToldSite:
            return told(await web_apps.get(self._group, self._app))

        async def others() -> list[ToldSite]:
            return [told(site) async for site in web_apps.list_slots(self._group, self._app)]

        first, rest = await asyncio.gather(self._manager.read(doing, production), self._manager.read(doing, others))
        sites = (first, *rest)
        self._kudu_hosts.update({site.facts.name: site.kudu for site in sites if site.kudu})
        self._hosts = {site.facts.host.lower(): site.facts.name for site in sites}
        return sites

    async def instances(self, slot: str) -> tuple[str, ...]:
        """Names of the instances that run ``slot``; those that are stopped are left out."""
        web_apps = self._manager.client.web_apps

        async def listed() -> list[tuple[str, str]]:
            pages = (
                web_apps.list_instance_identifiers(self._group, self._app)
                if slot == PRODUCTION
                else web_apps.list_instance_identifiers_slot(self._group, self._app, slot)
            )
            return [(one.name or "", str(one.properties.state if one.properties else "")) async for one in pages]

        found = await self._manager.read(f"Reading the instances of {slot}", listed)
        return tuple(name for name, state in found if name and not state.upper().endswith("STOPPED"))

    async def shares(self) -> Mapping[str, float]:
        """Percentage of production's new sessions that each slot gets; without those that get none."""
        told, hosts = await asyncio.gather(traffic_routing.rules(self._manager), self._hosts_now())
        return traffic_routing.shares_of(told, hosts)

    async def shares_in(self, members: Mapping[str, Any]) -> Mapping[str, float]:
        """The same by the members of production's configuration as they were read; PortError.

        The slots are read only where a rule leads to one that was not met before.
        """
        told = traffic_routing.rules_of(members)
        hosts = self._hosts if traffic_routing.known(told, self._hosts) else await self._hosts_now()
        return traffic_routing.shares_of(told, hosts)

    async def _hosts_now(self) -> dict[str, str]:
        await self._sites(traffic_routing.READING)
        return self._hosts

    async def differences(self, slot: str) -> tuple[str, ...]:
        """In what ``slot`` differs from production, by name."""
        return await likeness.differences(self._manager, slot)

    async def signing_in(self, slot: str) -> tuple[str, ...]:
        """Which of production and ``slot`` have the platform's authentication switched on."""
        return await previews.signing_in(self._manager, slot)

    async def operation(self, operation: str) -> OperationState:
        """One look at an accepted operation; a vanished one, or one without an address, is ``unknown``."""
        return await operations.look(self._manager, operation)

    async def deployment(self, slot: str, operation: str) -> OperationState:
        """One look at a zip deployment by its id; with an empty id, at the newest one of the slot."""
        return await self._kudu.deployment(await self.kudu_host(slot), slot, operation)

    async def content(self, slot: str, destination: Path) -> None:
        """Save what ``slot`` serves as a zip at ``destination``."""
        await self._kudu.content(await self.kudu_host(slot), slot, destination)

    async def kudu_host(self, slot: str) -> str:
        """Host of the slot's Kudu, as Resource Manager names it; it stays where it is in a swap. PortError."""
        if slot not in self._kudu_hosts:
            await self._sites(f"Reading where slot {slot} is deployed to")
        host = self._kudu_hosts.get(slot)
        if host is None:
            raise PortError(
                f"Resource Manager names no deployment host for slot {slot} of {self._app}.",
                next_step="Check that the slot exists.",
            )
        if self._environment.loopback_only and not is_loopback(host):
            raise PortError(
                f"The deployment host of slot {slot} is {host}, not on this machine: a lab run goes nowhere else.",
                next_step="Begin again on a lab.",
            )
        return host

    # -- changing: each request is sent once -----------------------------------------------------------------------

    async def create_slot(self, slot: str) -> Accepted:
        """Create a slot with production's configuration, settings that stay with a slot left out."""
        doing = f"Creating slot {slot}"
        body = await like_production(self._manager, doing, self._own)
        answer = await self._manager.change(doing, "PUT", self._environment.slot_id(slot), body)
        return Accepted(operations.address(answer))

    async def swap(self, slot: str) -> Accepted:
        """Swap ``slot`` with production. PortError; ambiguous where the answer was lost or is a 5xx."""
        path = f"{self._environment.slot_id(slot)}/slotsswap"
        answer = await self._manager.change(f"Swapping slot {slot} with production", "POST", path, SWAP_BODY)
        return Accepted(operations.address(answer))

    async def route(self, slot: str, percent: float) -> Accepted:
        """Send that percentage of new sessions to ``slot``; it is in force when it is answered."""
        await traffic_routing.route(self._manager, slot, percent, await self._hosts_now())
        return Accepted("")

    async def preview(self, slot: str) -> Accepted:
        """Give ``slot`` production's settings: the first half of a swap."""
        await previews.apply(self._manager, slot, SWAP_BODY)
        return Accepted("")

    async def reset_preview(self, slot: str) -> Accepted:
        """Give ``slot`` its own settings back."""
        await previews.reset(self._manager, slot)
        return Accepted("")

    async def deploy(self, slot: str, package: Path) -> Accepted:
        """Start a zip deployment; ``operation`` is its id."""
        return await self._kudu.deploy(await self.kudu_host(slot), slot, package)

    # -- planning --------------------------------------------------------------------------------------------------

    def planned(self, act: Act) -> tuple[PlannedRequest, ...]:
        """The requests that ``act`` would send to Resource Manager and Kudu, with pinned ids; sends nothing."""
        slot, site = self._environment.slot_id(act.slot), self._environment.site_id
        state = (self._request("GET", site), self._request("GET", f"{site}/slots"))
        kudu = f"https://{self._kudu_hosts.get(act.slot, f'<deployment host of {act.slot}>')}"
        requests: dict[ActKind, tuple[PlannedRequest, ...]] = {
            ActKind.ENSURE_SLOT: (
                *state,
                self._request("PUT", slot, "only where it does not exist: production's configuration"),
            ),
            ActKind.KEEP_ARTIFACT: (PlannedRequest("GET", f"{kudu}/api/zip/site/wwwroot/"),),
            ActKind.DEPLOY: state
            if act.by
            else (
                *state,
                PlannedRequest("POST", f"{kudu}/api/zipdeploy?isAsync=true", f"the bytes of artifacts/{act.artifact}"),
                PlannedRequest("GET", f"{kudu}/api/deployments/<its id>"),
            ),
            ActKind.PROVE_SLOT: (self._request("GET", f"{slot}/instances"),),
            ActKind.PROVE_ALIKE: (
                self._request("POST", f"{site}/config/appsettings/list"),
                self._request("POST", f"{slot}/config/appsettings/list"),
                self._request("GET", f"{slot}/config/web"),
            ),
            ActKind.ROUTE: (
                self._request("GET", f"{site}/config/web"),
                self._request("PATCH", f"{site}/config/web", f"rampUpRules: {act.percent:g} % to {act.slot}"),
            ),
            ActKind.PREVIEW: (*state, self._request("POST", f"{slot}/{previews.APPLY}", json.dumps(SWAP_BODY))),
            ActKind.RESET_PREVIEW: (
                *state,
                self._request("POST", f"{slot}/{previews.RESET}", "only where this run's preview is still pending"),
            ),
            ActKind.SWAP: (
                *state,
                self._request("POST", f"{slot}/slotsswap", json.dumps(SWAP_BODY)),
                PlannedRequest("GET", "<the operation's address>"),
            ),
            ActKind.PROVE_SERVING: (self._request("GET", f"{site}/instances"), *state),
        }
        return requests.get(act.kind, ())

    def _request(self, method: str, path: str, body: str = "") -> PlannedRequest:
        return PlannedRequest(method, f"{self._environment.manager_url(path)}?api-version={API_VERSION}", body)
