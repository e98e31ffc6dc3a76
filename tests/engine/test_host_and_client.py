"""Faces and their session over a real Unix socket: hello, following, commands, and peers that misbehave."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest

from cpr_cockpit.engine.client import Client
from cpr_cockpit.engine.greeting import PROTOCOL, SessionGone, SessionRefused
from cpr_cockpit.engine.places import PlacesError
from cpr_cockpit.engine.writer import FILE
from tests.engine.hosting import WAIT_S, Hosted, hosted, peer


async def connected(one: Hosted) -> Client:
    return await Client.connect("run", one.path)


async def followed(client: Client, after: int, count: int) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    stream = client.follow(after)
    async with asyncio.timeout(WAIT_S):
        async for line in stream:
            lines.append(line)
            if len(lines) == count:
                break
    return lines


@asynccontextmanager
async def impostor(answer: Callable[[asyncio.StreamWriter], Awaitable[None]]) -> AsyncIterator[Path]:
    """Something else that listens where a session would."""

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await answer(writer)
            await reader.read()
        except ConnectionError:
            return
        finally:
            writer.close()

    with tempfile.TemporaryDirectory(prefix="i-") as folder:
        path = Path(folder) / "x.sock"
        server = await asyncio.start_unix_server(accept, path=str(path))
        try:
            yield path
        finally:
            server.close()


# -- hello ---------------------------------------------------------------------------------------------------------


async def test_the_hello_tells_protocol_process_and_number() -> None:
    async with hosted() as one:
        one.say("first")
        async with await connected(one) as client:
            assert client.hello == {"protocol": PROTOCOL, "run": "", "pid": os.getpid(), "seq": 1}


async def test_nobody_listens_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(SessionGone, match="No session of run r is alive"):
        await Client.connect("r", tmp_path / "nothing.sock")
    (tmp_path / "file").write_text("no socket")
    with pytest.raises(SessionGone):
        await Client.connect("r", tmp_path / "file")


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (b'{"hello": {"protocol": 99, "run": "r"}}\n', SessionRefused),
        (b'{"hello": {}}\n', SessionRefused),
        (b'{"hello": "yes"}\n', SessionRefused),
        (b'{"error": "This session belongs to another user."}\n', SessionRefused),
        (b"HTTP/1.1 400 Bad Request\r\n", SessionGone),
        (b"[1, 2]\n", SessionGone),
        (b"[" * 100_000 + b"\n", SessionGone),
        (b"\xff\xfe\n", SessionGone),
        (b"x" * (5 * 1024 * 1024), SessionGone),
        (b"", SessionGone),
    ],
    ids=lambda value: value[:12].decode("ascii", "replace") if isinstance(value, bytes) else "",
)
async def test_whatever_else_listens_there_is_no_session(line: bytes, error: type[Exception]) -> None:
    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(line)
        await writer.drain()
        if line in (b"", b"\xff\xfe\n"):
            writer.close()

    async with impostor(answer) as path:
        with pytest.raises(error):
            async with asyncio.timeout(WAIT_S):
                await Client.connect("r", path)


# -- following -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("after", [0, 1, 4, 6, -3])
async def test_a_face_follows_from_any_number(after: int) -> None:
    async with hosted() as one:
        for number in range(5):
            one.say(f"{number + 1}")
        async with await connected(one) as client:
            following = asyncio.create_task(followed(client, after, 8 - max(0, after)))
            # A number beyond the newest event waits for it; meanwhile the session answers others.
            async with await connected(one) as other:
                assert (await other.command("status"))["seq"] == 5
            for number in range(5, 8):
                one.say(f"{number + 1}")
            lines = await following
        assert [line["seq"] for line in lines] == list(range(max(0, after) + 1, 9))
        assert [line["words"] for line in lines] == [str(line["seq"]) for line in lines]


async def test_following_ends_with_the_run_for_every_face() -> None:
    async with hosted() as one:
        clients = [await connected(one) for _ in range(3)]
        tasks = [asyncio.create_task(followed(client, 0, 999)) for client in clients]
        one.say("a")
        one.end()
        for lines in await asyncio.gather(*tasks):
            assert [line["type"] for line in lines] == ["note", "run.ended"]
        async with await connected(one) as late:
            assert [line["type"] for line in await followed(late, 1, 999)] == ["run.ended"]


async def test_a_slow_face_loses_no_event() -> None:
    async with hosted() as one, peer(one.path) as slow, peer(one.path) as quick:
        await slow.send(b'{"command": "follow", "after": 0}\n')
        await quick.send(b'{"command": "follow", "after": 0}\n')
        for number in range(400):
            one.say("x" * 8000)
            # The quick face has this one before the next is recorded; the slow one has read nothing yet.
            assert (await quick.next())["record"]["seq"] == number + 1
        one.end()
        numbers = [(await slow.next())["record"]["seq"] for _ in range(401)]
        assert numbers == list(range(1, 402))
        assert await slow.next() == {}


async def test_a_session_that_dies_is_gone_for_who_follows() -> None:
    async with hosted() as one:
        one.say("a")
        client = await connected(one)
        stream = client.follow()
        assert (await anext(stream))["seq"] == 1
        await one.host.close(0.0)
        with pytest.raises(SessionGone):
            async with asyncio.timeout(WAIT_S):
                await anext(stream)


async def test_a_watching_face_is_sent_what_has_changed_and_the_last_of_it() -> None:
    async with hosted() as one, peer(one.path) as watcher:
        await watcher.send(b'{"command": "watch"}\n')
        assert await watcher.next() == {"view": {"seq": 0}}
        one.say("a")
        one.end()
        views = []
        while message := await watcher.next():
            views.append(message["view"])
        assert {"seq": 2} in views


async def test_a_stream_that_fails_hangs_up() -> None:
    async with hosted() as one, peer(one.path) as watcher:
        await watcher.send(b'{"command": "watch"}\n')
        assert await watcher.next() == {"view": {"seq": 0}}
        one.broken = True
        assert await watcher.next() == {}
        async with await connected(one) as other:
            assert (await other.command("status"))["seq"] == 0


# -- commands ------------------------------------------------------------------------------------------------------


async def test_commands_are_answered_and_refusals_come_in_words() -> None:
    async with hosted() as one, await connected(one) as client:
        assert (await client.command("say", words="hello"))["seq"] == 1
        with pytest.raises(SessionRefused, match="explode is not possible now"):
            await client.command("explode")
        assert (await client.command("status"))["seq"] == 1


async def test_a_command_that_the_journal_refuses_is_refused_in_words() -> None:
    async with hosted() as one, await connected(one) as client:
        with closing(sqlite3.connect(one.journal.folder / FILE)) as db:
            db.execute("CREATE TRIGGER refuse BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'no room'); END")
        with pytest.raises(SessionRefused, match="no room"):
            await client.command("say", words="x")
        assert (await client.command("status"))["seq"] == 0


async def test_a_reply_finds_its_command_among_events() -> None:
    async with hosted() as one, peer(one.path) as face:
        await face.send(b'{"command": "follow", "after": 0}\n{"id": 7, "command": "say", "words": "x"}\n')
        messages = [await face.next(), await face.next()]
        assert {"reply": 7, "ok": True, "seq": 1} in messages
        assert any(message.get("record", {}).get("seq") == 1 for message in messages)


# -- peers that misbehave ------------------------------------------------------------------------------------------

GARBAGE = [
    b"\x00\x01\x02\xff\n",
    b"GET / HTTP/1.1\r\n",
    b"null\n",
    b"[]\n",
    b"{}\n",
    b'{"command": null, "id": {"a": []}}\n',
    b'{"command": ["follow"]}\n',
    b"[" * 50_000 + b"\n",
    b'{"command": "status", "id": ' + b"9" * 3000 + b"}\n",
]


@pytest.mark.parametrize("garbage", GARBAGE, ids=range(len(GARBAGE)))
async def test_garbage_is_refused_and_the_session_goes_on(garbage: bytes) -> None:
    async with hosted() as one, peer(one.path) as rude, await connected(one) as face:
        await rude.send(garbage)
        await rude.next()
        await rude.send(b'{"id": 1, "command": "status"}\n')
        assert (await face.command("say", words="still here"))["seq"] == 1


async def test_a_line_longer_than_any_command_ends_that_connection_only() -> None:
    async with hosted() as one, peer(one.path) as rude, await connected(one) as face:
        await rude.send(b"x" * 200_000)
        assert await rude.next() == {}
        assert (await face.command("status"))["seq"] == 0


@pytest.mark.parametrize("after", [10**9, -5, "many", None, 2.5, True])
async def test_any_number_to_follow_from_leaves_the_session_alive(after: object) -> None:
    async with hosted() as one, peer(one.path) as face, await connected(one) as other:
        await face.send(json.dumps({"command": "follow", "after": after}).encode() + b"\n")
        assert (await other.command("say", words="x"))["seq"] == 1
        assert (await other.command("status"))["seq"] == 1


async def test_a_face_that_goes_away_changes_nothing() -> None:
    async with hosted() as one, await connected(one) as other:
        for _ in range(5):
            reader, writer = await asyncio.open_unix_connection(str(one.path))
            await reader.readline()
            writer.write(b'{"command": "follow"}\n{"id": 1, "command": "say", "words": "last words"}\n')
            writer.transport.abort()
        for number in range(50):
            one.say(str(number))
        assert (await other.command("status"))["seq"] >= 50


async def test_a_face_that_hangs_does_not_keep_the_host_from_closing() -> None:
    async with hosted() as one, peer(one.path):
        async with asyncio.timeout(WAIT_S):
            await one.host.close(0.1)
        assert not one.path.exists()


# -- the socket itself ---------------------------------------------------------------------------------------------


async def test_the_socket_is_for_its_owner_and_replaces_a_stale_one() -> None:
    async with hosted() as one:
        assert one.path.stat().st_mode & 0o777 == 0o600
        assert one.path.parent.stat().st_mode & 0o777 == 0o700
        await one.host.close(0.0)
        stale = socket.socket(socket.AF_UNIX)
        stale.bind(str(one.path))
        stale.close()
        await one.host.open()
        async with await connected(one) as client:
            assert client.hello["protocol"] == PROTOCOL


async def test_a_folder_that_is_a_link_is_not_used(tmp_path: Path) -> None:
    async with hosted() as one:
        await one.host.close(0.0)
        one.path.parent.rmdir()
        one.path.parent.symlink_to(tmp_path)
        with pytest.raises(PlacesError, match="belongs to somebody else"):
            await one.host.open()
