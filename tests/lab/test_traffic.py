"""The clients' process against a small product behind TLS: what it sends, counts, survives, and how it ends."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from cpr_cockpit.lab import certificates
from cpr_cockpit.lab.counts import Counts
from cpr_cockpit.lab.traffic import Traffic

TOKEN = "user-token"
VERSION = "v1.2.0"
WAIT = 30.0  # seconds, for a very busy machine


class Product:
    """Goals as the lab's product serves them; `fault` may answer in its place."""

    def __init__(self) -> None:
        self.goals: dict[str, Any] = {}
        self.seen: list[web.Request] = []
        self.connections: set[Any] = set()
        self.fault: Callable[[web.Request], Any] | None = None
        self.url = ""
        self._ids = itertools.count(1)

    def application(self) -> web.Application:
        app = web.Application(middlewares=[self._watched])
        app.router.add_get("/", self._page)
        app.router.add_get("/app.js", self._page)
        app.router.add_get("/api/v1/goals", self._list)
        app.router.add_post("/api/v1/goals", self._create)
        app.router.add_get("/api/v1/goals/{id}", self._read)
        app.router.add_delete("/api/v1/goals/{id}", self._delete)
        return app

    @web.middleware
    async def _watched(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.seen.append(request)
        assert request.transport is not None
        self.connections.add(request.transport.get_extra_info("peername"))
        if self.fault is not None and (answer := await self.fault(request)) is not None:
            assert isinstance(answer, web.StreamResponse)
            return answer
        user = request.headers.get("Authorization") == f"Bearer {TOKEN}"
        if request.path.startswith("/api/") and not user:
            return web.json_response({}, status=401, headers={"x-app-version": VERSION})
        response: web.StreamResponse = await handler(request)
        response.headers["x-app-version"] = VERSION
        return response

    async def _page(self, _: web.Request) -> web.Response:
        return web.Response(text="goals")

    async def _list(self, _: web.Request) -> web.Response:
        return web.json_response(list(self.goals.values()))

    async def _create(self, request: web.Request) -> web.Response:
        goal = await request.json()
        assert isinstance(goal["title"], str)
        id = str(next(self._ids))
        self.goals[id] = goal | {"id": id}
        return web.json_response(self.goals[id], status=201, headers={"Location": f"/api/v1/goals/{id}"})

    async def _read(self, request: web.Request) -> web.Response:
        goal = self.goals.get(request.match_info["id"])
        return web.json_response(goal, status=404 if goal is None else 200)

    async def _delete(self, request: web.Request) -> web.Response:
        return web.Response(status=404 if self.goals.pop(request.match_info["id"], None) is None else 204)


class Server:
    """The product on a port, and the file of the authority that its clients trust."""

    def __init__(self, product: Product, ca: Path, url: str) -> None:
        self.product, self.ca, self.url = product, ca, url

    def setup(self, *, rate: float) -> dict[str, Any]:
        who = {"production_url": self.url, "slot": "green", "user_token": TOKEN}
        return who | {"ca": self.ca, "seed": 5, "rate": rate}

    @asynccontextmanager
    async def traffic(self, *, rate: float = 150.0) -> AsyncIterator[tuple[Traffic, Counts]]:
        counts = Counts()
        traffic = Traffic(counts)
        await traffic.start(**self.setup(rate=rate))
        try:
            yield traffic, counts
        finally:
            await traffic.stop()


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    issued = certificates.issue(tmp_path)
    product = Product()
    runner = web.AppRunner(product.application(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=issued.server)
    await site.start()
    try:
        yield Server(product, issued.ca, f"https://127.0.0.1:{runner.addresses[0][1]}")
    finally:
        await runner.cleanup()


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT):
        while True:
            if condition():
                return
            await asyncio.sleep(0.01)


def _total(counts: Counts) -> int:
    return int(counts.summary(None)["total"])


def _runs(pid: int) -> bool:
    """Whether the process lives; one that only waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def test_all_kinds_of_requests_are_sent_and_none_fails(server: Server) -> None:
    before = time.time()
    async with server.traffic() as (traffic, counts):
        assert traffic.alive
        await _until(lambda: _total(counts) >= 600)
    assert not traffic.alive
    summary = counts.summary(None)
    assert (summary["failed_by_defect"], summary["failed_otherwise"], summary["errors"]) == (0, 0, [])
    assert summary["total"] == len(server.product.seen)
    assert set(summary["counts"]["pinned"]) == set(summary["counts"]["unpinned"]) == {VERSION}
    assert before <= summary["last_sent"]["unpinned"][VERSION] <= time.time()
    paths = Counter(
        (request.method, request.path.rstrip("0123456789"), "Authorization" in request.headers)
        for request in server.product.seen
    )
    assert set(paths) == {
        ("GET", "/", False),
        ("GET", "/app.js", False),
        ("GET", "/api/v1/goals", True),
        ("GET", "/api/v1/goals", False),
        ("GET", "/api/v1/goals/", True),
        ("POST", "/api/v1/goals", True),
        ("DELETE", "/api/v1/goals/", True),
    }
    assert len(server.product.goals) <= 3 * (3 + 20), "what the clients create they delete"


async def test_clients_keep_their_cookie_and_their_connections(server: Server) -> None:
    async with server.traffic() as (_, counts):
        await _until(lambda: _total(counts) >= 600)
    seen = server.product.seen
    cookies = Counter(request.headers.get("Cookie") for request in seen)
    assert set(cookies) == {"x-ms-routing-name=green", "x-ms-routing-name=self", None}
    assert 0.05 < cookies["x-ms-routing-name=green"] / len(seen) < 0.15
    assert 0.13 < cookies["x-ms-routing-name=self"] / len(seen) < 0.27
    assert sum(counts.summary(None)["counts"]["pinned"].values()) == cookies["x-ms-routing-name=green"]
    assert not [name for request in seen for name in request.headers if name.lower().startswith("synthetictest")]
    # A machine that stalls has many under way at once; without kept connections every request would have its own.
    assert len(server.product.connections) < len(seen) / 2


@pytest.mark.long
async def test_clients_keep_the_app_that_a_front_gave_them(server: Server) -> None:
    given = itertools.cycle(("one", "two"))

    async def fault(request: web.Request) -> web.Response:
        app = request.cookies.get("ASLBSA")
        response = web.Response(status=503, headers={"x-lab-app": app or "none"})
        if app is None:
            response.set_cookie("ASLBSA", next(given))
        return response

    server.product.fault = fault
    async with server.traffic() as (_, counts):
        await _until(lambda: _total(counts) >= 600)
    apps = counts.summary(None)["apps"]
    assert set(apps) == {"one", "two", "none"}
    # Sixty users, each of whom is new once; some of them more than once before the first answer has come.
    assert apps["none"]["total"] < 200
    assert {"x-ms-routing-name=self", "x-ms-routing-name=green"} <= {
        cookie.strip() for request in server.product.seen for cookie in request.headers.get("Cookie", "").split(";")
    }


async def test_failures_of_a_defect_and_others_are_told_apart(server: Server) -> None:
    async def fault(request: web.Request) -> web.StreamResponse | None:
        if request.path == "/":
            return web.Response(status=500, headers={"x-app-version": "v1.3.0", "x-lab-defect": "errors"})
        if request.path == "/app.js":
            return web.Response(status=404, headers={"x-app-version": "v1.3.0"})
        return None

    server.product.fault = fault
    async with server.traffic() as (_, counts):
        await _until(lambda: _total(counts) >= 300)
    paths = Counter(request.path for request in server.product.seen)
    summary = counts.summary(None)
    assert summary["failed_by_defect"] == paths["/"] > 0
    assert summary["failed_otherwise"] == paths["/app.js"] > 0
    assert summary["first_bad_at"] is not None
    assert "v1.3.0: status 404, GET /app.js" in summary["errors"][-1]


async def test_a_connection_cut_before_the_answer_is_a_failure(server: Server) -> None:
    async def fault(request: web.Request) -> web.StreamResponse | None:
        if request.method == "POST" and request.transport is not None:
            request.transport.abort()
        return None

    server.product.fault = fault
    async with server.traffic() as (_, counts):
        await _until(lambda: counts.summary(None)["failed_otherwise"] >= 5)
    summary = counts.summary(None)
    assert sum(versions.get("", 0) for versions in summary["counts"].values()) == summary["failed_otherwise"]
    assert summary["unsent"] == 0
    assert "POST /api/v1/goals" in summary["errors"][-1]


async def test_a_refused_connection_is_a_failure_before_any_byte(server: Server, unused_tcp_port: int) -> None:
    server.url = f"https://127.0.0.1:{unused_tcp_port}"
    async with server.traffic() as (_, counts):
        await _until(lambda: _total(counts) >= 20)
    summary = counts.summary(None)
    assert summary["total"] == summary["failed_otherwise"] == summary["unsent"]
    assert "before any byte was sent" in summary["errors"][-1]


async def test_a_server_with_a_foreign_certificate_is_not_trusted(server: Server, tmp_path: Path) -> None:
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    server.ca = certificates.issue(foreign).ca
    async with server.traffic() as (_, counts):
        await _until(lambda: _total(counts) >= 5)
    summary = counts.summary(None)
    assert summary["total"] == summary["failed_otherwise"] == summary["unsent"]
    assert server.product.seen == []


async def test_requests_come_whether_or_not_those_before_are_answered(server: Server) -> None:
    released = asyncio.Event()

    async def fault(_: web.Request) -> None:
        await released.wait()

    server.product.fault = fault
    async with server.traffic() as (_, counts):
        await _until(lambda: len(server.product.seen) >= 100)
        assert _total(counts) == 0
        released.set()
        await _until(lambda: _total(counts) >= 100)
    assert counts.summary(None)["failed_otherwise"] == 0


async def test_stopping_lets_requests_under_way_finish(server: Server) -> None:
    released = asyncio.Event()

    async def fault(_: web.Request) -> None:
        await released.wait()

    server.product.fault = fault
    async with server.traffic() as (traffic, counts):
        await _until(lambda: len(server.product.seen) >= 20)
        stopping = asyncio.create_task(traffic.stop())
        arrived = -1
        while arrived != len(server.product.seen):
            arrived = len(server.product.seen)
            await asyncio.sleep(0.2)
        assert traffic.alive
        released.set()
        await stopping
        assert not traffic.alive
    summary = counts.summary(None)
    assert summary["total"] == len(server.product.seen) >= 20
    assert summary["failed_otherwise"] == 0


@pytest.mark.long
async def test_stopping_does_not_wait_for_ever_and_blames_nobody(server: Server) -> None:
    async def fault(_: web.Request) -> None:
        await asyncio.Event().wait()

    server.product.fault = fault
    async with server.traffic() as (traffic, counts):
        await _until(lambda: len(server.product.seen) >= 5)
        begun = time.monotonic()
        await traffic.stop()
        assert 2.5 < time.monotonic() - begun < 8.0
    assert _total(counts) == 0


async def test_stopping_twice_or_before_the_start_is_harmless(server: Server) -> None:
    never = Traffic(Counts())
    await never.stop()
    assert (never.pid, never.alive) == (None, False)
    async with server.traffic() as (traffic, counts):
        await traffic.stop()
        counted = _total(counts)
        await traffic.stop()
        assert not traffic.alive
        assert _total(counts) == counted


async def test_without_an_authority_to_trust_it_does_not_begin(server: Server, tmp_path: Path) -> None:
    traffic = Traffic(Counts())
    with pytest.raises(ChildProcessError, match=r"missing\.pem"):
        await traffic.start(**(server.setup(rate=10.0) | {"ca": tmp_path / "missing.pem"}))
    assert not traffic.alive


async def test_clients_that_die_are_told_of(server: Server, capfd: pytest.CaptureFixture[str]) -> None:
    async with server.traffic() as (traffic, counts):
        await _until(lambda: _total(counts) >= 5)
        assert traffic.pid is not None
        os.kill(traffic.pid, signal.SIGKILL)
        await _until(lambda: not traffic.alive)
    assert "no traffic any more" in capfd.readouterr().err


async def test_the_end_of_standard_input_ends_the_process_at_once(server: Server) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cpr_cockpit.lab.clients"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    setup = server.setup(rate=50.0)
    process.stdin.write(json.dumps(setup | {"ca": str(setup["ca"])}).encode() + b"\n")
    assert json.loads(await process.stdout.readline()) == {"ready": True}
    assert json.loads(await process.stdout.readline())["status"] > 0
    process.stdin.close()
    async with asyncio.timeout(2.0):
        await process.wait()


LAB = """
import asyncio, json, sys
from cpr_cockpit.lab.counts import Counts
from cpr_cockpit.lab.traffic import Traffic

async def main():
    traffic = Traffic(Counts())
    await traffic.start(**json.loads(sys.argv[1]))
    print(traffic.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, and only Linux kills a process that is stuck")
@pytest.mark.parametrize("stuck", [False, True])
async def test_kill_9_of_the_lab_ends_the_clients_even_stuck_ones(server: Server, *, stuck: bool) -> None:
    setup = server.setup(rate=50.0)
    lab = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", LAB, json.dumps(setup | {"ca": str(setup["ca"])})), stdout=asyncio.subprocess.PIPE
    )
    assert lab.stdout is not None
    clients = int(await lab.stdout.readline())
    assert _runs(clients)
    if stuck:
        os.kill(clients, signal.SIGSTOP)
    lab.kill()
    await lab.wait()
    killed = time.monotonic()
    await _until(lambda: not _runs(clients))
    assert time.monotonic() - killed < 1.0
