from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from cpr_cockpit.adapters.connections import Connections
from cpr_cockpit.adapters.sensors.declared import LONGEST, Expected, RequestCheck
from cpr_cockpit.core.ports import PortError
from cpr_cockpit.core.sensing import Reading, State
from tests.adapters.conftest import certificate, wire
from tests.azure.wire import Answer, Wire

__all__ = ["certificate", "wire"]
ITEM = "configuration.cors"


@pytest.fixture
async def connections(certificate: tuple[Path, ssl.SSLContext]) -> AsyncIterator[Connections]:
    made = Connections(str(certificate[0]), loopback=True)
    yield made
    await made.close()


async def _read(wire: Wire, connections: Connections, answer: Answer, **expected: Any) -> Reading:
    wire.on(expected.get("method", "GET"), "/api/me", answer)
    check = RequestCheck(ITEM, "cors", Expected(wire.url + "/api/me", **expected), connections, 5.0)
    (reading,) = await check.read()
    return reading


@pytest.mark.parametrize(
    ("answer", "expected", "words"),
    [
        (Answer(status=503), {}, "cors: answered 503, where 200 is expected"),
        (Answer(body="no"), {"contains": "yes"}, "cors: the answer does not contain 'yes'"),
        (
            Answer(headers={"Access-Control-Allow-Origin": "*"}),
            {"answers": {"Access-Control-Allow-Origin": "https://ui"}},
            "cors: header Access-Control-Allow-Origin of the answer is '*', where 'https://ui' is expected",
        ),
        (Answer(), {"answers": {"X-A": "1"}}, "cors: header X-A of the answer is missing, where '1' is expected"),
    ],
)
async def test_another_answer_than_expected_fails(
    wire: Wire, connections: Connections, answer: Answer, expected: dict[str, Any], words: str
) -> None:
    assert await _read(wire, connections, answer, **expected) == Reading(ITEM, State.FAILED, words, "cors")


async def test_the_answer_that_is_expected_holds(wire: Wire, connections: Connections) -> None:
    answer = Answer(status=204, headers={"Access-Control-Allow-Origin": "https://ui"})
    reading = await _read(
        wire,
        connections,
        answer,
        method="OPTIONS",
        headers={"Origin": "https://ui"},
        status=204,
        answers={"access-control-allow-origin": "https://ui"},
        within_ms=60_000.0,
    )
    assert reading.state is State.OK
    assert reading.words.startswith("cors: 204 in ")
    assert wire.asked[-1].headers["Origin"] == "https://ui"


async def test_one_that_takes_too_long_fails(wire: Wire, connections: Connections) -> None:
    reading = await _read(wire, connections, Answer(), within_ms=0.001)
    assert reading.state is State.FAILED
    assert reading.words.endswith("where 0.001 ms are allowed")


async def test_a_huge_answer_is_not_read_to_its_end(wire: Wire, connections: Connections) -> None:
    reading = await _read(wire, connections, Answer(body="x" * (2 * LONGEST) + "yes"), contains="yes")
    assert reading == Reading(ITEM, State.FAILED, f"cors: the answer has more than {LONGEST} bytes", "cors")


async def test_no_answer_is_not_known(wire: Wire, connections: Connections) -> None:
    assert (await _read(wire, connections, Answer(cut=True))).state is State.UNKNOWN


async def test_a_secret_reaches_the_header_and_nothing_else(wire: Wire, connections: Connections) -> None:
    secret = ("Authorization", "GOALS_KEY", "Bearer top-secret")
    reading = await _read(wire, connections, Answer(status=401), secret=secret)
    assert wire.asked[-1].headers["Authorization"] == "Bearer top-secret"
    assert reading == Reading(ITEM, State.FAILED, "cors: answered 401, where 200 is expected", "cors")


@pytest.mark.parametrize("value", ["", " x", "a\r\nb", "schlüssel"])
async def test_a_secret_that_no_header_carries_is_not_sent_and_not_shown(
    wire: Wire, connections: Connections, value: str
) -> None:
    with pytest.raises(PortError, match="variable GOALS_KEY holds what header Authorization cannot carry") as caught:
        await _read(wire, connections, Answer(), secret=("Authorization", "GOALS_KEY", value))
    assert not value.strip() or value not in caught.value.words()
    assert wire.asked == []


async def test_the_time_that_a_check_is_given_counts_and_no_other(wire: Wire, connections: Connections) -> None:
    asked: list[httpx.Request] = []

    async def keep(request: httpx.Request) -> None:
        asked.append(request)

    connections.fresh.event_hooks = {"request": [keep]}
    await RequestCheck(ITEM, "cors", Expected(wire.url), connections, 120.0).read()
    assert set(asked[0].extensions["timeout"].values()) == {120.0}


async def test_who_takes_longer_is_not_known(connections: Connections) -> None:
    silent = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    check = RequestCheck(ITEM, "cors", Expected(f"https://127.0.0.1:{port}/"), connections, 0.05)
    assert await check.read() == (Reading(ITEM, State.UNKNOWN, "cors: no whole answer within 0.05 s", "cors"),)
    silent.close()
