"""How GitHub's REST interface speaks: refusals, pages, entity tags, times, and a request's body.

Sources: GitHub's REST documentation, "Getting started" (errors, pagination, conditional requests, rate limits).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from typing import Any

from aiohttp import web

DOCUMENTATION = "https://docs.github.com/rest"
_PER_PAGE, _MOST = 30, 100


class Refusal(Exception):
    """An answer that is none of success. `more`: further members of its body; `headers`: of the answer."""

    def __init__(self, status: int, message: str, headers: dict[str, str] | None = None, **more: Any) -> None:
        super().__init__(message)
        self._status, self._message, self._headers, self._more = status, message, headers or {}, more

    def answer(self) -> web.Response:
        """As it goes over the wire."""
        body = {"message": self._message, "documentation_url": DOCUMENTATION, "status": str(self._status)}
        return web.json_response(body | self._more, status=self._status, headers=self._headers)


def invalid(resource: str, message: str) -> Refusal:
    """422 of a request that is understood and cannot be carried out."""
    errors = [{"resource": resource, "code": "custom", "message": message}]
    return Refusal(422, "Validation Failed", errors=errors)


def missing() -> Refusal:
    """404: it is not there, or this token may not know."""
    return Refusal(404, "Not Found")


async def body_of(request: web.Request) -> dict[str, Any]:
    """The request's object. Refusal 400 where it has none."""
    try:
        body = json.loads(await request.read())
    except (ValueError, RecursionError) as error:
        raise Refusal(400, "Problems parsing JSON") from error
    if not isinstance(body, dict):
        raise Refusal(400, "Body should be a JSON object")
    return body


def text(body: dict[str, Any], name: str) -> str:
    """A member that has to be there. Refusal 422."""
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise Refusal(422, f'Invalid request.\n\n"{name}" wasn\'t supplied.')
    return value


def listed(request: web.Request, url: str, rows: list[Any], wrapped: str = "") -> web.Response:
    """A page of the rows, with the header Link to the next one; `wrapped`: the member that holds them."""
    per_page = min(_number(request, "per_page", _PER_PAGE), _MOST)
    page = _number(request, "page", 1)
    part = rows[(page - 1) * per_page : page * per_page]
    headers = {}
    if page * per_page < len(rows):
        query = dict(request.query) | {"per_page": str(per_page), "page": str(page + 1)}
        following = "&".join(f"{name}={value}" for name, value in query.items())
        headers["Link"] = f'<{url}{request.path}?{following}>; rel="next"'
    return web.json_response({"total_count": len(rows), wrapped: part} if wrapped else part, headers=headers)


def _number(request: web.Request, name: str, usual: int) -> int:
    value = request.query.get(name, "")
    return int(value) if value.isdigit() and int(value) else usual


def tagged(request: web.Request, answer: web.StreamResponse) -> web.StreamResponse:
    """With its entity tag; 304 where the client has it already."""
    if request.method != "GET" or answer.status != web.HTTPOk.status_code or not isinstance(answer, web.Response):
        return answer
    body = answer.body if isinstance(answer.body, bytes) else b""
    mark = f'W/"{hashlib.sha256(body).hexdigest()}"'
    if request.headers.get("If-None-Match") == mark:
        return web.Response(status=304, headers={"ETag": mark})
    answer.headers["ETag"] = mark
    return answer


def stamp(at: float) -> str:
    """Epoch seconds as GitHub writes a time."""
    return dt.datetime.fromtimestamp(at, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
