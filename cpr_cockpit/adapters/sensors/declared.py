"""Checks that a team declares itself: a command with its exit code, or a request and what is expected of its answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from cpr_cockpit.adapters.connections import Connections
from cpr_cockpit.adapters.expectations import Expectation
from cpr_cockpit.adapters.log_lines import shown
from cpr_cockpit.adapters.over_http import TooLong, bounded, carried, words_of
from cpr_cockpit.adapters.sensors.programs import last_line, run
from cpr_cockpit.core.sensing import Reading, State

LONGEST = 1_048_576
"""Bytes that a right answer has at most."""
_WORDS = 160


class CommandCheck:
    """Holds where the command ends with 0; its last line is the value. ``secrets``: texts that are never told."""

    declared = True

    def __init__(
        self,
        item: str,
        name: str,
        command: Sequence[str],
        folder: Path,
        timeout_s: float,
        secrets: Collection[str] = (),
    ) -> None:
        self.items = (item,)
        self.timeout_s = timeout_s + 1.0  # the command's own time ends first, and says so
        self._name = name
        self._command = tuple(command)
        self._folder = folder
        self._within_s = timeout_s
        self._secrets = secrets

    async def read(self) -> tuple[Reading, ...]:
        """Failed where it ends otherwise; unknown where it cannot be started or takes too long."""
        began = time.monotonic()
        try:
            ended = await run(self._command, self._folder, self._within_s, secrets=self._secrets)
        except TimeoutError:
            return (self._reading(State.UNKNOWN, f"did not end within {self._within_s:g} s and was stopped"),)
        except (OSError, ValueError) as error:
            told = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            return (self._reading(State.UNKNOWN, f"{self._command[0]} cannot be started ({told})"),)
        took = f"in {time.monotonic() - began:.1f} s"
        said = _told(ended.out, ended.err)
        if ended.code == 0:
            return (self._reading(State.OK, f"{said or 'exit code 0'}, {took}"),)
        how = f"signal {-ended.code}" if ended.code < 0 else f"exit code {ended.code}"
        told = _told(ended.err, ended.out)
        return (self._reading(State.FAILED, f"{how} {took}{': ' if told else ''}{told}"),)

    def _reading(self, state: State, words: str) -> Reading:
        return Reading(self.items[0], state, f"{self._name}: {words}", self._name)


@dataclass(frozen=True, slots=True)
class Expected:
    """What a request asks and what must come: ``contains`` in the body, ``answers`` among the headers.

    ``secret``: name of a header, the variable that holds its value, and that value ("" where it is not set).
    """

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 200
    contains: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)
    within_ms: float | None = None
    secret: tuple[str, str, str] | None = None


class RequestCheck:
    """Holds where the answer is as expected; its status and its time in milliseconds are the value."""

    declared = True

    def __init__(self, item: str, name: str, expected: Expected, connections: Connections, timeout_s: float) -> None:
        self.items = (item,)
        self.timeout_s = timeout_s + 1.0  # as above
        self._within_s = timeout_s
        self._name = name
        self._expected = expected
        self._client = connections.fresh

    async def read(self) -> tuple[Reading, ...]:
        """Failed where the answer is another one; unknown where there is none. PortError: the secret cannot be sent."""
        headers = dict(self._expected.headers)
        if self._expected.secret is not None:
            header, variable, value = self._expected.secret
            headers[header] = carried(value, self._name, variable, header)
        try:
            async with asyncio.timeout(self._within_s):
                state, words = await self._asked(headers)
        except TimeoutError:
            state, words = State.UNKNOWN, f"no whole answer within {self._within_s:g} s"
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            state, words = State.UNKNOWN, f"no answer ({words_of(error)})"
        return (self._reading(state, words),)

    async def _asked(self, headers: Mapping[str, str]) -> tuple[State, str]:
        expected, began = self._expected, time.perf_counter()
        asking = self._client.stream(expected.method, expected.url, headers=headers, timeout=self._within_s)
        async with asking as answer:
            try:
                body = await bounded(answer, LONGEST)
            except TooLong as error:
                return State.FAILED, f"the answer has {error}"
        took = (time.perf_counter() - began) * 1000.0
        right = Expectation((expected.status,), expected.contains, expected.answers, expected.within_ms)
        if wrong := right.wrong(answer.status_code, answer.headers, body, took, quote=True):
            return State.FAILED, wrong
        return State.OK, f"{answer.status_code} in {took:.0f} ms"

    def _reading(self, state: State, words: str) -> Reading:
        return Reading(self.items[0], state, f"{self._name}: {words}", self._name)


def _told(*texts: str) -> str:
    return shown(last_line(*texts))[:_WORDS]
