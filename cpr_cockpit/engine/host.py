"""Serves a Session to faces over a Unix socket: JSON lines, peer credentials, a hello line with the protocol version.

To a face: ``{"hello": {...}}`` first, then ``{"record": {...}}`` for every event that it follows, and for each of its
commands ``{"reply": id, "ok": true, ...}`` or ``{"reply": id, "error": "..."}``. From a face:
``{"id": 1, "command": "rollback", "by": "ana"}``.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import socket
import struct
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

from cpr_cockpit.engine.greeting import PROTOCOL
from cpr_cockpit.engine.journal import JournalError
from cpr_cockpit.engine.places import make_private
from cpr_cockpit.engine.recorder import Recorder

log = logging.getLogger(__name__)

VIEW_EVERY_S = 1.0
VIEW_REST_S = 0.1
COMMAND_LIMIT = 64 * 1024

# The View as JSON values, a member for each part: a face is sent the parts that have changed.
Sections = Callable[[], dict[str, Any]]
Handler = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]


class CommandError(Exception):
    """A command that is not possible now: what, what was not changed, what next."""


def peer_uid(connection: socket.socket) -> int | None:
    """The user at the other end; None where the system does not tell."""
    if hasattr(socket, "SO_PEERCRED"):
        raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        return int(struct.unpack("3i", raw)[1])
    return None


class Host:
    """Listens on the run's socket for as long as the session lives."""

    def __init__(self, recorder: Recorder, handler: Handler, path: Path, sections: Sections) -> None:
        self._recorder = recorder
        self._sections = sections
        self._handler = handler
        self._path = path
        self._server: asyncio.Server | None = None
        self._faces: set[asyncio.Task[None]] = set()
        self._met = asyncio.Event()

    async def open(self) -> None:
        """Bind the socket (a stale one is replaced: the journal's lock proves that nobody else serves it)."""
        make_private(self._path.parent)
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._accept, path=str(self._path), limit=COMMAND_LIMIT)
        self._path.chmod(0o600)

    async def close(self, patience_s: float = 2.0) -> None:
        """Stop listening; faces get up to ``patience_s`` to take the last events.

        Whoever started a session that ends at once is given as long to come: it would take it for one that died.
        """
        if self._server is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience_s):
                    await self._met.wait()
            self._server.close()
        if self._faces:
            await asyncio.wait(self._faces, timeout=patience_s)
        for face in self._faces:
            face.cancel()
        self._path.unlink(missing_ok=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._met.set()
        task = asyncio.current_task()
        if task is not None:
            self._faces.add(task)
            task.add_done_callback(self._faces.discard)
        try:
            await self._serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            log.info("a face went away")
        finally:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        uid = peer_uid(writer.get_extra_info("socket"))
        if uid is not None and uid not in (os.getuid(), 0):
            await _send(writer, {"error": "This session belongs to another user."})
            return
        run = self._recorder.run
        name = run.opened.run if run.opened else ""
        await _send(writer, {"hello": {"protocol": PROTOCOL, "run": name, "pid": os.getpid(), "seq": run.seq}})
        streams: list[asyncio.Task[None]] = []
        try:
            while line := await _read_line(reader):
                message = _parse(line)
                if message.get("command") == "follow" and not streams:
                    streams.append(self._stream(writer, self._follow(writer, _number(message.get("after")))))
                elif message.get("command") == "watch" and not streams:
                    streams.append(self._stream(writer, self._watch(writer)))
                else:
                    await self._answer(writer, message)
        finally:
            for stream in streams:
                stream.cancel()

    @staticmethod
    def _stream(writer: asyncio.StreamWriter, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """A stream to a face. Whatever ends it hangs up: a face must not take silence for "nothing new"."""

        def ended(task: asyncio.Task[None]) -> None:
            writer.close()
            error = None if task.cancelled() else task.exception()
            if error is not None and not isinstance(error, ConnectionError):
                log.error("a stream to a face ended by a defect", exc_info=error)

        task = asyncio.create_task(work)
        task.add_done_callback(ended)
        return task

    async def _answer(self, writer: asyncio.StreamWriter, message: dict[str, Any]) -> None:
        reply: dict[str, Any] = {"reply": message.get("id")}
        try:
            arguments = {key: value for key, value in message.items() if key not in ("id", "command")}
            reply |= {"ok": True, **await self._handler(str(message.get("command", "")), arguments)}
        except CommandError as error:
            reply["error"] = str(error)
        except JournalError as error:
            reply["error"] = f"{error} Nothing was done: what is not on disk is not begun."
        await _send(writer, reply)

    async def _watch(self, writer: asyncio.StreamWriter) -> None:
        """The parts of the View that have changed, at every event and at least once a second."""
        sent: dict[str, Any] = {}
        while True:
            # Asked first: the View of a run that ends while it is sent is followed by another one.
            ended = self._recorder.run.ended is not None
            parts = self._sections()
            changed = {name: value for name, value in parts.items() if name not in sent or sent[name] != value}
            await _send(writer, {"view": changed})
            sent |= changed
            if ended:
                return
            news = asyncio.ensure_future(self._recorder.wait_news())
            await asyncio.wait({news}, timeout=VIEW_EVERY_S)
            news.cancel()
            # Events come in bursts: one View shows them all.
            await asyncio.sleep(VIEW_REST_S)

    async def _follow(self, writer: asyncio.StreamWriter, after: int) -> None:
        position = after
        while True:
            # A face may take its time: what is recorded meanwhile is not in this batch.
            batch = self._recorder.records[position:]
            for record in batch:
                await _send(writer, {"record": record.line()})
            position += len(batch)
            records = self._recorder.records
            if position < len(records):
                continue
            if records and records[-1].event.type == "run.ended":
                return
            await self._recorder.wait_news()


def _number(value: object) -> int:
    """The number of an event; 0 (from the beginning) for anything else."""
    return value if isinstance(value, int) and value > 0 else 0


def _parse(line: bytes) -> dict[str, Any]:
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        return {"id": None, "command": "(no JSON)"}
    return message if isinstance(message, dict) else {"id": None, "command": "(no object)"}


async def _read_line(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readline()
    except ValueError:
        # The line is longer than any command: such a peer is no face of ours.
        return b""


async def _send(writer: asyncio.StreamWriter, message: dict[str, Any]) -> None:
    writer.write(json.dumps(message, separators=(",", ":")).encode() + b"\n")
    await writer.drain()
