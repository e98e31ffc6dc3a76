"""What both kinds of pipeline have in common: who is asked, how, and what an answer that is no success means."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from cpr_cockpit.adapters.azure.errors import of_answer, of_httpx, unreadable
from cpr_cockpit.adapters.connections import Connections
from cpr_cockpit.adapters.over_http import PIECE, TooLong, bounded, carried
from cpr_cockpit.core.ports import OperationState, PortError

MARK = "cpr_run"
"""Input (GitHub) or parameter (Azure DevOps) that carries the name of our run; the pipeline is found by it again."""
_LONGEST = 16 * 1024 * 1024
"""Bytes of an answer that are read."""
_LARGEST = 2 * 1024**3
"""Bytes of an artifact that are read."""
_ARTIFACT_S = 600.0
# Azure DevOps answers a token that it does not take with its sign-in page, or leads to it.
_SIGN_IN = (203, 302)


@dataclass(frozen=True, slots=True)
class PipelineSettings:
    """Which pipeline. ``project``: "owner/repository" or "organization/project"; ``workflow``: its file or number.

    ``ref``: the tag or branch that it runs on; ``artifact``: name of what it builds; ``token``: a secret, from the
    environment's ``variable``; "": that is not set.
    """

    address: str
    project: str
    workflow: str
    ref: str
    artifact: str
    token: str = field(repr=False)
    variable: str


class Asking:
    """Requests to one pipeline's service, signed with ``headers``.

    ``refusals``: what a refusal asks for, by its status; what all services have in common is said here. ``largest``:
    bytes of an artifact that are read.
    """

    def __init__(
        self,
        settings: PipelineSettings,
        connections: Connections,
        headers: Mapping[str, str],
        refusals: Mapping[int, str],
        largest: int = _LARGEST,
    ) -> None:
        self.settings = settings
        self._connections = connections
        self._headers = dict(headers)
        self._largest = largest
        made_anew = f"The token in {settings.variable} is not taken: set a new one where the session is started."
        self._advised = {401: made_anew} | dict(refusals)

    async def get(self, path: str, doing: str, **query: str) -> dict[str, Any] | None:
        """The object that is answered; None for 404. PortError."""
        headers = self._signed(doing)
        return await self._asked(self._connections.kept, "GET", path, doing, params=query, headers=headers)

    async def post(self, path: str, doing: str, body: Mapping[str, Any], **query: str) -> dict[str, Any]:
        """The object that is answered, {} for an answer without one; sent once. PortError."""
        headers = self._signed(doing)
        client = self._connections.fresh
        return await self._asked(client, "POST", path, doing, params=query, headers=headers, json=body) or {}

    async def _asked(
        self, client: httpx.AsyncClient, method: str, path: str, doing: str, **options: Any
    ) -> dict[str, Any] | None:
        mutating = method != "GET"
        try:
            async with client.stream(method, f"{self.settings.address}/{path}", **options) as answer:
                body = await bounded(answer, _LONGEST)
        except TooLong as error:
            raise unreadable(doing, str(error), mutating=mutating) from error
        except httpx.HTTPError as error:
            raise of_httpx(error, doing, mutating=mutating) from error
        status = 401 if answer.status_code in _SIGN_IN else answer.status_code
        if status == 404 and not mutating:
            return None
        if status >= 300:
            words = body.decode("utf-8", "replace") if status == answer.status_code else ""
            raise of_answer(status, words, doing, mutating=mutating, advised=self._advised)
        return _object(body, doing, mutating=mutating)

    async def digest_of(self, url: str, doing: str) -> str:
        """SHA-256 of what is at an address that the service has signed itself, in hexadecimal. PortError."""
        digest, read = hashlib.sha256(), 0
        try:
            async with asyncio.timeout(_ARTIFACT_S), self._connections.kept.stream("GET", url) as answer:
                if answer.status_code >= 300:
                    raise of_answer(answer.status_code, "", doing, advised={})
                # Not read at all where it is known: every look would read as much again.
                self._small_enough(int(answer.headers.get("Content-Length", 0)), doing)
                async for piece in answer.aiter_bytes(PIECE):
                    read += len(piece)
                    self._small_enough(read, doing)
                    digest.update(piece)
        except TimeoutError as error:
            raise PortError(f"{doing}: it did not come whole within {_ARTIFACT_S:g} s.") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            # The address is signed: it is not told.
            raise PortError(f"{doing}: the content cannot be fetched ({type(error).__name__}).") from error
        return digest.hexdigest()

    def _small_enough(self, size: int, doing: str) -> None:
        if size > self._largest:
            raise PortError(
                f"{doing}: it has more than {self._largest} bytes, which is the most that is read.",
                next_step="Let the pipeline publish as an artifact only what is deployed, then begin again.",
            )

    def _signed(self, doing: str) -> dict[str, str]:
        if not self.settings.token:
            raise PortError(
                f"{doing}: variable {self.settings.variable} is not set.",
                next_step="Set it where the session is started.",
            )
        carried(self.settings.token, doing, self.settings.variable, "Authorization")
        return self._headers


def _object(answer: bytes, doing: str, *, mutating: bool) -> dict[str, Any]:
    if not answer:
        return {}
    try:
        body = json.loads(answer)
    except (ValueError, RecursionError) as error:
        raise unreadable(doing, repr(error), mutating=mutating) from error
    if not isinstance(body, dict):
        raise unreadable(doing, "no object", mutating=mutating)
    return body


def state_of(status: str, result: str, good: str, words: str) -> OperationState:
    """Where a run is by its ``status``, and once that is "completed" by its ``result``, of which one is ``good``."""
    if status != "completed":
        return OperationState("running", words)
    return OperationState("succeeded" if result == good else "failed", words)


def rows(body: Mapping[str, Any] | None, name: str) -> list[dict[str, Any]]:
    """The objects in a list of an answer; those that are none are left out."""
    found = (body or {}).get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def text(value: Any) -> str:
    """A text or number as text, anything else ""."""
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
