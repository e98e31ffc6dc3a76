"""The query API of Azure Monitor Logs over the telemetry of the lab: one query, or a batch of them.

Sources: what azure-monitor-query 2.0.0 sends and reads, and error bodies as public issues and recorded tests of Azure's
SDKs show them. The lab answers at once, so `Prefer: wait=` changes nothing; statistics and visualizations are not made.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web

from cpr_cockpit.lab.errors import ApiError
from cpr_cockpit.lab.kql import KqlError, run, schema
from cpr_cockpit.lab.rest import durations
from cpr_cockpit.lab.rest.routing import Call, Route
from cpr_cockpit.lab.telemetry_faults import LOGS

if TYPE_CHECKING:
    from cpr_cockpit.lab.world import World

Rows = Mapping[str, Sequence[Mapping[str, Any]]]


class _Refusal(Exception):
    """An answer other than 200; `error` is the member of that name in its body."""

    def __init__(self, status: int, error: dict[str, Any]) -> None:
        super().__init__(status, error)
        self.status = status
        self.body = {"error": {**error, "correlationId": str(uuid.uuid4())}}


@dataclass(frozen=True, slots=True)
class _Asked:
    """A query that may be run; `span` limits TimeGenerated (epoch seconds, both ends included)."""

    text: str
    span: tuple[float, float] | None


def routes() -> list[Route]:
    """Routes of the logs."""

    def route(method: str, template: str, handler: Any) -> Route:
        return Route(method, template, handler, access="logs", api_version=False, source=LOGS)

    return [
        route("POST", "/v1/workspaces/{workspace}/query", _query),
        route("GET", "/v1/workspaces/{workspace}/query", _query),
        route("POST", "/v1/$batch", _batch),
    ]


async def _query(call: Call) -> web.Response:
    now = time.time()
    try:
        body = dict(call.request.query) if call.request.method == "GET" else await _json(call)
        asked = _asked(call.world, call.parts["workspace"], body, now)
        answer = await asyncio.to_thread(_answer, call.world, asked, _rows(call.world, [asked], now), now)
    except _Refusal as refusal:
        return web.json_response(refusal.body, status=refusal.status)
    return web.Response(text=answer, content_type="application/json")


async def _batch(call: Call) -> web.Response:
    """Every query of a batch has its own status; they all see the same rows."""
    now = time.time()
    try:
        items = _items(await _json(call))
    except _Refusal as refusal:
        return web.json_response(refusal.body, status=refusal.status)
    asked = [_asked_item(call.world, item, now) for item in items]
    rows = _rows(call.world, [one for one in asked if isinstance(one, _Asked)], now)
    answers = await asyncio.to_thread(lambda: [_batch_answer(call.world, one, rows, now) for one in asked])
    parts = [
        f'{{"id":{json.dumps(item["id"])},"status":{status},"headers":{{}},"body":{body}}}'
        for item, (status, body) in zip(items, answers, strict=True)
    ]
    return web.Response(text=f'{{"responses":[{",".join(parts)}]}}', content_type="application/json")


async def _json(call: Call) -> dict[str, Any]:
    try:
        return await call.json()
    except ApiError as error:
        raise _invalid(error.message) from error


def _items(body: dict[str, Any]) -> list[dict[str, Any]]:
    items = body.get("requests")
    if not isinstance(items, list) or not items:
        raise _invalid("the member 'requests' must be a list of queries")
    for item in items:
        if not isinstance(item, dict) or not isinstance(item.get("id"), str):
            raise _invalid("every item of 'requests' must be an object with an 'id'")
    return items


def _asked_item(world: World, item: dict[str, Any], now: float) -> _Asked | _Refusal:
    try:
        if item.get("path", "/query") != "/query" or item.get("method", "POST") not in ("GET", "POST"):
            raise _invalid("an item of a batch must be a GET or POST of '/query'")
        body = item.get("body")
        return _asked(world, str(item.get("workspace", "")), body if isinstance(body, dict) else {}, now)
    except _Refusal as refusal:
        return refusal


def _batch_answer(world: World, asked: _Asked | _Refusal, rows: Rows, now: float) -> tuple[int, str]:
    try:
        if isinstance(asked, _Refusal):
            raise asked
        return 200, _answer(world, asked, rows, now)
    except _Refusal as refusal:
        return refusal.status, json.dumps(refusal.body)


def _asked(world: World, workspace: str, body: Mapping[str, Any], now: float) -> _Asked:
    others = body.get("workspaces")
    for name in (workspace, *(others if isinstance(others, list) else ())):
        _check_workspace(world, str(name))
    text, span = body.get("query"), body.get("timespan")
    if not isinstance(text, str) or not text.strip():
        raise _invalid("the member 'query' must be a text that is not empty")
    try:
        return _Asked(text, durations.interval(str(span), now) if span else None)
    except ValueError as error:
        raise _invalid(f"the timespan is invalid: {error}") from error


def _check_workspace(world: World, asked: str) -> None:
    """Azure knows a workspace here by its id alone: a name that is no id is a path that leads nowhere."""
    if asked.lower() == world.workspace_id.lower():
        return
    try:
        uuid.UUID(asked)
    except ValueError as error:
        code, message = "PathNotFoundError", "The requested path does not exist"
        raise _Refusal(404, {"message": message, "code": code}) from error
    raise _Refusal(404, {"message": "The workspace could not be found", "code": "WorkspaceNotFoundError"})


def _rows(world: World, asked: Iterable[_Asked], now: float) -> Rows:
    """Rows of the tables that these queries can use: a table is used by its name alone."""
    texts = [one.text for one in asked]
    return {name: world.telemetry.rows(name, now) for name in schema.TABLES if any(name in text for text in texts)}


def _answer(world: World, asked: _Asked, rows: Rows, now: float) -> str:
    """The JSON text of a success. Raises _Refusal. It takes its time: never call it on the event loop."""
    same = {"TenantId": world.workspace_id, "_ResourceId": world.app_insights_id, "SourceSystem": "Azure"}
    tables = {name: schema.table(name, _within(found, asked.span), same) for name, found in rows.items()}
    try:
        result = run(asked.text, tables, now)
    except KqlError as error:
        raise _refused(error) from error
    columns = [{"name": name, "type": type} for name, type in result.columns]
    return json.dumps({"tables": [{"name": "PrimaryResult", "columns": columns, "rows": result.rows}]}, allow_nan=False)


def _within(rows: Sequence[Mapping[str, Any]], span: tuple[float, float] | None) -> Sequence[Mapping[str, Any]]:
    if span is None:
        return rows
    start, end = span
    return [row for row in rows if start <= row["TimeGenerated"] <= end]


def _bad_argument(inner: dict[str, Any]) -> _Refusal:
    message = "The request had some invalid properties"
    return _Refusal(400, {"message": message, "code": "BadArgumentError", "innererror": inner})


def _invalid(reason: str) -> _Refusal:
    return _bad_argument({"code": "QueryValidationError", "message": f"Failed parsing the query: {reason}"})


def _refused(error: KqlError) -> _Refusal:
    found: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.place is not None:
        found |= {"line": error.place.line, "pos": error.place.pos, "token": error.place.token}
    if error.code.startswith("SYN"):
        return _bad_argument(
            {"code": "SyntaxError", "message": "A recognition error occurred in the query.", "innererror": found}
        )
    return _bad_argument({"code": "SemanticError", "message": "A semantic error occurred.", "innererror": found})
