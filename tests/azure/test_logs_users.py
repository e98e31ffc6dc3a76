"""The USAGE and BROWSER sources, over the wire and a real engine of the language."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pytest

from cpr_cockpit.adapters.azure.logs_users import BrowserReader, UsageReader
from cpr_cockpit.core.blocks import Reading
from cpr_cockpit.core.ports import Asked, PortError
from cpr_cockpit.core.signals import Source
from tests.azure.rows import page, request, thrown
from tests.azure.workspace import NOW, T0, TABLES, Kind, Logs, named

BATCH = "/v1/$batch"
FEATURE = "POST /goals"
USAGE: Kind = partial(UsageReader, feature_operation=FEATURE)


# -- users --


async def test_active_users_and_sign_in_failures(logs: Logs) -> None:
    rows = [
        *(request(T0 - 100 + at, "401" if at == 0 else "200", "v1", UserId=f"u{at % 5}") for at in range(10)),
        request(T0 - 301, version="v1", UserId="left long ago"),
        request(T0 + 1, "401"),
        request(T0 + 2, "403", UserId="new"),
        request(T0 + 3, "404", UserId="new"),
        request(T0 + 4, "200", "v1", UserId="u1"),
    ]
    logs.hold(AppRequests=rows)
    seen = await logs.read(UsageReader)
    assert seen.readings == (
        Reading("active users", 6.0, "users", before=5.0),
        Reading("sign-in failures (401, 403)", 2 / 3, "share", n=3, before=1 / 11),
    )
    assert (seen.source, seen.measured_at, seen.lines) == (Source.USAGE, T0 + 4, ())


async def test_five_minutes_are_shorter_in_a_short_window(logs: Logs) -> None:
    logs.hold(AppRequests=[request(NOW - 40, UserId="a"), request(NOW - 1, UserId="b"), request(T0 - 1, UserId="c")])
    short = Asked(NOW, T0, "v1", "v2", 90.0, 0.1)
    assert named(await logs.read(UsageReader, short))["active users"].value == 1.0
    assert named(await logs.read(UsageReader))["active users"].value == 3.0


async def test_users_that_nobody_names_are_no_data_and_not_zero(logs: Logs) -> None:
    logs.hold(AppRequests=[request(T0 + 1)])
    seen = await logs.read(UsageReader)
    assert seen.readings[0] == Reading("active users", None, "users")
    assert seen.lines == ("no request tells its user",)


async def test_hours_after_go_users_and_refusals_are_held_against_the_time_before_the_switch(logs: Logs) -> None:
    now = T0 + 3 * 3600.0
    rows = [
        *(request(T0 - 100 + at, "401" if at == 0 else "200", "v1", UserId=f"u{at % 5}") for at in range(10)),
        request(T0 + 10, "401", "v1", UserId="late"),
        *(request(T0 + 3600, "401", UserId=f"noon {at}", OperationName=FEATURE) for at in range(9)),
        request(T0 - 50, version="v1", UserId="u1", OperationName=FEATURE),
        *(request(now - 100 + at, "403" if at == 0 else "200", UserId=f"v{at % 3}") for at in range(8)),
        request(now - 2, UserId="v0", OperationName=FEATURE, ItemCount=15),
    ]
    logs.hold(AppRequests=rows)
    seen = await logs.read(USAGE, Asked(now, T0, "v1", "v2", 900.0, 1.0, since=now - 900.0))
    users, sign_in, use, feature = seen.readings
    assert (users.value, users.before) == (3.0, 5.0)
    assert (sign_in.value, sign_in.n, sign_in.before) == (1 / 9, 9, 1 / 11)
    # Per minute of the stretch: its rows come in after two seconds.
    assert use.value == pytest.approx(15 * 60 / 898)
    assert (use.n, use.before) == (1, 60 / 100)
    assert (feature.value, feature.n, feature.before) == (1 / 3, 3, 1 / 5)


# -- the new feature --


async def test_the_use_of_the_new_feature_beside_none_before(logs: Logs) -> None:
    rows = [
        *(request(T0 - 600 + 60 * at, version="v1", UserId=f"u{at}", OperationName="GET /goals") for at in range(10)),
        request(T0 + 10, UserId="a", OperationName=FEATURE),
        request(T0 + 20, "500", UserId="a", OperationName="post /GOALS", ItemCount=3),
        request(T0 + 30, UserId="b", OperationName="GET /goals"),
        request(T0 + 40, UserId="c", OperationName="POST /goals/{id}"),
        request(T0 + 50, UserId="u1", version="v1", OperationName=FEATURE),  # still on the old version
        request(T0 - 20, UserId="tester", OperationName=FEATURE),  # of the slot, before the switch
        request(NOW + 5, UserId="tomorrow", OperationName=FEATURE),
        request(NOW - 2, OperationName=FEATURE),
    ]
    logs.hold(AppRequests=rows)
    seen = await logs.read(USAGE)
    # The rows come in after 2 s, so 118 of the 120 s since the switch are in the logs.
    assert seen.readings[2:] == (
        Reading("use of the new feature", 5 * 60 / 118, "/min", n=3, before=0.0),
        Reading("users of the new feature", 1 / 3, "share", n=3, before=0.0),
    )
    assert (seen.source, seen.lines) == (Source.USAGE, ())


async def test_what_the_old_version_had_of_it_counts_from_its_first_request_on(logs: Logs) -> None:
    before = [
        request(T0 - 90, version="v1", UserId="a", OperationName="GET /goals"),
        request(T0 - 60, version="v1", UserId="b", OperationName=FEATURE, ItemCount=6),
    ]
    logs.hold(AppRequests=[*before, request(T0 + 1, UserId="b", OperationName="GET /goals")])
    use, users = (await logs.read(USAGE)).readings[2:]
    assert (use.value, use.n, use.before) == (0.0, 0, 4.0)
    assert (users.value, users.n, users.before) == (0.0, 1, 0.5)


async def test_late_logs_do_not_make_the_use_smaller(logs: Logs) -> None:
    rows = [request(T0 + at, OperationName=FEATURE, _ingestion=T0 + at + 90) for at in range(30)]
    logs.hold(AppRequests=rows)
    assert named(await logs.read(USAGE))["use of the new feature"].value == 60.0
    # Of rows that do not tell when they came in, the newest tells how far the logs reach.
    logs.hold(AppRequests=[one | {"_ingestion": None} for one in [*rows, request(T0 + 60)]])
    assert named(await logs.read(USAGE))["use of the new feature"].value == 30.0


async def test_less_than_ten_seconds_tell_no_rate(logs: Logs) -> None:
    for since, past, told in ((9.9, 9.9, (None, None)), (10.0, 10.0, (12.0, 6.0))):
        both = [request(T0 + 1, OperationName=FEATURE), request(T0 + since, OperationName=FEATURE)]
        logs.hold(AppRequests=[*both, request(T0 - past, version="v1", OperationName=FEATURE)])
        use = named(await logs.read(USAGE, Asked(T0 + 11.0, T0, "v1", "v2", 900.0, 1.0)))["use of the new feature"]
        assert (use.value, use.before, use.n) == (*told, 2)


async def test_users_of_the_feature_are_those_of_stretches_of_one_length(logs: Logs) -> None:
    rows = [
        request(T0 + 100, UserId="left", OperationName=FEATURE),
        request(T0 + 400, UserId="here", OperationName=FEATURE),
        request(T0 + 410, UserId="here too", OperationName="GET /goals"),
        request(T0 - 299, version="v1", UserId="here", OperationName="GET /goals"),
        request(T0 - 301, version="v1", UserId="left", OperationName=FEATURE),
    ]
    logs.hold(AppRequests=rows)
    later = named(await logs.read(USAGE, Asked(T0 + 500, T0, "v1", "v2", 900.0, 1.0)))["users of the new feature"]
    assert (later.value, later.n, later.before) == (0.5, 2, 0.0)
    # After 150 s the same is known of 150 s before the switch: of nobody.
    sooner = named(await logs.read(USAGE, Asked(T0 + 150, T0, "v1", "v2", 900.0, 1.0)))["users of the new feature"]
    assert (sooner.value, sooner.n, sooner.before) == (1.0, 1, None)


async def test_without_names_the_use_is_told_and_no_share_of_users(logs: Logs) -> None:
    logs.hold(AppRequests=[request(T0 + at, OperationName=FEATURE) for at in range(0, 60, 10)])
    seen = await logs.read(USAGE)
    assert [one.name for one in seen.readings[2:]] == ["use of the new feature"]
    assert (seen.readings[2].n, seen.readings[2].before) == (6, None)


async def test_without_requests_since_the_switch_the_use_is_no_data_and_not_zero(logs: Logs) -> None:
    logs.hold(AppRequests=[request(T0 - 60, version="v1", UserId="a", OperationName=FEATURE)])
    use, users = (await logs.read(USAGE)).readings[2:]
    assert (use.value, use.before) == (None, 1.0)
    assert (users.value, users.n, users.before) == (None, 0, 1.0)


async def test_a_feature_that_nobody_named_is_not_told_of(logs: Logs) -> None:
    logs.hold(AppRequests=[request(T0 + 1, UserId="a", OperationName=""), request(T0 + 2, UserId="a")])
    assert list(named(await logs.read(UsageReader))) == ["active users", "sign-in failures (401, 403)"]


async def test_the_name_of_an_operation_stays_a_string(logs: Logs) -> None:
    odd = 'POST /goals/{id}" or true //\\'
    logs.hold(AppRequests=[request(T0 + 60, OperationName=odd), request(T0 + 61, OperationName="GET /goals")])
    use = named(await logs.read(partial(UsageReader, feature_operation=odd)))["use of the new feature"]
    assert use.n == 1
    with pytest.raises(PortError, match="control character"):
        await logs.read(partial(UsageReader, feature_operation="POST /goals\n| take 1"))
    assert logs.wire.count("POST", BATCH) == 1


# -- browsers --


async def test_browsers_tell_exceptions_and_page_loads(logs: Logs) -> None:
    logs.hold(
        AppExceptions=[
            thrown(T0 - 60, "TypeError at app.js", "", ClientType="Browser", ItemCount=30),
            thrown(T0 + 5, "TypeError at app.js", "", ClientType="Browser"),
            thrown(T0 + 6, "System.TimeoutException at Db"),
        ],
        AppBrowserTimings=[page(T0 - 60 + at, 100.0 * at) for at in range(1, 5)]
        + [page(T0 + at, 200.0 * at) for at in range(1, 5)]
        + [page(NOW + 5, 9999.0)],
    )
    seen = await logs.read(BrowserReader)
    assert seen.readings == (
        Reading("browser exceptions per minute", 60 / 118, "events", n=1, before=0.5),
        Reading("page load p75", 600.0, "ms", n=4, before=300.0),
    )
    assert seen.measured_at == NOW + 5


async def test_late_logs_do_not_make_browser_exceptions_fewer(logs: Logs) -> None:
    late = {"ClientType": "Browser", "_ingestion": NOW}
    logs.hold(
        AppExceptions=[thrown(T0 + at, "TypeError at app.js", "", **late) for at in range(6)],
        AppBrowserTimings=[page(T0 + at, 100.0, _ingestion=T0 + at + 90) for at in range(1, 31)],
    )
    assert named(await logs.read(BrowserReader))["browser exceptions per minute"].value == 12.0


async def test_hours_after_go_browsers_tell_the_stretch_beside_the_time_before_the_switch(logs: Logs) -> None:
    now, script = T0 + 3 * 3600.0, "TypeError at app.js"
    logs.hold(
        AppExceptions=[
            thrown(at, script, "", ClientType="Browser", ItemCount=30) for at in (T0 - 60, T0 + 3600, now - 60)
        ],
        AppBrowserTimings=[page(T0 - 60, 100.0), page(T0 + 3600, 9000.0), page(now - 60, 200.0)],
    )
    seen = await logs.read(BrowserReader, Asked(now, T0, "v1", "v2", 900.0, 1.0, since=now - 900.0))
    assert seen.readings == (
        Reading("browser exceptions per minute", 30 * 60 / 898, "events", n=1, before=0.5),
        Reading("page load p75", 200.0, "ms", n=1, before=100.0),
    )


@pytest.mark.parametrize("tables", [TABLES, ("AppRequests", "AppExceptions")])
async def test_an_application_without_browser_telemetry_is_no_error(logs: Logs, tables: Sequence[str]) -> None:
    logs.wire.answer_tables(dict.fromkeys(tables, ()), same={}, now=NOW)
    seen = await logs.read(BrowserReader)
    assert (seen.readings, seen.error, seen.partial, seen.measured_at) == ((), None, None, None)
    assert seen.lines[-1] == "no browser telemetry"
    assert ("the workspace has no table AppBrowserTimings" in seen.lines) == ("AppBrowserTimings" not in tables)
