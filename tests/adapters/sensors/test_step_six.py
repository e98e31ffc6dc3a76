"""Step 6 at the wire: a page with its files, the smoke tests of staging, and how fast it answers."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cpr_cockpit.adapters.connections import Connections
from cpr_cockpit.adapters.http_probe import HttpProbe, ProbeSettings
from cpr_cockpit.adapters.sensors.page import Page, PageItems, files_of
from cpr_cockpit.adapters.sensors.staged import HEALTH_ITEM, READ_ITEM, TIMES, WRITE_ITEM, StagedTests, StagedTimes
from cpr_cockpit.adapters.smoke import GOALS_API
from cpr_cockpit.core.journeys import API_IN_STAGING, STAGING
from cpr_cockpit.core.sensing import Reading, State
from tests.adapters.conftest import certificate, wire
from tests.azure.clocks import FixedClock
from tests.azure.wire import Answer, Wire

__all__ = ["certificate", "wire"]
ITEMS = PageItems("staging-ui-loading.loads", "staging-performance.ui")
PAGE = '<link rel=stylesheet href="/style.css"><script src=app.js></script><script src="https://cdn.example/x.js"></script>'
CLOCK = FixedClock(1_800_000_000.0)


@pytest.fixture
async def connections(certificate: tuple[Path, ssl.SSLContext]) -> AsyncIterator[Connections]:
    made = Connections(str(certificate[0]), loopback=True)
    yield made
    await made.close()


async def page(wire: Wire, connections: Connections, script: int) -> dict[str, Reading]:
    wire.on("GET", "/", Answer(body=PAGE))
    wire.on("GET", "/style.css", Answer(body="p {}"))
    wire.on("GET", "/app.js", Answer(status=script, body="1"))
    found = await Page(wire.url + "/", ITEMS, connections.fresh, CLOCK, 2000.0).read()
    return {one.name: one for one in found}


async def test_a_page_is_fetched_with_its_own_files_and_says_that_no_browser_was_there(
    wire: Wire, connections: Connections
) -> None:
    found = await page(wire, connections, 200)
    assert found[ITEMS.loads].state is State.OK
    assert (
        "the page and 2 files, 0 KiB, 1 files of other hosts left out: 200, no script was run"
        in found[ITEMS.loads].words
    )
    assert found[ITEMS.time].state is State.OK
    assert "the page's bytes over HTTP, no browser, n 1, target 2000 ms" in found[ITEMS.time].words


async def test_a_file_that_is_missing_fails_the_page_and_leaves_its_time_unknown(
    wire: Wire, connections: Connections
) -> None:
    found = await page(wire, connections, 404)
    assert (found[ITEMS.loads].state, found[ITEMS.time].state) == (State.FAILED, State.UNKNOWN)
    assert found[ITEMS.loads].words.startswith("/app.js is answered 404")


def test_files_are_named_once_and_what_is_no_address_is_none() -> None:
    text = '<img src="a.png#x"><img src="/a.png">'
    text += '<link rel=canonical href="/c"><script src="data:1"></script><img src="//[x">'
    assert files_of(text, "https://h/p/") == ["https://h/p/a.png", "https://h/a.png"]


def settings(wire: Wire) -> ProbeSettings:
    return ProbeSettings({STAGING: wire.url, "production": wire.url}, wire.url, "token", GOALS_API)


def api(wire: Wire, version: str, deleted: int = 204) -> None:
    wire.on("GET", "/api/health", Answer(body={"version": version}))
    wire.on("GET", "/api/v1/goals", Answer(status=401), Answer(body=[]))
    wire.on("POST", "/api/v1/goals", Answer(status=201, headers={"Location": "/api/v1/goals/7"}))
    wire.on("DELETE", "/api/v1/goals/7", Answer(status=deleted))
    wire.on("GET", "/", Answer(body="page"))


@pytest.mark.parametrize(
    ("serves", "deleted", "states"),
    [
        ("v1.3.0", 204, (State.OK, State.OK, State.OK)),
        ("v1.2.0", 204, (State.FAILED, State.OK, State.OK)),
        ("v1.3.0", 500, (State.OK, State.OK, State.FAILED)),
    ],
)
async def test_smoke_tests_on_staging_tell_health_reads_and_writes_apart(
    wire: Wire, connections: Connections, serves: str, deleted: int, states: tuple[State, ...]
) -> None:
    api(wire, serves, deleted)
    probe = HttpProbe(settings(wire), connections, CLOCK)
    sensor = StagedTests(probe, GOALS_API, "/api/health", "v1.3.0", CLOCK)
    found = {one.name: one for one in await sensor.read()}
    assert tuple(found[item].state for item in (HEALTH_ITEM, READ_ITEM, WRITE_ITEM)) == states
    assert "n 2" in found[READ_ITEM].words


async def test_p95_of_staging_is_told_with_its_number_and_what_misses_is_measured_twice(
    wire: Wire, connections: Connections
) -> None:
    wire.on("GET", "/api/v1/goals", Answer(body=[]))
    clock = FixedClock(1_800_000_000.0)
    (good,) = await StagedTimes(settings(wire), "/api/v1/goals", connections.kept, clock, 60_000.0).read()
    assert (good.name, good.state, good.n) == (API_IN_STAGING, State.OK, TIMES)
    assert wire.count("GET", "/api/v1/goals") == TIMES + 1
    (slow,) = await StagedTimes(settings(wire), "/api/v1/goals", connections.kept, clock, 1e-6).read()
    assert slow.state is State.FAILED
    assert "ms 1 s before) of n 20" in slow.words
    assert wire.count("GET", "/api/v1/goals") == 3 * TIMES + 2
    wire.on("GET", "/api/v1/goals", Answer(status=500))
    (broken,) = await StagedTimes(settings(wire), "/api/v1/goals", connections.kept, clock, 200.0).read()
    assert (broken.state, broken.words) == (State.FAILED, "GET /api/v1/goals is answered 500")
