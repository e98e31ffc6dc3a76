"""What Resource Manager tells of alert rules, backups, the dashboard and the component: each fault by its name."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from cpr_cockpit.adapters.azure.alert_rules import AlertRules
from cpr_cockpit.adapters.azure.backups import Backups
from cpr_cockpit.adapters.azure.collecting import Dashboard, ErrorTracking
from cpr_cockpit.adapters.azure.database_room import DatabaseRoom
from cpr_cockpit.adapters.azure.query_proof import QueryProof
from cpr_cockpit.core.ports import PortError
from cpr_cockpit.core.sensing import Sensor, State
from tests.azure.clocks import FixedClock
from tests.azure.conftest import Azure
from tests.azure.sites import GROUP, SITE
from tests.azure.test_metrics_plan import NOW
from tests.azure.wire import Answer, Wire

INSIGHTS = f"{GROUP}/providers/Microsoft.Insights"
CALLED = f"{INSIGHTS}/actionGroups/ag"
DATABASE = f"{GROUP}/providers/Microsoft.Sql/servers/sql/databases/goals"
FLEXIBLE = f"{GROUP}/providers/Microsoft.DBforPostgreSQL/flexibleServers/goals"
BOARD = f"{GROUP}/providers/Microsoft.Portal/dashboards/board"
METRICS = "/providers/Microsoft.Insights/metrics"
KNOWN = {"interval": "PT1M", "value": [{"name": {"value": "Http5xx"}, "timeseries": [], "errorCode": "Success"}]}


@pytest.fixture
async def logs(azure: Azure) -> AsyncIterator[QueryProof]:
    made = QueryProof(azure.environment, azure.credential, azure.transport)
    yield made
    await made.close()


async def _told(sensor: Sensor) -> tuple[State, str]:
    (reading,) = await sensor.read()
    return reading.state, reading.words


def _rule(wire: Wire, **changes: Any) -> None:
    criterion = {"metricName": "Http5xx", "timeAggregation": "Total"}
    told = {"enabled": True, "scopes": [SITE], "criteria": {"allOf": [criterion]}}
    told |= {"actions": [{"actionGroupId": CALLED}]} | changes
    wire.on("GET", f"{INSIGHTS}/metricAlerts/errors", Answer(body={"properties": told}))
    wire.on("GET", SITE + METRICS, Answer(body=KNOWN))
    _group(wire)


def _group(wire: Wire, **changes: Any) -> None:
    told = {"enabled": True, "emailReceivers": [{"name": "x", "status": "Enabled"}]} | changes
    wire.on("GET", CALLED, Answer(body={"properties": told}))


def _alerts(azure: Azure, logs: QueryProof, *names: str) -> AlertRules:
    return AlertRules(azure.manager, FixedClock(NOW), names, logs)


async def test_a_rule_that_can_fire_and_calls_somebody(azure: Azure, wire: Wire, logs: QueryProof) -> None:
    _rule(wire)
    assert await _told(_alerts(azure, logs, "errors")) == (State.OK, "errors enabled, calls ag (1 receiver)")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"enabled": False}, "errors is not enabled"),
        ({"actions": []}, "errors calls nobody (no action group)"),
        ({"scopes": []}, "errors cannot fire: it names no resource, or no metric of one"),
        ({"scopes": [SITE + "x"]}, "errors cannot fire: Reading what the rule evaluates"),
    ],
)
async def test_a_rule_that_cannot_call_is_named(
    azure: Azure, wire: Wire, logs: QueryProof, changes: dict[str, Any], words: str
) -> None:
    _rule(wire, **changes)
    state, told = await _told(_alerts(azure, logs, "errors", "none"))
    assert state is State.FAILED
    assert told.startswith(words)
    assert told.endswith("; none does not exist")


@pytest.mark.parametrize(
    ("group", "words"),
    [
        ({"enabled": False}, "ag is not enabled"),
        ({"emailReceivers": [{"status": "Disabled"}]}, "ag has no receiver that is enabled"),
    ],
)
async def test_a_group_that_reaches_nobody_is_named(
    azure: Azure, wire: Wire, logs: QueryProof, group: dict[str, Any], words: str
) -> None:
    _rule(wire)
    _group(wire, **group)
    assert await _told(_alerts(azure, logs, "errors")) == (State.FAILED, f"errors calls nobody ({words})")


QUERY = {"query": "requests | count", "timeAggregation": "Count"}
COMPONENT = f"{INSIGHTS}/components/goals"
WEB_TEST = f"{INSIGHTS}/webtests/health"
OF_WEB_TEST = {
    "odata.type": "Microsoft.Azure.Monitor.WebtestLocationAvailabilityCriteria",
    "webTestId": WEB_TEST,
    "componentId": COMPONENT,
    "failedLocationCount": 2,
}


def _query_rule(wire: Wire, **changes: Any) -> None:
    told = {"scopes": [COMPONENT], "criteria": {"allOf": [QUERY]}, "actions": {"actionGroups": [CALLED]}} | changes
    wire.on("GET", f"{INSIGHTS}/scheduledQueryRules/errors", Answer(body={"properties": told}))
    wire.answer_batch([{"error": {"code": "BadArgumentError", "message": "no table requests"}}])
    _group(wire, emailReceivers=[{"name": "x", "status": "NotSpecified"}])


async def test_a_query_over_another_place_than_the_workspace_is_not_held_against_its_rule(
    azure: Azure, wire: Wire, logs: QueryProof
) -> None:
    """Over a component tables have other names than in its workspace; nor need the rule say that it is enabled."""
    _query_rule(wire)
    state, words = await _told(_alerts(azure, logs, "errors"))
    assert (state, words) == (State.NOTE, "errors enabled, calls ag (1 receiver); its query was not tried: over goals")


@pytest.mark.parametrize(("customer", "state"), [("itself", State.FAILED), ("another", State.NOTE)])
async def test_a_query_over_the_workspace_must_be_answered(
    azure: Azure, wire: Wire, logs: QueryProof, customer: str, state: State
) -> None:
    workspace = f"{GROUP}/providers/Microsoft.OperationalInsights/workspaces/logs"
    own = azure.environment.workspace_id if customer == "itself" else "22222222-2222-2222-2222-222222222222"
    wire.on("GET", workspace, Answer(body={"properties": {"customerId": own}}))
    _query_rule(wire, scopes=[workspace], enabled=True)
    assert (await _told(_alerts(azure, logs, "errors")))[0] is state


async def test_a_query_that_was_not_answered_in_time_is_no_fault_of_the_rule(
    azure: Azure, wire: Wire, logs: QueryProof
) -> None:
    _query_rule(wire)
    wire.answer_batch([{"error": {"code": "GatewayTimeout", "message": "too long"}}])
    with pytest.raises(PortError, match="too long"):
        await _alerts(azure, logs, "errors").read()


@pytest.mark.parametrize(
    ("changes", "state", "words"),
    [
        ({"criteria": OF_WEB_TEST}, State.OK, "errors enabled, calls ag (1 receiver)"),
        (
            {"criteria": OF_WEB_TEST | {"webTestId": WEB_TEST + "x"}},
            State.FAILED,
            "its web test healthx does not exist",
        ),
        ({"scopes": [GROUP]}, State.NOTE, "its metrics were not tried: over rg"),
        (
            {"criteria": {"allOf": [{"metricName": "Heap", "metricNamespace": "custom"}]}},
            State.NOTE,
            "not tried: custom",
        ),
    ],
    ids=["web test", "no web test", "a whole group", "custom metrics"],
)
async def test_metric_rules_of_every_kind(
    azure: Azure, wire: Wire, logs: QueryProof, changes: dict[str, Any], state: State, words: str
) -> None:
    _rule(wire, **changes)
    wire.on("GET", WEB_TEST, Answer(body={"properties": {"Enabled": True}}))
    found, told = await _told(_alerts(azure, logs, "errors"))
    assert (found, words in told) == (state, True), told


async def test_a_missing_right_is_no_fault_of_the_rule(azure: Azure, wire: Wire, logs: QueryProof) -> None:
    _rule(wire)
    wire.on("GET", CALLED, Answer(403, {"error": {"code": "AuthorizationFailed", "message": "no action"}}))
    with pytest.raises(PortError, match="ag"):
        await _alerts(azure, logs, "errors").read()


def _at(hours: float) -> str:
    return datetime.fromtimestamp(NOW - hours * 3600.0, UTC).isoformat()


@pytest.mark.parametrize(
    ("points", "state", "words"),
    [
        ([], State.FAILED, "the database has no restore point"),
        (
            [{"restorePointType": "DISCRETE", "restorePointCreationDate": _at(hours)} for hours in (30.0, 25.0)],
            State.FAILED,
            "2 restore points, the newest 25.0 h old, at most 24 h wanted",
        ),
        (
            [{"restorePointType": "CONTINUOUS", "earliestRestoreDate": _at(48.0)}],
            State.OK,
            "any moment of the last 48 h, kept continuously",
        ),
    ],
)
async def test_the_age_of_the_newest_restore_point(
    azure: Azure, wire: Wire, points: list[dict[str, Any]], state: State, words: str
) -> None:
    wire.on("GET", f"{DATABASE}/restorePoints", Answer(body={"value": [{"properties": one} for one in points]}))
    assert await _told(Backups(azure.manager, FixedClock(NOW), DATABASE, 86_400.0)) == (state, words)


async def test_a_flexible_server_tells_when_its_backups_were_complete(azure: Azure, wire: Wire) -> None:
    wire.on("GET", f"{FLEXIBLE}/backups", Answer(body={"value": [{"properties": {"completedTime": _at(2.0)}}]}))
    state, words = await _told(Backups(azure.manager, FixedClock(NOW), FLEXIBLE, 86_400.0))
    assert (state, words) == (State.OK, "1 restore points, the newest 2.0 h old, at most 24 h wanted")


async def test_the_newest_backup_may_be_on_a_later_page_and_a_list_without_value_is_not_read(
    azure: Azure, wire: Wire
) -> None:
    pages = [{"value": [{"properties": {"completedTime": _at(hours)}}]} for hours in (30.0, 2.0)]
    following = f"{wire.url}{FLEXIBLE}/backups?page=2"
    wire.on("GET", f"{FLEXIBLE}/backups", Answer(body=pages[0] | {"nextLink": following}), Answer(body=pages[1]))
    sensor = Backups(azure.manager, FixedClock(NOW), FLEXIBLE, 86_400.0)
    assert (await _told(sensor))[0] is State.OK
    wire.on("GET", f"{FLEXIBLE}/backups", Answer(body={}))
    with pytest.raises(PortError):
        await sensor.read()


@pytest.mark.parametrize(
    ("answer", "state", "words"),
    [
        (Answer(404, {"error": {"code": "ResourceNotFound", "message": "x"}}), State.FAILED, "board does not exist"),
        (Answer(body={"properties": {"lenses": []}}), State.FAILED, "board: 0 parts"),
        (Answer(body={"properties": {"lenses": {"0": {"parts": {"0": {}, "1": {}}}}}}), State.OK, "board: 2 parts"),
    ],
)
async def test_a_dashboard_that_shows_something(
    azure: Azure, wire: Wire, answer: Answer, state: State, words: str
) -> None:
    wire.on("GET", BOARD, answer)
    assert await _told(Dashboard(azure.manager, BOARD)) == (state, words)


async def test_the_component_and_its_exceptions(azure: Azure, wire: Wire, logs: QueryProof) -> None:
    component = azure.environment.app_insights_id
    assert await _told(ErrorTracking(azure.manager, logs)) == (State.FAILED, "the component goals does not exist")
    wire.on("GET", component, Answer(body={"properties": {"RetentionInDays": 90, "SamplingPercentage": 50}}))
    table = {"name": "PrimaryResult", "columns": [{"name": "TimeGenerated", "type": "datetime"}], "rows": [[_at(0.1)]]}
    wire.answer_batch([{"tables": [table]}])
    words = "goals: 1 exception in the last hour, 50 % kept, retention 90 days"
    assert await _told(ErrorTracking(azure.manager, logs)) == (State.OK, words)


@pytest.mark.parametrize(("sessions", "state"), [(30.0, State.OK), (45.0, State.FAILED)])
async def test_sessions_of_two_live_versions_against_the_limit(
    azure: Azure, wire: Wire, sessions: float, state: State
) -> None:
    points = [{"timeStamp": _at(0.05), "average": sessions}]
    value = {"name": {"value": "sessions_percent"}, "timeseries": [{"data": points}], "errorCode": "Success"}
    wire.on("GET", DATABASE + METRICS, Answer(body={"interval": "PT1M", "value": [value]}))
    found, words = await _told(DatabaseRoom(azure.manager, FixedClock(NOW), DATABASE, 80.0))
    assert found is state
    assert (
        words == f"sessions {sessions:.0f} % of the database, {2 * sessions:.0f} % with two live versions, limit 80 %"
    )
