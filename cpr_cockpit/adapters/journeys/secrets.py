"""Where the value of a secret comes from: a variable, a command, a key vault. It is used, and told nobody."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import httpx

from cpr_cockpit.adapters.connections import Connections
from cpr_cockpit.adapters.over_http import TooLong, bounded, words_of
from cpr_cockpit.adapters.sensors.programs import Output
from cpr_cockpit.adapters.sensors.programs import run as run_program
from cpr_cockpit.core.ports import Clock, PortError

_API = "7.4"
"""Of the key vault's data plane (Get Secret)."""
_LONGEST = 64 * 1024
_COMMAND_S, _VAULT_S = 30.0, 15.0
_KEPT_S = 600.0
"""Seconds for which a value is used before it is asked for again: who rotates one need not begin a new run."""


class Source(Protocol):
    """Where one secret's value comes from."""

    async def value(self) -> str:
        """The value as it is now. PortError, which does not quote it."""


@dataclass(frozen=True, slots=True)
class Given:
    """A value that is known already: a lab's."""

    text: str = field(repr=False)

    async def value(self) -> str:
        """It."""
        return self.text


@dataclass(frozen=True, slots=True)
class FromVariable:
    """The value of a variable of this process."""

    variable: str

    async def value(self) -> str:
        """PortError where it is not set."""
        found = os.environ.get(self.variable, "")
        if not found:
            raise PortError(f"variable {self.variable} is not set", next_step="Set it where the session is started.")
        return found


@dataclass(frozen=True, slots=True)
class FromCommand:
    """What a command writes, without the line end; nothing of it is told, whatever comes of it."""

    command: tuple[str, ...]
    folder: Path

    async def value(self) -> str:
        """PortError where it cannot be run, fails, or writes nothing or several lines."""
        name = Path(self.command[0]).name
        output = Output()
        try:
            ended = await run_program(self.command, self.folder, _COMMAND_S, plain=output)
        except TimeoutError:
            raise PortError(f"command {name} did not end within {_COMMAND_S:g} s") from None
        except (OSError, ValueError) as error:
            told = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
            raise PortError(f"command {name} cannot be started ({told})") from None
        if ended.code != 0:
            raise PortError(f"command {name} ended with {ended.code}")
        return _one_line(output.text, f"command {name}")


class FromVault:
    """A secret of a key vault, read with the sign-in that this program has anyway.

    ``url``: https://<vault>/secrets/<name>, a version behind it or not. ``scope``: of the vault's tokens.
    """

    def __init__(self, url: str, tokens: TokenSource, scope: str, connections: Connections) -> None:
        self._url, self._tokens, self._scope, self._client = url, tokens, scope, connections.fresh

    async def value(self) -> str:
        """PortError with the vault's status; its own words are not told."""
        token = await self._tokens.get_token(self._scope)
        headers = {"Authorization": f"Bearer {token.token}", "Accept": "application/json"}
        asked, status, body = f"{self._url}?api-version={_API}", 0, b""
        try:
            async with (
                asyncio.timeout(_VAULT_S),
                self._client.stream("GET", asked, headers=headers) as answer,
            ):
                status = answer.status_code
                body = await bounded(answer, _LONGEST)
        except (TimeoutError, TooLong):
            raise PortError(f"the key vault gave no whole answer for {self._url}") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise PortError(f"the key vault cannot be asked for {self._url} ({words_of(error)})") from None
        if status != 200:
            step = "Ask for the role Key Vault Secrets User." if status in (401, 403) else "Correct [secrets]."
            raise PortError(f"the key vault answered {status} for {self._url}", next_step=step, status=status)
        try:
            found = json.loads(body)["value"]
        except (ValueError, KeyError, TypeError, RecursionError):
            found = None
        return _one_line(found if isinstance(found, str) else "", f"the key vault, for {self._url},")


def vault_scope(url: str) -> str:
    """The scope of a vault's tokens: of the service, which is the vault's domain without its own name."""
    host = urlsplit(url).hostname or ""
    # A vault of another cloud, and a lab's, is named the same way: NAME.vault.azure.cn, NAME.vault.usgovcloudapi.net.
    _, _, service = host.partition(".")
    return f"https://{service or host}/.default"


class TokenSource(Protocol):
    """Whoever signs in."""

    async def get_token(self, *scopes: str) -> Token:
        """A token for the scopes. PortError."""


class Token(Protocol):
    """A token as azure-core has it."""

    @property
    def token(self) -> str:
        """The token itself."""


def _one_line(text: str, who: str) -> str:
    value = text.strip()
    if not value or "\n" in value or "\r" in value or len(value) > _LONGEST:
        raise PortError(f"{who} gave no secret of one line")
    return value


class Secrets:
    """The declared secrets by name; each is read when it is first needed, and again after `_KEPT_S` seconds."""

    def __init__(self, sources: Mapping[str, Source], clock: Clock) -> None:
        self._sources = sources
        self._clock = clock
        self._known: dict[str, tuple[float, str]] = {}
        self._turn = asyncio.Lock()

    async def values(self, names: Sequence[str]) -> dict[str, str]:
        """The values of those names. PortError names the secret that there is none of."""
        async with self._turn:
            return {name: await self._value(name) for name in names}

    async def _value(self, name: str) -> str:
        known = self._known.get(name)
        if known is not None and self._clock.now() - known[0] < _KEPT_S:
            return known[1]
        source = self._sources.get(name)
        if source is None:
            raise PortError(f"secret {name} is not declared")
        try:
            value = await source.value()
        except PortError as error:
            raise PortError(f"secret {name}: {error.what}", next_step=error.next_step) from None
        self._known[name] = (self._clock.now(), value)
        return value

    def forget(self, names: Sequence[str]) -> None:
        """They were refused: ask for them again the next time."""
        for name in names:
            self._known.pop(name, None)
