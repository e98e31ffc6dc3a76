"""The further tables of the logs, over the wire and a real engine of the language."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from azure.monitor.query.aio import LogsQueryClient

from cpr_cockpit.adapters.azure.logs_dependencies import MOST_TARGETS, DependenciesReader
from cpr_cockpit.adapters.azure.logs_exceptions import ExceptionsReader
from cpr_cockpit.adapters.azure.logs_users import BrowserReader, UsageReader
from cpr_cockpit.core.blocks import DATABASE_KIND, Reading
from cpr_cockpit.core.ports import Asked, PortError
from cpr_cockpit.core.signals import Observation, Source
from tests.azure.rows import call, page, request, thrown
from tests.azure.wire import Answer, Wire
from tests.azure.workspace import ASKED, NOW, T0, Kind, Logs, Rows, named

BATCH = "/v1/$batch"
PARTIAL = {"error": {"code": "PartialError", "message": "timed out"}}
NOT_OF_USERS = {
    "synthetic": {"SyntheticSource": "Application Insights Availability Monitoring"},
    "foreign": {"_ResourceId": "x"},
}
FEATURE = "POST /goals"
USAGE: Kind = partial(UsageReader, feature_operation=FEATURE)
KINDS: tuple[Kind, ...] = (ExceptionsReader, DependenciesReader, USAGE, BrowserReader)


# -- dependencies --


async def test_dependencies_by_target_beside_the_old_version(logs: Logs) -> None:
    before = [call(T0 - 3000 + at, "db", "v1", DependencyType="SQL", Success=at != 1) for at in range(4)]
    since = [
        call(T0 + 1, "db", DependencyType="SQL", Success=False),
        call(T0 + 2, "db", DependencyType="SQL", DurationMs=90.0, ItemCount=50),
        call(T0 + 3, "", DependencyType="InProc"),
        call(T0 + 4, "db", "v1"),
        call(T0 - 4, "db"),
    ]
    logs.hold(AppDependencies=before + since)
    seen = await logs.read(DependenciesReader)
    assert seen.readings == (
        Reading("db failed", 0.5, "share", n=2, before=0.25, kind=DATABASE_KIND),
        Reading("db p95", 90.0, "ms", n=2, before=20.0, kind=DATABASE_KIND),
        Reading("InProc failed", 0.0, "share", n=1),
        Reading("InProc p95", 20.0, "ms", n=1),
    )
    assert (seen.source, seen.measured_at, seen.lag_p95) == (Source.DEPENDENCIES, T0 + 4, 2.0)


async def test_long_targets_that_begin_alike_have_names_of_their_own(logs: Logs) -> None:
    host = "goals-production-storage.westeurope.example.net/containers"
    rows = [call(T0 + 1 + at, f"{host}/{at}/of-the-new-version/items") for at in range(3)]
    rows += [call(T0 + 5, f"{host}/{'x' * 600}/{end}") for end in "ab"]
    logs.hold(AppDependencies=rows)
    names = list(named(await logs.read(DependenciesReader)))
    assert len(names) == 10
    assert all(len(name) <= 48 + len(" failed") and name.startswith("goals-production-") for name in names)
    assert sum(name.endswith("version/items p95") for name in names) == 3
    # A name does not depend on what else is told.
    logs.hold(AppDependencies=rows[:1])
    assert set(named(await logs.read(DependenciesReader))) < set(names)


async def test_the_worst_targets_are_told_with_a_database_among_them(logs: Logs) -> None:
    rows = [call(T0 + 1 + at, f"host{at}\x07", Success=False) for at in range(8)]
    rows += [call(T0 + at, "quiet", DependencyType="postgresql") for at in (1, 2)]
    rows += [call(T0 + 1, "quieter", DependencyType="SQL")]
    logs.hold(AppDependencies=rows)
    names = [one.name for one in (await logs.read(DependenciesReader)).readings]
    assert len(names) == 2 * MOST_TARGETS
    assert names[::2] == [*(f"host{at} failed" for at in range(5)), "quiet failed"]


# -- after GO: the newest stretch, and what was before the switch --

LATER = T0 + 3 * 3600.0
STRETCH = Asked(LATER, T0, "v1", "v2", 900.0, 1.0, since=LATER - 900.0)


async def test_hours_later_what_the_old_version_threw_before_the_switch_is_still_known(logs: Logs) -> None:
    logs.hold(
        AppRequests=[request(T0 - 3600, version="v1"), request(LATER - 60)],
        AppExceptions=[
            *(thrown(T0 - 600.0 * at, "System.TimeoutException at Db", "v1", ItemCount=2) for at in range(1, 6)),
            thrown(T0 + 20, "System.IOException at Shared", "v1"),  # by requests that were under way at the switch
            thrown(T0 + 3600, "System.FormatException at Goals"),  # hours ago: it is told of no more
            thrown(LATER - 50, "System.TimeoutException at Db", ItemCount=3),
            thrown(LATER - 40, "System.IOException at Shared"),
        ],
    )
    rate, new = (await logs.read(ExceptionsReader, STRETCH)).readings
    assert (rate.value, rate.n, rate.before) == (4 * 60 / 898, 2, 10 / 60)
    assert (new.value, new.n) == (0.0, 0)
    logs.hold(
        AppRequests=[request(LATER - 60)],
        AppExceptions=[thrown(T0 - 5, "System.A at Db", "v1"), thrown(LATER - 5, "System.B at Db")],
    )
    _, new, named_one = (await logs.read(ExceptionsReader, STRETCH)).readings
    assert (new.value, named_one.name) == (1.0, "new exception: System.B at Db")


async def test_hours_later_dependencies_are_those_of_the_stretch_beside_the_hour_before_the_switch(logs: Logs) -> None:
    rows = [
        call(T0 - 3599, "db", "v1", DurationMs=30.0),
        call(T0 + 30, "db", "v1", DurationMs=7000.0),
        call(LATER - 901, "db", DurationMs=9000.0, Success=False),
        call(LATER - 10, "db", DurationMs=40.0),
    ]
    logs.hold(AppDependencies=rows)
    assert (await logs.read(DependenciesReader, STRETCH)).readings == (
        Reading("db failed", 0.0, "share", n=1, before=0.0),
        Reading("db p95", 40.0, "ms", n=1, before=30.0),
    )


@pytest.mark.parametrize("kind", KINDS)
async def test_what_lies_between_the_switch_and_the_stretch_is_not_read(logs: Logs, kind: Kind) -> None:
    days, between = _traffic(), T0 + 3600.0
    for rows in days.values():
        for row in rows:
            row["TimeGenerated"] += between - T0
    logs.hold(**days)
    seen = await logs.read(kind, STRETCH)
    assert (seen.measured_at, [one.value for one in seen.readings if one.value]) == (None, [])


@pytest.mark.parametrize("kind", KINDS)
async def test_where_the_stretch_is_all_since_the_switch_the_same_is_asked(logs: Logs, kind: Kind) -> None:
    logs.hold(**_traffic())
    seen = await logs.read(kind)
    assert await logs.read(kind, replace(ASKED, since=T0)) == seen
    first, second = ([one["body"] for one in sent.json["requests"]] for sent in logs.wire.of("POST", BATCH))
    assert first == second
    assert "or TimeGenerated" not in str(first)


# -- for every reader --


def _traffic(**marks: Any) -> dict[str, list[dict[str, Any]]]:
    """Something of everything that a reader looks at, marked as somebody's."""
    return {
        "AppRequests": [
            request(T0 + 1, "401", UserId="a", OperationName=FEATURE, **marks),
            request(T0 - 1, version="v1", UserId="b", OperationName=FEATURE, **marks),
        ],
        "AppExceptions": [
            thrown(T0 + 2, "System.Error at Goals", **marks),
            thrown(T0 + 3, "TypeError at app.js", ClientType="Browser", **marks),
        ],
        "AppDependencies": [call(T0 + 4, "db", Success=False, **marks)],
        "AppBrowserTimings": [page(T0 + 5, 900.0, **marks)],
    }


@pytest.mark.parametrize("marks", NOT_OF_USERS.values(), ids=NOT_OF_USERS)
@pytest.mark.parametrize("kind", KINDS)
async def test_own_probes_and_other_applications_are_in_no_figure(
    logs: Logs, kind: Kind, marks: dict[str, Any]
) -> None:
    users, others = _traffic(), _traffic(**marks)
    logs.hold(**users)
    alone = await logs.read(kind)
    assert any(one.value for one in alone.readings)
    logs.hold(**{name: rows + 3 * others[name] for name, rows in users.items()})
    assert await logs.read(kind) == alone
    logs.hold(**others)
    seen = await logs.read(kind)
    assert (seen.measured_at, [one.value for one in seen.readings if one.value is not None]) == (None, [])


async def test_readers_of_one_pace_share_a_batch_and_keep_their_own_errors(logs: Logs) -> None:
    tables: dict[str, Rows] = {
        "AppRequests": [request(T0 + 1, UserId="a")],
        "AppExceptions": (),
        "AppBrowserTimings": (),
    }
    logs.wire.answer_tables(tables, same={}, now=NOW)
    odd = Asked(NOW, T0, "v1", "v2\n", 900.0, 1.0)
    refused, *told = await asyncio.gather(
        logs.read(ExceptionsReader, odd), *(logs.read(kind) for kind in KINDS), return_exceptions=True
    )
    assert isinstance(refused, PortError)
    assert logs.wire.count("POST", BATCH) == 1
    exceptions, dependencies, usage, browser = (one for one in told if isinstance(one, Observation))
    assert exceptions.readings[0].value == 0.0
    assert (dependencies.readings, dependencies.lines) == ((), ("the workspace has no table AppDependencies",))
    assert usage.readings[0].value == 1.0
    assert browser.lines == ("no browser telemetry",)
    waits = {one["headers"]["Prefer"] for one in logs.wire.of("POST", BATCH)[0].json["requests"]}
    assert waits == {"wait=10"}


async def test_a_reader_that_gives_up_takes_nobody_elses_answer_with_it(logs: Logs) -> None:
    logs.hold(AppRequests=[request(T0 + 1, UserId="a")])
    leaving = asyncio.create_task(logs.read(ExceptionsReader))
    staying = asyncio.create_task(logs.read(UsageReader))
    await asyncio.sleep(0)
    leaving.cancel()
    assert (await staying).readings[0].value == 1.0
    # Its questions were not even sent.
    assert len(logs.wire.of("POST", BATCH)[0].json["requests"]) == 1


def _refused(words: str) -> dict[str, Any]:
    return {"error": {"code": "BadArgumentError", "message": words}}


async def test_a_question_that_failed_is_told_beside_the_figures_of_the_others(logs: Logs) -> None:
    times = ("Requests", "Rows", "NewestSince", "OldestBefore", "LagS")
    requests = [[5, 9, "2023-11-14T22:13:25Z", None, 2.0]]
    told = {"columns": [{"name": name, "type": "string"} for name in times], "rows": requests}
    usage = {"tables": [{"name": "PrimaryResult", **told}]}
    names = ("ProblemId", "ExceptionType", "Rows", "Total", "First")
    problems = [["System.Error at Goals", "System.Error", 2, 2, "2023-11-14T22:13:24Z"]]
    columns = [{"name": name, "type": "string"} for name in names]
    new = {"tables": [{"name": "PrimaryResult", "columns": columns, "rows": problems}]}
    logs.wire.answer_batch([_refused("too slow"), new, usage])
    seen = await logs.read(ExceptionsReader)
    assert [one.name for one in seen.readings] == ["new exceptions", "new exception: System.Error at Goals"]
    assert (seen.partial, seen.error) == ("too slow (BadArgumentError)", None)
    # An answer in part may lack any row: none of it is a figure.
    logs.wire.answer_batch([_refused("too slow"), new | PARTIAL, usage])
    seen = await logs.read(ExceptionsReader)
    assert (seen.readings, seen.partial) == ((), "too slow (BadArgumentError); timed out (PartialError)")


@pytest.mark.parametrize("kind", KINDS)
async def test_nothing_that_could_be_read_is_an_error(logs: Logs, kind: Kind) -> None:
    logs.wire.answer_batch([_refused("no such column"), _refused("too slow"), _refused("too slow")])
    with pytest.raises(PortError, match="no such column"):
        await logs.read(kind)
    odd = {"tables": [{"name": "P", "columns": [{"name": "X", "type": "long"}], "rows": [[1]]}]}
    logs.wire.answer_batch([odd, odd, odd])
    with pytest.raises(PortError, match="cannot be read"):
        await logs.read(kind)


@pytest.mark.parametrize("answer", [Answer(500), Answer(429), Answer(cut=True), Answer(body={"responses": [3]})])
async def test_a_batch_that_fails_is_everybodys_error_and_is_not_sent_again(
    logs: Logs, wire: Wire, answer: Answer
) -> None:
    wire.on("POST", BATCH, answer)
    seen = await asyncio.gather(*(logs.read(kind) for kind in KINDS), return_exceptions=True)
    assert len(seen) == len(KINDS)
    assert all(isinstance(one, PortError) and not one.ambiguous for one in seen)
    assert wire.count("POST", BATCH) == 1


async def test_fewer_answers_than_questions_are_everybodys_error(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = LogsQueryClient.query_batch

    async def cut_short(client: LogsQueryClient, *asked: Any, **options: Any) -> list[Any]:
        """As an SDK that leaves out an answer; this one's version never does, whatever comes over the wire."""
        return list(await whole(client, *asked, **options))[:-1]

    monkeypatch.setattr(LogsQueryClient, "query_batch", cut_short)
    logs.hold(AppRequests=[request(T0 + 1, UserId="a")])
    seen = await asyncio.gather(*(logs.read(kind) for kind in KINDS), return_exceptions=True)
    assert all(isinstance(one, PortError) and "cannot be read" in one.what for one in seen)
    monkeypatch.undo()
    assert (await logs.read(USAGE)).readings[0].value == 1.0


async def test_closing_gives_up_what_is_under_way(logs: Logs) -> None:
    logs.hold()
    reading = asyncio.create_task(logs.read(UsageReader))
    await asyncio.sleep(0)
    await logs.batch.close()
    with pytest.raises(asyncio.CancelledError):
        await reading
