"""Staging, CORS, DNS and Sentry: what each tells of a fault, and what it does not know."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cpr_cockpit.adapters.connections import Connections
from cpr_cockpit.adapters.sensors.cors import FOREIGN, Cors
from cpr_cockpit.adapters.sensors.dns import Names
from cpr_cockpit.adapters.sensors.sentry import Sentry, SentryPlace
from cpr_cockpit.adapters.sensors.staging import Staging
from cpr_cockpit.core.ports import PortError, Sighting
from cpr_cockpit.core.sensing import Sensor, State
from tests.adapters.conftest import certificate, wire
from tests.azure.wire import Answer, Wire

__all__ = ["certificate", "wire"]
UI = "https://goals.example.org"
ALLOW = "Access-Control-Allow-Origin"


@pytest.fixture
async def connections(certificate: tuple[Path, ssl.SSLContext]) -> AsyncIterator[Connections]:
    made = Connections(str(certificate[0]), loopback=True)
    yield made
    await made.close()


async def _told(sensor: Sensor) -> tuple[State, str]:
    (reading,) = await sensor.read()
    return reading.state, reading.words


@pytest.mark.parametrize(
    ("allowed", "state", "words"),
    [
        ("", State.FAILED, f"{UI} is refused an answer; {UI} is refused a preflight"),
        ("*", State.FAILED, "any origin is allowed"),
        (FOREIGN, State.FAILED, f"only {FOREIGN} is allowed"),
    ],
)
async def test_cors_that_allows_nobody_or_everybody_fails(
    wire: Wire, connections: Connections, allowed: str, state: State, words: str
) -> None:
    for method in ("GET", "OPTIONS"):
        wire.on(method, "/api/health", Answer(headers={ALLOW: allowed} if allowed else {}))
    found, told = await _told(Cors(f"{wire.url}/api/health", UI, connections))
    assert found is state
    assert words in told
    assert all(one.headers["SyntheticTest-Location"] == "cpr-cockpit" for one in wire.asked), "no user's request"


async def test_cors_of_an_api_that_does_not_answer_is_not_known(wire: Wire, connections: Connections) -> None:
    for method in ("GET", "OPTIONS"):
        wire.on(method, "/api/health", Answer(cut=True))
    assert (await _told(Cors(f"{wire.url}/api/health", UI, connections)))[0] is State.UNKNOWN


def _seen(status: int | None, version: str | None = "v1", ms: float = 90.0, error: str = "") -> Sighting:
    return Sighting(0.0, status, version, None, ms, error)


async def _absent() -> str:
    return "slot green does not exist yet: the plan creates it"


async def _refused() -> str:
    raise PortError("Signing in was refused.")


@pytest.mark.parametrize(
    ("seen", "missing", "state", "words"),
    [
        (_seen(200), None, State.OK, "green: 200 in 90 ms, v1"),
        (_seen(200, ms=4000.0), None, State.NOTE, "green: 200 in 4000 ms, v1: it was cold"),
        (_seen(200, None), None, State.FAILED, "green: status 200 without a version"),
        (_seen(503), None, State.FAILED, "green: status 503"),
        (_seen(None, error="refused"), None, State.FAILED, "green: refused"),
        (_seen(404), _absent, State.NOTE, "green: slot green does not exist yet: the plan creates it"),
        (_seen(404), _refused, State.UNKNOWN, "green: Signing in was refused."),
    ],
)
async def test_staging_as_it_answers(seen: Sighting, missing: object, state: State, words: str) -> None:
    async def look(_: str) -> Sighting:
        return seen

    assert await _told(Staging(look, {"green": missing})) == (state, words)  # type: ignore[dict-item]


ELSEWHERE = (
    "DNS: 127.0.0.1 leads to 127.0.0.1, and the app is at 203.0.113.9. What stands before it is named by "
    "front_addresses"
)


@pytest.mark.parametrize(
    ("told", "state", "words"),
    [
        (("127.0.0.1", "203.0.113.9"), State.OK, "DNS: 127.0.0.1 leads to 127.0.0.1, the app's own"),
        (("127.0.0.0/8",), State.OK, "DNS: 127.0.0.1 leads to 127.0.0.1, the app's own"),
        (("localhost", "203.0.113.9"), State.OK, "DNS: 127.0.0.1 leads to 127.0.0.1, the app's own"),
        (
            ("203.0.113.9",),
            State.FAILED,
            ELSEWHERE,
        ),
        ((), State.UNKNOWN, "DNS: Resource Manager tells no inbound address of the app"),
    ],
)
async def test_the_name_leads_to_the_app(told: tuple[str, ...], state: State, words: str) -> None:
    async def expected() -> tuple[str, ...]:
        return told

    assert await _told(Names("https://127.0.0.1:8443", expected)) == (state, words)


async def test_a_name_that_leads_nowhere_fails() -> None:
    async def expected() -> tuple[str, ...]:
        return ("127.0.0.1",)

    state, words = await _told(Names("https://goals.invalid", expected))
    assert state is State.FAILED
    assert words.startswith("DNS: goals.invalid leads nowhere")


@pytest.mark.parametrize(
    ("answer", "state", "words"),
    [
        (Answer(body={"projects": [{"slug": "goals"}]}), State.OK, "Sentry: release v1.3.0 of goals is known"),
        (Answer(body={"projects": [{"slug": "other"}]}), State.FAILED, "is not one of goals, but of other"),
        (Answer(404, {}), State.FAILED, "Sentry: release v1.3.0 is not known to org"),
        (Answer(403, {}), State.FAILED, "the token of SENTRY is refused (status 403): it needs project:releases"),
        (Answer(500, {}), State.UNKNOWN, "Sentry: status 500"),
        (Answer(body="x" * 2_000_000), State.UNKNOWN, "Sentry: the answer has more than 1048576 bytes"),
    ],
)
async def test_sentry_and_its_release(
    wire: Wire, connections: Connections, answer: Answer, state: State, words: str
) -> None:
    wire.on("GET", "/api/0/organizations/org/releases/v1.3.0/", answer)
    place = SentryPlace(wire.url, "org", "goals", "v1.3.0", "SENTRY", "top-secret")
    found, told = await _told(Sentry(place, connections))
    assert found is state
    assert words in told
    assert wire.asked[-1].headers["Authorization"] == "Bearer top-secret"
    assert "top-secret" not in told + repr(place)
