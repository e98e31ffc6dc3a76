from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cpr_cockpit.adapters.connections import Connections
from cpr_cockpit.adapters.custom_url import Header, UrlSignal, at_pointer
from cpr_cockpit.adapters.figures import UrlFigure
from cpr_cockpit.core.business import FigureSpec
from cpr_cockpit.core.custom import CustomSignals, Limit, SignalSpec
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.ports import Asked, PortError
from cpr_cockpit.core.signals import Observation, Source
from cpr_cockpit.core.verdict import VerdictKind
from tests.azure.clocks import FixedClock
from tests.azure.wire import Answer, Wire

NOW = 1_700_000_000.0
SPEC = SignalSpec("orders", Limit.ABOVE, 20.0, for_s=0.0, every_s=15.0)
ASKED = Asked(NOW, NOW - 60.0, "v1", "v2", 900.0, 1.0)


@dataclass(frozen=True)
class Shop:
    """An address that answers JSON, and the signals that ask it."""

    wire: Wire
    connections: Connections

    def signal(self, pointer: str = "/orders/perMinute", header: Header | None = None) -> UrlSignal:
        url = self.wire.url + "/metrics?shop=1"
        return UrlSignal(self.connections, FixedClock(NOW), SPEC, url, pointer, header)

    async def read(self, body: Any, pointer: str = "/orders/perMinute", **told: Any) -> Observation:
        self.wire.on("GET", "/metrics", Answer(body=body, **told))
        return await self.signal(pointer).read(ASKED)


@pytest.fixture
async def shop(wire: Wire, certificate: tuple[Path, ssl.SSLContext]) -> AsyncIterator[Shop]:
    connections = Connections(str(certificate[0]), loopback=True)
    yield Shop(wire, connections)
    await connections.close()


async def test_a_number_in_the_answer_is_the_signals_figure(shop: Shop) -> None:
    seen = await shop.read({"orders": {"perMinute": 41}})
    assert (seen.source, seen.name, seen.at, seen.measured_at) == (Source.CUSTOM, "orders", NOW, NOW)
    (figure,) = seen.readings
    assert (figure.name, figure.value, figure.unit, figure.limit) == ("orders", 41.0, "", 20.0)
    assert shop.wire.asked[-1].query == {"shop": "1"}
    signals = CustomSignals([SPEC], Policy())
    signals.begin(ASKED.t0)
    signals.take(seen)
    assert [one.kind for one in signals.findings(NOW)] == [VerdictKind.HOLD]


@pytest.mark.parametrize(
    ("body", "pointer", "value"),
    [
        ({"a/b": {"m~n": [0.5, 7]}}, "/a~1b/m~0n/1", 7.0),
        ({"": {"0": -3}}, "//0", -3.0),
        ([{"x": 1e3}], "/0/x", 1000.0),
    ],
)
async def test_pointers_lead_as_rfc_6901_says(shop: Shop, body: Any, pointer: str, value: float) -> None:
    assert (await shop.read(body, pointer)).readings[0].value == value


@pytest.mark.parametrize("pointer", ["/b", "/a/2", "/a/-", "/a/x", "/a/0/b", "/a/\u0661"])
def test_a_pointer_that_leads_nowhere(pointer: str) -> None:
    with pytest.raises(ValueError, match="nothing is at"):
        at_pointer({"a": [1, 2]}, pointer)


@pytest.mark.parametrize(
    "body",
    [
        {"orders": {}},
        {"orders": {"perMinute": None}},
        {"orders": {"perMinute": "41"}},
        {"orders": {"perMinute": True}},
        '{"orders": {"perMinute": NaN}}',
        '{"orders": {"perMinute": 1e999}}',
        f'{{"orders": {{"perMinute": {"9" * 400}}}}}',
        "not json",
        b"\xff\xfe",
        "[" * 100_000,
    ],
    ids=lambda body: str(body)[:40],
)
async def test_what_is_no_number_is_an_error_and_never_zero(shop: Shop, body: Any) -> None:
    with pytest.raises(PortError, match="holds no number at /orders/perMinute") as caught:
        await shop.read(body)
    assert caught.value.code == "pointer"
    assert caught.value.words().isprintable()


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"status": 500, "body": {}}, "answered 500, where 200 is needed"),
        ({"status": 302, "body": {}, "headers": {"Location": "https://elsewhere.example"}}, "answered 302"),
        ({"body": {}, "cut": True}, "cannot be asked"),
        ({"body": b"1" * 2_000_000}, "answers more than 1048576 bytes"),
    ],
)
async def test_an_address_that_does_not_answer_is_an_error(shop: Shop, told: dict[str, Any], words: str) -> None:
    with pytest.raises(PortError, match=words):
        await shop.read(**told)
    assert len(shop.wire.asked) == 1


async def test_a_header_is_sent_and_its_value_is_never_shown(shop: Shop) -> None:
    header = Header("X-Api-Key", "ORDERS_KEY", "s3cret")
    assert "s3cret" not in repr(header)
    shop.wire.on("GET", "/metrics", Answer(body={"orders": {"perMinute": 1}}), Answer(403, "no"))
    signal = shop.signal(header=header)
    seen = await signal.read(ASKED)
    assert shop.wire.asked[-1].headers["X-Api-Key"] == "s3cret"
    with pytest.raises(PortError) as caught:
        await signal.read(ASKED)
    assert "s3cret" not in caught.value.words() + str(seen.to_dict())


async def test_a_header_whose_variable_is_not_set_is_told_and_nothing_is_sent(shop: Shop) -> None:
    with pytest.raises(PortError, match="variable ORDERS_KEY is not set"):
        await shop.signal(header=Header("X-Api-Key", "ORDERS_KEY", None)).read(ASKED)
    assert shop.wire.asked == []


@pytest.mark.parametrize(
    "value",
    [
        "Bearer s3cret-token\n",
        "Bearer s3cret-token\r\nX-Other: 1",
        "s3cret\x00",
        "s3cret\x7f",
        " s3cret",
        "s3cret\t",
        "s3cr\u00e9t-s3cret",
        "s3cret\u20ac",
        "s3cret\udcff",
    ],
    ids=ascii,
)
async def test_a_value_that_no_header_can_have_is_told_by_its_variable_alone(shop: Shop, value: str) -> None:
    with pytest.raises(PortError, match="variable ORDERS_KEY holds what header X-Api-Key cannot carry") as caught:
        await shop.signal(header=Header("X-Api-Key", "ORDERS_KEY", value)).read(ASKED)
    assert "s3cr" not in caught.value.words()
    assert caught.value.words().isprintable()
    assert shop.wire.asked == []


@pytest.mark.parametrize("value", ["!", "Bearer a-b.c~d/e+f==", "two words", "a\tb"])
async def test_a_value_that_a_header_can_have_arrives_as_it_is(shop: Shop, value: str) -> None:
    shop.wire.on("GET", "/metrics", Answer(body={"orders": {"perMinute": 1}}))
    await shop.signal(header=Header("X-Api-Key", "ORDERS_KEY", value)).read(ASKED)
    assert shop.wire.asked[-1].headers["X-Api-Key"] == value


async def test_what_a_protocol_error_quotes_is_not_told(certificate: tuple[Path, ssl.SSLContext]) -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.readuntil(b"\r\n\r\n")
        (key,) = (line for line in asked.split(b"\r\n") if line.startswith(b"X-Api-Key"))
        writer.write(b"HTTP/1.1 200 OK\r\n" + key.replace(b":", b" ") + b"\r\n\r\n")
        await writer.drain()
        writer.close()

    connections = Connections(str(certificate[0]), loopback=True)
    server = await asyncio.start_server(echo, "127.0.0.1", 0, ssl=certificate[1])
    url = f"https://localhost:{server.sockets[0].getsockname()[1]}/"
    header = Header("X-Api-Key", "ORDERS_KEY", "s3cret")
    signal = UrlSignal(connections, FixedClock(NOW), SPEC, url, "/a", header)
    with pytest.raises(PortError, match=r"cannot be asked \(RemoteProtocolError\)") as caught:
        await signal.read(ASKED)
    assert "s3cret" not in caught.value.words()
    server.close()
    await server.wait_closed()
    await connections.close()


async def test_a_figure_of_the_business_is_read_as_a_signal_is(shop: Shop) -> None:
    shop.wire.on("GET", "/metrics", Answer(body={"orders": {"perMinute": 7}}))
    figure = UrlFigure(FigureSpec("open tickets", "tickets"), shop.signal())
    assert await figure.read(NOW - 60.0, NOW) == (7.0, None)
