"""The logs API over TLS, as the SDK's own clients and plain HTTP meet it."""

from __future__ import annotations

import asyncio
import ssl
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import aiohttp
import pytest
from aiohttp import web
from azure.core.exceptions import HttpResponseError
from azure.identity.aio import ClientSecretCredential
from azure.monitor.query import LogsBatchQuery, LogsQueryError, LogsQueryResult
from azure.monitor.query.aio import LogsQueryClient

from cpr_cockpit.lab import certificates
from cpr_cockpit.lab.errors import ApiError
from cpr_cockpit.lab.rest import identity, logs, routing, tokens
from cpr_cockpit.lab.rights import Rights
from cpr_cockpit.lab.telemetry import Telemetry

if TYPE_CHECKING:
    from cpr_cockpit.lab.world import World

COUNT = "AppRequests | summarize Rows=count(), Newest=max(TimeGenerated)"


class _Watched(Telemetry):
    """Telemetry that tells when a query has read it."""

    def __init__(self) -> None:
        super().__init__(0.0, 60.0, 1)
        self.read = asyncio.Event()

    def rows(self, table: str, now: float) -> list[dict[str, Any]]:
        self.read.set()
        return super().rows(table, now)


def _new_id() -> str:
    return str(uuid.uuid4())


@dataclass
class _Workspace:
    """What the token endpoint and the logs API read of a world."""

    tenant: str = field(default_factory=_new_id)
    client_id: str = field(default_factory=_new_id)
    client_secret: str = field(default_factory=_new_id)
    workspace_id: str = field(default_factory=_new_id)
    app_insights_id: str = "/subscriptions/s/resourceGroups/g/providers/microsoft.insights/components/shop"
    telemetry: _Watched = field(default_factory=_Watched)
    rights: Rights = field(default_factory=Rights)

    def take_requests(self, *ages: float) -> None:
        """Rows of requests that began so many seconds ago, and have come in."""
        now = time.time()
        for age in ages:
            row = {
                "TimeGenerated": now - age,
                "DurationMs": 80.0,
                "Success": True,
                "ItemCount": 1,
                "Name": "GET /goals",
            }
            self.telemetry.request(row)


@dataclass(frozen=True)
class _Lab:
    """A served workspace: its address, and how a client comes to trust it."""

    world: _Workspace
    url: str
    ca: Path

    def token(self, audience: str = tokens.LOGS_AUDIENCE) -> str:
        return tokens.issue(cast("World", self.world), audience, self.url, time.time())

    @property
    def query_url(self) -> str:
        return f"{self.url}/v1/workspaces/{self.world.workspace_id}/query"


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[_Lab]:
    world, made = _Workspace(), certificates.issue(tmp_path)
    app = routing.application(cast("World", world), [*identity.routes(), *logs.routes()], ApiError.body)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=made.server).start()
    yield _Lab(world, f"https://localhost:{runner.addresses[0][1]}", made.ca)
    await runner.cleanup()


def _credential(lab: _Lab) -> ClientSecretCredential:
    world = lab.world
    return ClientSecretCredential(
        world.tenant,
        world.client_id,
        world.client_secret,
        authority=lab.url,
        disable_instance_discovery=True,
        connection_verify=str(lab.ca),
    )


def _client(lab: _Lab, credential: ClientSecretCredential, audience: str) -> LogsQueryClient:
    verify = str(lab.ca)
    return LogsQueryClient(
        credential, endpoint=f"{lab.url}/v1", audience=audience, connection_verify=verify, retry_total=0
    )


@pytest.fixture
async def client(lab: _Lab) -> AsyncIterator[LogsQueryClient]:
    async with _credential(lab) as credential, _client(lab, credential, tokens.LOGS_AUDIENCE) as made:
        yield made


@pytest.fixture
async def http(lab: _Lab) -> AsyncIterator[aiohttp.ClientSession]:
    context = ssl.create_default_context(cafile=str(lab.ca))
    headers = {"Authorization": f"Bearer {lab.token()}"}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context), headers=headers) as session:
        yield session


async def test_the_sdk_reads_values_of_every_type(lab: _Lab, client: LogsQueryClient) -> None:
    lab.world.take_requests(30, 10)
    query = (
        "AppRequests | top 1 by TimeGenerated | project TimeGenerated, Success, ItemCount, DurationMs, Name, Type, 5m"
    )
    result = await client.query_workspace(lab.world.workspace_id, query, timespan=None)
    assert isinstance(result, LogsQueryResult)
    (table,) = result.tables
    assert (table.name, table.columns_types[0], len(table.rows)) == ("PrimaryResult", "datetime", 1)
    row = table.rows[0]
    assert timedelta(seconds=9) < datetime.now(UTC) - row["TimeGenerated"] < timedelta(seconds=60)
    assert list(row)[1:] == [True, 1, 80.0, "GET /goals", "AppRequests", "00:05:00"]
    assert row["Success"] is True


async def test_the_timespan_limits_the_time_of_requests(lab: _Lab, client: LogsQueryClient) -> None:
    lab.world.take_requests(3000, 300, 30)
    now = datetime.now(UTC)

    async def rows(timespan: Any) -> int:
        result = await client.query_workspace(lab.world.workspace_id, "AppRequests | count", timespan=timespan)
        assert isinstance(result, LogsQueryResult)
        return int(result.tables[0].rows[0]["Count"])

    assert await rows(None) == 3
    assert await rows(timedelta(minutes=10)) == 2
    assert await rows((now - timedelta(minutes=60), timedelta(minutes=15))) == 1
    assert await rows((now - timedelta(minutes=10), now - timedelta(minutes=2))) == 1


async def test_a_batch_answers_each_query_for_itself(lab: _Lab, client: LogsQueryClient) -> None:
    lab.world.take_requests(20, 10)
    mine = lab.world.workspace_id
    asked = [(mine, COUNT), (mine, "AppRequests | render timechart"), (_new_id(), COUNT), (mine, "print 1")]
    queries = [LogsBatchQuery(workspace, text, timespan=timedelta(hours=1)) for workspace, text in asked]
    good, refused, lost, printed = await client.query_batch(queries)
    assert isinstance(good, LogsQueryResult)
    assert good.tables[0].rows[0]["Rows"] == 2
    assert isinstance(refused, LogsQueryError)
    assert refused.code == "BadArgumentError"
    assert "'render'" in refused.message
    assert isinstance(lost, LogsQueryError)
    assert lost.code == "WorkspaceNotFoundError"
    assert isinstance(printed, LogsQueryResult)
    assert list(printed.tables[0].rows[0]) == [1]


async def test_the_sdk_tells_what_is_wrong_with_a_query(lab: _Lab, client: LogsQueryClient) -> None:
    with pytest.raises(HttpResponseError) as refusal:
        await client.query_workspace(lab.world.workspace_id, "AppRequests | where Nmae == 'x'", timespan=None)
    assert refusal.value.status_code == 400
    assert isinstance(refusal.value.model, LogsQueryError)
    assert "Failed to resolve scalar expression named 'Nmae'" in refusal.value.model.message


async def test_an_unknown_workspace_is_not_found(lab: _Lab, client: LogsQueryClient) -> None:
    mine, unknown = lab.world.workspace_id, _new_id()
    for workspace, others, said in (
        (unknown, None, "The workspace could not be found"),
        ("shop-logs", None, "The requested path does not exist"),
        (mine, [unknown], "The workspace could not be found"),
    ):
        with pytest.raises(HttpResponseError, match=said) as refusal:
            await client.query_workspace(workspace, COUNT, timespan=None, additional_workspaces=others)
        assert refusal.value.status_code == 404


async def test_a_token_for_something_else_opens_no_logs(lab: _Lab) -> None:
    async with _credential(lab) as credential, _client(lab, credential, audience=lab.url) as made:
        with pytest.raises(HttpResponseError, match="wrong audience") as refusal:
            await made.query_workspace(lab.world.workspace_id, COUNT, timespan=None)
    assert refusal.value.status_code == 401


async def test_a_syntax_error_in_the_words_of_log_analytics(lab: _Lab, http: aiohttp.ClientSession) -> None:
    async with http.post(lab.query_url, json={"query": "AppRequests\n| wher Success"}) as response:
        assert response.status == 400
        error = (await response.json())["error"]
    uuid.UUID(error.pop("correlationId"))
    place = {"line": 2, "pos": 2, "token": "wher"}
    inner = error["innererror"]["innererror"]
    assert inner.pop("message").startswith("Unknown operator: 'wher'")
    assert error == {
        "message": "The request had some invalid properties",
        "code": "BadArgumentError",
        "innererror": {
            "code": "SyntaxError",
            "message": "A recognition error occurred in the query.",
            "innererror": {"code": "SYN0002", **place},
        },
    }


async def test_a_semantic_error_in_the_words_of_log_analytics(lab: _Lab, http: aiohttp.ClientSession) -> None:
    async with http.post(lab.query_url, json={"query": "AppTraces | count"}) as response:
        assert response.status == 400
        error = (await response.json())["error"]
    assert error["innererror"] == {
        "code": "SemanticError",
        "message": "A semantic error occurred.",
        "innererror": {
            "code": "SEM0100",
            "message": "'count' operator: Failed to resolve table or column expression named 'AppTraces'",
        },
    }


async def test_a_query_may_be_a_get(lab: _Lab, http: aiohttp.ClientSession) -> None:
    lab.world.take_requests(300, 10)
    async with http.get(lab.query_url, params={"query": "AppRequests | count", "timespan": "PT1M"}) as response:
        assert response.status == 200
        assert await response.json() == {
            "tables": [{"name": "PrimaryResult", "columns": [{"name": "Count", "type": "long"}], "rows": [[1]]}]
        }


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "deserialized"),
        (b"[]", "object"),
        (b"{}", "'query'"),
        (b'{"query": " "}', "'query'"),
        (b'{"query": "print 1", "timespan": "a while"}', "timespan"),
    ],
)
async def test_a_body_that_is_no_query(lab: _Lab, http: aiohttp.ClientSession, body: bytes, said: str) -> None:
    async with http.post(lab.query_url, data=body) as response:
        assert response.status == 400
        error = (await response.json())["error"]
    assert error["code"] == "BadArgumentError"
    assert error["innererror"]["code"] == "QueryValidationError"
    assert said in error["innererror"]["message"]


@pytest.mark.parametrize("body", [{}, {"requests": []}, {"requests": [{"body": {"query": "print 1"}}]}])
async def test_a_body_that_is_no_batch(lab: _Lab, http: aiohttp.ClientSession, body: dict[str, Any]) -> None:
    async with http.post(f"{lab.url}/v1/$batch", json=body) as response:
        assert response.status == 400
        assert "requests" in (await response.json())["error"]["innererror"]["message"]


async def test_an_item_of_a_batch_is_a_query(lab: _Lab, http: aiohttp.ClientSession) -> None:
    item = {"id": "1", "workspace": lab.world.workspace_id, "path": "/metadata", "body": {"query": "print 1"}}
    async with http.post(f"{lab.url}/v1/$batch", json={"requests": [item]}) as response:
        assert response.status == 200
        (answer,) = (await response.json())["responses"]
    assert (answer["id"], answer["status"]) == ("1", 400)
    assert answer["body"]["error"]["code"] == "BadArgumentError"


async def test_a_long_query_holds_nobody_up(lab: _Lab, http: aiohttp.ClientSession) -> None:
    lab.world.take_requests(*(index / 40 for index in range(40_000, 0, -1)))
    heavy = {"query": "AppRequests | join kind=inner (AppRequests) on TimeGenerated | distinct TimeGenerated | count"}

    async def ask(body: dict[str, str]) -> float:
        async with http.post(lab.query_url, json=body) as response:
            assert response.status == 200, await response.text()
        return time.monotonic()

    long = asyncio.create_task(ask(heavy))
    await lab.world.telemetry.read.wait()
    assert await ask({"query": "print 1"}) < await long
