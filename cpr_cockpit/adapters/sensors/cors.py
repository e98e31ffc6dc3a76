"""CORS: whether the API lets the page's origin read its answers, and refuses a foreign one (WHATWG Fetch, "CORS").

Both are asked as a browser does: a simple request, and a preflight before one that changes something.
"""

from __future__ import annotations

import asyncio

import httpx

from cpr_cockpit.adapters.connections import Connections
from cpr_cockpit.adapters.over_http import short, words_of
from cpr_cockpit.adapters.own_requests import marks
from cpr_cockpit.core.sensing import Reading, State

ITEM = "configuration.cors"
FOREIGN = "https://foreign.invalid"
_ALLOW = "access-control-allow-origin"
_TIMEOUT_S = 10.0


class Cors:
    """``address``: of the API, ``origin``: of the page."""

    items = (ITEM,)
    timeout_s = _TIMEOUT_S + 1.0

    def __init__(self, address: str, origin: str, connections: Connections) -> None:
        self._address = address
        self._origin = origin
        self._client = connections.fresh
        self._marks = marks()

    async def read(self) -> tuple[Reading, ...]:
        """Failed where the page is refused, or a foreign origin allowed; unknown where the API does not answer."""
        asked = ((self._origin, "GET"), (self._origin, "OPTIONS"), (FOREIGN, "GET"), (FOREIGN, "OPTIONS"))
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                allowed = await asyncio.gather(*(self._allowed(*one) for one in asked))
        except TimeoutError:
            return (Reading(ITEM, State.UNKNOWN, f"no whole answer within {_TIMEOUT_S:g} s"),)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return (Reading(ITEM, State.UNKNOWN, f"no answer ({words_of(error)})"),)
        return (self._judged(*allowed),)

    def _judged(self, simple: str, preflight: str, foreign: str, foreign_preflight: str) -> Reading:
        wrong = [
            f"{self._origin} is refused {how}{f', only {short(told)} is allowed' if told else ''}"
            for told, how in ((simple, "an answer"), (preflight, "a preflight"))
            if told not in (self._origin, "*")
        ]
        if "*" in (foreign, foreign_preflight) or FOREIGN in (foreign, foreign_preflight):
            wrong.append("any origin is allowed" if "*" in (foreign, foreign_preflight) else "a foreign one is allowed")
        if wrong:
            return Reading(ITEM, State.FAILED, "; ".join(wrong))
        return Reading(ITEM, State.OK, f"{self._origin} allowed, a foreign origin refused, preflights too")

    async def _allowed(self, origin: str, method: str) -> str:
        """Which origin the answer allows; "" where it allows none."""
        headers = {"Origin": origin, **self._marks}
        if method == "OPTIONS":
            headers |= {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
        async with self._client.stream(method, self._address, headers=headers) as answer:
            return str(answer.headers.get(_ALLOW, "")).strip()
