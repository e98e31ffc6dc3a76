"""What the simulated browsers report of the page: times, views, faults of its script; and how the clients tell it."""

from __future__ import annotations

import statistics
from collections import Counter
from pathlib import Path
from typing import Any

from aiohttp import web

from cpr_cockpit.lab import certificates
from cpr_cockpit.lab.browsers import Browsers, user_id
from cpr_cockpit.lab.counts import Counts
from cpr_cockpit.lab.kql.schema import TABLES
from cpr_cockpit.lab.traffic import Traffic
from tests.lab.slots import until

AT = 1_700_000_000.0
VERSION = "v1.3.0"


class Reported:
    def __init__(self) -> None:
        self.rows: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, table: str, row: dict[str, Any]) -> None:
        self.rows.append((table, row))

    def of(self, table: str) -> list[dict[str, Any]]:
        return [row for name, row in self.rows if name == table]


def test_a_page_takes_its_network_and_its_work() -> None:
    reported = Reported()
    browsers = Browsers("https://goals.example/", 3, reported)
    for number in range(400):
        browsers.viewed(f"user-{number % 7}", VERSION, AT, 0.1)
    timings, views = reported.of("AppBrowserTimings"), reported.of("AppPageViews")
    assert len(timings) == len(views) == 400
    for row in timings:
        parts = sum(row[f"{name}DurationMs"] for name in ("Network", "Send", "Receive", "Processing"))
        assert abs(row["TotalDurationMs"] - parts) < 0.5
    assert statistics.median(row["TotalDurationMs"] for row in timings) < 1000.0
    assert {row["UserId"] for row in views} == {user_id(f"user-{number}") for number in range(7)}
    assert {(row["AppVersion"], row["ClientType"], row["Url"]) for row in views} == {
        (VERSION, "Browser", "https://goals.example/")
    }
    own = reported.of("AppExceptions")
    assert 1 <= len(own) <= 40, "every version has a few faults of the browsers' own"
    assert {row["ProblemId"] for row in own} == {"Error at window.onerror"}


def test_a_call_of_the_script_that_fails_is_an_exception_of_its_own() -> None:
    reported = Reported()
    browsers = Browsers("https://goals.example", 3, reported)
    browsers.failed("ada", VERSION, AT, 503)
    browsers.failed("ada", VERSION, AT, 0)
    assert [(row["ProblemId"], row["OuterMessage"]) for row in reported.of("AppExceptions")] == [
        ("Error at ask (/app.js)", "The service answered 503."),
        ("TypeError at ask (/app.js)", "Failed to fetch"),
    ]


def test_the_rows_have_columns_of_their_tables() -> None:
    reported = Reported()
    browsers = Browsers("https://goals.example", 3, reported)
    browsers.viewed("ada", VERSION, AT, 0.1)
    browsers.failed("ada", VERSION, AT, 500)
    for table, row in reported.rows:
        assert set(row) <= set(TABLES[table]), table
    assert {table for table, _ in reported.rows} == {"AppPageViews", "AppBrowserTimings", "AppExceptions"}


async def test_the_clients_tell_who_they_are_and_what_their_browsers_saw(tmp_path: Path) -> None:
    issued, who, failing = certificates.issue(tmp_path), Counter[str](), False

    async def answer(request: web.BaseRequest) -> web.Response:
        if "Authorization" in request.headers:
            who[request.headers["X-MS-CLIENT-PRINCIPAL-NAME"]] += 1
        status = 500 if failing and request.path != "/" else 200
        return web.Response(status=status, headers={"x-app-version": VERSION})

    runner = web.ServerRunner(web.Server(answer), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=issued.server).start()
    url, reported = f"https://127.0.0.1:{runner.addresses[0][1]}", Reported()
    traffic = Traffic(Counts(), reported)
    setup = {"slot": "green", "ca": issued.ca, "user_token": "t", "seed": 5, "rate": 200.0}
    await traffic.start(production_url=url, **setup)  # type: ignore[arg-type]
    try:
        await until(lambda: len(reported.of("AppPageViews")) >= 30 and len(who) >= 20)
        assert {row["ProblemId"] for row in reported.of("AppExceptions")} <= {"Error at window.onerror"}
        failing = True
        await until(lambda: any("answered 500" in row["OuterMessage"] for row in reported.of("AppExceptions")))
    finally:
        await traffic.stop()
        await runner.cleanup()
    names = {user_id(name) for name in who}
    assert {row["UserId"] for _, row in reported.rows} & names
    assert {row["AppVersion"] for _, row in reported.rows} == {VERSION}
