"""What both kinds of pipeline have in common: who is asked, how, and what an answer that is no success means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from cpr_cockpit.adapters.azure.errors import of_answer, of_httpx, unreadable
from cpr_cockpit.adapters.connections import Connections
from cpr_cockpit.adapters.over_http import carried
from cpr_cockpit.core.ports import PortError

MARK = "cpr_run"
"""Input (GitHub) or parameter (Azure DevOps) that carries the name of our run; the pipeline is found by it again."""


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
    """Requests to one pipeline's service, signed with ``headers``."""

    def __init__(self, settings: PipelineSettings, connections: Connections, headers: Mapping[str, str]) -> None:
        self.settings = settings
        self._connections = connections
        self._headers = dict(headers)

    async def get(self, path: str, doing: str, **query: str) -> dict[str, Any] | None:
        """The object that is answered; None for 404. PortError."""
        try:
            answer = await self._connections.kept.get(self._url(path), params=query, headers=self._signed(doing))
        except httpx.HTTPError as error:
            raise of_httpx(error, doing) from error
        return None if answer.status_code == 404 else _object(answer, doing, mutating=False)

    async def post(self, path: str, doing: str, body: Mapping[str, Any], **query: str) -> dict[str, Any]:
        """The object that is answered, {} for an answer without one; sent once. PortError."""
        headers = self._signed(doing)
        try:
            answer = await self._connections.fresh.post(self._url(path), params=query, json=body, headers=headers)
        except httpx.HTTPError as error:
            raise of_httpx(error, doing, mutating=True) from error
        return _object(answer, doing, mutating=True)

    async def bytes_of(self, url: str, doing: str) -> httpx.Response:
        """What is at an address that the service has signed itself. PortError."""
        try:
            answer = await self._connections.kept.get(url)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise PortError(f"{doing}: the content cannot be fetched ({type(error).__name__}).") from error
        if answer.status_code >= 300:
            raise of_answer(answer.status_code, "", doing)
        return answer

    def _url(self, path: str) -> str:
        return f"{self.settings.address}/{path}"

    def _signed(self, doing: str) -> dict[str, str]:
        if not self.settings.token:
            raise PortError(
                f"{doing}: variable {self.settings.variable} is not set.",
                next_step="Set it where the session is started.",
            )
        carried(self.settings.token, doing, self.settings.variable, "Authorization")
        return self._headers


def _object(answer: httpx.Response, doing: str, *, mutating: bool) -> dict[str, Any]:
    if answer.status_code >= 300:
        raise of_answer(answer.status_code, answer.text, doing, mutating=mutating)
    if answer.status_code == 204 or not answer.content:
        return {}
    try:
        body = answer.json()
    except (ValueError, RecursionError) as error:
        raise unreadable(doing, repr(error), mutating=mutating) from error
    if not isinstance(body, dict):
        raise unreadable(doing, "no object", mutating=mutating)
    return body


def rows(body: Mapping[str, Any] | None, name: str) -> list[dict[str, Any]]:
    """The objects in a list of an answer; those that are none are left out."""
    found = (body or {}).get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def text(value: Any) -> str:
    """A text or number as text, anything else ""."""
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
