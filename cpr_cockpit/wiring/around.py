"""What a place has around the app, for sensors: staging, the page, alert rules, backups, the dashboard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cpr_cockpit.config import Environment

_HOUR_S = 3600.0
_GOALS = "/api/v1/goals"


@dataclass(frozen=True, slots=True)
class Around:
    """Empty where nothing is declared. ``ui_origin``: of the page; ``front_addresses``: of a front before the app.

    ``staging_page_url``: of staging's page; ``staging_app_insights_id``: of its application in the workspace.
    ``backup_s``: how old the newest restore point may be, in seconds. ``signed_in_path``: what a user's token opens.
    """

    staging_urls: tuple[str, ...] = ()
    staging_page_url: str = ""
    staging_app_insights_id: str = ""
    ui_origin: str = ""
    front_addresses: tuple[str, ...] = ()
    alert_rules: tuple[str, ...] = ()
    backup_s: float = 24 * _HOUR_S
    dashboard_id: str = ""
    signed_in_path: str = ""


def around_of(environment: Environment) -> Around:
    """As an environment of ``cockpit.toml`` declares it."""
    return Around(
        staging_urls=environment.staging_urls,
        staging_page_url=environment.staging_page_url or "",
        staging_app_insights_id=environment.staging_app_insights_id,
        ui_origin=environment.ui_origin,
        front_addresses=environment.front_addresses,
        alert_rules=environment.alert_rules,
        backup_s=environment.backup_hours * _HOUR_S,
        dashboard_id=environment.dashboard_id,
    )


def around_lab(ready: Mapping[str, Any]) -> Around:
    """As a lab declares it; one of an older program has nothing of it."""
    staging_url = str(ready.get("staging_url") or "")
    return Around(
        staging_urls=(staging_url,) if staging_url else (),
        staging_page_url=staging_url,
        staging_app_insights_id=str(ready.get("staging_app_insights_id") or ""),
        ui_origin=str(ready.get("ui_origin") or ""),
        alert_rules=tuple(str(one) for one in ready.get("alert_rules") or ()),
        dashboard_id=str(ready.get("dashboard_id") or ""),
        signed_in_path=_GOALS if ready.get("ui_origin") else "",
    )
