"""The two aiohttp applications the lab serves: one for the Resource Manager port, one for each Kudu port."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from cpr_cockpit.lab.errors import ApiError
from cpr_cockpit.lab.rest import (
    activity_log,
    backups,
    config,
    deployment_status,
    front,
    groups,
    identity,
    kudu,
    logs,
    metrics,
    permissions,
    plan,
    previews,
    references,
    release_annotations,
    resources,
    role_terms,
    routing,
    swaps,
    watching,
    web_jobs,
)
from cpr_cockpit.lab.rest.scope import Place
from cpr_cockpit.lab.rest.sites import Sites

if TYPE_CHECKING:
    from cpr_cockpit.lab.site import Site
    from cpr_cockpit.lab.world import World


def resource_manager_app(world: World) -> web.Application:
    """Token endpoint, Resource Manager, logs and metrics of `world`, all on one port."""
    routes = [
        *identity.routes(),
        *logs.routes(),
        *metrics.routes(),
        *permissions.routes(),
        *role_terms.routes(),
        *plan.routes(),
        *front.routes(),
        *groups.routes(),
        *watching.routes(),
        *backups.routes(),
        *references.routes(),
        *resources.routes(),
        *activity_log.routes(),
        *release_annotations.Annotations().routes(),
        *swaps.routes(),
        *previews.routes(),
        *config.routes(),
        *web_jobs.routes(),
        *deployment_status.routes(),
        *Sites().routes(),
    ]
    app = routing.application(world, routes, ApiError.body)

    async def let_go(_: web.Application) -> None:
        world.telemetry.faults.end()

    app.on_shutdown.append(let_go)
    return app


def kudu_app(site: Site, slot: str) -> web.Application:
    """Kudu (the SCM site) of the slot of `site` named `slot`."""
    app = routing.application(site.world, kudu.routes(Place(site, slot)), kudu.error_body)

    async def end_streams(_: web.Application) -> None:
        for instance in site.slots[slot].instances:
            instance.log.cut()

    app.on_shutdown.append(end_streams)
    return app
