"""What an instance tells of its workers: read strictly, and never raised for what the application does."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cpr_cockpit.adapters.connections import Connections
from cpr_cockpit.adapters.hosted_services import HostedServices, QueueReader
from cpr_cockpit.core.plan import Act, ActKind
from cpr_cockpit.core.ports import PRODUCTION, Asked, PortError
from cpr_cockpit.core.signals import Source
from cpr_cockpit.core.worker_proof import HOSTED
from cpr_cockpit.core.workers import Queue, Worker, WorkersTold
from tests.azure.clocks import FixedClock
from tests.azure.wire import Answer, Wire

NOW = 1_700_000_000.0
PATH = "/api/workers"
QUEUE = {"depth": 3, "oldest_s": 1.5, "dead_letters": 2}
NOTICES = {"name": "notices", "running": True, "processed": 7, "last_at": None}
TOLD = {"version": "v1", "instance": "i1", "workers": [NOTICES], "queue": QUEUE}


@dataclass(frozen=True)
class Product:
    """An app that tells of its workers."""

    wire: Wire
    connections: Connections

    def hosted(self, clock: FixedClock | None = None) -> HostedServices:
        hosts = {PRODUCTION: self.wire.url, "green": self.wire.url + "/slot"}
        return HostedServices(self.connections, clock or FixedClock(NOW), hosts, PATH)

    async def look(self, body: Any, **told: Any) -> WorkersTold:
        self.wire.on("GET", PATH, Answer(body=body, **told))
        return await self.hosted().look(PRODUCTION)


@pytest.fixture
async def product(wire: Wire, certificate: tuple[Path, ssl.SSLContext]) -> AsyncIterator[Product]:
    connections = Connections(str(certificate[0]), loopback=True)
    yield Product(wire, connections)
    await connections.close()


async def test_an_instance_tells_its_workers_and_its_queue(product: Product) -> None:
    seen = await product.look(TOLD)
    workers = (Worker("notices", HOSTED, True, "running"),)
    assert seen == WorkersTold(NOW, "v1", "i1", workers, Queue(3, 1.5, 2))
    headers = product.wire.asked[-1].headers
    assert headers["Cookie"] == "x-ms-routing-name=self"
    # Its row in the telemetry is no user's.
    assert {"SyntheticTest-RunId", "SyntheticTest-Location"} <= headers.keys()
    product.wire.on("GET", "/slot" + PATH, Answer(body=TOLD | {"workers": [], "queue": None}))
    assert await product.hosted().look("green") == WorkersTold(NOW, "v1", "i1", (), None)
    assert "Cookie" not in product.wire.asked[-1].headers


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ([], "should be an object"),
        ("no json", "Invalid JSON"),
        (TOLD | {"version": ""}, "version"),
        (TOLD | {"instance": 7}, "instance"),
        (TOLD | {"workers": None}, "workers"),
        (TOLD | {"workers": [NOTICES] * 101}, "workers"),
        (TOLD | {"workers": [{"name": "notices"}]}, "workers.0.running"),
        (TOLD | {"workers": [NOTICES | {"running": "yes"}]}, "workers.0.running"),
        (TOLD | {"workers": [NOTICES | {"name": "a\x1b[31m"}]}, "workers.0.name"),
        (TOLD | {"queue": QUEUE | {"depth": -1}}, "queue.depth"),
        (TOLD | {"queue": QUEUE | {"dead_letters": True}}, "queue.dead_letters"),
        (TOLD | {"queue": QUEUE | {"oldest_s": "1"}}, "queue.oldest_s"),
        (b'{"version": "v1", "instance": "i", "workers": [], "queue": {"depth": 1, "oldest_s": 1e999}}', "oldest_s"),
    ],
)
async def test_an_answer_of_another_form_tells_nothing(product: Product, body: Any, words: str) -> None:
    seen = await product.look(body)
    assert seen.workers is None
    assert words in seen.error
    assert seen.error.isprintable()


@pytest.mark.parametrize(
    ("told", "words"),
    [({"status": 404}, "answered 404"), ({"status": 503}, "answered 503"), ({"cut": True}, "disconnected")],
)
async def test_what_the_application_does_is_told_not_raised(product: Product, told: dict[str, Any], words: str) -> None:
    seen = await product.look("", **told)
    assert seen.workers is None
    assert words in seen.error


async def test_an_answer_without_end_is_left(product: Product) -> None:
    seen = await product.look("x" * 300_000)
    assert (seen.workers, "bytes" in seen.error) == (None, True)


async def test_the_queue_is_told_beside_what_it_was_before_the_switch(product: Product) -> None:
    clock = FixedClock(NOW)
    hosted = product.hosted(clock)
    product.wire.on("GET", PATH, Answer(body=TOLD), Answer(body=TOLD | {"queue": QUEUE | {"dead_letters": 5}}))
    await hosted.look(PRODUCTION)
    clock.at += 10.0
    seen = await QueueReader(hosted).read(Asked(clock.at, NOW + 1.0, "v1", "v2", 900.0, 1.0))
    assert (seen.source, seen.measured_at) == (Source.WORKERS, NOW + 10.0)
    figures = [(one.name, one.value, one.unit, one.limit, one.before) for one in seen.readings]
    assert figures == [
        ("queue depth", 3.0, "", None, 3.0),
        ("oldest message", 1.5, "s", None, None),
        ("dead letters", 5.0, "", 2.0, 2.0),
    ]


async def test_dead_letters_are_held_against_when_that_began_which_is_judged(product: Product) -> None:
    clock = FixedClock(NOW)
    reader, window, calm = QueueReader(product.hosted(clock)), NOW + 5.0, NOW + 25.0
    limits = []
    # The window begins at 5 s, and at 25 s the watch whether it is calm again: what dies just then is of before.
    for at, dead, since in ((0, 1, None), (6, 2, None), (20, 7, None), (26, 8, calm), (30, 9, calm), (90, 20, calm)):
        clock.at = NOW + at
        product.wire.on("GET", PATH, Answer(body=TOLD | {"queue": QUEUE | {"dead_letters": dead}}))
        seen = await reader.read(Asked(clock.at, window, "v1", "v2", 900.0, 1.0, since))
        limits.append((seen.readings[2].limit, seen.readings[2].before))
    assert limits == [(1.0, 1.0), (2.0, 1.0), (2.0, 1.0), (8.0, 1.0), (8.0, 1.0), (8.0, 1.0)]


async def test_a_session_that_began_after_the_switch_has_no_before(product: Product) -> None:
    product.wire.on("GET", PATH, Answer(body=TOLD | {"queue": {"depth": 0, "oldest_s": None, "dead_letters": 2}}))
    seen = await QueueReader(product.hosted()).read(Asked(NOW, NOW - 60.0, "v1", "v2", 900.0, 1.0))
    figures = [(one.name, one.value, one.limit, one.before) for one in seen.readings]
    assert figures == [
        ("queue depth", 0.0, None, None),
        ("oldest message", 0.0, None, None),
        ("dead letters", 2.0, 2.0, None),
    ]


async def test_after_a_crash_of_the_session_dead_letters_are_held_against_what_the_journal_knows(
    product: Product,
) -> None:
    clock = FixedClock(NOW)
    first, t0, known = QueueReader(product.hosted(clock)), NOW + 5.0, None
    for at, dead in ((0, 1), (10, 4)):
        clock.at = NOW + at
        product.wire.on("GET", PATH, Answer(body=TOLD | {"queue": QUEUE | {"dead_letters": dead}}))
        known = await first.read(Asked(clock.at, t0, "v1", "v2", 900.0, 1.0))
    clock.at = NOW + 60.0
    product.wire.on("GET", PATH, Answer(body=TOLD | {"queue": QUEUE | {"dead_letters": 9}}))
    for since, limit in ((None, 1.0), (NOW + 8.0, 1.0), (NOW + 30.0, 4.0)):
        again = QueueReader(product.hosted(clock))
        seen = await again.read(Asked(clock.at, t0, "v1", "v2", 900.0, 1.0, since, known))
        told = seen.readings[2]
        assert (told.value, told.limit, told.before, seen.readings[0].before) == (9.0, limit, 1.0, 3.0)


async def test_a_production_without_a_queue_is_no_empty_queue(product: Product) -> None:
    asked = Asked(NOW, NOW - 60.0, "v1", "v2", 900.0, 1.0)
    for body, words in ((TOLD | {"queue": None}, "tells of none"), ("", "listing")):
        product.wire.on("GET", PATH, Answer(body=body))
        with pytest.raises(PortError, match=words):
            await QueueReader(product.hosted()).read(asked)


def test_the_plan_shows_what_is_asked(product: Product) -> None:
    hosted = product.hosted()
    planned = hosted.planned(Act(ActKind.PROVE_WORKERS, "green"))
    assert [one.url for one in planned] == [product.wire.url + PATH, product.wire.url + "/slot" + PATH]
    assert hosted.planned(Act(ActKind.SWAP, "green")) == ()
