"""The EXCEPTIONS source, over the wire and a real engine of the language."""

from __future__ import annotations

from cpr_cockpit.adapters.azure.logs_exceptions import ExceptionsReader
from cpr_cockpit.core.ports import Asked
from cpr_cockpit.core.signals import Source
from tests.azure.rows import request, thrown
from tests.azure.workspace import NOW, T0, Logs, named


async def test_exceptions_that_the_old_version_did_not_have(logs: Logs) -> None:
    logs.hold(
        AppRequests=[request(T0 - 3600, version="v1"), request(T0 + 1)],
        AppExceptions=[
            *(thrown(T0 - 600.0 * at, "System.TimeoutException at Db", "v1", ItemCount=2) for at in range(1, 6)),
            thrown(T0 + 5, "System.TimeoutException at Db"),
            thrown(T0 + 10, "System.NullReferenceException at Goals.List"),
            thrown(T0 + 11, "System.NullReferenceException at Goals.List", ItemCount=3),
            thrown(T0 + 20, "System.FormatException at Goals.\x1b[31mParse\u202e" + 80 * "x"),
            thrown(T0 + 21, "System.IOException at Shared"),
            thrown(T0 + 22, "System.IOException at Shared", "v1"),  # beside the new one: they share it
            thrown(T0 - 5, "System.FormatException at Start"),  # the new version before it had users
            thrown(T0 + 23, "TypeError at app.js", ClientType="Browser"),
            thrown(NOW + 30, "System.Tomorrow at Clock"),
        ],
    )
    seen = await logs.read(ExceptionsReader)
    first, new, *problems = seen.readings
    # The rows come in after 2 s, so 118 of the 120 s since the switch are in the logs.
    assert (first.name, first.value, first.unit, first.n) == ("exceptions per minute", 7 * 60 / 118, "events", 5)
    assert first.before == 10 / 60
    assert (new.name, new.value, new.n, new.limit) == ("new exceptions", 2.0, 3, 0.0)
    assert [(one.value, one.n) for one in problems] == [(1.0, 1), (4.0, 2)]
    assert problems[1].name == "new exception: System.NullReferenceException at Goals.List"
    assert problems[0].name.startswith("new exception: System.FormatException at Goals. [31mParse xx")
    assert len(problems[0].name) == 60
    assert problems[0].name.isprintable()
    # What is dated in the future is not counted, and it shows.
    assert (seen.source, seen.measured_at, seen.lag_p95, seen.at) == (Source.EXCEPTIONS, NOW + 30, 2.0, NOW + 1.0)
    assert (seen.partial, seen.lines) == (None, ())


async def test_at_most_five_new_exceptions_are_named_and_all_are_counted(logs: Logs) -> None:
    rows = [thrown(T0 + at, f"System.Error{at} at Goals") for at in range(1, 9)]
    logs.hold(AppRequests=[request(T0 + 1)], AppExceptions=rows)
    _, new, *problems = (await logs.read(ExceptionsReader)).readings
    assert new.value == 8.0
    assert [one.name for one in problems] == [f"new exception: System.Error{at} at Goals" for at in (8, 7, 6, 5, 4)]


async def test_exceptions_per_minute_are_over_the_time_that_is_in_the_logs(logs: Logs) -> None:
    late = [thrown(T0 + at, "System.IOException at Shared", _ingestion=T0 + at + 90) for at in range(30)]
    requests = [request(T0 + at, _ingestion=T0 + at + 90) for at in range(30)]
    logs.hold(AppRequests=requests, AppExceptions=late)
    assert named(await logs.read(ExceptionsReader))["exceptions per minute"].value == 60.0
    # Without requests, the exceptions tell by themselves how far the logs reach; what is dated ahead tells nothing.
    logs.hold(AppExceptions=[*late, thrown(NOW + 60, "System.Tomorrow at Clock", _ingestion=NOW + 150)])
    assert named(await logs.read(ExceptionsReader))["exceptions per minute"].value == 60.0
    # An old version that ran for a minute is not spread over an hour.
    before = [thrown(T0 - at, "System.IOException at Shared", "v1", ItemCount=2) for at in (50, 40, 30)]
    logs.hold(AppRequests=[request(T0 - 60, version="v1"), *requests], AppExceptions=[*before, *late])
    assert named(await logs.read(ExceptionsReader))["exceptions per minute"].before == 6.0
    # In a short window an hour is short too, and what came before it counts on neither side.
    old = [thrown(T0 - 400, "System.IOException at Shared", "v1"), *before]
    logs.hold(AppRequests=[request(T0 - at, version="v1") for at in (400, 300)], AppExceptions=old)
    short = Asked(NOW, T0, "v1", "v2", 90.0, 0.1)
    assert named(await logs.read(ExceptionsReader, short))["exceptions per minute"].before == 6 / 5


async def test_less_than_ten_seconds_tell_no_exceptions_per_minute(logs: Logs) -> None:
    for reach, told in ((9.9, None), (10.0, 12.0)):
        rows = [request(T0 + reach), request(T0 - reach, version="v1")]
        seldom = [thrown(T0 + 1, "System.A at Db", ItemCount=2), thrown(T0 - 1, "System.A at Db", "v1", ItemCount=2)]
        logs.hold(AppRequests=rows, AppExceptions=seldom)
        rate = named(await logs.read(ExceptionsReader, Asked(T0 + 11.0, T0, "v1", "v2", 900.0, 1.0)))
        found = rate["exceptions per minute"]
        assert (found.value, found.before, found.n) == (told, told, 1)


async def test_no_exceptions_are_a_figure_only_where_requests_came(logs: Logs) -> None:
    logs.hold(AppExceptions=[thrown(T0 - 60, "System.TimeoutException at Db", "v1")])
    found = named(await logs.read(ExceptionsReader))
    assert [one.value for one in found.values()] == [None, None]
    logs.hold(AppRequests=[request(T0 + 1)])
    found = named(await logs.read(ExceptionsReader))
    assert [one.value for one in found.values()] == [0.0, 0.0]
