"""Step 6 on staging: the smoke tests of its API, and how fast it answers."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import httpx

from cpr_cockpit.adapters.http_probe import HttpProbe, ProbeSettings
from cpr_cockpit.adapters.over_http import TooLong, bounded, carried, words_of
from cpr_cockpit.adapters.own_requests import marks
from cpr_cockpit.adapters.smoke import SmokeTest
from cpr_cockpit.core.journeys import API_IN_STAGING, STAGING
from cpr_cockpit.core.ports import Clock, SmokeResult
from cpr_cockpit.core.sensing import Reading, State
from cpr_cockpit.core.verdict import clock_time

HEALTH_ITEM, READ_ITEM, WRITE_ITEM = (f"staging-api-health.{name}" for name in ("health", "read", "write"))
TIMES, AT_ONCE, AGAIN_S = 20, 2, 1.0
"""Requests whose p95 is told, how many of them are on their way together, and seconds before a second try."""
_READ_STATUSES = (200, 401)
_CREATED = 201
_LONGEST = 1_048_576


class StagedTests:
    """The smoke tests against staging: health with the version to be deployed, reads, and a record made and deleted.

    ``health``: the health address's path. ``version``: the one to be deployed, "": nobody knows. A test that needs a
    sign-in is left out without a token.
    """

    timeout_s = 45.0

    def __init__(self, probe: HttpProbe, tests: Sequence[SmokeTest], health: str, version: str, clock: Clock) -> None:
        self._probe = probe
        self._tests = tuple(tests)
        self._version = version
        self._clock = clock
        self._of = {READ_ITEM: _named(tests, partial(_reads, health)), WRITE_ITEM: _named(tests, _writes)}
        self.items = (HEALTH_ITEM, *(item for item, names in self._of.items() if names))

    async def read(self) -> tuple[Reading, ...]:
        """Failed where one is not answered as it should be. What a test makes is deleted again."""
        health, results = await asyncio.gather(self._health(), self._probe.smoke(STAGING))
        told = [_told(item, [one for one in results if one.name in names]) for item, names in self._of.items() if names]
        when = f", at {clock_time(self._clock.now())}"
        return tuple(Reading(one.name, one.state, one.words + when, n=one.n) for one in (health, *told))

    async def _health(self) -> Reading:
        seen = await self._probe.look(STAGING)
        if not seen.ok:
            told = seen.error or f"status {seen.status}{'' if seen.status != 200 else ' without a version'}"
            return Reading(HEALTH_ITEM, State.FAILED, told)
        words = f"200 in {seen.ms:.0f} ms, {seen.version}"
        if self._version and seen.version != self._version:
            return Reading(HEALTH_ITEM, State.FAILED, f"{words}, where {self._version} is to be deployed")
        return Reading(HEALTH_ITEM, State.OK, words, n=1)


def _reads(health: str, test: SmokeTest) -> bool:
    return test.method == "GET" and test.status in _READ_STATUSES and test.path not in (health, "/")


def _writes(test: SmokeTest) -> bool:
    return test.method == "POST" and test.status == _CREATED and test.clean_up


def _named(tests: Sequence[SmokeTest], fits: Callable[[SmokeTest], bool]) -> frozenset[str]:
    return frozenset(one.name for one in tests if fits(one))


def _told(item: str, results: Sequence[SmokeResult]) -> Reading:
    wrong = [one for one in results if not one.passed]
    words = "; ".join(f"{one.name}: {one.words} in {one.ms:.0f} ms" for one in wrong or results)
    return Reading(item, State.FAILED if wrong else State.OK, f"{words}, n {len(results)}", n=len(results))


class StagedTimes:
    """p95 (nearest rank) of a stated number of requests to staging, which nobody else uses.

    What misses the target is measured once more a moment later, and both are told: at first this machine was busy with
    all other checks.
    """

    items = (API_IN_STAGING,)
    timeout_s = 30.0

    def __init__(
        self, settings: ProbeSettings, path: str, client: httpx.AsyncClient, clock: Clock, target_ms: float
    ) -> None:
        self._url = settings.hosts[STAGING] + path
        self._path = path
        self._token = (settings.user_token, settings.user_variable)
        self._client = client
        self._clock = clock
        self._target_ms = target_ms

    async def read(self) -> tuple[Reading, ...]:
        """Failed where it misses the target, or an answer is no 2xx; unknown where none comes at all. PortError."""
        headers, (token, variable) = marks(), self._token
        if token:
            headers["Authorization"] = f"Bearer {carried(token, 'Signing in', variable, 'Authorization')}"
        try:
            await self._one(headers)  # opens the connection, and wakes who sleeps
            p95 = first = await self._p95(headers)
            if first >= self._target_ms:
                await self._clock.sleep(AGAIN_S)
                p95 = await self._p95(headers)
        except _OtherAnswer as other:
            return (Reading(API_IN_STAGING, State.FAILED, f"GET {self._path} is answered {other}"),)
        except (httpx.HTTPError, httpx.InvalidURL, TooLong) as error:
            return (Reading(API_IN_STAGING, State.UNKNOWN, f"no answer ({words_of(error)})"),)
        state = State.OK if p95 < self._target_ms else State.FAILED
        before = f" ({first:.0f} ms {AGAIN_S:g} s before)" if first >= self._target_ms else ""
        words = f"p95 {p95:.0f} ms{before} of n {TIMES}, GET {self._path}, {AT_ONCE} at a time from this machine after "
        words += f"one that opened the connection, target {self._target_ms:g} ms, at {clock_time(self._clock.now())}"
        return (Reading(API_IN_STAGING, state, words, n=TIMES),)

    async def _p95(self, headers: Mapping[str, str]) -> float:
        lanes = await asyncio.gather(*(self._lane(headers) for _ in range(AT_ONCE)))
        times = sorted(ms for lane in lanes for ms in lane)
        return times[math.ceil(0.95 * len(times)) - 1]

    async def _lane(self, headers: Mapping[str, str]) -> list[float]:
        return [await self._one(headers) for _ in range(TIMES // AT_ONCE)]

    async def _one(self, headers: Mapping[str, str]) -> float:
        began = time.perf_counter()
        async with self._client.stream("GET", self._url, headers=headers) as answer:
            await bounded(answer, _LONGEST)
        if not answer.is_success:
            raise _OtherAnswer(str(answer.status_code))
        return (time.perf_counter() - began) * 1000.0


class _OtherAnswer(Exception):
    """The status that came in place of a 2xx."""
