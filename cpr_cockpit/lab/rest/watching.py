"""What watches the apps: alert rules, whom they call, the component that collects telemetry, the dashboard.

Shapes as in the examples of Azure's REST reference: Microsoft.Insights metricAlerts 2018-03-01, scheduledQueryRules
2021-08-01, actionGroups 2021-09-01, components 2020-02-02; Microsoft.Portal dashboards 2020-09-01-preview.
"""

from __future__ import annotations

from typing import Any

from aiohttp import web

from cpr_cockpit.lab.models import PRODUCTION
from cpr_cockpit.lab.regions import APP
from cpr_cockpit.lab.rest import errors, scope
from cpr_cockpit.lab.rest.routing import Call, Route
from cpr_cockpit.lab.rest.wire import utc
from cpr_cockpit.lab.troubles import DISABLED_ALERT
from cpr_cockpit.lab.world import World

_INSIGHTS = scope.GROUP + "/providers/Microsoft.Insights"
_DASHBOARD_TYPE = "Microsoft.Portal/dashboards"
_GROUP_NAME, _DASHBOARD_NAME = "ag-goals-on-call", "goals-overview"
SERVER_ERRORS, EXCEPTIONS = "goals-server-errors", "goals-exceptions"
RULES = (SERVER_ERRORS, EXCEPTIONS)
"""The names of the lab's alert rules: one over a metric, one over the logs."""


def routes() -> list[Route]:
    """Routes of all of them; they are read only."""
    return [
        Route("GET", _INSIGHTS + "/metricAlerts/{rule}", _metric_rule),
        Route("GET", _INSIGHTS + "/scheduledQueryRules/{rule}", _query_rule),
        Route("GET", _INSIGHTS + "/actionGroups/{name}", _action_group),
        Route("GET", _INSIGHTS + "/components/{component}", _component),
        Route("GET", scope.GROUP + f"/providers/{_DASHBOARD_TYPE}/{{dashboard}}", _dashboard),
    ]


def dashboard_id(world: World) -> str:
    """Resource id of the lab's dashboard."""
    return f"{scope.group_id(world)}/providers/{_DASHBOARD_TYPE}/{_DASHBOARD_NAME}"


def _resource(world: World, kind: str, name: str, location: str, properties: dict[str, Any]) -> web.Response:
    id = f"{scope.group_id(world)}/providers/{kind}/{name}"
    body = {"id": id, "name": name, "type": kind, "location": location, "tags": {}, "properties": properties}
    return web.json_response(body)


def _named(call: Call, part: str, kind: str, name: str) -> None:
    """Raises ApiError 404 unless the path names this one."""
    scope.check_group(call)
    asked = call.parts[part]
    if asked.lower() != name:
        raise errors.unknown_resource(f"{kind}/{asked}", call.parts["group"])


def _group_id(world: World) -> str:
    return f"{scope.group_id(world)}/providers/Microsoft.Insights/actionGroups/{_GROUP_NAME}"


async def _metric_rule(call: Call) -> web.Response:
    kind, world = "Microsoft.Insights/metricAlerts", call.world
    _named(call, "rule", kind, SERVER_ERRORS)
    criterion = {
        "name": "server errors",
        "metricName": "Http5xx",
        "metricNamespace": "Microsoft.Web/sites",
        "dimensions": [],
        "operator": "GreaterThan",
        "threshold": 10.0,
        "timeAggregation": "Total",
        "criterionType": "StaticThresholdCriterion",
    }
    return _resource(
        world,
        kind,
        SERVER_ERRORS,
        "global",
        {
            "description": "Answers of 5xx",
            "severity": 1,
            "enabled": not world.troubles.has(DISABLED_ALERT),
            "scopes": [scope.slot_id(world.first, world.first.slots[PRODUCTION])],
            "evaluationFrequency": "PT1M",
            "windowSize": "PT5M",
            "criteria": {
                "odata.type": "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria",
                "allOf": [criterion],
            },
            "autoMitigate": True,
            "actions": [{"actionGroupId": _group_id(world), "webHookProperties": {}}],
        },
    )


async def _query_rule(call: Call) -> web.Response:
    kind, world = "Microsoft.Insights/scheduledQueryRules", call.world
    _named(call, "rule", kind, EXCEPTIONS)
    criterion = {
        "query": "AppExceptions | summarize Count = count() by bin(TimeGenerated, 5m)",
        "timeAggregation": "Total",
        "metricMeasureColumn": "Count",
        "dimensions": [],
        "operator": "GreaterThan",
        "threshold": 20.0,
        "failingPeriods": {"numberOfEvaluationPeriods": 1, "minFailingPeriodsToAlert": 1},
    }
    return _resource(
        world,
        kind,
        EXCEPTIONS,
        world.first.location,
        {
            "displayName": EXCEPTIONS,
            "severity": 2,
            "enabled": True,
            "evaluationFrequency": "PT5M",
            "scopes": [world.app_insights_id],
            "windowSize": "PT5M",
            "criteria": {"allOf": [criterion]},
            "actions": {"actionGroups": [_group_id(world)], "customProperties": {}},
        },
    )


async def _action_group(call: Call) -> web.Response:
    kind = "Microsoft.Insights/actionGroups"
    _named(call, "name", kind, _GROUP_NAME)
    person = {"name": "on call", "emailAddress": "on-call@example.org", "status": "Enabled"}
    return _resource(
        call.world,
        kind,
        _GROUP_NAME,
        "Global",
        {
            "groupShortName": "goals",
            "enabled": True,
            "emailReceivers": [person | {"useCommonAlertSchema": True}],
            "smsReceivers": [],
            "webhookReceivers": [],
        },
    )


async def _component(call: Call) -> web.Response:
    kind, world = "Microsoft.Insights/components", call.world
    _named(call, "component", kind, APP)
    return _resource(
        world,
        kind,
        APP,
        world.first.location,
        {
            "Application_Type": "web",
            "RetentionInDays": 90,
            "SamplingPercentage": None,
            "IngestionMode": "LogAnalytics",
            "DisableLocalAuth": True,
            "provisioningState": "Succeeded",
            "CreationDate": utc(world.began),
        },
    )


async def _dashboard(call: Call) -> web.Response:
    _named(call, "dashboard", _DASHBOARD_TYPE, _DASHBOARD_NAME)
    position = {"x": 0, "y": 0, "colSpan": 6, "rowSpan": 4}
    part = {"position": position, "metadata": {"type": "Extension/HubsExtension/PartType/MonitorChartPart"}}
    properties = {"lenses": [{"order": 0, "parts": [part]}], "metadata": {"model": {}}}
    return _resource(call.world, _DASHBOARD_TYPE, _DASHBOARD_NAME, call.world.first.location, properties)
