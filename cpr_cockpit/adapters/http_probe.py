"""The application itself, asked over HTTP by the cockpit's own probes, each marked as one (`own_requests`)."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from cpr_cockpit.adapters import smoke
from cpr_cockpit.adapters.connections import Connections
from cpr_cockpit.adapters.over_http import WORDS, TooLong, bounded, carried, words_of
from cpr_cockpit.adapters.own_requests import marks, pinned
from cpr_cockpit.core.flags import FlagLook
from cpr_cockpit.core.plan import Act, ActKind
from cpr_cockpit.core.ports import PRODUCTION, Clock, PlannedRequest, Sighting, SmokeResult

HEALTH = "/api/health"
FLAGS = "/api/flags"
VERSION_HEADER = "x-app-version"
_LONGEST = 64 * 1024  # bytes of a health answer that are read
# Smoke tests know nothing of each other, and users wait for none of them.
_AT_ONCE = 3


@dataclass(frozen=True, slots=True)
class ProbeSettings:
    """What to ask. ``hosts``: base address (scheme and host) of each slot by name, ``production`` among them.

    ``second``: another host than the application, asked without a token; any answer counts. ``user_token``: signs smoke
    tests and warm-up in ("": there is none, and they go without); it comes from the environment's ``user_variable``.
    ``health``: path of the health address; ``flags``: of
    the address at which each instance tells its feature flags.
    ``warm_paths``: pages to warm, asked in turn. ``look_s``: a health answer that takes longer is none, for users have
    gone by then; ``ask_s``: the same for smoke tests and warm-up, where a first answer is slow.
    """

    hosts: Mapping[str, str]
    second: str
    user_token: str = field(repr=False)
    tests: tuple[smoke.SmokeTest, ...] = smoke.GOALS_API
    warm_paths: tuple[str, ...] = ("/", "/api/v1/goals", HEALTH)
    health: str = HEALTH
    flags: str = FLAGS
    user_variable: str = "COCKPIT_USER_TOKEN"
    look_s: float = 5.0
    ask_s: float = 30.0


class HttpProbe:
    """The Probe port: a fresh connection for every request."""

    def __init__(self, settings: ProbeSettings, connections: Connections, clock: Clock) -> None:
        self._settings = settings
        self._client = connections.fresh
        self._clock = clock
        self._marks = marks()

    async def look(self, slot: str, *, by_cookie: bool = False, as_new: bool = False) -> Sighting:
        """One health request; what the application does is in the answer, never raised."""
        base = self._settings.hosts[PRODUCTION if by_cookie else slot]
        pin = by_cookie or (slot == PRODUCTION and not as_new)
        headers = self._marks | ({"Cookie": pinned(slot)} if pin else {})
        began = time.perf_counter()
        status: int | None = None
        version = instance = commit = None
        error = ""
        try:
            async with (
                asyncio.timeout(self._settings.look_s),
                self._client.stream("GET", base + self._settings.health, headers=headers) as answer,
            ):
                status = answer.status_code
                version = _plain(answer.headers.get(VERSION_HEADER))
                body = await _body(answer)
            version = _plain(body.get("version")) or version
            instance = _plain(body.get("instance"))
            commit = _plain(body.get("commit"))
        except TimeoutError:
            status, error = None, f"no whole answer within {self._settings.look_s:g} s"
        except (httpx.HTTPError, httpx.InvalidURL) as problem:
            status, error = None, words_of(problem)
        ms = (time.perf_counter() - began) * 1000.0
        return Sighting(self._clock.now(), status, version, instance, ms, error, commit)

    async def flag(self, slot: str, name: str) -> FlagLook:
        """One question for the flags; whatever becomes of it is in the answer, never raised."""
        url, headers = self._settings.hosts[slot] + self._settings.flags, dict(self._marks)
        if slot == PRODUCTION:
            headers["Cookie"] = pinned(slot)
        body: Mapping[str, Any] = {}
        share, error = None, ""
        try:
            async with (
                asyncio.timeout(self._settings.look_s),
                self._client.stream("GET", url, headers=headers) as answer,
            ):
                body = await _body(answer)
                told = body.get("flags") if answer.status_code == 200 else None
            share = _share(told, name)
            error = "" if share is not None else f"{self._settings.flags} does not tell it, status {answer.status_code}"
        except TimeoutError:
            error = f"no whole answer within {self._settings.look_s:g} s"
        except (httpx.HTTPError, httpx.InvalidURL) as problem:
            error = words_of(problem)
        version, instance = _plain(body.get("version")), _plain(body.get("instance"))
        return FlagLook(self._clock.now(), version, instance, share, error)

    async def _ask(
        self, method: str, url: str, *, signed_in: bool = False, body: Mapping[str, str] | None = None
    ) -> httpx.Response:
        headers = dict(self._marks)
        if signed_in and self._settings.user_token:
            token = carried(self._settings.user_token, "Signing in", self._settings.user_variable, "Authorization")
            headers["Authorization"] = f"Bearer {token}"
        async with asyncio.timeout(self._settings.ask_s):
            return await self._client.request(method, url, headers=headers, json=body)

    async def smoke(self, slot: str) -> tuple[SmokeResult, ...]:
        """The configured tests against the slot's own host, a few at a time, each sent once; in their order."""
        base, turn = self._settings.hosts[slot], asyncio.Semaphore(_AT_ONCE)

        async def in_turn(test: smoke.SmokeTest) -> SmokeResult:
            async with turn:
                return await smoke.run(test, base, self._ask)

        return tuple(await asyncio.gather(*(in_turn(test) for test in self._settings.tests)))

    async def warm(self, slot: str, times: int) -> tuple[float, ...]:
        """Ask the slot's pages ``times`` times in turn; milliseconds of each answer below 500."""
        base, paths = self._settings.hosts[slot], self._settings.warm_paths
        answered: list[float] = []
        for turn in range(times):
            began = time.perf_counter()
            try:
                answer = await self._ask("GET", base + paths[turn % len(paths)], signed_in=True)
            except smoke.UNANSWERED:
                continue
            if answer.status_code < 500:
                answered.append((time.perf_counter() - began) * 1000.0)
        return tuple(answered)

    async def second_host(self) -> bool:
        """Whether the second host answers at all."""
        try:
            async with asyncio.timeout(self._settings.look_s):
                await self._client.get(self._settings.second)
        except smoke.UNANSWERED:
            return False
        return True

    def planned(self, act: Act) -> tuple[PlannedRequest, ...]:
        """The requests that ``act`` would send to the application."""
        hosts = self._settings.hosts
        here, production = hosts.get(act.slot, f"<host of {act.slot}>"), hosts[PRODUCTION]
        path = self._settings.health
        health = PlannedRequest("GET", here + path)
        by_cookie = PlannedRequest("GET", production + path, f"cookie {pinned(act.slot)}")
        unpinned = PlannedRequest("GET", production + path)
        as_production = PlannedRequest("GET", production + path, f"cookie {pinned(PRODUCTION)}")
        at = production if act.slot == PRODUCTION else here
        flags = PlannedRequest("GET", at + self._settings.flags, "as often as it takes to meet every instance")
        requests: dict[ActKind, tuple[PlannedRequest, ...]] = {
            ActKind.DEPLOY: (as_production, health),
            ActKind.ROUTE: (as_production, health),
            ActKind.PROVE_SLOT: (health,),
            ActKind.WARM_UP: tuple(PlannedRequest("GET", here + page) for page in self._settings.warm_paths),
            ActKind.SMOKE: tuple(_planned_test(test, here) for test in self._settings.tests),
            ActKind.SWAP: (as_production, health),
            ActKind.PROVE_SERVING: (unpinned, as_production, health, by_cookie),
            ActKind.KEEP_WARM: (health,),
            ActKind.PROVE_FLAG: (flags,),
            ActKind.SET_FLAG: (as_production,),
        }
        return requests.get(act.kind, ())


def _planned_test(test: smoke.SmokeTest, base: str) -> PlannedRequest:
    body = json.dumps(dict(test.body)) if test.body else ""
    expected = f"expects {test.status}" + (", then DELETE of what was created" if test.clean_up else "")
    return PlannedRequest(test.method, base + test.path, f"{body} {expected}".strip())


async def _body(answer: httpx.Response) -> Mapping[str, Any]:
    """The members of a JSON object, none for anything else; no more than `_LONGEST` bytes are read."""
    try:
        body = json.loads(await bounded(answer, _LONGEST))
    except (TooLong, ValueError, RecursionError):
        return {}
    return body if isinstance(body, Mapping) else {}


def _share(told: Any, name: str) -> float | None:
    """For how many percent of the users an instance has the flag on; None where it does not say so."""
    flag = told.get(name) if isinstance(told, Mapping) else None
    if not isinstance(flag, Mapping) or not isinstance(flag.get("enabled"), bool):
        return None
    percent = flag.get("percent", 100.0)
    if isinstance(percent, bool) or not isinstance(percent, int | float) or not 0.0 <= percent <= 100.0:
        return None
    return float(percent) if flag["enabled"] else 0.0


def _plain(value: Any) -> str | None:
    """A short printable text, None for anything else: versions and instances are compared and shown."""
    if not isinstance(value, str) or not value or len(value) > WORDS or not value.isprintable():
        return None
    return value
