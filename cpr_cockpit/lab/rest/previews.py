"""Swapping with preview, and what a swap would change: `slotsdiffs`, `applySlotConfig`, `resetSlotConfig`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from cpr_cockpit.lab import connection_strings, sticky
from cpr_cockpit.lab.rest import scope, swaps
from cpr_cockpit.lab.rest.routing import Call, Route

if TYPE_CHECKING:
    from cpr_cockpit.lab.sticky import Difference


def routes() -> list[Route]:
    """Routes of previews."""
    return [
        *scope.both("POST", "/slotsdiffs", _differences),
        *scope.both("POST", "/applySlotConfig", _apply, mutates=True),
        *scope.both("POST", "/resetSlotConfig", _reset, mutates=True),
    ]


async def _differences(call: Call) -> web.Response:
    site, source = scope.site_of(call), scope.slot_of(call)
    target = site.slots[await swaps.target_of(call, source.name)]
    found = sticky.differences(source, target, site.sticky_settings)
    named = [scope.child(site, source, "slotsdiffs", one.name, _properties(one)) for one in found]
    return web.json_response({"value": named, "nextLink": None})


def _properties(difference: Difference) -> dict[str, Any]:
    string = connection_strings.named(difference.name)
    return {
        "level": difference.level,
        "settingType": "AppSetting" if string is None else "ConnectionString",
        "diffRule": difference.rule,
        "settingName": difference.name if string is None else string[0],
        "valueInCurrentSlot": difference.current,
        "valueInTargetSlot": difference.target,
        "description": difference.text,
    }


async def _apply(call: Call) -> web.Response:
    source = scope.slot_of(call).name
    await scope.site_of(call).apply_preview(source, await swaps.target_of(call, source))
    return web.Response(status=200)


async def _reset(call: Call) -> web.Response:
    """Of either slot of the pair: clients that undo a preview into production ask production."""
    await scope.site_of(call).reset_preview(scope.slot_of(call).name)
    return web.Response(status=200)
