"""What a user of the product wants next, and what it learns from the answers: goals are made, read and deleted."""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass
from typing import Any

import aiohttp
from yarl import URL

_GOALS = "/api/v1/goals"
_KEPT = 3  # goals that are read and never deleted
_MOST_OWN = 20  # goals that wait for their deletion
_WEIGHTS = {"list": 30, "read": 25, "page": 15, "script": 5, "create": 10, "delete": 10, "unknown-user": 5}


@dataclass(frozen=True, slots=True)
class Request:
    """A request, and the statuses that a sound product answers to it; ``authorized``: sent by who is signed in."""

    method: str
    path: str
    expected: frozenset[int]
    authorized: bool = True
    body: dict[str, Any] | None = None


class Wishes:
    """The wishes of the users of one kind, and the goals that they made."""

    def __init__(self) -> None:
        self._kept: list[str] = []
        self._own: deque[str] = deque()
        self._doubtful: deque[str] = deque()  # deleted, but the answer did not say so

    def next(self, chance: random.Random) -> Request:
        """The next request."""
        wish = chance.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
        if wish == "create" and len(self._own) + len(self._doubtful) >= _MOST_OWN:
            wish = "delete"
        if wish == "delete" and self._doubtful:
            return Request("DELETE", self._doubtful.popleft(), frozenset({200, 204, 404}))
        if wish == "delete" and self._own:
            return Request("DELETE", self._own.popleft(), frozenset({200, 204}))
        if wish == "read" and self._kept:
            return Request("GET", chance.choice(self._kept), frozenset({200}))
        if wish == "list":
            return Request("GET", _GOALS, frozenset({200}))
        if wish == "unknown-user":
            return Request("GET", _GOALS, frozenset({401}), authorized=False)
        if wish in ("page", "script"):
            return Request("GET", "/" if wish == "page" else "/app.js", frozenset({200}), authorized=False)
        # Nothing to read or to delete yet: it has to be made first.
        body = {"title": f"Goal {chance.randrange(10_000)}"}
        return Request("POST", _GOALS, frozenset({201}), body=body)

    def learn(self, request: Request, answer: aiohttp.ClientResponse) -> None:
        """Take note of what was made, lost, or not deleted."""
        if request.method == "POST" and answer.status == 201 and "Location" in answer.headers:
            path = URL(answer.headers["Location"]).path
            (self._kept if len(self._kept) < _KEPT else self._own).append(path)
        elif request.method == "GET" and answer.status == 404 and request.path in self._kept:
            # Lost goals are a failure once, not for ever.
            self._kept.remove(request.path)
        elif answer.status not in request.expected:
            self.doubt(request)

    def doubt(self, request: Request) -> None:
        """Nobody knows whether it took effect: what may not be deleted is deleted again later."""
        if request.method == "DELETE":
            self._doubtful.append(request.path)
