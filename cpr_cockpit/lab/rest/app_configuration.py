"""App Configuration on a port of its own: key-values, keys, labels, revisions and locks, as its REST API has them.

Source: the service's documentation and its client for Python. Left out: snapshots, and the state of an earlier time.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

from aiohttp import hdrs, web

from cpr_cockpit.lab.errors import ApiError
from cpr_cockpit.lab.key_values import Condition, Content, KeyValue, Locked, NotMatched
from cpr_cockpit.lab.rest import filters, pages, problems, signatures, tokens
from cpr_cockpit.lab.rest.problems import Problem
from cpr_cockpit.lab.rest.routing import logged, note

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

    from cpr_cockpit.lab.world import World

_KEY_VALUE = "application/vnd.microsoft.appconfig.kv+json"
_READING = ("GET", "HEAD")


def application(world: World) -> web.Application:
    """The store of `world`."""
    store = _Store(world)
    app = web.Application(middlewares=[store.guarded()])
    app.router.add_get("/kv", store.list)
    app.router.add_get("/kv/{key:.+}", store.get)
    app.router.add_put("/kv/{key:.+}", store.put)
    app.router.add_delete("/kv/{key:.+}", store.delete)
    app.router.add_put("/locks/{key:.+}", store.lock)
    app.router.add_delete("/locks/{key:.+}", store.unlock)
    app.router.add_get("/keys", store.keys)
    app.router.add_get("/labels", store.labels)
    app.router.add_get("/revisions", store.revisions)
    return app


class _Store:
    """Handlers over the key-values of one lab."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._values = world.key_values

    def guarded(self) -> Any:
        """The middleware around every route, for aiohttp, which marks functions and no methods."""

        @web.middleware
        async def through(request: web.Request, handler: Handler) -> web.StreamResponse:
            if request.method in _READING:
                answer = await self._answer(request, handler)
            else:
                note(self._world, request)
                answer = await logged(self._world, request, lambda: self._answer(request, handler))
            answer.headers["Sync-Token"] = self._sync_token()
            return answer

        return through

    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """What the route answers, or why it does not."""
        try:
            await self._check_access(request)
            if "api-version" not in {name.lower() for name in request.query}:
                raise problems.missing_api_version()
            return await handler(request)
        except ApiError as refusal:
            return web.Response(status=refusal.status, headers={hdrs.WWW_AUTHENTICATE: _challenge(refusal)})
        except Problem as problem:
            return problem.answer()
        except Locked:
            return problems.locked(request.match_info["key"]).answer()
        except NotMatched:
            return web.Response(status=304 if request.method in _READING else 412)
        except web.HTTPException as refusal:
            return web.Response(status=refusal.status)

    async def _check_access(self, request: web.Request) -> None:
        """Raises ApiError 401 unless the request is signed with the store's key or carries a token for it."""
        scheme = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")[0]
        if scheme.upper() == signatures.SCHEME:
            await signatures.check(self._world.configuration_key, request, time.time())
        else:
            tokens.check(self._world, request, "configuration")

    def _sync_token(self) -> str:
        number = self._values.sequence
        return f"lab={base64.b64encode(str(number).encode()).decode()};sn={number}"

    async def get(self, request: web.Request) -> web.Response:
        found = self._values.find(request.match_info["key"], _label(request))
        if found is None:
            return web.Response(status=404)
        _condition(request).check(found)
        return _shown(request, found)

    async def put(self, request: web.Request) -> web.Response:
        key, label, content = request.match_info["key"], _label(request), await _content(request)
        made = self._values.put(key, label, content, _condition(request))
        self._changed(made)
        return _shown(request, made)

    async def delete(self, request: web.Request) -> web.Response:
        gone = self._values.remove(request.match_info["key"], _label(request), _condition(request))
        if gone is None:
            return web.Response(status=204)
        self._world.log.add("configuration.changed", key=gone.key, label=gone.label, etag=None)
        return _shown(request, gone)

    async def lock(self, request: web.Request) -> web.Response:
        return self._locked(request, locked=True)

    async def unlock(self, request: web.Request) -> web.Response:
        return self._locked(request, locked=False)

    def _locked(self, request: web.Request, *, locked: bool) -> web.Response:
        key, label = request.match_info["key"], _label(request)
        found = self._values.lock(key, label, _condition(request), locked=locked)
        return web.Response(status=404) if found is None else _shown(request, found)

    def _changed(self, made: KeyValue) -> None:
        self._world.log.add("configuration.changed", key=made.key, label=made.label, etag=made.etag)

    async def list(self, request: web.Request) -> web.Response:
        wanted = _filter(request)
        items = (
            (f"{one.key}\n{one.label or ''}", one.etag, _selected(request, _body(one)))
            for one in self._values.all()
            if wanted(one)
        )
        return pages.page(request, "kvset", items)

    async def revisions(self, request: web.Request) -> web.Response:
        wanted, last = _filter(request), self._values.sequence
        items = (
            (f"{last - number:020}", one.etag, _selected(request, _body(one)))
            for number, one in self._values.revisions()
            if wanted(one)
        )
        return pages.page(request, "kvset", items)

    async def keys(self, request: web.Request) -> web.Response:
        return pages.page(request, "keyset", self._names(request, {one.key for one in self._values.all()}))

    async def labels(self, request: web.Request) -> web.Response:
        return pages.page(request, "labelset", self._names(request, {one.label for one in self._values.all()}))

    @staticmethod
    def _names(request: web.Request, names: set[str] | set[str | None]) -> Iterator[pages.Item]:
        wanted = filters.read("name", _query(request).get("name"))
        for name in sorted(names, key=lambda one: one or ""):
            if wanted(name):
                # Before the first page nothing was shown yet, not even what has no name.
                yield f" {name or ''}", name or "", {"name": name}


def _challenge(refusal: ApiError) -> str:
    if refusal.code == signatures.SCHEME:
        return f'{signatures.SCHEME} error="invalid_token", error_description="{refusal.message}", Bearer'
    return f'{signatures.SCHEME}, Bearer error="invalid_token", error_description="{refusal.message}"'


def _query(request: web.Request) -> dict[str, str]:
    """The query's members; their names in any case of letters."""
    return {name.lower(): value for name, value in request.query.items()}


def _label(request: web.Request) -> str | None:
    label = _query(request).get("label", "")
    return None if label in filters.NO_LABEL else label


def _filter(request: web.Request) -> Any:
    """Whether a key-value is asked for. Raises Problem 400."""
    query = _query(request)
    key, label = filters.read("key", query.get("key")), filters.read("label", query.get("label"))
    tags = [text.partition("=") for text in request.query.getall("tags", [])]

    def wanted(one: KeyValue) -> bool:
        tagged = all(one.content.tags.get(name) == value for name, _, value in tags)
        return tagged and key(one.key) and label(one.label)

    return wanted


def _condition(request: web.Request) -> Condition:
    return Condition(*(_versions(request.headers.get(name)) for name in (hdrs.IF_MATCH, hdrs.IF_NONE_MATCH)))


def _versions(header: str | None) -> frozenset[str] | None:
    """The versions that a header names, weak or not."""
    if header is None:
        return None
    return frozenset(version.strip().removeprefix("W/").strip('"') for version in header.split(","))


async def _content(request: web.Request) -> Content:
    """The key-value in the body. Raises Problem 400."""
    try:
        body = json.loads(await request.read() or b"{}")
    except (ValueError, RecursionError) as error:
        raise problems.invalid("body", f"The body is no JSON ({error})") from error
    if not isinstance(body, dict):
        raise problems.invalid("body", "The body must be an object")
    for name in ("value", "content_type", "description"):
        if not isinstance(body.get(name, ""), str | None):
            raise problems.invalid(name, "A string was expected")
    tags = body.get("tags") or {}
    if not isinstance(tags, dict) or not all(isinstance(value, str) for value in tags.values()):
        raise problems.invalid("tags", "An object of strings was expected")
    return Content(body.get("value"), body.get("content_type"), tags, body.get("description"))


def _body(one: KeyValue) -> dict[str, Any]:
    return {
        "etag": one.etag,
        "key": one.key,
        "label": one.label,
        "content_type": one.content.content_type,
        "value": one.content.value,
        "tags": dict(one.content.tags),
        "description": one.content.description,
        "locked": one.locked,
        "last_modified": datetime.fromtimestamp(int(one.last_modified), UTC).isoformat(),
    }


def _selected(request: web.Request, body: dict[str, Any]) -> dict[str, Any]:
    """The members of `body` that are asked for; the az client asks for none and means all."""
    names = _query(request).get("$select", "")
    return {name: body[name] for name in names.lower().split(",") if name in body} if names else body


def _shown(request: web.Request, one: KeyValue) -> web.Response:
    headers = {"ETag": f'"{one.etag}"', "Last-Modified": formatdate(one.last_modified, usegmt=True)}
    return web.json_response(_selected(request, _body(one)), headers=headers, content_type=_KEY_VALUE)
