from __future__ import annotations

from typing import Any

import pytest

from cpr_cockpit.adapters.azure.logs import LogsTelemetry
from cpr_cockpit.adapters.azure.logs_blocks import MOST_NAMES, Part, blocks
from cpr_cockpit.core.blocks import OTHER, Block, BlockQuestion
from cpr_cockpit.core.ports import PortError
from cpr_cockpit.core.signals import Observation
from tests.azure.clocks import FixedClock
from tests.azure.conftest import Azure
from tests.azure.rows import request
from tests.azure.wire import Wire

BATCH = "/v1/$batch"
START = 1_700_000_000.0
ASKED = BlockQuestion(START, START + 20.0, 10.0, (50.0, 100.0))
EMPTY: dict[str, Any] = {"tables": [{"name": "PrimaryResult", "columns": [], "rows": []}]}
COLUMNS = ("Number", "AppVersion", "OperationName", "AppRoleInstance", "Slow", "Requests", "Failures", "Total")
GOOD = [0, "v2", "GET /", "a", "1 0", 2, 1, 2]
REFUSED = {"error": {"code": "BadArgumentError", "message": "invalid", "innererror": {"message": "too many groups"}}}
PARTIAL = {"error": {"code": "PartialError", "message": "timed out"}}


def _answer(*rows: list[Any]) -> dict[str, Any]:
    columns = [{"name": name, "type": "string"} for name in COLUMNS]
    return {"tables": [{"name": "PrimaryResult", "columns": columns, "rows": list(rows)}]}


def _instead(**members: Any) -> list[Any]:
    return list((dict(zip(COLUMNS, GOOD, strict=True)) | members).values())


@pytest.fixture
def telemetry(azure: Azure) -> LogsTelemetry:
    return LogsTelemetry(azure.environment, azure.credential, azure.transport, FixedClock(START + 30.0))


async def _read(telemetry: LogsTelemetry, asked: BlockQuestion | None = ASKED) -> Observation:
    return await telemetry.requests(start=START, end=START + 25.0, bin_s=5.0, versions=("v1", "v2"), blocks=asked)


async def test_blocks_by_operation_and_instance_in_the_same_batch(telemetry: LogsTelemetry, wire: Wire) -> None:
    def at(seconds: float, code: str = "200", **members: Any) -> dict[str, Any]:
        return request(START + seconds, code, **({"OperationName": "GET /", "AppRoleInstance": "a"} | members))

    rows = [
        at(0.0, DurationMs=50.0),  # not above 50
        at(1.0, "500", ItemCount=9, DurationMs=60.0),
        at(2.0, "0", OperationName="POST /\x1b[2J\u202egoals", AppRoleInstance="b", DurationMs=200.0),
        at(3.0, "401", AppRoleInstance=""),
        at(4.0, SyntheticSource="Application Insights Availability Monitoring"),
        at(5.0, version="v1", DurationMs=101.0),
        at(6.0, version="v0"),
        at(7.0, _ResourceId="another application"),
        at(10.0),
        at(20.0),
        at(-0.001),
    ]
    wire.answer_queries(rows, same={}, now=START + 30.0)
    found = await _read(telemetry)
    assert wire.count("POST", BATCH) == 1
    old, first, quiet, second = found.blocks
    assert (quiet.start, quiet.version, quiet.requests, quiet.slow) == (START + 10.0, "v1", 0, (0, 0))
    assert (old.start, old.version, old.requests, old.slow, old.rows_for) == (START, "v1", 1, (1, 1), 1.0)
    assert (first.start, first.length, first.version) == (START, 10.0, "v2")
    assert (first.requests, first.failures, first.slow, first.rows_for) == (4, 2, (3, 1), 3.0)
    assert first.operations == {"GET /": (3, 1), "POST / [2J goals": (1, 1)}
    assert first.instances == {"a": (2, 1), "b": (1, 1)}  # one row does not tell its instance
    assert (second.start, second.requests, second.end) == (START + 10.0, 1, START + 20.0)
    # Blocks and bins are counts of the same rows.
    assert sum(one.requests for one in found.blocks) == sum(one.requests for one in found.bins if one.end <= START + 20)
    assert (found.partial, found.lines) == (None, ())


async def test_without_the_question_there_are_three(telemetry: LogsTelemetry, wire: Wire) -> None:
    wire.answer_queries([request(START)], same={}, now=START + 30.0)
    assert (await _read(telemetry, None)).blocks == ()
    assert len(wire.of("POST", BATCH)[0].json["requests"]) == 3
    assert len((await _read(telemetry, BlockQuestion(START, START + 20.0, 10.0))).blocks) == 1  # no row is newer
    assert len(wire.of("POST", BATCH)[1].json["requests"]) == 4


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (REFUSED, "too many groups"),
        (_answer(GOOD) | PARTIAL, "timed out"),
        (_answer(_instead(Failures=3)), "failures"),
        (_answer(_instead(Slow="1 3")), "slow"),
        (_answer(_instead(Slow="1")), "thresholds"),
        (_answer(_instead(Slow="1 x")), "cannot be read"),
        (_answer(_instead(Requests=None)), "missing"),
        (_answer(_instead(Number="never")), "cannot be read"),
        (EMPTY | {"tables": [{"name": "P", "columns": [{"name": "X", "type": "long"}], "rows": [[1]]}]}, "Requests"),
    ],
)
async def test_blocks_that_did_not_come_whole_are_none_and_the_bins_stand(
    telemetry: LogsTelemetry, wire: Wire, body: Any, words: str
) -> None:
    whole = {"tables": [{"name": "P", "columns": [{"name": "Newest", "type": "datetime"}], "rows": []}]}
    wire.answer_batch([EMPTY, EMPTY, whole, body])
    found = await _read(telemetry)
    assert (found.blocks, found.partial, found.error) == ((), None, None)
    [line] = found.lines
    assert line.startswith("The early tests' figures did not come: ")
    assert words in line


async def test_what_cannot_be_asked_is_told(telemetry: LogsTelemetry, wire: Wire) -> None:
    with pytest.raises(PortError, match="milliseconds"):
        await _read(telemetry, BlockQuestion(START, START + 20.0, 10.0, (float("nan"),)))
    assert wire.count("POST", BATCH) == 0


def test_the_busiest_names_are_the_same_in_all_blocks_and_the_rest_is_pooled() -> None:
    def part(stretch: int, number: int, requests: int) -> Part:
        name = f"GET /{number:03d}"
        return Part(stretch, "v2", name, f"i{number}", requests, 1, float(requests), ())

    names = range(MOST_NAMES + 8)
    # In the second block the quiet ones are busy; over all they are not.
    parts = [part(0, number, 1000 - number) for number in names]
    parts += [part(1, number, number + 1) for number in names]
    first, second = blocks(parts, BlockQuestion(START, START + 20.0, 10.0))
    kept = {f"GET /{number:03d}" for number in range(MOST_NAMES)} | {OTHER}
    assert set(first.operations) == set(second.operations) == kept
    assert first.operations[OTHER] == (sum(1000 - number for number in names[MOST_NAMES:]), 8)
    assert sum(requests for requests, _ in second.instances.values()) == second.requests


def test_a_stretch_without_rows_is_one_without_requests_up_to_the_newest_row() -> None:
    asked = BlockQuestion(START, START + 60.0, 10.0, (50.0, 80.0))
    parts = [Part(0, "v2", "GET /", "i1", 4, 1, 4.0, (2, 1)), Part(3, "v2", "GET /", "i1", 5, 0, 5.0, (0, 0))]
    found = blocks(parts, asked, ("v2", "v1"), START + 41.0)
    new = [(one.start - START, one.requests) for one in found if one.version == "v2"]
    assert new == [(0.0, 4), (10.0, 0), (20.0, 0), (30.0, 5)]
    assert [one.requests for one in found if one.version == "v1"] == [0, 0, 0, 0]
    assert Block(START + 10.0, 10.0, "v2", 0, 0, (0, 0)) in found
    assert all(block.end <= START + 41.0 for block in found)
    assert len(blocks(parts, asked, ("v2",), None)) == 2
