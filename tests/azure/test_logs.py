from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from cpr_cockpit.adapters.azure.logs import LogsTelemetry
from cpr_cockpit.core.feature_flag import arm
from cpr_cockpit.core.plan import Act, ActKind
from cpr_cockpit.core.ports import PortError
from cpr_cockpit.core.signals import Observation
from tests.azure.clocks import FixedClock
from tests.azure.conftest import Azure
from tests.azure.rows import request
from tests.azure.wire import Answer, Wire

BATCH = "/v1/$batch"
START = 1_700_000_000.25
FIGURES = (
    ("Requests", "long"),
    ("Failures", "long"),
    ("Total", "long"),
    ("Newest", "datetime"),
    ("LastOk", "datetime"),
    ("P50", "real"),
    ("P95", "real"),
    ("P99", "real"),
)
GRID = (("Start", "datetime"), ("AppVersion", "string"), *FIGURES)
WHOLE = (("AppVersion", "string"), *FIGURES)
FRESH = (("Newest", "datetime"), ("LagS", "real"))
SEEN = [40, 2, 400, "2023-11-14T22:13:24.1234567Z", "2023-11-14T22:13:23Z", 85.5, 140.0, 150.0]


def _table(columns: Sequence[tuple[str, str]], *rows: Sequence[Any]) -> dict[str, Any]:
    shown = [{"name": name, "type": type} for name, type in columns]
    return {"tables": [{"name": "PrimaryResult", "columns": shown, "rows": [list(row) for row in rows]}]}


GRID_BODY = _table(GRID, ["2023-11-14T22:13:20.25Z", "v2", *SEEN])
WHOLE_BODY = _table(WHOLE, ["v2", *SEEN])
FRESH_BODY = _table(FRESH, ["2023-11-14T22:13:30Z", 2.5])
REFUSED = {"error": {"code": "BadArgumentError", "message": "invalid", "innererror": {"message": "no such column"}}}
PARTIAL = {
    "error": {"code": "PartialError", "message": "There were some errors", "details": [{"message": "timed out"}]}
}


class Logs:
    """The adapter, and the batch endpoint that answers its three questions in any order."""

    def __init__(self, azure: Azure, wire: Wire) -> None:
        self.wire = wire
        self.telemetry = LogsTelemetry(azure.environment, azure.credential, azure.transport, FixedClock(START + 20))

    async def read(self, *bodies: Any, **asked: Any) -> Observation:
        self.wire.answer_batch(list(bodies))
        question: dict[str, Any] = {"start": START, "end": START + 25, "bin_s": 4.0, "versions": ("v1", "v2")} | asked
        return await self.telemetry.requests(**question)

    @property
    def texts(self) -> list[str]:
        return [one["body"]["query"] for one in self.wire.of("POST", BATCH)[-1].json["requests"]]


@pytest.fixture
def logs(azure: Azure, wire: Wire) -> Logs:
    return Logs(azure, wire)


async def test_bins_the_whole_time_the_newest_datum_and_the_delay_in_one_batch(logs: Logs) -> None:
    found = await logs.read(GRID_BODY, WHOLE_BODY, FRESH_BODY)
    [grid], [whole] = found.bins, found.whole
    assert (grid.start, grid.length, grid.version) == (START, 4.0, "v2")
    assert (grid.requests, grid.failures, grid.total) == (40, 2, 400.0)
    assert (grid.p50, grid.p95, grid.p99) == (85.5, 140.0, 150.0)
    assert grid.newest == pytest.approx(1_700_000_004.123456)
    assert grid.last_ok == 1_700_000_003.0
    assert (whole.start, whole.length, whole.version, whole.requests) == (START, 25.0, "v2", 40)
    assert (found.at, found.measured_at, found.lag_p95) == (START + 20, 1_700_000_010.0, 2.5)
    assert found.partial is None
    assert logs.wire.count("POST") == 1


async def test_the_questions_pin_workspace_versions_and_application_and_leave_synthetic_rows_out(
    azure: Azure, logs: Logs
) -> None:
    await logs.read(GRID_BODY, WHOLE_BODY, FRESH_BODY)
    for one in logs.wire.of("POST", BATCH)[-1].json["requests"]:
        assert one["workspace"] == azure.environment.workspace_id
        assert one["body"]["timespan"] is None
    grid, whole, fresh = logs.texts
    for text in (grid, whole):
        assert 'AppVersion in ("v1", "v2")' in text
        assert "TimeGenerated < datetime(2023-11-14T22:13:45.250000Z)" in text
    for text in (grid, whole, fresh):
        assert "isempty(SyntheticSource)" in text
        assert f'_ResourceId =~ "{azure.environment.app_insights_id}"' in text
    assert "bin_at(TimeGenerated, timespan(0.00:00:04.0000000), datetime(2023-11-14T22:13:20.250000Z))" in grid
    assert "TimeGenerated <" not in fresh
    assert "AppVersion" not in fresh


async def test_a_version_is_a_literal_and_never_a_part_of_the_question(logs: Logs) -> None:
    await logs.read(GRID_BODY, WHOLE_BODY, FRESH_BODY, versions=('v1") or true //\\',))
    assert 'AppVersion in ("v1\\") or true //\\\\")' in logs.texts[0]
    with pytest.raises(PortError, match="control character"):
        await logs.read(GRID_BODY, WHOLE_BODY, FRESH_BODY, versions=("v1\n",))


async def test_numbers_written_as_text_are_numbers(logs: Logs) -> None:
    seen = ["40", "2", "40", SEEN[3], SEEN[4], "85.5", "140", "NaN"]
    found = await logs.read(
        _table(GRID, ["2023-11-14T22:13:20.25Z", "v2", *seen]),
        _table(WHOLE, ["v2", *seen]),
        _table(FRESH, ["2023-11-14T22:13:30Z", "2.5"]),
    )
    assert (found.bins[0].requests, found.bins[0].p50, found.bins[0].p99) == (40, 85.5, None)
    assert found.lag_p95 == 2.5


async def test_no_rows_are_no_bins_and_no_newest_datum(logs: Logs) -> None:
    found = await logs.read(_table(GRID), _table(WHOLE), _table(FRESH, [None, None]))
    assert (found.bins, found.whole, found.measured_at, found.lag_p95) == ((), (), None, None)
    assert (found.partial, found.error) == (None, None)


async def test_a_datum_from_the_future_shows(logs: Logs) -> None:
    found = await logs.read(GRID_BODY, WHOLE_BODY, _table(FRESH, ["2023-11-14T23:13:20Z", -3000.0]))
    assert found.measured_at == 1_700_003_600.0
    assert found.lag_p95 == -3000.0


@pytest.mark.parametrize("place", [0, 1, 2])
async def test_a_question_that_failed_is_told_beside_the_answers_to_the_others(logs: Logs, place: int) -> None:
    bodies: list[Any] = [GRID_BODY, WHOLE_BODY, FRESH_BODY]
    bodies[place] = REFUSED
    found = await logs.read(*bodies)
    assert found.partial == "no such column (BadArgumentError)"
    assert [bool(found.bins), bool(found.whole), found.measured_at is not None] == [at != place for at in range(3)]


async def test_a_partial_answer_gives_its_rows_and_its_words(logs: Logs) -> None:
    found = await logs.read(GRID_BODY | PARTIAL, WHOLE_BODY, FRESH_BODY)
    assert len(found.bins) == 1
    assert found.partial == "There were some errors (PartialError)"


async def test_nothing_that_could_be_read_is_an_error(logs: Logs) -> None:
    with pytest.raises(PortError, match="no such column"):
        await logs.read(REFUSED, REFUSED, REFUSED)


@pytest.mark.parametrize(
    "body",
    [
        _table(WHOLE, ["v2", *SEEN]),  # no column Start
        _table(GRID, ["never", "v2", *SEEN]),
        _table(GRID, [None, "v2", *SEEN]),
        _table(GRID, ["2023-11-14T22:13:20.25Z", "v2", 1, 2, *SEEN[2:]]),  # more failures than requests
        _table(GRID, ["2023-11-14T22:13:20.25Z", "v2", None, *SEEN[1:]]),
        ["no", "object"],
        "<html>",
    ],
)
async def test_an_answer_of_another_form_is_an_error(logs: Logs, body: Any) -> None:
    with pytest.raises(PortError, match="cannot be read"):
        await logs.read(body, WHOLE_BODY, FRESH_BODY)


async def test_an_answer_without_one_of_the_questions_is_an_error(logs: Logs) -> None:
    with pytest.raises(PortError, match="cannot be read"):
        await logs.read(GRID_BODY, WHOLE_BODY)


@pytest.mark.parametrize("answer", [Answer(500), Answer(429), Answer(cut=True), Answer(403, REFUSED)])
async def test_a_batch_that_fails_is_an_error_and_is_not_sent_again(logs: Logs, wire: Wire, answer: Answer) -> None:
    wire.on("POST", BATCH, answer)
    with pytest.raises(PortError) as caught:
        await logs.telemetry.requests(start=START, end=START + 1, bin_s=1.0, versions=("v2",))
    assert not caught.value.ambiguous
    assert wire.count("POST") == 1


def test_the_plan_names_the_request_of_the_baseline_only(logs: Logs) -> None:
    [request] = logs.telemetry.planned(Act(ActKind.BASELINE, "production", seconds=20.0))
    assert (request.method, request.url) == ("POST", f"{logs.wire.url}{BATCH}")
    assert logs.telemetry.planned(Act(ActKind.SWAP, "green")) == ()


# The same questions on a real engine of the language, over rows that are known.


def _row(at: float, code: str = "200", version: str = "v2", **members: Any) -> dict[str, Any]:
    return {
        "TimeGenerated": at,
        "ResultCode": code,
        "Success": code.startswith("2"),
        "DurationMs": 80.0,
        "AppVersion": version,
        "ItemCount": 1,
        "SyntheticSource": "",
        "_ingestion": at + 2.0,
    } | members


async def test_the_questions_mean_what_they_say(logs: Logs) -> None:
    rows = [
        _row(START, DurationMs=10.0),
        _row(START + 1.0, "500", ItemCount=10, DurationMs=30.0),
        _row(START + 3.9, "404", DurationMs=20.0),  # a refusal of the user's is no failure
        _row(START + 4.0, "0"),
        _row(START + 4.5, "", Success=False),
        _row(START + 5.0, SyntheticSource="Application Insights Availability Monitoring", DurationMs=9999.0),
        _row(START + 6.0, version="v1"),
        _row(START + 6.5, version="v0"),
        _row(START - 0.001),
        _row(START + 30.0, _ResourceId="another application", DurationMs=9999.0),
        _row(START + 26.0),  # beyond the end: not in the figures, but the newest there is
    ]
    logs.wire.answer_queries(rows, same={}, now=START + 40)
    found = await logs.telemetry.requests(start=START, end=START + 25, bin_s=4.0, versions=("v1", "v2"))
    assert {
        (row.version, round(row.start - START, 3), row.requests, row.failures, row.total) for row in found.bins
    } == {
        ("v2", 0.0, 3, 1, 12.0),
        ("v2", 4.0, 2, 2, 2.0),
        ("v1", 4.0, 1, 0, 1.0),
    }
    by_version = {row.version: row for row in found.whole}
    assert (by_version["v2"].requests, by_version["v2"].failures) == (5, 3)
    assert by_version["v2"].newest == START + 4.5
    assert by_version["v2"].last_ok == pytest.approx(START + 3.9)
    assert next(row for row in found.bins if row.start == START).p50 == 30.0  # one row stands for ten requests
    assert found.measured_at == START + 26.0
    assert found.lag_p95 == 2.0
    assert found.partial is None


async def test_with_a_flag_versions_are_told_apart_by_what_it_was_for_the_request(logs: Logs) -> None:
    def sent(state: str | None, code: str) -> dict[str, Any]:
        told: dict[str, Any] = {} if state is None else {"Properties": {"FeatureFlag.goal-suggestions": state}}
        return request(START + 1.0, code, **told)

    rows = [sent("on", "500"), sent("on", "200"), sent("off", "200"), sent(None, "500")]
    rows.append(request(START + 1.0, "500", "v1", Properties={"FeatureFlag.goal-suggestions": "on"}))
    logs.wire.answer_queries(rows, {}, START + 20)
    on, off = (arm("v2", "goal-suggestions", on=state) for state in (True, False))
    found = await logs.telemetry.requests(
        start=START, end=START + 25, bin_s=4.0, versions=(off, on), flag="goal-suggestions"
    )
    assert {row.version: (row.requests, row.failures) for row in found.whole} == {on: (2, 1), off: (1, 0)}
    assert {row.version: (row.requests, row.failures) for row in found.bins} == {on: (2, 1), off: (1, 0)}
