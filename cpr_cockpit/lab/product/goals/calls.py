"""What one request asks of others: the database and a partner's service, each a row of AppDependencies.

A call takes its part of the time that the request usually takes.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from aiohttp import web

DATABASE, PARTNER = "goals-db", "partner.example"
BEFORE = 0.4  # of a request's usual time, before it asks anybody
_DATABASE_SHARE, _PARTNER_SHARE = 0.3, 0.2  # of it, for each call
_TIMED_OUT = "-2"  # the number that the client of SQL Server gives to a timeout
_KEY = "calls"

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Call:
    """One call; `began`: epoch seconds; `ms`: how long it took; `code`: as the other side or its client says it."""

    kind: str
    target: str
    name: str
    data: str
    began: float
    ms: float
    success: bool
    code: str

    @property
    def of_database(self) -> bool:
        """Whether the database was asked."""
        return self.target == DATABASE


class Calls:
    """The calls of one request, and the events in it; `seconds`: its usual duration."""

    def __init__(self, seconds: float) -> None:
        self.made: list[Call] = []
        self.events: list[tuple[str, dict[str, Any]]] = []
        self._seconds = seconds

    async def database(self, statement: str, ask: Callable[[], Answer]) -> Answer:
        """What `ask` brings from the database; `statement` is told in telemetry, without its values."""
        began, clock = time.time(), time.perf_counter()
        await asyncio.sleep(self._seconds * _DATABASE_SHARE)
        try:
            answer = ask()
        except sqlite3.Error:
            self._add("SQL", DATABASE, _verb(statement), statement, began, clock, _TIMED_OUT)
            raise
        self._add("SQL", DATABASE, _verb(statement), statement, began, clock, "0")
        return answer

    async def no_database(self) -> None:
        """The database does not answer for as long as the request lasts."""
        began, clock = time.time(), time.perf_counter()
        await asyncio.sleep(self._seconds)
        self._add("SQL", DATABASE, "OPEN goals", "", began, clock, _TIMED_OUT)

    async def partner(self) -> None:
        """Tell the partner; there is none in the lab, but it takes its time."""
        began, clock = time.time(), time.perf_counter()
        await asyncio.sleep(self._seconds * _PARTNER_SHARE)
        self._add("HTTP", PARTNER, "POST /v1/notices", f"https://{PARTNER}/v1/notices", began, clock, "202")

    def happened(self, name: str, **properties: str) -> None:
        """Tell of an event that the product's owners want to count."""
        self.events.append((name, properties))

    def _add(self, kind: str, target: str, name: str, data: str, began: float, clock: float, code: str) -> None:
        ms = (time.perf_counter() - clock) * 1000.0
        self.made.append(Call(kind, target, name, data, began, ms, code != _TIMED_OUT, code))


def _verb(statement: str) -> str:
    return f"{statement.partition(' ')[0]} goals"


def begin(request: web.Request, seconds: float) -> Calls:
    """The calls of `request`, which usually takes so many seconds."""
    calls = Calls(seconds)
    request[_KEY] = calls
    return calls


def of(request: web.Request) -> Calls:
    """The calls that were begun for `request`; none where nothing was."""
    found = request.get(_KEY)
    return found if isinstance(found, Calls) else Calls(0.0)
