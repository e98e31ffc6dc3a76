"""Swap with preview over Resource Manager: begin it, undo it, and whether App Service allows it.

Neither request is a long-running operation (azure-mgmt-web: ``apply_slot_configuration_slot`` and
``reset_slot_configuration_slot`` return nothing), so what came of one is read from ``targetSwapSlot``.
"""

from __future__ import annotations

import asyncio
from typing import Any

from cpr_cockpit.adapters.azure.manager import Manager
from cpr_cockpit.core.ports import PRODUCTION

APPLY, RESET = "applySlotConfig", "resetSlotConfig"


async def apply(manager: Manager, slot: str, body: dict[str, Any]) -> None:
    """Give ``slot`` production's settings, once. PortError; ambiguous where it may have taken effect."""
    doing = f"Applying production's settings to slot {slot}"
    await manager.change(doing, "POST", f"{manager.environment.slot_id(slot)}/{APPLY}", body)


async def reset(manager: Manager, slot: str) -> None:
    """Give ``slot`` its own settings back, once. PortError as `apply`."""
    doing = f"Resetting the preview of slot {slot}"
    await manager.change(doing, "POST", f"{manager.environment.slot_id(slot)}/{RESET}", None)


async def signing_in(manager: Manager, slot: str) -> tuple[str, ...]:
    """Which of production and ``slot`` have the platform's authentication switched on. PortError."""
    web_apps = manager.client.web_apps
    place = (manager.environment.resource_group, manager.environment.app)

    async def switched_on(name: str) -> bool:
        async def once() -> bool:
            told = (
                await web_apps.get_auth_settings_v2_without_secrets(*place)
                if name == PRODUCTION
                else await web_apps.get_auth_settings_v2_without_secrets_slot(*place, name)
            )
            platform = (told.as_dict().get("properties") or {}).get("platform") or {}
            return bool(platform.get("enabled"))

        return await manager.read("Reading whether a sign-in is switched on", once)

    names = tuple(dict.fromkeys((PRODUCTION, slot)))
    found = await asyncio.gather(*(switched_on(name) for name in names))
    return tuple(name for name, on in zip(names, found, strict=True) if on)
