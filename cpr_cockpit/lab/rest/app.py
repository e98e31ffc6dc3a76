"""The two aiohttp applications the lab serves: one for the Resource Manager port, one for each Kudu port."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from cpr_cockpit.lab.world import World


def resource_manager_app(world: World) -> web.Application:
    """Token endpoint, Resource Manager, logs and metrics of `world`, all on one port."""
    return web.Application()


def kudu_app(world: World, slot: str) -> web.Application:
    """Kudu (the SCM site) of the slot named `slot`."""
    return web.Application()
