"""The two aiohttp applications the lab serves: one for the Resource Manager port, one for each Kudu port."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from cpr_cockpit.lab.errors import ApiError
from cpr_cockpit.lab.rest import config, identity, kudu, logs, metrics, routing, swaps
from cpr_cockpit.lab.rest.sites import Sites

if TYPE_CHECKING:
    from cpr_cockpit.lab.world import World


def resource_manager_app(world: World) -> web.Application:
    """Token endpoint, Resource Manager, logs and metrics of `world`, all on one port."""
    routes = [
        *identity.routes(),
        *logs.routes(),
        *metrics.routes(),
        *swaps.routes(),
        *config.routes(),
        *Sites().routes(),
    ]
    return routing.application(world, routes, ApiError.body)


def kudu_app(world: World, slot: str) -> web.Application:
    """Kudu (the SCM site) of the slot named `slot`."""
    return routing.application(world, kudu.routes(slot), kudu.error_body)
