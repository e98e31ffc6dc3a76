"""The front before several apps: whom a session meets, who is left out, and what is told of it."""

from __future__ import annotations

import ssl
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from cpr_cockpit.lab import certificates
from cpr_cockpit.lab.global_front import AFFINITY, HEALTH_PATH, Endpoint, GlobalFront
from cpr_cockpit.lab.models import OperationLog
from cpr_cockpit.lab.proxy import LOOPBACK

APPS = ("goals-lab", "goals-lab-2", "goals-lab-3")


class App:
    """One app: answers users with its name, and health checks with `health`; a host of its own."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.health = 200
        self.checks = 0
        self.admitted: list[bool] = []
        self._runner = web.ServerRunner(web.Server(self._check))

    async def open(self, context: ssl.SSLContext) -> Endpoint:
        await self._runner.setup()
        await web.TCPSite(self._runner, LOOPBACK, 0, ssl_context=context).start()
        return Endpoint(self.name, f"{LOOPBACK}:{self._runner.addresses[0][1]}", self._user, self.admitted.append)

    async def close(self) -> None:
        await self._runner.cleanup()

    async def _check(self, request: web.BaseRequest) -> web.StreamResponse:
        assert request.path == HEALTH_PATH
        self.checks += 1
        return web.Response(status=self.health)

    async def _user(self, _: web.BaseRequest) -> web.StreamResponse:
        return web.Response(text=self.name)


class Front:
    """An open front before three apps, and its users."""

    def __init__(self, folder: Path) -> None:
        issued = certificates.issue(folder)
        self._server, self.trust = issued.server, ssl.create_default_context(cafile=issued.ca)
        self.log = OperationLog()
        self.end = GlobalFront(issued.server, self.trust, self.log, 900.0)
        self.apps = {name: App(name) for name in APPS}

    async def open(self) -> None:
        for app in self.apps.values():
            self.end.add(await app.open(self._server))
        await self.end.open()

    async def close(self) -> None:
        await self.end.close()
        for app in self.apps.values():
            await app.close()

    async def ask(self, cookie: str = "") -> tuple[str, str]:
        """Which app answers, and the affinity cookie that is given: empty where none is."""
        headers = {"Cookie": f"other=1; {AFFINITY}={cookie}"} if cookie else {}
        connector = aiohttp.TCPConnector(ssl=self.trust)
        async with (
            aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as client,
            client.get(f"https://{self.end.host}/", headers=headers) as answer,
        ):
            given = answer.cookies.get(AFFINITY)
            return (await answer.text() if answer.status == 200 else str(answer.status)), given.value if given else ""

    async def new_sessions(self, count: int) -> Counter[str]:
        return Counter([(await self.ask())[0] for _ in range(count)])

    def told(self, kind: str) -> list[tuple[Any, ...]]:
        return [(entry["app"], entry["status"]) for entry in self.log.entries if entry["kind"] == kind]


@pytest.fixture
async def front(tmp_path: Path) -> AsyncIterator[Front]:
    made = Front(tmp_path)
    await made.open()
    yield made
    await made.close()


async def test_new_sessions_are_spread_equally_and_stay(front: Front) -> None:
    assert await front.new_sessions(9) == dict.fromkeys(APPS, 3)
    app, cookie = await front.ask()
    assert cookie
    assert {await front.ask(cookie) for _ in range(5)} == {(app, "")}


async def test_the_sessions_of_a_drained_app_are_moved_and_new_ones_go_elsewhere(front: Front) -> None:
    sessions = dict([await front.ask() for _ in APPS])
    front.end.enable(APPS[2], enabled=False)
    moved, cookie = await front.ask(sessions[APPS[2]])
    assert moved in APPS[:2]
    assert await front.ask(cookie) == (moved, ""), "a moved session stays where it was moved to"
    assert await front.ask(sessions[APPS[0]]) == (APPS[0], ""), "the others do not move"
    assert await front.new_sessions(8) == dict.fromkeys(APPS[:2], 4)
    front.end.enable(APPS[2], enabled=True)
    assert await front.new_sessions(9) == dict.fromkeys(APPS, 3)
    # Said twice, it happens once.
    front.end.enable(APPS[2], enabled=True)
    assert front.apps[APPS[2]].admitted == [False, True]
    assert front.told("front.endpoint") == [(APPS[2], "Disabled"), (APPS[2], "Enabled")]


async def test_an_app_that_fails_its_health_check_is_left_out_until_it_passes(front: Front) -> None:
    endpoint = front.end.endpoints[APPS[1]]
    assert endpoint.monitor_status == "CheckingEndpoint"
    front.apps[APPS[1]].health = 503
    await front.end.check()
    assert endpoint.monitor_status == "Degraded"
    assert await front.new_sessions(8) == {APPS[0]: 4, APPS[2]: 4}
    front.apps[APPS[1]].health = 200
    await front.end.check()
    assert endpoint.monitor_status == "Online"
    assert await front.new_sessions(9) == dict.fromkeys(APPS, 3)
    assert front.told("front.health") == [(APPS[1], "Degraded"), (APPS[1], "Online")]


async def test_an_app_that_does_not_answer_its_check_is_degraded(front: Front) -> None:
    await front.apps[APPS[0]].close()
    await front.end.check()
    assert front.end.endpoints[APPS[0]].monitor_status == "Degraded"


async def test_where_all_fail_their_checks_all_get_sessions(front: Front) -> None:
    for app in front.apps.values():
        app.health = 500
    await front.end.check()
    assert await front.new_sessions(9) == dict.fromkeys(APPS, 3)


async def test_a_drained_app_is_not_checked_and_one_that_comes_back_gets_users_before_its_check(front: Front) -> None:
    endpoint, app = front.end.endpoints[APPS[0]], front.apps[APPS[0]]
    await front.end.check()
    assert (endpoint.monitor_status, app.checks) == ("Online", 1)
    front.end.enable(APPS[0], enabled=False)
    await front.end.check()
    assert (endpoint.monitor_status, app.checks) == ("Disabled", 1)
    front.end.enable(APPS[0], enabled=True)
    assert endpoint.monitor_status == "CheckingEndpoint"
    assert await front.new_sessions(9) == dict.fromkeys(APPS, 3)


async def test_where_all_are_drained_nobody_is_served(front: Front) -> None:
    for app in APPS:
        front.end.enable(app, enabled=False)
    assert await front.ask() == ("503", "")
