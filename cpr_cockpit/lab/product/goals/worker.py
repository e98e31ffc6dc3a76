"""The hosted service of a process: it takes notices from the queue and sends them, unless it is switched off."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from datetime import UTC, datetime
from typing import Any

from .log import Log
from .queue import Queue
from .settings import Settings

NAME = "notices"
_PAUSE = 0.2  # seconds between looks at an empty queue
_SENDING, _CARELESS = 0.01, 0.5  # seconds that a notice takes; one who is careless leaves others time to take it


class Worker:
    """Works from `start` to `stop`, where its setting does not switch it off."""

    def __init__(self, settings: Settings, queue: Queue, log: Log) -> None:
        self._settings, self._queue, self._log = settings, queue, log
        self._task: asyncio.Task[None] | None = None
        self._processed = 0
        self._last: float | None = None

    def start(self) -> None:
        """Begin to work, where workers are switched on."""
        if self._settings.workers:
            self._task = asyncio.create_task(self._work(), name=NAME)
        self._log.say("INFO", f"the worker {NAME} {'runs' if self._settings.workers else 'is switched off'}")

    async def stop(self) -> None:
        """Work no more; a notice that is being sent comes back to the queue."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _work(self) -> None:
        while True:
            try:
                found = await self._one()
            except sqlite3.Error as error:
                found = False
                self._log.say("ERROR", f"the worker {NAME} cannot use the queue: {error}")
            await asyncio.sleep(0.0 if found else _PAUSE)

    async def _one(self) -> bool:
        """Send the next notice; whether there was one."""
        careless = self._settings.careless
        message = self._queue.peek() if careless else self._queue.take()
        if message is None:
            return False
        await asyncio.sleep(_CARELESS if careless else _SENDING)
        if message.sound:
            self._queue.done(message, self._settings.version, self._settings.instance, again=careless)
            self._processed, self._last = self._processed + 1, time.time()
        elif self._queue.failed(message):
            self._log.say("ERROR", f"notice {message.id} is given up after {message.tries} tries: it has no owner")
        return True

    def as_dict(self) -> dict[str, Any]:
        """What this process tells of its background work, and of the queue."""
        last = None if self._last is None else datetime.fromtimestamp(self._last, UTC).isoformat()
        running = self._task is not None and not self._task.done()
        worker = {"name": NAME, "running": running, "processed": self._processed, "last_at": last}
        return {
            "version": self._settings.version,
            "instance": self._settings.instance,
            "workers": [worker],
            "queue": self._queue.as_dict(),
        }
