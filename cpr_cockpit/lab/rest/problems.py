"""The refusals of an App Configuration store, as it writes them: RFC 7807 with a member `name`."""

from __future__ import annotations

from typing import Any

from aiohttp import web

_TYPE = "https://azconfig.io/errors/"


class Problem(Exception):
    """A request that is refused; `kind`: the last part of the problem's type; `name`: what it is about."""

    def __init__(self, status: int, kind: str, title: str, name: str, detail: str) -> None:
        super().__init__(status, kind, title, name, detail)
        self._body: dict[str, Any] = {
            "type": _TYPE + kind,
            "title": title,
            "name": name,
            "detail": detail,
            "status": status,
        }

    def answer(self) -> web.Response:
        """The answer that says it."""
        return web.json_response(self._body, status=self._body["status"], content_type="application/problem+json")


def invalid(name: str, detail: str) -> Problem:
    """400: the parameter `name` is not what it has to be."""
    return Problem(400, "invalid-argument", f"Invalid request parameter '{name}'", name, detail)


def missing_api_version() -> Problem:
    """400: a request without `api-version`."""
    detail = "An API version is required, but was not specified."
    return Problem(400, "invalid-argument", "API version is not specified", "api-version", detail)


def locked(key: str) -> Problem:
    """409: the key-value is locked."""
    detail = "The key is read-only. To allow modification unlock it first."
    return Problem(409, "key-locked", f"Modifing key '{key}' is not allowed", key, detail)
