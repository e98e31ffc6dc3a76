"""Custom signals that an address answers: one number in a JSON text."""

from __future__ import annotations

import asyncio
import json
import math
from dataclasses import dataclass, field
from typing import Any

import httpx

from cpr_cockpit.adapters.connections import Connections
from cpr_cockpit.adapters.over_http import TooLong, bounded, carried, short, words_of
from cpr_cockpit.core.blocks import Reading
from cpr_cockpit.core.custom import Limit, SignalSpec
from cpr_cockpit.core.ports import Asked, Clock, PortError
from cpr_cockpit.core.signals import Observation, Source

_LONGEST = 1024 * 1024
"""Bytes of an answer that are read."""
_ANSWER_S = 10.0
POINTER = "pointer"
"""Code of the error of an answer that holds no number where one is looked for."""


@dataclass(frozen=True, slots=True)
class Header:
    """A header whose ``value`` is a secret of the environment's ``variable``; None: that is not set."""

    name: str
    variable: str
    value: str | None = field(repr=False)


class UrlSignal:
    """One signal as a Reader: ``pointer`` (RFC 6901) says where its number stands in the answer of ``url``."""

    source = Source.CUSTOM
    timeout_s = _ANSWER_S + 5.0

    def __init__(
        self,
        connections: Connections,
        clock: Clock,
        spec: SignalSpec,
        url: str,
        pointer: str,
        header: Header | None = None,
    ) -> None:
        self._client, self._clock, self._spec = connections.kept, clock, spec
        self._url, self._pointer, self._header = url, pointer, header
        self._doing = f"Reading the signal {spec.name}"
        self.name = spec.name
        self.poll_s = spec.every_s

    async def read(self, asked: Asked) -> Observation:
        """The number as it is now. PortError."""
        body = await self._body()
        try:
            value = _number(at_pointer(json.loads(body), self._pointer))
        except (ValueError, OverflowError, RecursionError) as error:
            words = (
                f"{self._doing}: the answer of {self._url} holds no number at {self._pointer} ({short(str(error))})."
            )
            raise PortError(words, next_step="Correct field in cockpit.toml.", code=POINTER) from error
        at = self._clock.now()
        limit = self._spec.bound if self._spec.limit is Limit.ABOVE else None
        reading = Reading(self.name, value, limit=limit)
        return Observation(Source.CUSTOM, at, measured_at=at, name=self.name, readings=(reading,))

    async def _body(self) -> bytes:
        headers = {"Accept": "application/json"} | self._secret()
        status: int | None = None
        try:
            async with (
                asyncio.timeout(_ANSWER_S),
                self._client.stream("GET", self._url, headers=headers) as answer,
            ):
                status = answer.status_code
                body = await bounded(answer, _LONGEST)
        except TooLong as error:
            raise self._failed(f"{self._url} answers {error}", status) from error
        except TimeoutError as error:
            raise self._failed(f"{self._url} gave no whole answer within {_ANSWER_S:g} s") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise self._failed(f"{self._url} cannot be asked ({words_of(error)})") from error
        if status != 200:
            raise self._failed(f"{self._url} answered {status}, where 200 is needed", status)
        return body

    def _secret(self) -> dict[str, str]:
        if self._header is None:
            return {}
        if not self._header.value:
            raise PortError(
                f"{self._doing}: variable {self._header.variable} is not set, and header {self._header.name} needs it.",
                next_step="Set it where the session is started.",
            )
        value = carried(self._header.value, self._doing, self._header.variable, self._header.name)
        return {self._header.name: value}

    def _failed(self, words: str, status: int | None = None) -> PortError:
        return PortError(f"{self._doing}: {words}.", next_step="The next reading asks again.", status=status)


def at_pointer(value: Any, pointer: str) -> Any:
    """What stands at a JSON pointer (RFC 6901); ValueError names the first part that leads nowhere."""
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and name in value:
            value = value[name]
        elif isinstance(value, list) and name.isascii() and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        else:
            raise ValueError(f"nothing is at {name!r}")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{type(value).__name__} is there")
    return float(value)
