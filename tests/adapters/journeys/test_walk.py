from __future__ import annotations

import asyncio
import re
import time
from typing import Any

import pytest

from cpr_cockpit.adapters.journeys.searching import searched
from cpr_cockpit.core.journeys import JourneyResult, Proof, Walked
from tests.adapters.journeys.conftest import SECRET, Runner, journey
from tests.azure.wire import Answer, Wire

TOKEN = "zwiebelkuchen-token-0815"
LOGIN = {
    "name": "login",
    "method": "POST",
    "path": "/sign-in",
    "body": {"email": "check@goals.example", "password": "{secret:login}"},
    "captures": {"token": {"pointer": "/token"}},
    "proves": ["login"],
}
SIGNED_IN = {"Authorization": "Bearer {token}"}
CREATE = {
    "name": "create",
    "method": "POST",
    "path": "/goals",
    "headers": SIGNED_IN,
    "body": {"title": "A check", "tags": ["{{x}}", True]},
    "status": 201,
    "captures": {"goal_id": {"pointer": "/id", "shown": True}, "where": {"header": "Location"}},
}
READ = {
    "name": "read",
    "path": "/goals/{goal_id}",
    "headers": SIGNED_IN,
    "equals": {"/title": "A check", "/id": "{goal_id}"},
    "exists": ["/createdAt"],
    "within_ms": "20s",
    "proves": ["data", "persistence"],
}
DELETE = {
    "name": "delete",
    "method": "DELETE",
    "path": "{where}",
    "headers": SIGNED_IN,
    "status": 204,
    "clean_up": True,
}
GOAL = {"id": 17, "title": "A check", "createdAt": "now"}


def nobody(_: object) -> None:
    """Hears no line."""


def answers(wire: Wire) -> None:
    wire.on("POST", "/sign-in", Answer(200, {"token": TOKEN}))
    wire.on("POST", "/goals", Answer(201, GOAL, {"Location": "/goals/17"}))
    wire.on("GET", "/goals/17", Answer(200, GOAL))
    wire.on("DELETE", "/goals/17", Answer(204))


def told(result: JourneyResult) -> str:
    """Everything that a result could tell anybody."""
    return repr(result)


async def test_a_journey_signs_in_creates_reads_and_deletes_and_its_requests_are_known_for_our_own(
    runner: Runner, wire: Wire
) -> None:
    answers(wire)
    result = await runner(journey(LOGIN, CREATE, READ, DELETE)).walk("goals", "green", nobody)
    assert (result.walked, result.words) == (Walked.PASSED, "4 of 4 steps as expected")
    assert [(one.name, one.walked, one.proves) for one in result.steps] == [
        ("login", Walked.PASSED, (Proof.LOGIN,)),
        ("create", Walked.PASSED, ()),
        ("read", Walked.PASSED, (Proof.DATA, Proof.PERSISTENCE)),
        ("delete", Walked.PASSED, ()),
    ]
    assert result.shown == {"goal_id": "17"}
    assert [(one.method, one.path) for one in wire.asked] == [
        ("POST", "/sign-in"),
        ("POST", "/goals"),
        ("GET", "/goals/17"),
        ("DELETE", "/goals/17"),
    ]
    assert wire.asked[0].json["password"] == SECRET
    assert wire.asked[1].json == {"title": "A check", "tags": ["{x}", True]}
    for one in wire.asked:
        assert one.headers["SyntheticTest-Location"] == "cpr-cockpit"
        assert one.headers["Cookie"] == "x-ms-routing-name=green"
    assert {one.headers.get("Authorization") for one in wire.asked[1:]} == {f"Bearer {TOKEN}"}
    assert TOKEN not in told(result)
    assert SECRET not in told(result)


async def test_in_production_a_journey_is_led_by_productions_cookie(runner: Runner, wire: Wire) -> None:
    answers(wire)
    result = await runner(journey(LOGIN)).walk("goals", "production", nobody)
    assert result.passed
    assert wire.asked[0].headers["Cookie"] == "x-ms-routing-name=self"


ECHO = {"token": TOKEN, "secret": SECRET, "id": TOKEN, "title": f"{TOKEN} {SECRET}"}
HEADERS = {"Location": f"/goals/{TOKEN}?p={SECRET}", "X-Echo": f"Bearer {TOKEN}", "Set-Cookie": f"s={SECRET}; Path=/"}


@pytest.mark.parametrize(
    "more",
    [
        {"status": 204},
        {"contains": "what is not there"},
        {"answers": {"X-Echo": "another"}},
        {"equals": {"/title": "another"}},
        {"equals": {"/title": "{secret:login}"}},
        {"exists": ["/nothing"]},
        {"captures": {"lost": {"pointer": "/nothing"}}},
        {"captures": {"lost": {"header": "X-Nothing"}}},
        {"captures": {"lost": {"regex": "id: (nothing)"}}},
        {"captures": {"whole": {"pointer": "", "regex": None, "header": None} | {"pointer": "/title", "shown": True}}},
        {"path": "/goals/{token}/\n"},
        {"follow": True},
    ],
)
async def test_what_a_server_echoes_is_never_told(runner: Runner, wire: Wire, more: dict[str, Any]) -> None:
    wire.on("POST", "/sign-in", Answer(200, {"token": TOKEN}))
    wire.on("GET", "/echo", Answer(302 if "follow" in more else 200, ECHO, HEADERS))
    step = {"name": "echo", "path": "/echo", "headers": SIGNED_IN}
    if "path" in more:
        with pytest.raises(ValueError, match="is no path"):
            runner(journey(LOGIN, step | more))
        return
    result = await runner(journey(LOGIN, step | more)).walk("goals", "green", nobody)
    assert result.passed is ("whole" in more.get("captures", {}))
    for secret in (TOKEN, SECRET):
        assert secret not in told(result)


async def test_a_redirect_is_followed_on_the_same_host_only(runner: Runner, wire: Wire) -> None:
    wire.on("POST", "/sign-in", Answer(302, headers={"Location": "/home"}))
    wire.on("GET", "/home", Answer(200, {"token": TOKEN}))
    step = LOGIN | {"follow": True}
    assert (await runner(journey(step)).walk("goals", "green", nobody)).passed
    elsewhere = wire.url.replace("localhost", "127.0.0.1")
    wire.on("POST", "/sign-in", Answer(307, headers={"Location": f"{elsewhere}/sign-in"}))
    wire.asked.clear()
    result = await runner(journey(step)).walk("goals", "green", nobody)
    assert result.words == "login: the answer leads to another host: nothing is sent there"
    assert len(wire.asked) == 1
    wire.on("POST", "/sign-in", Answer(307, headers={"Location": "/sign-in"}))
    assert "more than 5 redirects" in (await runner(journey(step)).walk("goals", "green", nobody)).words


async def test_a_captured_address_on_another_host_is_not_asked(runner: Runner, wire: Wire) -> None:
    answers(wire)
    wire.on("POST", "/goals", Answer(201, GOAL, {"Location": "https://elsewhere.example/goals/17"}))
    result = await runner(journey(LOGIN, CREATE, DELETE)).walk("goals", "green", nobody)
    assert "what it made may still be there (delete: the answer leads to another host" in result.words
    assert wire.count("DELETE") == 0


async def test_what_a_step_made_is_deleted_though_a_later_one_failed_and_cleaning_up_goes_backwards(
    runner: Runner, wire: Wire
) -> None:
    answers(wire)
    wire.on("GET", "/goals/17", Answer(500, {"token": TOKEN}))
    first = {"name": "first", "method": "DELETE", "path": "/first/{goal_id}", "status": 204, "clean_up": True}
    never = {"name": "never", "path": "/never", "captures": {"later": {"pointer": "/id"}}}
    unmade = {"name": "unmade", "method": "DELETE", "path": "/unmade/{later}", "clean_up": True}
    wire.on("DELETE", "/first/17", Answer(204))
    result = await runner(journey(LOGIN, CREATE, first, READ, never, unmade, DELETE)).walk("goals", "green", nobody)
    assert result.words == "read: answered 500, where 200 is expected"
    assert [(one.name, one.walked) for one in result.steps[2:]] == [
        ("read", Walked.FAILED),
        ("never", Walked.NOT_RUN),
        ("delete", Walked.PASSED),
        ("first", Walked.PASSED),
    ]
    assert [one.path for one in wire.of("DELETE")] == ["/goals/17", "/first/17"]


async def test_what_cannot_be_deleted_is_told(runner: Runner, wire: Wire) -> None:
    answers(wire)
    wire.on("DELETE", "/goals/17", Answer(500))
    result = await runner(journey(LOGIN, CREATE, DELETE)).walk("goals", "green", nobody)
    assert result.walked is Walked.FAILED
    assert "what it made may still be there (delete: answered 500, where 204 is expected)" in result.words


async def test_a_capture_that_finds_nothing_is_a_clear_state_of_that_journey(runner: Runner, wire: Wire) -> None:
    answers(wire)
    wire.on("POST", "/sign-in", Answer(200, {"access": TOKEN}))
    result = await runner(journey(LOGIN, CREATE, READ, DELETE)).walk("goals", "green", nobody)
    assert result.words == "login: capture token: nothing is at /token of the answer"
    assert [one.walked for one in result.steps] == [Walked.FAILED, Walked.NOT_RUN, Walked.NOT_RUN]
    assert len(wire.asked) == 1


async def test_what_a_refusal_names_is_not_ours_to_delete(runner: Runner, wire: Wire) -> None:
    answers(wire)
    wire.on("POST", "/goals", Answer(409, GOAL, {"Location": "/goals/17"}))
    result = await runner(journey(LOGIN, CREATE, DELETE)).walk("goals", "green", nobody)
    assert result.words == "create: answered 409, where 201 is expected"
    assert wire.count("DELETE") == 0


@pytest.mark.parametrize("id", [".", ".."])
async def test_a_captured_part_does_not_lead_out_of_the_path(runner: Runner, wire: Wire, id: str) -> None:
    wire.on("POST", "/goals", Answer(201, {"id": id}))
    make = {"name": "make", "method": "POST", "path": "/goals", "status": 201, "captures": {"id": {"pointer": "/id"}}}
    drop = {"name": "drop", "method": "DELETE", "path": "/goals/{id}", "clean_up": True}
    result = await runner(journey(make, drop)).walk("goals", "green", nobody)
    assert "drop: its path, filled in, leads elsewhere" in result.words
    assert wire.count("DELETE") == 0


async def test_a_rate_limit_says_nothing_of_the_application(runner: Runner, wire: Wire) -> None:
    answers(wire)
    wire.on("POST", "/sign-in", Answer(429))
    result = await runner(journey(LOGIN, CREATE, DELETE)).walk("goals", "green", nobody)
    assert result.walked is Walked.NOT_RUN
    assert result.words == "login: answered 429: it limits how often this account or machine may ask"


async def test_whoever_is_cancelled_waits_for_no_cleaning_up_but_it_is_done(runner: Runner, wire: Wire) -> None:
    answers(wire)
    wire.on("GET", "/goals/17", Answer(200, "x" * 3_000_000))
    walking = runner(journey(LOGIN, CREATE, READ, DELETE))
    task = asyncio.create_task(walking.walk("goals", "green", nobody))
    await wire.arrives("GET")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await walking.close()
    assert wire.count("DELETE") == 1


async def test_an_answer_has_bounds_and_a_connection_that_breaks_is_no_answer(runner: Runner, wire: Wire) -> None:
    wire.on("GET", "/large", Answer(200, "x" * 1_100_000))
    wire.on("GET", "/cut", Answer(cut=True))
    large, cut = ({"name": name, "path": f"/{name}"} for name in ("large", "cut"))
    result = await runner(journey(large)).walk("goals", "green", nobody)
    assert (result.words, result.unreached) == ("large: the answer has more than 1048576 bytes", False)
    result = await runner(journey(cut)).walk("goals", "green", nobody)
    assert result.words.startswith("cut: no answer (")
    assert result.unreached


async def test_a_session_by_cookie_is_kept_but_no_front_end_leads_it_elsewhere(runner: Runner, wire: Wire) -> None:
    cookie = {"Set-Cookie": f"session={TOKEN}; Path=/; HttpOnly"}
    wire.on("POST", "/sign-in", Answer(200, {"token": "other-token"}, cookie))
    wire.on("GET", "/me", Answer(200, {}, {"Set-Cookie": "x-ms-routing-name=blue"}))
    again = {"name": "again", "path": "/me"}
    result = await runner(journey(LOGIN, {"name": "me", "path": "/me"}, again)).walk("goals", "green", nobody)
    assert result.passed
    assert {one.headers["Cookie"] for one in wire.of("GET")} == {f"x-ms-routing-name=green; session={TOKEN}"}


async def test_what_is_put_into_a_path_is_one_part_of_it(runner: Runner, wire: Wire) -> None:
    wire.on("GET", "/first", Answer(200, {"id": "../a b?c=1#d"}))
    first = {"name": "first", "path": "/first", "captures": {"id": {"pointer": "/id"}}}
    second = {"name": "second", "path": "/second/{id}", "status": 404}
    assert (await runner(journey(first, second)).walk("goals", "green", nobody)).passed
    assert wire.asked[1].path == "/second/../a b?c=1#d"
    assert wire.asked[1].query == {}


async def test_a_regex_that_takes_for_ever_keeps_nobody_busy() -> None:
    turns, began = 0, time.perf_counter()

    async def beside() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0.01)
            turns += 1

    assert await searched(re.compile('t="([a-z]+)"'), 'x t="abc"') == "abc"
    busy = asyncio.create_task(beside())
    with pytest.raises(TimeoutError):
        await searched(re.compile("(?:a|a)*b"), "a" * 60, longest_s=0.4)
    busy.cancel()
    assert turns > 5
    assert time.perf_counter() - began < 5.0
