"""Smoke tests as data, and how one is run against a slot."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urljoin

import httpx

from cpr_cockpit.adapters.over_http import same_origin, words_of
from cpr_cockpit.core.ports import PortError, SmokeResult

Ask = Callable[..., Awaitable[httpx.Response]]
"""``await ask(method, url, signed_in=..., body=...)``: one request within its time, else an error of UNANSWERED."""

UNANSWERED = (httpx.HTTPError, httpx.InvalidURL, TimeoutError, PortError)
"""What a request raises that got no answer, or whose token no header can carry."""


@dataclass(frozen=True, slots=True)
class SmokeTest:
    """One request and the status that it must be answered with.

    ``signed_in``: with the user's token. ``body``: sent as JSON. ``clean_up``: what the answer's Location names is
    deleted again, and the test fails where that does not succeed.
    """

    name: str
    method: str
    path: str
    status: int
    signed_in: bool = False
    body: Mapping[str, str] | None = None
    clean_up: bool = False


GOALS_API = (
    SmokeTest("health", "GET", "/api/health", 200),
    SmokeTest("goals without sign-in", "GET", "/api/v1/goals", 401),
    SmokeTest("goals", "GET", "/api/v1/goals", 200, signed_in=True),
    SmokeTest(
        "create and delete a goal",
        "POST",
        "/api/v1/goals",
        201,
        signed_in=True,
        body={"title": "Smoke test of the deployment: deleted at once"},
        clean_up=True,
    ),
    SmokeTest("first page", "GET", "/", 200),
)
"""The written procedure's smoke tests for the sample feature: health, goals with and without sign-in, creation, UI."""


async def run(test: SmokeTest, base: str, ask: Ask) -> SmokeResult:
    """Run one test against ``base`` (scheme and host). Never raises for what the application does."""
    began = time.perf_counter()
    try:
        answer = await ask(test.method, base + test.path, signed_in=test.signed_in, body=test.body)
        passed = answer.status_code == test.status
        words = str(answer.status_code) if passed else f"{answer.status_code} where {test.status} was expected"
        if test.clean_up and answer.is_success:
            left = await _clean_up(answer, base + test.path, ask)
            passed, words = passed and not left, f"{words}; {left}" if left else f"{words}, deleted again"
    except UNANSWERED as error:
        passed, words = False, words_of(error)
    return SmokeResult(test.name, passed, words, (time.perf_counter() - began) * 1000.0)


async def _clean_up(answer: httpx.Response, asked: str, ask: Ask) -> str:
    """Delete what was created; what is left behind in words, or ""."""
    where = answer.headers.get("Location")
    if not where:
        return "what was created stays: the answer has no Location"
    try:
        created = urljoin(asked, where)
        same_host = same_origin(created, asked)
    except ValueError:
        return "what was created stays: its Location is no address"
    if not same_host:
        # The user's token goes to the host under test only, and never without TLS.
        return "what was created stays: its Location is on another host"
    deleted = await ask("DELETE", created, signed_in=True, body=None)
    return "" if deleted.is_success else f"what was created stays: DELETE was answered {deleted.status_code}"
