from __future__ import annotations

import asyncio
import ssl
import tracemalloc
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import pytest

from cpr_cockpit.adapters.connections import Connections
from cpr_cockpit.adapters.log_lines import SHOWN
from cpr_cockpit.adapters.log_stream import KEPT, LogStream
from cpr_cockpit.core.ports import Asked, PortError
from cpr_cockpit.core.signals import Observation, Source
from tests.adapters.streaming import Streaming
from tests.azure.wire import make_certificate

T0 = 1_700_000_000.0  # 2023-11-14T22:13:20Z


class Clock:
    """A clock that stands, but for its sleeps, which take a moment and are remembered."""

    def __init__(self) -> None:
        self.at = T0 + 100.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += seconds
        await asyncio.sleep(0.001)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
async def server(certificate: tuple[Path, ssl.SSLContext]) -> AsyncIterator[Streaming]:
    made = Streaming()
    await made.start(certificate[1])
    yield made
    await made.stop()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def stream(server: Streaming, certificate: tuple[Path, ssl.SSLContext], clock: Clock) -> AsyncIterator[LogStream]:
    connections = Connections(str(certificate[0]), loopback=True)

    async def host() -> str:
        return server.host

    async def headers() -> Mapping[str, str]:
        return {"Authorization": "Bearer a-token"}

    made = LogStream(connections, clock, host, headers)
    yield made
    await made.close()
    await connections.close()


def asked() -> Asked:
    return Asked(T0 + 100.0, T0, "v1", "v2", 900.0, 1.0)


async def until(stream: LogStream, holds: Callable[[Observation], bool]) -> Observation:
    """Read until it holds; the test's own time limit ends it where it never does."""
    while True:
        found = await stream.read(asked())
        if holds(found):
            return found
        await asyncio.sleep(0.005)


def figures(found: Observation) -> tuple[int, ...]:
    return tuple(int(one.value or 0) for one in found.readings)


# -- on a socket -----------------------------------------------------------------------------------------------------


async def test_lines_and_errors_since_the_switch_and_the_newest_error_lines(
    stream: LogStream, server: Streaming
) -> None:
    await server.write(
        b"2023-11-14T22:13:30  Welcome, you are now connected to log-streaming service. The default ...\n",
        b"2023-11-14T22:13:31.5Z INFO  GET /goals answered 200\n2023-11-14T22:13:32Z ERR",
        b"OR POST /goals answered 500: SqlException: timeout\r\n",
        b"   at Goals.Store.Save()\n\n",
        b"2023-11-14T22:13:10Z ERROR before the switch\n",
        b"2023-11-14T22:14:30  No new trace in the past 1 min(s).\n",
        b"fail: without a time\n",
    )
    found = await until(stream, lambda found: figures(found)[0] == 4)
    assert (found.source, found.error, found.partial) == (Source.LOG_STREAM, None, None)
    assert figures(found) == (4, 2, 0)
    assert found.lines == ("2023-11-14T22:13:32Z ERROR POST /goals answered 500: SqlException: timeout",
                           "fail: without a time")  # fmt: skip
    assert found.measured_at == T0 + 100.0
    assert server.asked[0]["Authorization"] == "Bearer a-token"
    assert server.asked[0]["Accept-Encoding"] == "identity"
    assert Observation.from_dict(found.to_dict()) == found


async def test_only_the_newest_error_lines_are_kept(stream: LogStream, server: Streaming) -> None:
    await server.write(b"".join(b"ERROR %d\n" % number for number in range(1000)))
    found = await until(stream, lambda found: figures(found)[1] == 1000)
    assert found.lines == tuple(f"ERROR {number}" for number in range(1000 - KEPT, 1000))


async def test_a_line_of_two_hundred_megabytes_takes_no_memory(stream: LogStream, server: Streaming) -> None:
    await server.connections(0)
    piece = b"x" * (1024 * 1024)
    read = asyncio.create_task(stream.read(asked()))
    await server.connections(1)
    await read
    tracemalloc.start()
    await server.write(b"ERROR ")
    for _ in range(20):
        await server.write(piece)
    await server.write(b"\nERROR after it\n")
    found = await until(stream, lambda found: figures(found)[0] == 2)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert figures(found) == (2, 2, 0)
    assert len(found.lines[0]) == SHOWN
    assert found.lines[1] == "ERROR after it"
    assert peak < 48 * 1024 * 1024  # the server's own pieces among it, never the line


async def test_a_connection_that_ends_is_made_again_and_old_lines_are_not_counted_twice(
    stream: LogStream, server: Streaming, clock: Clock
) -> None:
    await server.write(b"2023-11-14T22:13:31Z ERROR one\n2023-11-14T22:13:32Z ERROR two\n")
    await until(stream, lambda found: figures(found)[1] == 2)
    await server.hang_up()
    await server.connections(2)
    await server.write(b"2023-11-14T22:13:32Z ERROR two\n2023-11-14T22:13:33Z ERROR three\n")
    found = await until(stream, lambda found: figures(found)[1] == 3)
    assert figures(found) == (3, 3, 1)
    assert found.partial is None
    assert [line[-5:] for line in found.lines] == ["R one", "R two", "three"]


async def test_undated_lines_that_a_new_connection_repeats_are_not_counted_twice(
    stream: LogStream, server: Streaming
) -> None:
    old = b"fail: of the start\n2023-11-14T22:13:31Z ERROR one\nfail: without a time\n"
    await server.write(old)
    await until(stream, lambda found: figures(found)[1] == 3)
    await server.hang_up()
    await server.connections(2)
    await server.write(old, b"2023-11-14T22:13:33Z ERROR two\nfail: after it\n")
    found = await until(stream, lambda found: "fail: after it" in found.lines)
    assert figures(found) == (5, 5, 1)


async def test_a_log_without_dates_is_heard_again_some_seconds_after_a_new_connection(
    stream: LogStream, server: Streaming, clock: Clock
) -> None:
    await server.write(b"fail: one\n")
    await until(stream, lambda found: figures(found)[1] == 1)
    await server.hang_up()
    await server.connections(2)
    await until(stream, lambda found: (figures(found)[2], found.partial) == (1, None))
    clock.at += 9.0
    await server.write(b"fail: one\n2023-11-14T22:13:19Z ERROR before the switch\nfail: two\n")
    await until(stream, lambda found: found.measured_at == clock.at)
    clock.at += 1.0
    await server.write(b"fail: three\n")
    found = await until(stream, lambda found: figures(found)[1] > 1)
    assert (figures(found), found.lines) == ((2, 2, 1), ("fail: one", "fail: three"))


async def test_a_time_of_the_future_hides_nothing_of_the_next_connection(
    stream: LogStream, server: Streaming, clock: Clock
) -> None:
    await server.write(b"2999-01-01T00:00:00Z ERROR from another age\n")
    await until(stream, lambda found: figures(found)[1] == 1)
    await server.hang_up()
    await server.connections(2)
    await server.write(b"2023-11-14T22:15:33Z ERROR now\n")
    found = await until(stream, lambda found: figures(found)[1] == 2)
    assert found.lines[-1].endswith("now")


async def test_a_refusal_is_an_error_and_asked_again_ever_more_slowly(
    stream: LogStream, server: Streaming, clock: Clock
) -> None:
    server.status = 404
    with pytest.raises(PortError, match=r"refused \(404\)"):
        await stream.read(asked())
    await server.connections(8)
    assert clock.slept[:7] == [2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]
    server.status = 200
    await server.write(b"ERROR at last\n")
    while True:
        try:
            found = await stream.read(asked())
        except PortError:
            await asyncio.sleep(0.005)
            continue
        if found.lines:
            break
        await asyncio.sleep(0.005)
    assert figures(found) == (1, 1, 0)


async def test_what_a_protocol_error_quotes_of_the_headers_is_not_told(
    server: Streaming, certificate: tuple[Path, ssl.SSLContext], clock: Clock
) -> None:
    connections = Connections(str(certificate[0]), loopback=True)

    async def host() -> str:
        return server.host

    async def headers() -> Mapping[str, str]:
        return {"Authorization": "Basic s3cret\n"}

    stream = LogStream(connections, clock, host, headers)
    with pytest.raises(PortError, match=r"broke off \(LocalProtocolError\)") as caught:
        await stream.read(asked())
    assert "s3cret" not in caught.value.words()
    await stream.close()
    await connections.close()


async def test_a_broken_stream_is_told_beside_what_was_heard(stream: LogStream, server: Streaming) -> None:
    await server.write(b"ERROR one\n")
    await until(stream, lambda found: figures(found)[1] == 1)
    server.status = 503
    await server.hang_up()
    found = await until(stream, lambda found: found.partial is not None and "503" in found.partial)
    assert figures(found) == (1, 1, 1)


async def test_it_stops_with_the_session(stream: LogStream, server: Streaming) -> None:
    await stream.read(asked())
    assert server.open == 1
    await stream.close()
    await server.all_gone()
    assert len(server.asked) == 1
