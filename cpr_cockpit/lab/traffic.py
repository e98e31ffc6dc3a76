"""The lab's traffic: starts the process of the clients, counts what they met, stops them."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cpr_cockpit.lab.counts import Counts, Result

RATE = 40.0  # requests per second of all clients together
_START = 60.0  # seconds that the process may take to begin, on a very busy machine
_STOP = 5.0  # seconds that it may take to end, the 3 s for requests under way included


class Traffic:
    """The clients of one lab, in a process that dies with this one.

    `browser` takes what the users' browsers report: the name of a table and a row of it.
    """

    def __init__(self, counts: Counts, browser: Callable[[str, dict[str, Any]], None] = lambda _, __: None) -> None:
        self._counts = counts
        self._browser = browser
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._stopping = False

    @property
    def pid(self) -> int | None:
        """Process id of the clients, also after their end; None before the start."""
        return None if self._process is None else self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the clients' process runs."""
        return self._process is not None and self._process.returncode is None

    async def start(
        self, *, production_url: str, slot: str, ca: Path, user_token: str, seed: int, rate: float = RATE
    ) -> None:
        """Let the clients begin; returns when they do. Raises ChildProcessError, an OSError, where they cannot.

        One in ten holds the routing cookie of `slot`, two the one of production, all send to `production_url`, trust
        the authority in the file `ca` only, and sign with `user_token`. `rate`: requests per second.
        """
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "cpr_cockpit.lab.clients"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        setup = {"production_url": production_url, "slot": slot, "ca": str(ca), "user_token": user_token}
        try:
            self._tell(setup | {"seed": seed, "rate": rate})
            async with asyncio.timeout(_START):
                said = await _output(self._process).readline()
        except BaseException as reason:
            await self._kill()
            if isinstance(reason, TimeoutError):
                raise ChildProcessError(f"the clients did not begin within {_START:.0f} s") from reason
            raise
        answer = json.loads(said) if said else {"refused": "the process of the clients died, see above"}
        if "ready" not in answer:
            await self._kill()
            raise ChildProcessError(str(answer["refused"]))
        self._reading = asyncio.create_task(self._read(self._process), name="read traffic")

    async def stop(self) -> None:
        """Let the clients finish what they have sent, for 3 s at most, and count it; harmless when they do not run."""
        self._stopping = True
        if self._process is None:
            return
        if self.alive:
            self._tell({"stop": True})
            try:
                await asyncio.wait_for(self._process.wait(), _STOP)
            except TimeoutError:
                await self._kill()
        if self._reading is not None:
            await self._reading

    def _tell(self, message: dict[str, object]) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.write(json.dumps(message).encode() + b"\n")

    async def _kill(self) -> None:
        if self._process is not None:
            if self.alive:
                self._process.kill()
            await self._process.wait()

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        async for line in _output(process):
            # A process that was killed may have left half a line.
            if not line.endswith(b"\n"):
                continue
            message = json.loads(line)
            if "table" in message:
                self._browser(message["table"], message["row"])
            else:
                self._counts.add(Result(**message))
        code = await process.wait()
        if not self._stopping:
            sys.stderr.write(f"lab: the clients ended by themselves with code {code}: there is no traffic any more\n")


def _output(process: asyncio.subprocess.Process) -> asyncio.StreamReader:
    if process.stdout is None:
        raise ValueError("the process was started without a pipe for its output")
    return process.stdout
