"""Requests to GitHub, and what an answer that is no success means.

Sources: GitHub's REST documentation, "Best practices for using the REST API" (redirects, conditional requests), "Rate
limits for the REST API", "Using pagination" and "Troubleshooting". What changes something is sent once and never sent
on: a lost answer, or one that is 5xx, is ambiguous. What only reads follows a redirect on the same host.
"""

from __future__ import annotations

import json
import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

import httpx

from cpr_cockpit.adapters.azure.errors import of_httpx, unreadable
from cpr_cockpit.adapters.connections import Connections
from cpr_cockpit.adapters.github.token import Token, graphql_of
from cpr_cockpit.adapters.over_http import TooLong, bounded, same_origin, short
from cpr_cockpit.core.ports import Clock, PortError

VERSION = "2022-11-28"
_LONGEST = 8 * 1024 * 1024
"""Bytes of an answer that are read."""
_PER_PAGE, _MOST_PAGES = "100", 10
_KEPT, _LARGEST_KEPT = 200, 256 * 1024
"""Answers, and bytes of one, that are kept with their entity tags: what is watched is asked again uncounted."""
_REDIRECTS, _MOST_REDIRECTS = (301, 302, 307, 308), 3
_NEXT = re.compile(r'<([^>]+)>\s*;[^,]*\brel="next"')
_LIMITED = (403, 429)
_AT_LEAST_S, _LONGEST_S = 60.0, 3600.0
"""Seconds that GitHub wants to be left alone where it does not say for how long; its limits are by the hour."""
_DIGITS = 20
# What GraphQL says where a mutation took too long, or met a defect of GitHub's.
_OUT_OF_TIME = "Something went wrong"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of success: what it holds, and the address of the next page ("": there is none)."""

    body: Any
    following: str = ""


class GitHubRefusal(PortError):
    """GitHub said no. ``said``: its own words, inert and bounded."""

    def __init__(self, what: str, said: str, status: int, next_step: str) -> None:
        super().__init__(what, next_step=next_step, status=status)
        self.said = said


def headers_of(token: str) -> dict[str, str]:
    """What every request to GitHub's REST interface carries."""
    return {
        "Accept": "application/vnd.github+json",
        "Authorization": f"Bearer {token}",
        "X-GitHub-Api-Version": VERSION,
    }


class Asking:
    """Requests to one GitHub, with one token, of all repositories that are asked there."""

    def __init__(self, api: str, token: Token, connections: Connections, clock: Clock) -> None:
        self.api = api
        self.token = token
        self._connections = connections
        self._clock = clock
        self._kept: OrderedDict[str, tuple[str, Answer]] = OrderedDict()
        self._quiet_until = 0.0

    async def get(self, path: str, doing: str, **query: str) -> Any:
        """What is answered; None for 404. PortError."""
        answer = await self._read(self._url(path, query), doing)
        return None if answer is None else answer.body

    async def every(self, path: str, doing: str, wrapped: str = "", **query: str) -> list[dict[str, Any]] | None:
        """The rows of all pages, of the member ``wrapped`` where that is named; None for 404. PortError."""
        url, found = self._url(path, {"per_page": _PER_PAGE} | query), []
        for _ in range(_MOST_PAGES):
            answer = await self._read(url, doing)
            if answer is None:
                return None
            body = answer.body
            page = body.get(wrapped) if wrapped and isinstance(body, dict) else body
            if not isinstance(page, list):
                raise unreadable(doing, "no list")
            found += [row for row in page if isinstance(row, dict)]
            if not answer.following:
                return found
            url = answer.following
        raise PortError(f"{doing}: there are more than {_MOST_PAGES} pages.")

    async def send(self, method: str, path: str, doing: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The object that is answered to a change, sent once. GitHubRefusal where GitHub says no; PortError."""
        return await self._change(method, f"{self.api}/{path}", doing, body)

    async def mutate(self, query: str, variables: Mapping[str, Any], doing: str) -> dict[str, Any]:
        """The ``data`` of a mutation of GraphQL, sent once. GitHubRefusal where it holds errors; PortError."""
        asked = {"query": query, "variables": variables}
        told = await self._change("POST", graphql_of(self.api), doing, asked)
        errors, data = told.get("errors"), told.get("data")
        if isinstance(errors, list) and errors:
            said = _said({"message": "; ".join(str(one.get("message")) for one in errors if isinstance(one, dict))})
            if _OUT_OF_TIME in said:
                raise _ambiguous(f"{doing} was answered with an error that does not tell whether it was done: {said}.")
            raise GitHubRefusal(f"{doing} was refused: {said}.", said, 200, "Do it at GitHub.")
        if not isinstance(data, dict):
            raise unreadable(doing, "no data", mutating=True)
        return data

    async def _change(self, method: str, url: str, doing: str, body: Mapping[str, Any]) -> dict[str, Any]:
        headers = await self._headers(doing)
        answer, content = await self._exchange(self._connections.fresh, method, url, doing, headers, body)
        status = answer.status_code
        if status in _REDIRECTS:
            raise PortError(
                f"{doing} was not done: GitHub knows the repository by another name now ({status}).",
                next_step="Correct repository in [[code]] of cockpit.toml.",
                status=status,
            )
        if status >= 500:
            raise _half_done(doing, status, content)
        if status >= 300:
            raise self._refused(answer, content, doing)
        told = _parsed(content, doing, mutating=True)
        if not isinstance(told, dict):
            raise unreadable(doing, "no object", mutating=True)
        return told

    async def _read(self, url: str, doing: str) -> Answer | None:
        kept = self._kept.get(url)
        headers = await self._headers(doing) | ({"If-None-Match": kept[0]} if kept else {})
        asked, client, left = url, self._connections.kept, _MOST_REDIRECTS
        answer, content = await self._exchange(client, "GET", asked, doing, headers)
        while answer.status_code in _REDIRECTS and left:
            asked, left = _same_host(answer.headers.get("Location", ""), asked, doing), left - 1
            answer, content = await self._exchange(client, "GET", asked, doing, headers)
        status = answer.status_code
        if status == 304 and kept:
            return kept[1]
        if status == 404:
            return None
        if status >= 300:
            raise self._refused(answer, content, doing)
        following = _NEXT.search(answer.headers.get("Link", ""))
        told = Answer(_parsed(content, doing), _same_host(following.group(1), asked, doing) if following else "")
        self._keep(url, answer.headers.get("ETag", "") if len(content) <= _LARGEST_KEPT else "", told)
        return told

    def _keep(self, url: str, mark: str, told: Answer) -> None:
        if mark:
            self._kept[url] = (mark, told)
            self._kept.move_to_end(url)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)

    async def _exchange(
        self,
        client: httpx.AsyncClient,
        method: str,
        url: str,
        doing: str,
        headers: Mapping[str, str],
        body: Mapping[str, Any] | None = None,
    ) -> tuple[httpx.Response, bytes]:
        mutating = method != "GET"
        if (left := self._quiet_until - self._clock.now()) > 0:
            raise _too_much(doing, left, mutating=mutating)
        try:
            async with client.stream(method, url, headers=dict(headers), json=body) as answer:
                return answer, await bounded(answer, _LONGEST)
        except TooLong as error:
            raise unreadable(doing, str(error), mutating=mutating) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            if isinstance(error, httpx.InvalidURL):
                raise PortError(f"{doing}: {short(url)} is no address.") from error
            raise _lost(error, doing, mutating=mutating) from error

    async def _headers(self, doing: str) -> dict[str, str]:
        return headers_of(await self.token.value(doing))

    def _url(self, path: str, query: Mapping[str, str]) -> str:
        return f"{self.api}/{path}" + (f"?{httpx.QueryParams(dict(query))}" if query else "")

    def _refused(self, answer: httpx.Response, content: bytes, doing: str) -> PortError:
        status, said = answer.status_code, _said(_or_nothing(content))
        wait = _wait(answer, said, self._clock.now()) if status in _LIMITED else None
        if wait is not None:
            wait = min(max(1.0, wait), _LONGEST_S)
            self._quiet_until = self._clock.now() + wait
            return _too_much(doing, wait, mutating=answer.request.method != "GET")
        if status == 401:
            self.token.refused(answer.request.headers["Authorization"].removeprefix("Bearer "))
        verb = "failed" if status >= 500 else "was refused"
        words = said or "GitHub gave no reason"
        return GitHubRefusal(f"{doing} {verb}: {words} ({status}).", said, status, self._advice(status))

    def _advice(self, status: int) -> str:
        origin = self.token.origin or "the token"
        advice = {
            401: f"The token ({origin}) is not taken: {self.token.renewed}.",
            403: f"The token ({origin}) needs Contents, Pull requests, Checks and Actions of the repository: read, and "
            "for the merge Contents and Pull requests: write; with single sign-on it must be authorised.",
            404: f"Check repository in [[code]] of cockpit.toml, and that the token ({origin}) may see it.",
        }
        return advice.get(status, "Try again in a minute." if status >= 500 else "")


def _same_host(url: str, asked: str, doing: str) -> str:
    """Where a redirect or a next page leads: on the same host only, as the token goes along."""
    there: str = urljoin(asked, url)
    if not same_origin(there, asked):
        raise PortError(f"{doing}: it leads to another host, which is not asked.")
    return there


def _wait(answer: httpx.Response, said: str, now: float) -> float | None:
    """Seconds to leave GitHub alone, where the refusal is of a rate limit; None: it is not."""
    after, reset = (_seconds(answer.headers.get(name, "")) for name in ("Retry-After", "X-RateLimit-Reset"))
    if after is not None:
        return after
    if answer.headers.get("X-RateLimit-Remaining") == "0":
        return _AT_LEAST_S if reset is None else reset - now
    return _AT_LEAST_S if answer.status_code == 429 or "rate limit" in said.lower() else None


def _seconds(told: str) -> float | None:
    """A header's whole number; None where it is none."""
    return float(told) if told.isascii() and told.isdecimal() and len(told) < _DIGITS else None


def _too_much(doing: str, wait: float, *, mutating: bool) -> PortError:
    return PortError(
        f"{doing} was not done: GitHub takes no more requests with this token for {max(1, round(wait))} s.",
        next_step="Wait, and begin it again then." if mutating else "Wait: it is asked again by itself.",
        status=429,
    )


def _lost(error: httpx.HTTPError, doing: str, *, mutating: bool) -> PortError:
    """As any lost answer, but of GitHub: what came of a change is read there."""
    found = of_httpx(error, doing, mutating=mutating)
    if found.ambiguous:
        return _ambiguous(found.what)
    return found


def _half_done(doing: str, status: int, content: bytes) -> PortError:
    said = _said(_or_nothing(content)) or "GitHub gave no reason"
    return _ambiguous(f"{doing} was answered with an error that does not tell whether it was done: {said} ({status}).")


def _ambiguous(what: str) -> PortError:
    return PortError(
        what,
        unchanged="Whether anything was changed is not known.",
        next_step="It is not sent again: what came of it is read at GitHub.",
        ambiguous=True,
    )


def _or_nothing(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _said(body: Any) -> str:
    """GitHub's own words: the message, and those of its errors, which tell what the message does not."""
    if not isinstance(body, dict):
        return ""
    errors = body.get("errors")
    rows = errors if isinstance(errors, list) else []
    words = [body.get("message"), *(one.get("message") if isinstance(one, dict) else one for one in rows)]
    return short(" ".join(". ".join(one.rstrip(".") for one in words if isinstance(one, str) and one).split()))


def _parsed(content: bytes, doing: str, *, mutating: bool = False) -> Any:
    try:
        return json.loads(content) if content else {}
    except (ValueError, RecursionError) as error:
        raise unreadable(doing, repr(error), mutating=mutating) from error
