from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from cpr_cockpit.adapters.connections import Connections
from cpr_cockpit.adapters.http_probe import HttpProbe, ProbeSettings
from cpr_cockpit.core.plan import Act, ActKind
from tests.azure.clocks import FixedClock
from tests.azure.wire import Answer, Wire

HEALTH = "/api/health"
GOALS = "/api/v1/goals"
HEALTHY = Answer(200, {"status": "Healthy", "version": "v2", "startedAt": "2026-01-02T03:04:05Z", "instance": "i1"})


@pytest.fixture
async def connections(certificate: tuple[Path, ssl.SSLContext]) -> AsyncIterator[Connections]:
    opened = Connections(str(certificate[0]), loopback=True)
    yield opened
    await opened.close()


@pytest.fixture
def settings(wire: Wire) -> ProbeSettings:
    production = wire.url.replace("localhost", "127.0.0.1")
    return ProbeSettings(
        hosts={"production": production, "green": wire.url},
        second=f"{wire.url}/metadata/endpoints",
        user_token="a-user",
        look_s=5.0,
        ask_s=5.0,
    )


@pytest.fixture
def probe(settings: ProbeSettings, connections: Connections) -> HttpProbe:
    return HttpProbe(settings, connections, FixedClock(1000.0))


async def test_a_look_tells_status_version_and_instance(probe: HttpProbe, wire: Wire) -> None:
    wire.on("GET", HEALTH, HEALTHY)
    seen = await probe.look("green")
    assert (seen.at, seen.status, seen.version, seen.instance, seen.error) == (1000.0, 200, "v2", "i1", "")
    assert seen.ok
    assert seen.ms > 0


async def test_every_look_is_a_fresh_connection_marked_as_synthetic(probe: HttpProbe, wire: Wire) -> None:
    wire.on("GET", HEALTH, HEALTHY)
    for _ in range(4):
        assert (await probe.look("green")).ok
    assert len({one.peer for one in wire.asked}) == 4
    for one in wire.asked:
        assert one.headers["SyntheticTest-RunId"]
        assert one.headers["SyntheticTest-Location"] == "cpr-cockpit"
        assert one.headers["User-Agent"].startswith("cpr-cockpit/")
        assert "Authorization" not in one.headers
        assert "Cookie" not in one.headers


@pytest.mark.parametrize(("told", "commit"), [("5f1d2c3", "5f1d2c3"), (7, None), ("a\x1b[2Jb", None), (None, None)])
async def test_a_look_tells_the_commit_where_the_answer_does(
    probe: HttpProbe, wire: Wire, told: object, commit: str | None
) -> None:
    wire.on("GET", "/api/health", Answer(200, {"version": "v2", "commit": told}))
    assert (await probe.look("green")).commit == commit


async def test_no_cookie_is_kept_lest_every_look_meets_one_instance(probe: HttpProbe, wire: Wire) -> None:
    affinity = {"Set-Cookie": "ARRAffinity=one-instance; Path=/; Secure; HttpOnly"}
    wire.on("GET", HEALTH, replace(HEALTHY, headers=affinity))
    await probe.look("production")
    await probe.look("production", as_new=True)
    await probe.look("green")
    assert [one.headers.get("Cookie") for one in wire.asked] == ["x-ms-routing-name=self", None, None]


def test_the_users_token_is_in_no_text_of_the_settings(settings: ProbeSettings) -> None:
    assert settings.user_token not in repr(settings)


async def test_a_look_by_cookie_asks_the_production_host(probe: HttpProbe, wire: Wire) -> None:
    wire.on("GET", HEALTH, HEALTHY)
    await probe.look("green", by_cookie=True)
    await probe.look("production")
    assert [one.headers["Cookie"] for one in wire.asked] == ["x-ms-routing-name=green", "x-ms-routing-name=self"]
    assert all(one.headers["Host"].startswith("127.0.0.1:") for one in wire.asked)


async def test_the_version_is_told_by_a_header_where_the_body_does_not(probe: HttpProbe, wire: Wire) -> None:
    wire.on("GET", HEALTH, Answer(503, "Service Unavailable", {"x-app-version": "v2"}))
    seen = await probe.look("green")
    assert (seen.status, seen.version, seen.instance, seen.ok) == (503, "v2", None, False)


@pytest.mark.parametrize(
    "body",
    [
        "<html>",
        "",
        [],
        "null",
        {"version": 7},
        {"version": ""},
        {"version": "v\u001b[31m"},
        {"version": "v" * 300},
        {"version": "v2", "padding": "x" * 70_000},
        b"\xff\xfe",
        "[" * 60_000,
    ],
)
async def test_a_body_that_tells_no_version_gives_none(probe: HttpProbe, wire: Wire, body: object) -> None:
    wire.on("GET", HEALTH, Answer(200, body))
    seen = await probe.look("green")
    assert (seen.status, seen.version, seen.ok) == (200, None, False)


async def test_a_cut_connection_is_an_answer_too(probe: HttpProbe, wire: Wire) -> None:
    wire.on("GET", HEALTH, Answer(cut=True), Answer(cut=True, body=b'{"version"'))
    for _ in range(2):
        seen = await probe.look("green")
        assert (seen.status, seen.ok) == (None, False)
        assert seen.error


async def test_a_host_that_is_not_there_is_an_answer_too(settings: ProbeSettings, connections: Connections) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        hosts = {"production": f"https://127.0.0.1:{taken.getsockname()[1]}"}
        probe = HttpProbe(replace(settings, hosts=hosts), connections, FixedClock(0.0))
        seen = await probe.look("production")
    assert (seen.status, seen.version) == (None, None)
    assert seen.error


async def test_a_host_that_does_not_answer_in_time_is_an_answer_too(
    settings: ProbeSettings, connections: Connections
) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        hosts = {"production": f"https://127.0.0.1:{port}"}
        probe = HttpProbe(replace(settings, hosts=hosts, look_s=0.1), connections, FixedClock(0.0))
        seen = await probe.look("production")
    assert seen.status is None
    assert seen.error == "no whole answer within 0.1 s"


async def test_a_certificate_that_is_not_trusted_is_an_answer_too(settings: ProbeSettings) -> None:
    strict = Connections(loopback=True)
    try:
        seen = await HttpProbe(settings, strict, FixedClock(0.0)).look("green")
    finally:
        await strict.close()
    assert seen.status is None
    assert "certificate" in seen.error.lower()


def _tell_goals(wire: Wire, created: Answer, deleted: Answer) -> None:
    wire.on("GET", HEALTH, HEALTHY)
    wire.on("GET", GOALS, Answer(401), Answer(200, []))
    wire.on("POST", GOALS, created)
    wire.on("DELETE", f"{GOALS}/7", deleted)
    wire.on("GET", "/", Answer(200, "<html>"))


async def test_smoke_tests_hold_and_clean_up(probe: HttpProbe, wire: Wire) -> None:
    _tell_goals(wire, Answer(201, {"id": 7}, {"Location": f"{GOALS}/7"}), Answer(204))
    results = await probe.smoke("green")
    assert [(one.name, one.passed) for one in results] == [
        ("health", True),
        ("goals without sign-in", True),
        ("goals", True),
        ("create and delete a goal", True),
        ("first page", True),
    ]
    assert (wire.count("POST"), wire.count("DELETE")) == (1, 1)
    signed_in = [one.method + one.path for one in wire.asked if one.headers.get("Authorization") == "Bearer a-user"]
    assert signed_in == [f"GET{GOALS}", f"POST{GOALS}", f"DELETE{GOALS}/7"]
    assert all(one.headers["SyntheticTest-RunId"] for one in wire.asked)


@pytest.mark.parametrize(
    ("created", "deleted", "words"),
    [
        (Answer(500), Answer(204), "500 where 201 was expected"),
        (Answer(201, {}), Answer(204), "201; what was created stays: the answer has no Location"),
        (
            Answer(201, {}, {"Location": f"{GOALS}/7"}),
            Answer(500),
            "201; what was created stays: DELETE was answered 500",
        ),
        (
            Answer(201, {}, {"Location": "https://elsewhere.example.net/7"}),
            Answer(204),
            "201; what was created stays: its Location is on another host",
        ),
        (
            Answer(201, {}, {"Location": "https://[no-address/7"}),
            Answer(204),
            "201; what was created stays: its Location is no address",
        ),
        (Answer(200, {}, {"Location": f"{GOALS}/7"}), Answer(204), "200 where 201 was expected, deleted again"),
    ],
)
async def test_a_smoke_test_that_does_not_hold_says_why(
    probe: HttpProbe, wire: Wire, created: Answer, deleted: Answer, words: str
) -> None:
    _tell_goals(wire, created, deleted)
    result = {one.name: one for one in await probe.smoke("green")}["create and delete a goal"]
    assert (result.passed, result.words) == (False, words)
    assert wire.count("POST") == 1


async def test_the_users_token_never_goes_out_without_tls(probe: HttpProbe, wire: Wire) -> None:
    downgraded = wire.url.replace("https:", "http:") + f"{GOALS}/7"
    _tell_goals(wire, Answer(201, {}, {"Location": downgraded}), Answer(204))
    result = {one.name: one for one in await probe.smoke("green")}["create and delete a goal"]
    assert result.words == "201; what was created stays: its Location is on another host"
    assert wire.count("DELETE") == 0


async def test_smoke_tests_go_on_after_a_cut_connection(probe: HttpProbe, wire: Wire) -> None:
    _tell_goals(wire, Answer(cut=True), Answer(204))
    results = {one.name: one for one in await probe.smoke("green")}
    assert not results["create and delete a goal"].passed
    assert results["create and delete a goal"].words
    assert results["first page"].passed
    assert wire.count("POST") == 1


async def test_warm_up_counts_answers_below_500(probe: HttpProbe, wire: Wire) -> None:
    wire.on("GET", "/", Answer(200, "page"))
    wire.on("GET", GOALS, Answer(500), Answer(404))
    wire.on("GET", HEALTH, Answer(cut=True), HEALTHY)
    times = await probe.warm("green", 6)
    assert len(times) == 4
    assert all(ms > 0 for ms in times)
    assert wire.count("GET") == 6


async def test_the_second_host_answers_whatever_it_answers(
    probe: HttpProbe, settings: ProbeSettings, connections: Connections, wire: Wire
) -> None:
    wire.on("GET", "/metadata/endpoints", Answer(500), Answer(cut=True))
    assert await probe.second_host()
    assert not await probe.second_host()
    assert all("Authorization" not in one.headers for one in wire.asked)
    nobody = replace(settings, second="https://localhost:9/")
    assert not await HttpProbe(nobody, connections, FixedClock(0.0)).second_host()


async def test_what_a_plan_would_send_is_told_and_not_sent(probe: HttpProbe, wire: Wire) -> None:
    proof = probe.planned(Act(ActKind.PROVE_SERVING, "green", version="v2"))
    assert ("x-ms-routing-name=green" in proof[-1].body, proof[-1].url.startswith("https://127.0.0.1")) == (True, True)
    smoke = probe.planned(Act(ActKind.SMOKE, "green"))
    assert [one.method for one in smoke] == ["GET", "GET", "GET", "POST", "GET"]
    assert "then DELETE" in smoke[3].body
    assert probe.planned(Act(ActKind.ENSURE_SLOT, "green")) == ()
    assert wire.asked == []


async def test_another_health_address_is_asked_and_planned(
    settings: ProbeSettings, connections: Connections, wire: Wire
) -> None:
    wire.on("GET", "/health", HEALTHY)
    probe = HttpProbe(replace(settings, health="/health"), connections, FixedClock(1000.0))
    assert (await probe.look("green")).ok
    assert [one.url for one in probe.planned(Act(ActKind.PROVE_SLOT, "green"))] == [f"{wire.url}/health"]


async def test_a_users_token_that_no_header_can_have_is_told_by_its_variable_alone(
    settings: ProbeSettings, connections: Connections, wire: Wire
) -> None:
    for token in ("s3cret\r\nX-Other: 1", "s3cr\u00e9t"):
        probe = HttpProbe(replace(settings, user_token=token), connections, FixedClock(1000.0))
        told = {result.name: result for result in await probe.smoke("green")}
        assert "variable COCKPIT_USER_TOKEN holds what header Authorization cannot carry" in told["goals"].words
        assert "s3cr" not in str(told)
        assert await probe.warm("green", 1) == ()
    assert not any("Authorization" in asked.headers for asked in wire.asked)


async def test_without_a_users_token_nothing_is_sent_in_its_place(
    settings: ProbeSettings, connections: Connections, wire: Wire
) -> None:
    wire.on("GET", "/", Answer(200, {}))
    probe = HttpProbe(replace(settings, user_token="", warm_paths=("/",)), connections, FixedClock(1000.0))
    assert len(await probe.warm("green", 1)) == 1
    assert "Authorization" not in wire.asked[0].headers


FLAGS = "/api/flags"


def flags_told(share: object, *, enabled: object = True) -> Answer:
    told = {"goal-suggestions": {"enabled": enabled, "percent": share, "etag": "e"}}
    return Answer(200, {"version": "v2", "instance": "i1", "flags": told})


@pytest.mark.parametrize(
    ("answer", "share"),
    [
        (flags_told(25), 25.0),
        (flags_told(25, enabled=False), 0.0),
        (flags_told(0), 0.0),
        (flags_told(12.5), 12.5),
    ],
)
async def test_an_instance_tells_what_it_knows_of_a_flag(
    probe: HttpProbe, wire: Wire, answer: Answer, share: float
) -> None:
    wire.on("GET", FLAGS, answer)
    seen = await probe.flag("production", "goal-suggestions")
    assert (seen.at, seen.version, seen.instance, seen.share, seen.error) == (1000.0, "v2", "i1", share, "")
    [asked] = wire.asked
    assert asked.headers["Cookie"] == "x-ms-routing-name=self"
    assert asked.headers["SyntheticTest-Location"] == "cpr-cockpit"


@pytest.mark.parametrize(
    "answer",
    [
        Answer(404, "none"),
        Answer(500, {"version": "v2", "flags": {"goal-suggestions": {"enabled": False}}}),
        Answer(200, "no JSON"),
        Answer(200, {"flags": []}),
        Answer(200, {"flags": {"other": {"enabled": True}}}),
        Answer(200, {"flags": {"goal-suggestions": True}}),
        flags_told(25, enabled="yes"),
        flags_told("many"),
        flags_told(True),
        flags_told(250),
        Answer(cut=True),
    ],
)
async def test_an_instance_that_does_not_tell_is_never_taken_for_off(
    probe: HttpProbe, wire: Wire, answer: Answer
) -> None:
    wire.on("GET", FLAGS, answer)
    seen = await probe.flag("green", "goal-suggestions")
    assert seen.share is None
    assert seen.error
    assert "Cookie" not in wire.asked[0].headers
