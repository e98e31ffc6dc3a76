"""Kudu, the deployment engine beside each slot: zip deployment, its progress, the content that a slot serves.

Sources: the requests of ``az webapp deploy`` and Kudu's documentation. A deployment is followed by its own id: the
newest one may be somebody else's.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

import httpx

from cpr_cockpit.adapters.azure.credentials import PinnedCredential
from cpr_cockpit.adapters.azure.environment import AzureEnvironment
from cpr_cockpit.adapters.azure.errors import clean, of_answer, of_httpx, unreadable
from cpr_cockpit.adapters.connections import CONNECT_S, Connections
from cpr_cockpit.adapters.over_http import PIECE
from cpr_cockpit.core.ports import Accepted, OperationState, PortError

_UPLOAD = httpx.Timeout(120.0, connect=CONNECT_S)
_RUNNING = frozenset({0, 1, 2})  # pending, building, deploying
_SUCCESS = 4
_FAILED = frozenset({3, 5})  # failed, conflict


class Kudu:
    """The Kudu of any slot, by the host that Resource Manager names for it."""

    def __init__(self, environment: AzureEnvironment, credential: PinnedCredential, connections: Connections) -> None:
        self._environment = environment
        self._credential = credential
        self._connections = connections

    async def headers(self) -> dict[str, str]:
        """What signs a request in. PortError."""
        token = await self._credential.get_token(self._environment.kudu_scope)
        return {"Authorization": f"Bearer {token.token}"}

    async def deploy(self, host: str, slot: str, package: Path) -> Accepted:
        """Send the zip, once; ``operation`` is the deployment's id, "" where Kudu did not tell it."""
        doing = f"Deploying {package.name} to slot {slot}"
        headers = await self.headers() | {"Content-Type": "application/octet-stream"}
        size, file = await asyncio.to_thread(_open, package, doing)
        headers["Content-Length"] = str(size)
        try:
            answer = await self._connections.fresh.post(
                f"https://{host}/api/zipdeploy",
                params={"isAsync": "true"},
                headers=headers,
                content=_pieces(file),
                timeout=_UPLOAD,
            )
        except httpx.HTTPError as error:
            raise of_httpx(error, doing, mutating=True) from error
        finally:
            file.close()
        if answer.status_code >= 300:
            raise of_answer(answer.status_code, answer.text, doing, mutating=True)
        return Accepted(_id_of(answer))

    async def deployment(self, host: str, slot: str, id: str) -> OperationState:
        """One look at a deployment, the newest one for an empty id. ``unknown`` where there is none. PortError."""
        doing = f"Reading the deployment to slot {slot}"
        try:
            answer = await self._connections.kept.get(
                f"https://{host}/api/deployments/{quote(id, safe='') or 'latest'}", headers=await self.headers()
            )
        except httpx.HTTPError as error:
            raise of_httpx(error, doing) from error
        if answer.status_code == 404:
            return OperationState("unknown", "Kudu does not know the deployment")
        if answer.status_code >= 300:
            raise of_answer(answer.status_code, answer.text, doing)
        return _state(answer, doing)

    async def content(self, host: str, slot: str, destination: Path) -> None:
        """Save what the slot serves as a zip: written beside ``destination`` and renamed once whole. PortError."""
        doing = f"Reading the content of slot {slot}"
        partial = destination.with_name(destination.name + ".part")
        try:
            async with self._connections.fresh.stream(
                "GET", f"https://{host}/api/zip/site/wwwroot/", headers=await self.headers(), timeout=_UPLOAD
            ) as answer:
                if answer.status_code >= 300:
                    raise of_answer(answer.status_code, (await answer.aread()).decode(errors="replace"), doing)
                await _save(answer, partial)
            await asyncio.to_thread(partial.replace, destination)
        except httpx.HTTPError as error:
            raise of_httpx(error, doing) from error
        except OSError as error:
            raise PortError(
                f"{doing} was not possible: {destination} cannot be written ({error.strerror or error}).",
                next_step="Make room and check the folder's permissions.",
            ) from error
        finally:
            with contextlib.suppress(OSError):
                await asyncio.to_thread(partial.unlink, missing_ok=True)


def _open(package: Path, doing: str) -> tuple[int, BinaryIO]:
    try:
        return package.stat().st_size, package.open("rb")
    except OSError as error:
        raise PortError(f"{doing} was not possible: {package} cannot be read ({error.strerror or error}).") from error


async def _pieces(file: BinaryIO) -> AsyncIterator[bytes]:
    while piece := await asyncio.to_thread(file.read, PIECE):
        yield piece


async def _save(answer: httpx.Response, path: Path) -> None:
    file = await asyncio.to_thread(path.open, "wb")
    try:
        async for piece in answer.aiter_bytes(PIECE):
            await asyncio.to_thread(file.write, piece)
    finally:
        await asyncio.to_thread(file.close)


def _id_of(answer: httpx.Response) -> str:
    """Kudu names the deployment in a header of its own; its Location may say ``latest`` only."""
    id = str(answer.headers.get("SCM-DEPLOYMENT-ID", "")).strip()
    if id:
        return id
    found = re.search(r"/deployments/([0-9A-Fa-f-]{8,})", answer.headers.get("Location", ""))
    return found[1] if found else ""


def _state(answer: httpx.Response, doing: str) -> OperationState:
    try:
        body: dict[str, Any] = answer.json()
        status = int(body["status"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise unreadable(doing, repr(error)) from error
    # The two often say the same.
    words = clean(" ".join(dict.fromkeys(str(body.get(name) or "") for name in ("status_text", "message"))))
    if status in _FAILED:
        return OperationState("failed", words or "Kudu says that the deployment failed")
    if status in _RUNNING or not body.get("complete", True):
        return OperationState("running", words)
    if status == _SUCCESS:
        return OperationState("succeeded", words)
    return OperationState("unknown", words or f"Kudu tells status {status}")
