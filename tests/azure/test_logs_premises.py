from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from cpr_cockpit.adapters.azure import kql_premises
from cpr_cockpit.adapters.azure.logs_premises import LogsPremises
from cpr_cockpit.core.plan import Act, ActKind
from cpr_cockpit.core.ports import Arrived, LogFacts, PortError
from cpr_cockpit.lab.kql.engine import run
from cpr_cockpit.lab.kql.frame import Frame
from cpr_cockpit.lab.kql.schema import table
from tests.azure.conftest import Azure
from tests.azure.wire import Answer, Wire

START = 1_700_000_000.0
NO_TABLE = {"error": {"code": "BadArgumentError", "message": "Failed to resolve table expression named 'Operation'"}}
PARTIAL = {"error": {"code": "PartialError", "message": "timed out"}}


def _table(columns: dict[str, str], *rows: list[Any]) -> dict[str, Any]:
    shown = [{"name": name, "type": type} for name, type in columns.items()]
    return {"tables": [{"name": "PrimaryResult", "columns": shown, "rows": list(rows)}]}


def users(*row: Any) -> dict[str, Any]:
    return _table({"Rows": "long", "Requests": "long", "Newest": "datetime", "LagS": "real"}, list(row))


def ingestion(stopped: str | None, resumed: str | None) -> dict[str, Any]:
    return _table({"Stopped": "datetime", "Resumed": "datetime"}, [stopped, resumed])


def arrived(*rows: list[Any]) -> dict[str, Any]:
    return _table({"AppVersion": "string", "Rows": "long", "Newest": "datetime", "LagS": "real"}, *rows)


SOME = users(50, 200, "2023-11-14T22:13:24Z", 2.5)
CAP, LIFTED = "2023-11-14T20:00:00Z", "2023-11-14T21:00:00Z"


@pytest.fixture
async def premises(azure: Azure) -> AsyncIterator[LogsPremises]:
    made = LogsPremises(azure.environment, azure.credential, azure.transport)
    yield made
    await made.close()


@pytest.mark.parametrize(
    ("status", "stopped_at", "known"),
    [
        (ingestion(None, None), None, True),
        (ingestion(CAP, None), 1_699_992_000.0, True),
        (ingestion(CAP, LIFTED), None, True),
        (ingestion(LIFTED, CAP), 1_699_995_600.0, True),
        (NO_TABLE, None, False),
    ],
)
async def test_rows_what_they_stand_for_delay_and_cap(
    premises: LogsPremises, wire: Wire, status: Any, stopped_at: float | None, known: bool
) -> None:
    wire.answer_batch([SOME, status])
    found = await premises.facts(since=START)
    assert found == LogFacts(50, 200.0, 1_700_000_004.0, 2.5, stopped_at, known)


async def test_no_rows_are_no_delay(premises: LogsPremises, wire: Wire) -> None:
    wire.answer_batch([users(0, None, None, None), NO_TABLE])
    assert await premises.facts(since=START) == LogFacts(0, 0.0, None, None)


async def test_versions_whose_rows_came(premises: LogsPremises, wire: Wire) -> None:
    wire.answer_batch(
        [arrived(["v2", 7, "2023-11-14T22:13:24Z", 2.5], ["\u202ev9\x1b[2J", 1, "2023-11-14T22:13:24Z", None])]
    )
    first, second = await premises.arrived(since=START)
    assert first == Arrived("v2", 7, 1_700_000_004.0, 2.5)
    assert second.version.isprintable()


@pytest.mark.parametrize("body", [NO_TABLE, SOME | PARTIAL])
async def test_what_could_not_be_asked_is_an_error_and_not_nothing(
    premises: LogsPremises, wire: Wire, body: Any
) -> None:
    wire.answer_batch([body, ingestion(None, None)])
    with pytest.raises(PortError):
        await premises.facts(since=START)
    wire.answer_batch([body])
    with pytest.raises(PortError):
        await premises.arrived(since=START)


@pytest.mark.parametrize("answer", [Answer(500), Answer(cut=True), Answer(body={"responses": [3]})])
async def test_a_batch_that_fails_is_an_error_and_is_not_sent_again(
    premises: LogsPremises, wire: Wire, answer: Answer
) -> None:
    wire.on("POST", "/v1/$batch", answer)
    with pytest.raises(PortError):
        await premises.arrived(since=START)
    assert wire.count("POST") == 1


def test_the_plan_names_the_request_of_its_step_only(premises: LogsPremises) -> None:
    assert [one.method for one in premises.planned(Act(ActKind.PROVE_TELEMETRY, "green", version="v2"))] == ["POST"]
    assert premises.planned(Act(ActKind.SMOKE, "green")) == ()


# The questions on a real engine of the language.


def _row(at: float, version: str, source: str = "", **members: Any) -> dict[str, Any]:
    return {
        "TimeGenerated": at,
        "AppVersion": version,
        "ItemCount": 1,
        "SyntheticSource": source,
        "_ingestion": at + 2.0,
    } | members


def test_users_alone_tell_of_sampling_and_everybody_of_a_version() -> None:
    rows = [
        _row(START + 1.0, "v1", ItemCount=3),
        _row(START + 2.0, "v1", _resource="", ItemCount=5),
        _row(START - 0.5, "v1"),
        _row(START + 3.0, "v2", "probe"),
        _row(START + 4.0, "v2", "probe", _ResourceId="another"),
    ]
    frames = {"AppRequests": table("AppRequests", rows, {})}
    told = run(kql_premises.users(START, "/app"), frames, START + 10.0)
    assert told.rows == [[2, 8, "2023-11-14T22:13:22Z", 2.0]]
    told = run(kql_premises.arrived(START, "/app"), frames, START + 10.0)
    assert [row[:2] for row in told.rows] == [["v1", 2], ["v2", 1]]
    assert run(kql_premises.arrived(START, ""), frames, START + 10.0).rows[1][1] == 2
    assert run(kql_premises.hours(START, "/app"), frames, START + 10.0).rows == [
        ["2023-11-14T22:13:20Z", 2, "2023-11-14T22:13:21Z"]
    ]


def test_what_the_workspace_says_of_its_cap() -> None:
    def says(at: float, words: str, category: str = "Data Collection Status") -> dict[str, Any]:
        return {"TimeGenerated": START + at, "OperationCategory": category, "Detail": words}

    rows = [
        says(-1.0, "Ingestion status = OverQuota"),
        says(5.0, "Data collection stopped due to daily limit. Ingestion status = OverQuota"),
        says(9.0, "Data collection resumed. Ingestion status = RespectQuota"),
        says(11.0, "OverQuota", "another"),
    ]
    schema = {"TimeGenerated": "datetime", "OperationCategory": "string", "Detail": "string"}
    told = run(kql_premises.ingestion(START), {"Operation": Frame.of_rows(schema, {}, rows)}, START + 20.0)
    assert told.rows == [["2023-11-14T22:13:25Z", "2023-11-14T22:13:29Z"]]
