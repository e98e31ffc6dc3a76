"""The front end before real processes, over real TLS: no request is lost in a switch, a restart or a drain."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from yarl import URL

from cpr_cockpit.lab.instance import Instance
from cpr_cockpit.lab.models import Defect
from tests.lab.slots import GOALS, GOOD, HEALTH, SERVING, SIGNED_IN, WAIT, Front, Slots, front, script, slots, until

PINNED = {"Cookie": "other=1; x-ms-routing-name=green"}
ROUTING = "x-ms-routing-name"

# Tells what it was asked; takes a while when told so; keeps to HTTP/1.1 as the product does.
ECHO = """
import asyncio, json, os, signal
from aiohttp import web

async def echo(request):
    body = await request.read()
    await asyncio.sleep(float(request.query.get("wait", "0")))
    if request.query.get("die"):
        os._exit(int(request.query["die"]))
    status = int(request.query.get("status", "200"))
    told = {"method": request.method, "path": request.raw_path, "body": body.decode("latin-1"),
            "headers": [[name, value] for name, value in request.headers.items()]}
    answer = web.Response(status=status, body=json.dumps(told) if status not in (204, 304) else None)
    answer.headers["x-app-version"] = "v0.0.1"
    answer.headers.add("Set-Cookie", "a=1")
    answer.headers.add("Set-Cookie", "b=2")
    answer.headers["Content-Encoding"] = "identity"
    return answer

async def main():
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", echo)
    runner = web.AppRunner(app, keepalive_timeout=3600)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(json.dumps({"ready": {"port": runner.addresses[0][1], "version": "v0.0.1"}}), flush=True)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
    await runner.cleanup()

asyncio.run(main())
"""


@pytest_asyncio.fixture
async def place(tmp_path: Path) -> AsyncIterator[Slots]:
    async with slots(tmp_path) as made:
        yield made


@pytest_asyncio.fixture
async def gate(tmp_path: Path) -> AsyncIterator[Front]:
    async with front(tmp_path) as made:
        yield made


async def _both(place: Slots, gate: Front) -> tuple[Instance, Instance]:
    """v1.2.0 in production, v1.3.0 in green."""
    old, new = await asyncio.gather(place.start(SERVING), place.start(GOOD, slot="green"))
    gate.end.attach_all({"production": [old], "green": [new]})
    return old, new


@dataclass
class Met:
    """One answer: when it was sent and came, by which clock does not matter, and what it was."""

    sent: float
    came: float
    status: int
    version: str
    slot: str
    error: str = ""


@dataclass
class Traffic:
    """Clients that ask without a break, each over its own kept connections, until told to stop."""

    gate: Front
    met: dict[str, list[Met]] = field(default_factory=dict)
    opened: int = 0
    _stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def one(self, client: aiohttp.ClientSession, kind: str, method: str, path: str) -> Met:
        sent = time.monotonic()
        cookie = PINNED if kind == "pinned" else {}
        body = {"title": "Goal"} if method == "POST" else None
        try:
            url = self.gate.production + path
            async with client.request(method, url, headers=SIGNED_IN | cookie, json=body) as answer:
                await answer.read()
                version, slot = answer.headers.get("x-app-version", ""), answer.headers.get("x-lab-slot", "")
                return Met(sent, time.monotonic(), answer.status, version, slot)
        except (aiohttp.ClientError, TimeoutError) as error:
            return Met(sent, time.monotonic(), 0, "", "", repr(error))

    async def _user(self, kind: str, number: int) -> None:
        trace = aiohttp.TraceConfig()
        trace.on_connection_create_end.append(self._counted)
        paths = (("GET", GOALS), ("POST", GOALS), ("GET", "/"))
        async with self.gate.client(trace_configs=[trace]) as client:
            while not self._stop.is_set():
                method, path = paths[number % len(paths)]
                self.met.setdefault(kind, []).append(await self.one(client, kind, method, path))
                number += 1

    async def _counted(self, _: aiohttp.ClientSession, __: SimpleNamespace, ___: Any) -> None:
        self.opened += 1

    async def run(self, kinds: dict[str, int], work: Any) -> None:
        """Let users of these kinds ask while `work` is done."""
        async with asyncio.TaskGroup() as users:
            for kind, count in kinds.items():
                for number in range(count):
                    users.create_task(self._user(kind, number))
            try:
                await until(lambda: all(len(self.met.get(kind, [])) >= count for kind, count in kinds.items()))
                await work
                seen = {kind: len(met) for kind, met in self.met.items()}
                await until(lambda: all(len(self.met[kind]) > seen[kind] + 5 for kind in kinds))
            finally:
                self._stop.set()

    def failed(self) -> list[Met]:
        return [met for found in self.met.values() for met in found if met.status not in (200, 201)]


async def test_a_switch_loses_no_request_and_holds_for_every_one_sent_after_it(place: Slots, gate: Front) -> None:
    old, new = await _both(place, gate)
    switched = 0.0

    async def swap() -> None:
        nonlocal switched
        gate.end.attach_all({"production": [new], "green": [old]})
        switched = time.monotonic()

    traffic = Traffic(gate)
    await traffic.run({"pinned": 3, "free": 9}, swap())
    assert traffic.failed() == []
    # Kept connections outlive the switch: there is one for each user.
    assert traffic.opened == 12
    for kind, before, after in (("free", SERVING, GOOD), ("pinned", GOOD, SERVING)):
        met = traffic.met[kind]
        assert {one.version for one in met if one.sent > switched} == {after}
        assert {one.version for one in met if one.came < switched} == {before}
        assert {one.slot for one in met} == {"green" if kind == "pinned" else "production"}


@pytest.mark.long
async def test_many_replacements_with_drain_and_stop_lose_no_request(place: Slots, gate: Front) -> None:
    """Eight processes come and go under load, in the steps of a swap, also with their requests held."""
    await _both(place, gate)

    async def replace(slot: str, instance: Instance) -> None:
        gate.end.hold(slot)
        fresh = await place.start(instance.version, slot=slot)
        gate.end.attach(slot, fresh)
        gate.end.release(slot)
        current[slot] = fresh
        assert await gate.end.drain(instance, WAIT)
        await instance.stop()
        assert instance.exit_code == 0

    async def churn() -> None:
        for _ in range(3):
            incoming = await place.start(current["green"].version, slot="green")
            old, outgoing = current["production"], current["green"]
            gate.end.attach_all({"production": [incoming], "green": [old]})
            current.update(production=incoming, green=old)
            assert await gate.end.drain(outgoing, WAIT)
            await outgoing.stop()
            await replace("green", old)

    current = {"production": place.started[0], "green": place.started[1]}
    traffic = Traffic(gate)
    await traffic.run({"pinned": 4, "free": 10}, churn())
    assert traffic.failed() == []
    assert traffic.opened == 14
    assert len(place.started) == 8
    assert {one.version for one in traffic.met["free"]} == {SERVING, GOOD}
    total = sum(len(met) for met in traffic.met.values())
    assert total > 200
    assert len(gate.counted) == total
    slots_seen = Counter(slot for slot, *_ in gate.counted)
    assert slots_seen["green"] == len(traffic.met["pinned"])
    assert all(0.05 < seconds < WAIT and status in (200, 201) for _, _, status, seconds in gate.counted)


async def test_pinned_requests_wait_while_their_slot_restarts(place: Slots, gate: Front) -> None:
    old, new = await _both(place, gate)
    async with gate.client() as client:
        traffic = Traffic(gate)
        gate.end.hold("green")
        waiting = [asyncio.create_task(traffic.one(client, "pinned", "POST", GOALS)) for _ in range(5)]
        # Production is not held; its answer proves that the others have had their time.
        assert (await traffic.one(client, "free", "GET", GOALS)).version == SERVING
        assert await gate.end.drain(new, WAIT)
        await new.stop()
        assert not any(one.done() for one in waiting)
        fresh = await place.start(SERVING, slot="green")
        gate.end.attach("green", fresh)
        assert not any(one.done() for one in waiting)
        gate.end.release("green")
        answered = await asyncio.gather(*waiting)
    assert [(one.status, one.version, one.slot) for one in answered] == [(201, SERVING, "green")] * 5
    assert old.alive


async def test_where_a_request_goes_is_said_by_query_then_cookie(place: Slots, gate: Front) -> None:
    await _both(place, gate)
    cookie = ROUTING + "="
    asked: list[tuple[str, str, str, str, str | None]] = [
        # host, query, cookie, slot, the cookie that is set
        ("production", "", "", "production", None),
        ("production", "", "green", "green", None),
        ("production", "", "GREEN", "green", None),
        ("production", "", "self", "production", None),
        ("production", "", "production", "production", None),
        ("production", "", "elsewhere", "production", None),
        ("production", f"?{ROUTING}=green", "", "green", "green"),
        ("production", f"?a=1&{ROUTING}=green", "self", "green", "green"),
        ("production", f"?{ROUTING}=self", "green", "production", "self"),
        ("production", f"?{ROUTING}=elsewhere", "green", "production", None),
        ("green", "", "self", "green", None),
        ("green", f"?{ROUTING}=self", "", "green", None),
    ]
    versions = {"production": SERVING, "green": GOOD}
    async with gate.client() as client:
        for host, query, held, slot, kept in asked:
            url = f"{gate.production if host == 'production' else gate.green}/{query}"
            async with client.get(url, headers={"Cookie": cookie + held} if held else {}) as answer:
                case = (host, query, held)
                assert (answer.status, answer.headers["x-lab-slot"]) == (200, slot), case
                assert answer.headers["x-app-version"] == versions[slot], case
                expected = [] if kept is None else [f"{cookie}{kept}; Max-Age=3600; Path=/"]
                told = answer.headers.getall("Set-Cookie", [])
                assert [text.partition("; Secure")[0] for text in told] == expected, case


async def test_requests_and_answers_pass_unchanged(place: Slots, gate: Front) -> None:
    gate.end.attach("production", await place.start(script(ECHO)))
    async with gate.client() as client:
        path = "/a%2Fb/%C3%BC?q=1%202&q=%26"
        sent = {"X-One": "1", "Accept": "text/x", "Connection": "keep-alive, X-Hop", "X-Hop": "dropped"}
        url = URL(gate.production + path, encoded=True)
        async with client.put(url, data=bytes(range(256)) * 400, headers=sent) as answer:
            told = json.loads(await answer.read())
            assert (answer.status, answer.reason) == (200, "OK")
            assert answer.headers.getall("Set-Cookie") == ["a=1", "b=2"]
            assert answer.headers["Content-Encoding"] == "identity"
        assert (told["method"], told["path"]) == ("PUT", path)
        assert told["body"].encode("latin-1") == bytes(range(256)) * 400
        headers = {name.lower(): value for name, value in told["headers"]}
        assert headers["host"] == gate.production.removeprefix("https://")
        assert (headers["x-one"], headers["accept"]) == ("1", "text/x")
        assert (headers["x-forwarded-proto"], headers["x-forwarded-for"]) == ("https", "127.0.0.1")
        assert "x-hop" not in headers
        async with client.head(gate.production + "/") as answer:
            assert int(answer.headers["Content-Length"]) > 0
            assert await answer.read() == b""
        for status in (204, 304, 404, 500):
            async with client.delete(f"{gate.production}/?status={status}") as answer:
                assert (answer.status, answer.headers["x-app-version"]) == (status, "v0.0.1")
        async with client.post(gate.production, data=b"x" * 2_000_000) as answer:
            assert (answer.status, answer.headers["x-lab-slot"]) == (413, "production")
        async with client.options(gate.production + "/") as answer:
            assert answer.status == 200


async def test_a_slot_without_a_process_answers_503(gate: Front) -> None:
    gate.end.attach("green", None)
    before = time.time()
    async with gate.client() as client, client.get(gate.green) as answer:
        assert (answer.status, answer.headers["x-lab-slot"]) == (503, "green")
        assert "Application Error" in await answer.text()
        assert "x-lab-defect" not in answer.headers
    ((slot, at, status, seconds),) = gate.counted
    assert (slot, status) == ("green", 503)
    assert before <= at <= at + seconds <= time.time() + 0.01


async def test_a_drain_ends_with_the_last_request(place: Slots, gate: Front) -> None:
    instance = await place.start(script(ECHO))
    gate.end.attach("production", instance)
    async with gate.client() as client:
        async with client.get(gate.production) as answer:
            await answer.read()
        assert await gate.end.drain(instance, 0.0)
        under_way = asyncio.create_task(client.get(f"{gate.production}/?wait=0.5"))
        await until(lambda: gate.end.in_flight(instance) == 1)
        gate.end.attach("production", None)
        assert not await gate.end.drain(instance, 0.05)
        assert not under_way.done()
        assert await gate.end.drain(instance, WAIT)
        assert (await under_way).status == 200
        # It can be used again afterwards.
        gate.end.attach("production", instance)
        async with client.get(gate.production) as answer:
            assert answer.status == 200
    assert await gate.end.drain(await place.start(script(ECHO)), 0.0)


async def test_a_process_that_dies_under_a_request(place: Slots, gate: Front) -> None:
    """A GET goes to the process that takes its place; anything else may have been done, and is not done twice."""
    dying = await place.start(script(ECHO))
    gate.end.attach("production", dying)
    async with gate.client() as client:
        asked = {
            method: asyncio.create_task(client.request(method, f"{gate.production}{HEALTH}?wait=60"))
            for method in ("GET", "POST")
        }
        await until(lambda: gate.end.in_flight(dying) == 2)
        gate.end.hold("production")
        os.kill(dying.pid, signal.SIGKILL)
        post = await asked["POST"]
        assert (post.status, "x-lab-defect" in post.headers) == (502, False)
        late = asyncio.create_task(client.post(f"{gate.production}{GOALS}", headers=SIGNED_IN, json={"title": "Late"}))
        fresh = await place.start(SERVING)
        gate.end.attach("production", fresh)
        gate.end.release("production")
        get = await asked["GET"]
        assert (get.status, get.headers["x-app-version"]) == (200, SERVING)
        assert (await late).status == 201


async def test_a_dead_process_in_its_slot_is_a_503_that_names_no_defect(place: Slots, gate: Front) -> None:
    instance = await place.start(SERVING)
    gate.end.attach("production", instance)
    async with gate.client() as client:
        async with client.get(gate.production) as answer:
            assert answer.status == 200
        os.kill(instance.pid, signal.SIGKILL)
        await instance.exited.wait()
        for method in ("GET", "POST"):
            async with client.request(method, gate.production) as answer:
                assert (answer.status, answer.headers.get("x-lab-defect")) == (503, None)


@pytest.mark.parametrize("told", [True, False])
async def test_what_dies_of_an_outage_is_marked_as_hit_by_it(place: Slots, gate: Front, told: bool) -> None:
    """Told by the lab, or known by its exit code alone."""
    instance = await place.start(script(ECHO))
    gate.end.attach("production", instance)
    if told:
        await instance.set_defect(Defect("outage", 0.2, 3.0))
    async with gate.client() as client:
        async with client.post(f"{gate.production}/?die=70") as answer:
            assert (answer.status, answer.headers["x-lab-defect"]) == (502, "outage")
        await instance.exited.wait()
        async with client.get(gate.production) as answer:
            assert (answer.status, answer.headers["x-lab-defect"]) == (503, "outage")


async def test_closing_answers_those_that_wait(place: Slots, gate: Front) -> None:
    gate.end.attach("production", await place.start(SERVING))
    async with gate.client() as client:
        async with client.get(gate.production) as answer:
            assert answer.status == 200
        gate.end.hold("production")
        waiting = asyncio.create_task(client.get(gate.production))
        # Its connection is open; another one's answer, which needs a new connection, comes after it has arrived.
        async with client.get(gate.green) as answer:
            assert answer.status == 503
        assert not waiting.done()
        await gate.end.close()
        assert (await waiting).status == 503
        with pytest.raises(aiohttp.ClientConnectorError):
            await client.get(gate.production)


async def test_a_port_that_is_taken_is_said(gate: Front) -> None:
    with pytest.raises(OSError, match="in use"):
        await gate.end.open("blue", URL(gate.production).port or 0)
