from __future__ import annotations

import asyncio
import ssl
import tracemalloc
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpr_cockpit.adapters.connections import Connections
from cpr_cockpit.adapters.log_lines import LONGEST, SHOWN, Lines, is_error, of_service, shown, stamp
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


# -- lines -----------------------------------------------------------------------------------------------------------

texts = st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]), max_size=40)


@given(st.lists(texts, max_size=8), st.lists(st.integers(0, 400), max_size=6))
def test_however_a_stream_is_cut_into_pieces_its_lines_are_the_same(lines: list[str], cuts: list[int]) -> None:
    whole = "".join(f"{line}\n" for line in lines).encode()
    found: list[str] = []
    cutter, at = Lines(), 0
    for cut in [*sorted(cuts), len(whole)]:
        found += cutter.feed(whole[at:cut])
        at = max(at, cut)
    assert found == [line for line in lines if line.strip()]


@given(st.lists(st.integers(1, 5 * LONGEST), min_size=1, max_size=5))
def test_no_line_is_longer_than_what_is_read_of_it(sizes: list[int]) -> None:
    cutter = Lines()
    found = [line for size in sizes for line in cutter.feed(b"x" * size)]
    found += cutter.feed(b"\n")
    assert [len(line) for line in found] == [min(LONGEST, sum(sizes))]


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("2024-01-02T03:04:05  PID[4567] Error       Cannot save", True),
        ("fail: Microsoft.AspNetCore.Server.Kestrel[13]", True),
        ("[03:04:05 ERR] HTTP POST /goals", True),
        ("crit: host down", True),
        ("FATAL out of memory", True),
        ("Unhandled exception. System.NullReferenceException: Object", True),
        ("Traceback (most recent call last):", True),
        ("   at System.Exception.Throw() in Program.cs:line 3", False),
        ("info: GET /errors answered 200", False),
        ("0 errors", False),
        ("warn: slow", False),
    ],
)
def test_which_lines_are_errors(line: str, error: bool) -> None:
    assert is_error(line) is error


def test_what_the_service_says_of_itself() -> None:
    assert of_service("2024-01-25T20:45:58  No new trace in the past 1 min(s).")
    assert not of_service("2024-01-25T20:45:58 ERROR No new trace in the past 1 min(s).")


@pytest.mark.parametrize(
    ("line", "at"),
    [
        ("2023-11-14T22:13:20Z INFO x", T0),
        ("2023-11-14 22:13:20.2500000 INFO x", T0 + 0.25),
        ("2023-11-14T22:13:20  PID[1] x", T0),
        ("2023-13-14T22:13:20Z x", None),
        ("at 2023-11-14T22:13:20Z", None),
        ("2023-11-14T22:13:20+02:00 x", None),
    ],
)
def test_the_time_that_a_line_begins_with(line: str, at: float | None) -> None:
    assert stamp(line) == at


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        ("ERROR \x1b[2J\u202eevil\ttext", "ERROR [2J evil text"),
        ("login failed: password=hunter2; user=ana", "login failed: password=***; user=ana"),
        ('{"client_secret": "abc def"}', '{"client_secret": "*** def"}'),
        ("Authorization: Bearer eyJ.a.b failed", "Authorization: *** failed"),
        ("postgres://goals:hunter2@db/goals", "postgres://***@db/goals"),
        ("sent eyJhbGci.eyJzdWIi.c2ln to it", "sent *** to it"),
        ("x" * 5000, "x" * (SHOWN - 1) + "…"),
    ],
)
def test_what_people_see_is_printable_short_and_without_secrets(line: str, seen: str) -> None:
    assert shown(line) == seen
