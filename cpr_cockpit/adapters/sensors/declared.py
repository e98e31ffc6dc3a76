"""Checks that a team declares itself: a command with its exit code, or a request and what is expected of its answer."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from cpr_cockpit.adapters.connections import Connections
from cpr_cockpit.adapters.sensors.programs import last_line, run
from cpr_cockpit.core.sensing import Reading, State

LONGEST = 1_048_576
"""Bytes of an answer that are read; what is expected must stand in them."""
_WORDS = 160


class CommandCheck:
    """Holds where the command ends with 0; its last line is the value."""

    def __init__(self, item: str, name: str, command: Sequence[str], folder: Path, timeout_s: float) -> None:
        self.items = (item,)
        self.timeout_s = timeout_s + 1.0  # the command's own time ends first, and says so
        self._name = name
        self._command = tuple(command)
        self._folder = folder
        self._within_s = timeout_s

    async def read(self) -> tuple[Reading, ...]:
        """Failed where it ends otherwise; unknown where it cannot be started or takes too long."""
        began = time.monotonic()
        try:
            ended = await run(self._command, self._folder, self._within_s)
        except TimeoutError:
            return (self._reading(State.UNKNOWN, f"did not end within {self._within_s:g} s and was stopped"),)
        except (OSError, ValueError) as error:
            told = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            return (self._reading(State.UNKNOWN, f"{self._command[0]} cannot be started ({told})"),)
        took = f"in {time.monotonic() - began:.1f} s"
        said = last_line(ended.out, ended.err)[:_WORDS]
        if ended.code == 0:
            return (self._reading(State.OK, f"{said or 'exit code 0'}, {took}"),)
        how = f"signal {-ended.code}" if ended.code < 0 else f"exit code {ended.code}"
        told = last_line(ended.err, ended.out)[:_WORDS]
        return (self._reading(State.FAILED, f"{how} {took}{': ' if told else ''}{told}"),)

    def _reading(self, state: State, words: str) -> Reading:
        return Reading(self.items[0], state, f"{self._name}: {words}")


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

    def __init__(self, item: str, name: str, expected: Expected, connections: Connections, timeout_s: float) -> None:
        self.items = (item,)
        self.timeout_s = timeout_s
        self._name = name
        self._expected = expected
        self._client = connections.fresh

    async def read(self) -> tuple[Reading, ...]:
        """Failed where the answer is another one; unknown where there is none."""
        expected = self._expected
        if expected.secret is not None and not usable(expected.secret[2]):
            name, variable, _ = expected.secret
            return (self._reading(State.UNKNOWN, f"variable {variable} holds nothing that header {name} can carry"),)
        headers = dict(expected.headers)
        if expected.secret is not None:
            headers[expected.secret[0]] = expected.secret[2]
        try:
            state, words = await self._asked(headers)
        except httpx.ProtocolError as error:
            # Its own text quotes what was sent, and so perhaps the secret.
            state, words = State.UNKNOWN, f"cannot be asked ({type(error).__name__})"
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            state, words = State.UNKNOWN, f"no answer ({str(error)[:_WORDS] or type(error).__name__})"
        return (self._reading(state, words),)

    async def _asked(self, headers: Mapping[str, str]) -> tuple[State, str]:
        expected, began = self._expected, time.perf_counter()
        body = bytearray()
        async with self._client.stream(expected.method, expected.url, headers=headers) as answer:
            async for piece in answer.aiter_bytes():
                body += piece
                if len(body) > LONGEST:
                    break
        took = (time.perf_counter() - began) * 1000.0
        wrong = self._wrong(answer, bytes(body[:LONGEST]), took)
        if wrong:
            return State.FAILED, wrong
        return State.OK, f"{answer.status_code} in {took:.0f} ms"

    def _wrong(self, answer: httpx.Response, body: bytes, took: float) -> str:
        expected = self._expected
        if answer.status_code != expected.status:
            return f"answered {answer.status_code}, where {expected.status} is expected"
        if expected.contains and expected.contains.encode() not in body:
            return f"the answer does not contain {expected.contains[:_WORDS]!r}"
        for name, value in expected.answers.items():
            told = answer.headers.get(name)
            if told != value:
                found = "is missing" if told is None else f"is {told[:_WORDS]!r}"
                return f"header {name} of the answer {found}, where {value!r} is expected"
        if expected.within_ms is not None and took > expected.within_ms:
            return f"took {took:.0f} ms, where {expected.within_ms:g} ms are allowed"
        return ""

    def _reading(self, state: State, words: str) -> Reading:
        return Reading(self.items[0], state, f"{self._name}: {words}")


def usable(value: str) -> bool:
    """Whether a header can carry the value: printable ASCII signs, no space before or after them."""
    return bool(value) and value.isascii() and value.isprintable() and value == value.strip()
