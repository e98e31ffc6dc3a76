"""The process that started this one: what it says comes by standard input, what it hears goes to standard output.

Both are JSON lines; a line of output that is none is one of the application's log. The end of standard input, or of who
reads standard output, means that the parent is gone: this process then ends at once.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

_PR_SET_PDEATHSIG = 1
_LONGEST = 1024 * 1024  # bytes of a line

Listener = Callable[[dict[str, Any]], None]


def die_with_the_parent() -> None:
    """Be killed by Linux when the parent dies, even while this process is stuck; elsewhere standard input tells."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class _Output(asyncio.Protocol):
    def __init__(self) -> None:
        self.closed = asyncio.Event()
        self.wanted = True

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set()
        if self.wanted:
            os._exit(0)


class Parent:
    """Both directions. What is said never blocks: a parent that does not listen for a while gets it later."""

    def __init__(self, heard: asyncio.StreamReader, transport: asyncio.WriteTransport, output: _Output) -> None:
        self._heard = heard
        self._transport = transport
        self._output = output
        self._tell: Listener | None = None
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    async def meet(cls) -> Parent:
        """Take over standard input and output."""
        loop = asyncio.get_running_loop()
        heard = asyncio.StreamReader(limit=_LONGEST)
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(heard), sys.stdin)
        transport, output = await loop.connect_write_pipe(_Output, sys.stdout)
        return cls(heard, transport, output)

    def listen(self, tell: Listener) -> None:
        """Have `tell` called with every object that the parent says from now on."""
        self._tell = tell

    def say(self, *messages: dict[str, Any]) -> None:
        """Tell the parent these objects, in order."""
        lines = "".join(json.dumps(message, separators=(",", ":")) + "\n" for message in messages)
        self._transport.write(lines.encode())

    def write(self, line: str) -> None:
        """One line of the application's log."""
        self._transport.write(" ".join(line.splitlines()).encode("utf-8", "replace") + b"\n")

    async def close(self) -> None:
        """Returns once all that was said is on its way."""
        self._output.wanted = False
        self._listening.cancel()
        self._transport.close()
        await self._output.closed.wait()

    async def _listen(self) -> None:
        while not self._heard.at_eof():
            try:
                line = await self._heard.readline()
                message = json.loads(line or b"null")
                if self._tell is not None and isinstance(message, dict):
                    self._tell(message)
            except ValueError as error:
                sys.stderr.write(f"What the parent said was not understood ({error}).\n")
        os._exit(0)
