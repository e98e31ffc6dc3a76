"""What the ready file tells of a world: its addresses and ids, and with what a client may come in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cpr_cockpit.lab import background, journeys, staging
from cpr_cockpit.lab.models import PRODUCTION
from cpr_cockpit.lab.rest import front, scope, tokens, watching
from cpr_cockpit.lab.site import GREEN

if TYPE_CHECKING:
    from cpr_cockpit.lab.site import Site
    from cpr_cockpit.lab.world import World


def ready_content(world: World, manager: str) -> dict[str, Any]:
    """Members of the ready file; `manager`: origin of Resource Manager.

    `apps` are all of them; the first is told beside them, too. `front_url` and `front_profile_id`: what stands before
    several apps, null where there is one. `workers`: the rule of the product's background work. `tag`: the tags of
    every app. `ui_origin`: the host of its page; `alert_rules`, `dashboard_id`: what watches it. `journeys`: tables as
    of `cockpit.toml`; their secret `login` is `user_password`. `staging_url`, `staging_app_insights_id`: null where
    there is no staging.
    """
    first = _app(world.first)
    several = world.global_front
    return {
        "resource_manager": manager,
        "authority": manager,
        "tenant": world.tenant,
        "client_id": world.client_id,
        "client_secret": world.client_secret,
        "subscription": world.subscription,
        "resource_group": world.resource_group,
        "slot": GREEN,
        "workspace_id": world.workspace_id,
        "app_insights_id": world.app_insights_id,
        **{name: first[name] for name in ("app", "plan_id", "production_url", "slot_url")},
        "database_id": scope.database_id(world),
        "logs": manager,
        "logs_audience": tokens.LOGS_AUDIENCE,
        "apps": [_app(site) for site in world.sites.values()],
        "front_url": None if several is None else f"https://{several.host}",
        "front_profile_id": None if several is None else front.profile_id(world),
        "user_token": world.user_token,
        "user_password": world.user_password,
        "journeys": {"journeys": journeys.TABLES},
        "workers": background.TABLE,
        "tag": dict(world.tags),
        "ui_origin": world.ui_url,
        "alert_rules": list(watching.RULES),
        "dashboard_id": watching.dashboard_id(world),
        **_of_staging(world),
    }


def _of_staging(world: World) -> dict[str, Any]:
    site = world.staging
    if site is None:
        return {"staging_url": None, "staging_app_insights_id": None}
    return {
        "staging_url": f"https://{site.slots[PRODUCTION].host}",
        "staging_app_insights_id": staging.component_id(world),
    }


def _app(site: Site) -> dict[str, str]:
    return {
        "app": site.app,
        "region": site.location,
        "production_url": f"https://{site.slots[PRODUCTION].host}",
        "slot_url": f"https://{site.slots[GREEN].host}",
        "plan_id": scope.plan_id(site),
    }
