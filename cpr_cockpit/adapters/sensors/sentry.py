"""Sentry: whether its API answers with the configured token, and knows the release of the project.

Source: Sentry's API, "Retrieve an Organization's Release" (scope project:releases).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx

from cpr_cockpit.adapters.connections import Connections
from cpr_cockpit.adapters.over_http import TooLong, bounded, carried, short, words_of
from cpr_cockpit.core.sensing import Reading, State

ITEM = "monitoring.error-tracking"
_LONGEST = 1_048_576
_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class SentryPlace:
    """Whose release is looked for; ``variable`` holds the ``token``."""

    address: str
    organization: str
    project: str
    release: str
    variable: str
    token: str = field(repr=False)


class Sentry:
    """One question for the release."""

    items = (ITEM,)
    timeout_s = _TIMEOUT_S + 1.0

    def __init__(self, place: SentryPlace, connections: Connections) -> None:
        self._place = place
        self._client = connections.fresh

    async def read(self) -> tuple[Reading, ...]:
        """Failed where the token or the release is refused; unknown where nothing answers. PortError: no token."""
        place = self._place
        token = carried(place.token, "Sentry", place.variable, "Authorization")
        url = f"{place.address}/api/0/organizations/{_part(place.organization)}/releases/{_part(place.release)}/"
        try:
            async with (
                asyncio.timeout(_TIMEOUT_S),
                self._client.stream("GET", url, headers={"Authorization": f"Bearer {token}"}) as answer,
            ):
                body = await bounded(answer, _LONGEST)
        except TimeoutError:
            return (Reading(ITEM, State.UNKNOWN, f"Sentry: no whole answer within {_TIMEOUT_S:g} s"),)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return (Reading(ITEM, State.UNKNOWN, f"Sentry: no answer ({words_of(error)})"),)
        except TooLong as error:
            return (Reading(ITEM, State.UNKNOWN, f"Sentry: the answer has {error}"),)
        return (self._judged(answer.status_code, _object(body)),)

    def _judged(self, status: int, body: Mapping[str, Any]) -> Reading:
        place = self._place
        if status in (401, 403):
            words = f"Sentry: the token of {place.variable} is refused (status {status}): it needs project:releases"
            return Reading(ITEM, State.FAILED, words)
        if status == 404:
            return Reading(ITEM, State.FAILED, f"Sentry: release {place.release} is not known to {place.organization}")
        if status != 200:
            return Reading(ITEM, State.UNKNOWN, f"Sentry: status {status}")
        told = body.get("projects")
        projects = [str(one.get("slug")) for one in told if isinstance(one, Mapping)] if isinstance(told, list) else []
        if place.project not in projects:
            words = f"Sentry: release {place.release} is not one of {place.project}, but of {', '.join(projects)}"
            return Reading(ITEM, State.FAILED, short(words))
        return Reading(ITEM, State.OK, f"Sentry: release {place.release} of {place.project} is known")


def _part(text: str) -> str:
    return quote(text, safe="")


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, Mapping) else {}
