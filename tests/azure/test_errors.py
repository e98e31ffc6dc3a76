from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from cpr_cockpit.adapters.azure.errors import LONGEST, clean, of_answer, of_httpx, said
from tests.azure.sites import IN_PROGRESS, NO_PING, NOT_STARTED, PREPARED, SCALED, app_service

TOKEN_REFUSED = {
    "error": "invalid_client",
    "error_description": "AADSTS7000215: Invalid client secret provided. Trace ID: 1-2 Correlation ID: 3",
    "error_codes": [7000215],
}
LOGS_REFUSED = {
    "error": {
        "code": "BadArgumentError",
        "message": "The request had some invalid properties",
        "innererror": {"code": "SemanticError", "message": "outer", "innererror": {"message": "'Colour' is no column"}},
    }
}


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({"error": {"code": "ResourceNotFound", "message": "gone"}}, "ResourceNotFound", "gone"),
        ({"error": {"Code": "Conflict", "Message": "busy"}}, "Conflict", "busy"),
        (app_service("Conflict", IN_PROGRESS), "Conflict", IN_PROGRESS),
        ({**app_service("BadRequest", NOT_STARTED), "Message": None}, "BadRequest", NOT_STARTED),
        (
            {"Message": "There is a deployment currently in progress."},
            "",
            "There is a deployment currently in progress.",
        ),
        (TOKEN_REFUSED, "invalid_client", "AADSTS7000215: Invalid client secret provided."),
        (LOGS_REFUSED, "BadArgumentError", "The request had some invalid properties 'Colour' is no column"),
        ({"odata.error": {"code": "X", "message": {"lang": "en", "value": "text"}}}, "X", "text"),
        ({"status": "Failed", "error": {"code": "SlotSwapFailed", "message": NO_PING}}, "SlotSwapFailed", NO_PING),
        (json.dumps({"error": {"code": "Twice", "message": "encoded"}}), "Twice", "encoded"),
        (
            {"title": "Modifying key 'k' is not allowed", "detail": "The key is read-only.", "status": 409},
            "",
            "The key is read-only.",
        ),
        ({"error": None}, "", ""),
        ([1, 2], "", "[1, 2]"),
    ],
)
def test_every_shape_of_an_error_body_gives_code_and_message(body: Any, code: str, message: str) -> None:
    heard = said(json.dumps(body))
    assert (heard.code, heard.message) == (code, message)


def test_a_page_of_markup_gives_its_words() -> None:
    page = "<html><head><style>b {color: red}</style><title>502</title></head><body><h1>Bad Gateway</h1></body></html>"
    assert said(page).message == "502 Bad Gateway"


def test_nothing_at_all_is_said_as_nothing() -> None:
    assert said("").message == ""
    assert "the service gave no reason (500)" in of_answer(500, "", "Reading").what


def test_foreign_text_is_one_short_line_without_control_characters() -> None:
    text = clean("a\x1b[31mred\nline\u202e" + "x" * 1000)
    assert text.startswith("a [31mred line")
    assert len(text) == LONGEST
    assert all(sign.isprintable() for sign in text)


@pytest.mark.parametrize(
    ("status", "code", "message", "advice"),
    [
        (409, "Conflict", IN_PROGRESS, "Wait until that operation has ended"),
        (409, "Conflict", PREPARED, "reset it"),
        (400, "BadRequest", NOT_STARTED, "does not start with production's settings"),
        (400, "BadRequest", SCALED, "The plan was scaled"),
        (417, "ExpectationFailed", NO_PING, "did not warm up"),
        (409, "", "There is a deployment currently in progress. Please try again when it completes.", "deployment"),
        (403, "AuthorizationFailed", "The client does not have authorization", "Ask for the role"),
        (429, "TooManyRequests", "slow down", "wait a minute"),
    ],
)
def test_known_refusals_say_what_to_do_next_and_that_nothing_was_changed(
    status: int, code: str, message: str, advice: str
) -> None:
    problem = of_answer(status, json.dumps(app_service(code, message)), "Swapping slot green", mutating=True)
    assert not problem.ambiguous
    assert (problem.status, problem.code) == (status, code)
    assert problem.unchanged == "Nothing was changed."
    assert advice in problem.next_step
    # Only one of them is worth another try by itself, once it was seen that nothing came of it.
    assert problem.again is (message == SCALED)
    assert message.rstrip(". ")[:80] in problem.words()


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_5xx_is_ambiguous_after_a_change_and_only_then(status: int) -> None:
    changed = of_answer(status, "", "Swapping", mutating=True)
    assert changed.ambiguous
    assert "not known" in changed.unchanged
    assert not of_answer(status, "", "Reading").ambiguous


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (httpx.LocalProtocolError("Illegal header value b'Bearer s3cret\\n'"), "(LocalProtocolError)"),
        (httpx.RemoteProtocolError("illegal header line: bytearray(b'x s3cret')"), "(RemoteProtocolError)"),
        (httpx.RemoteProtocolError("Server disconnected without sending a response."), "(Server disconnected "),
        (httpx.ReadTimeout(""), "(ReadTimeout)"),
    ],
)
def test_what_a_protocol_error_quotes_is_not_told(error: httpx.HTTPError, words: str) -> None:
    told = of_httpx(error, "Reading").words()
    assert words in told
    assert "s3cret" not in told


@pytest.mark.parametrize("depth", [900, 20_000])
def test_an_error_of_any_depth_is_told(depth: int) -> None:
    problem = of_answer(409, '{"error":' * depth + "{}" + "}" * depth, "Swapping")
    assert problem.status == 409
    assert problem.what.startswith("Swapping was refused: ")
