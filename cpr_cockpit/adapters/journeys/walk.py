"""One walk through a journey of HTTP steps: requests in order, captures, and at the end what it made deleted again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urljoin

import httpx

from cpr_cockpit.adapters.journeys.answers import Answer, CaptureError
from cpr_cockpit.adapters.journeys.spec import StepSpec
from cpr_cockpit.adapters.over_http import TooLong, bounded, same_origin, words_of
from cpr_cockpit.adapters.own_requests import ROUTING_COOKIE
from cpr_cockpit.adapters.veil import Veil
from cpr_cockpit.core.headers import VALUE
from cpr_cockpit.core.inert import clean
from cpr_cockpit.core.journeys import StepResult, Walked
from cpr_cockpit.core.templates import Missing, Value, filled, filled_in, references

LONGEST = 1_048_576
"""Bytes of an answer that are read."""
_TOO_MANY = 429
_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 5
_MOST_COOKIES = 50
_SHOWN = 200
# What leads a session to a slot or an instance is the front end's; a walk is led by its own.
_FRONT_END = frozenset({ROUTING_COOKIE, "tipmix"})


class _Wrong(Exception):
    """A step did not do: its message says why. ``unreached``: no answer came at all."""

    def __init__(self, words: str, *, unreached: bool = False) -> None:
        super().__init__(words)
        self.unreached = unreached


@dataclass(frozen=True, slots=True)
class Way:
    """How requests go: to ``base`` (scheme and host) over ``client``, with ``headers`` and the cookie ``pin``."""

    base: str
    client: httpx.AsyncClient
    headers: Mapping[str, str]
    pin: str = ""


class Walk:
    """Walks the steps once. What is captured is hidden by ``veil`` from then on, unless it is declared to be shown."""

    def __init__(self, steps: Iterable[StepSpec], way: Way, secrets: Mapping[str, str], veil: Veil) -> None:
        self._steps = tuple(steps)
        self._way = way
        self._secrets = secrets
        self._veil = veil
        self._captured: dict[str, Value] = {}
        self._cookies: dict[str, str] = {}
        self.shown: dict[str, str] = {}
        self.results: list[StepResult] = []
        self.unreached = False
        self.refused = False

    async def forth(self) -> None:
        """Every step but those that clean up, until one does not do; the rest is left out."""
        failed = ""
        for step in self._steps:
            if step.clean_up:
                continue
            if failed:
                self.results.append(StepResult(step.name, Walked.NOT_RUN, f"left out: {failed}", proves=step.proves))
                continue
            result = await self._done(step)
            self.results.append(result)
            failed = "" if result.walked is Walked.PASSED else f"{step.name} {result.walked}"

    async def tidy(self) -> str:
        """What is to be cleaned up, the last made first; in words what may be left behind, "" for nothing."""
        left = []
        for step in reversed([one for one in self._steps if one.clean_up]):
            if not self._possible(step):
                continue
            result = await self._done(step)
            self.results.append(result)
            if result.walked is not Walked.PASSED:
                left.append(f"{step.name}: {result.words}")
        return f"what it made may still be there ({'; '.join(left)})" if left else ""

    def _possible(self, step: StepSpec) -> bool:
        """Whether everything that a step refers to in its path was captured."""
        return all(one.secret or one.name in self._captured for one in references(step.path))

    async def _done(self, step: StepSpec) -> StepResult:
        began = time.perf_counter()
        walked = Walked.FAILED
        try:
            async with asyncio.timeout(step.timeout_s):
                answer = await self._asked(step)
            words = await self._wrong(step, answer)
            if not words:
                walked, words = Walked.PASSED, f"{answer.status} in {answer.ms:.0f} ms"
            elif answer.status == _TOO_MANY and answer.status not in step.statuses:
                # That says nothing of what users can do, and walking on would only ask more.
                walked, words = Walked.NOT_RUN, "answered 429: it limits how often this account or machine may ask"
        except TimeoutError:
            words, self.unreached = f"no whole answer within {step.timeout_s:g} s", True
        except _Wrong as error:
            words, self.unreached = str(error), error.unreached
        except Missing as error:
            walked, words = Walked.NOT_RUN, f"{error} was not captured"
        took = (time.perf_counter() - began) * 1000.0
        return StepResult(step.name, walked, self._veil.over(clean(words)), took, step.proves)

    async def _wrong(self, step: StepSpec, answer: Answer) -> str:
        """What is wrong, after everything was captured that can be: what was made must be deleted in any case.

        Of an answer that refuses nothing is captured: what it names was there before, and is not ours to delete.
        """
        trouble, made = "", answer.status in step.statuses or 200 <= answer.status < 400
        for name, where in step.captures.items() if made else ():
            try:
                value = await answer.captured(name, where)
            except CaptureError as error:
                trouble = trouble or str(error)
                continue
            self._captured[name] = value
            if where.shown:
                self.shown[name] = self._veil.over(clean(str(value)))[:_SHOWN]
            else:
                self._veil.hide(str(value))
        self.refused = self.refused or answer.status == 401
        return answer.wrong(step, filled_in(step.equals, self._captured, self._secrets)) or trouble

    # -- a request -----------------------------------------------------------------------------------------------------

    async def _asked(self, step: StepSpec) -> Answer:
        method, url = step.method, self._url(step)
        content = self._content(step)
        for _ in range(_MOST_REDIRECTS + 1):
            answer = await self._sent(method, url, step, content)
            where = answer.headers.get("Location")
            if not step.follow or answer.status not in _REDIRECTS or where is None:
                return answer
            url = self._there(url, where)
            if answer.status not in (307, 308) and method != "HEAD":
                # As browsers do: RFC 9110, 15.4.
                method, content = "GET", {}
        raise _Wrong(f"more than {_MOST_REDIRECTS} redirects")

    def _url(self, step: StepSpec) -> str:
        base = self._way.base
        if not step.path.startswith("/"):
            return self._there(base, filled(step.path, self._captured, self._secrets))
        path = filled(step.path, self._captured, self._secrets, lambda value: quote(value, safe=""))
        # Such a part would lead out of the path that was declared, perhaps to what others own.
        if {".", ".."} & set(path.partition("?")[0].split("/")):
            raise _Wrong("its path, filled in, leads elsewhere")
        return base + path

    def _there(self, asked: str, where: str) -> str:
        """An address that an answer named; only on the host under test, which alone is told a secret."""
        try:
            url = urljoin(asked, where)
            same = same_origin(url, self._way.base)
        except ValueError:
            raise _Wrong("the answer names no address") from None
        if not same:
            raise _Wrong("the answer leads to another host: nothing is sent there")
        return url

    def _content(self, step: StepSpec) -> dict[str, Any]:
        if step.has_body:
            return {"json": filled_in(step.body, self._captured, self._secrets)}
        if step.form:
            return {"data": {key: filled(one, self._captured, self._secrets) for key, one in step.form.items()}}
        return {}

    def _headers(self, step: StepSpec) -> dict[str, str]:
        headers = {name: filled(value, self._captured, self._secrets) for name, value in step.headers.items()}
        own = [value for name, value in headers.items() if name.lower() == "cookie"]
        headers = {name: value for name, value in headers.items() if name.lower() != "cookie"}
        kept = [f"{name}={value}" for name, value in self._cookies.items()]
        cookie = "; ".join(part for part in (self._way.pin, *kept, *own) if part)
        headers |= {"Cookie": cookie} if cookie else {}
        wrong = next((name for name, value in headers.items() if not VALUE.fullmatch(value)), None)
        if wrong is not None:
            raise _Wrong(f"what header {wrong} would hold cannot be sent: printable ASCII signs only")
        return headers | dict(self._way.headers)

    async def _sent(self, method: str, url: str, step: StepSpec, content: Mapping[str, Any]) -> Answer:
        began = time.perf_counter()
        try:
            asking = self._way.client.stream(
                method, url, headers=self._headers(step), timeout=step.timeout_s, **content
            )
            async with asking as answer:
                body = await bounded(answer, LONGEST)
        except TooLong as error:
            raise _Wrong(f"the answer has {error}") from None
        except (httpx.InvalidURL, ValueError):
            # Its own words would quote the address, and so what was captured.
            raise _Wrong("its path, filled in, is no address") from None
        except httpx.HTTPError as error:
            raise _Wrong(f"no answer ({words_of(error)})", unreached=isinstance(error, httpx.TransportError)) from None
        self._keep_cookies(answer.headers.get_list("set-cookie"))
        return Answer(answer.status_code, answer.headers, body, (time.perf_counter() - began) * 1000.0)

    def _keep_cookies(self, lines: Iterable[str]) -> None:
        for line in lines:
            name, is_pair, value = line.partition(";")[0].strip().partition("=")
            name, value = name.strip(), value.strip()
            if not is_pair or name.lower() in _FRONT_END or not VALUE.fullmatch(f"{name}={value}"):
                continue
            self._cookies.pop(name, None)
            if value and len(self._cookies) < _MOST_COOKIES:
                self._cookies[name] = value
                self._veil.hide(value)
