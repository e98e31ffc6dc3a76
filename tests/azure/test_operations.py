from __future__ import annotations

import pytest

from cpr_cockpit.core.ports import PortError
from tests.azure.conftest import Azure
from tests.azure.sites import GREEN, IN_PROGRESS, NO_PING, NOT_STARTED, SCALED, app_service, site
from tests.azure.wire import Answer, Wire

PATH = f"{GREEN}/operationresults/7"


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (Answer(202), "running"),
        (Answer(200, site("goals/green")), "succeeded"),
        (Answer(200, ""), "succeeded"),
        (Answer(204), "succeeded"),
        (Answer(200, {"status": "InProgress"}), "running"),
        (Answer(200, {"status": "Succeeded"}), "succeeded"),
        (Answer(200, {"status": "Canceled"}), "failed"),
        (Answer(404, app_service("NotFound", "no such operation")), "unknown"),
    ],
)
async def test_one_look_says_how_an_operation_stands(azure: Azure, wire: Wire, answer: Answer, state: str) -> None:
    wire.on("GET", PATH, answer)
    assert (await azure.web_apps.operation(f"{wire.url}{PATH}?api-version=2025-05-01")).state == state
    assert wire.of("GET")[0].query == {"api-version": "2025-05-01"}


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (400, "BadRequest", NOT_STARTED),
        (400, "BadRequest", SCALED),
        (409, "Conflict", IN_PROGRESS),
        (417, "ExpectationFailed", NO_PING),
    ],
)
async def test_a_failure_is_told_in_the_words_of_the_service(
    azure: Azure, wire: Wire, status: int, code: str, message: str
) -> None:
    wire.on("GET", PATH, Answer(status, app_service(code, message)))
    found = await azure.web_apps.operation(f"{wire.url}{PATH}")
    assert found.state == "failed"
    assert message in found.words
    assert f"({status} {code})" in found.words
    assert found.next_step
    assert found.again is (message == SCALED)


async def test_a_failure_inside_an_answer_of_success_is_a_failure(azure: Azure, wire: Wire) -> None:
    body = {"status": "Failed", "error": {"code": "SlotSwapFailed", "message": NO_PING}}
    wire.on("GET", PATH, Answer(200, body))
    found = await azure.web_apps.operation(f"{wire.url}{PATH}")
    assert (found.state, NO_PING in found.words) == ("failed", True)


async def test_the_time_to_wait_is_passed_on(azure: Azure, wire: Wire) -> None:
    wire.on("GET", PATH, Answer(202, headers={"Retry-After": "15"}), Answer(202, headers={"Retry-After": "soon"}))
    assert (await azure.web_apps.operation(wire.url + PATH)).retry_after_s == 15.0
    assert (await azure.web_apps.operation(wire.url + PATH)).retry_after_s is None


async def test_without_an_address_nothing_is_known_and_nothing_is_asked(azure: Azure, wire: Wire) -> None:
    assert (await azure.web_apps.operation("")).state == "unknown"
    assert wire.asked == []


@pytest.mark.parametrize(
    "elsewhere", ["https://localhost.example.net:{port}/x", "http://localhost:{port}/x", "https://127.0.0.1:{port}/x"]
)
async def test_our_token_goes_to_no_other_host(azure: Azure, wire: Wire, elsewhere: str) -> None:
    address = elsewhere.format(port=wire.host.rpartition(":")[2])
    assert (await azure.web_apps.operation(address)).state == "unknown"
    assert wire.asked == []


@pytest.mark.parametrize("answer", [Answer(503), Answer(401), Answer(cut=True), Answer(200, "no json")])
async def test_what_says_nothing_of_the_operation_is_an_error_of_reading(
    azure: Azure, wire: Wire, answer: Answer
) -> None:
    wire.on("GET", PATH, answer)
    with pytest.raises(PortError) as caught:
        await azure.web_apps.operation(wire.url + PATH)
    assert not caught.value.ambiguous
