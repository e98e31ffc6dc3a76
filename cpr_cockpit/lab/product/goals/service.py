"""The routes of the Goals service: its API, its health, its page."""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from . import calls
from .defects import Defects
from .flags import Flags
from .pipeline import FLAGS, HEALTH, SIGN_IN, WORKERS, Pipeline
from .problems import problem
from .settings import Settings
from .store import DELETE, INSERT, NEWEST, ONE, UPDATE, Store
from .telemetry import user_name
from .worker import Worker

_GOALS = "/api/v1/goals"
_OTHERS = "/api/v1/users/{user}/goals"
_LONGEST_TITLE, _LONGEST_DESCRIPTION = 200, 2000  # characters
_HIGHEST_ID = 2**63 - 1
_FEATURE = "personal-goals"
_PAGES = {
    "/": ("index.html", "text/html"),
    "/app.js": ("app.js", "text/javascript"),
    "/style.css": ("style.css", "text/css"),
}


def application(
    settings: Settings, store: Store, defects: Defects, flags: Flags, pipeline: Pipeline, worker: Worker
) -> web.Application:
    """All routes, each behind the pipeline."""
    made = web.Application(middlewares=[pipeline.middleware()])
    api = _Api(settings, store, defects, flags)
    made.router.add_get(HEALTH, _Health(settings, defects).show)
    made.router.add_get(WORKERS, _Working(worker).show)
    made.router.add_get(FLAGS, _Flags(settings, flags).show)
    made.router.add_post(SIGN_IN, _SignIn(settings).sign_in)
    made.router.add_get(_GOALS, api.signed_in(api.list))
    made.router.add_post(_GOALS, api.signed_in(api.create))
    made.router.add_get(_GOALS + "/{id}", api.signed_in(api.show))
    made.router.add_put(_GOALS + "/{id}", api.signed_in(api.change))
    made.router.add_delete(_GOALS + "/{id}", api.signed_in(api.remove))
    made.router.add_get(_OTHERS, api.signed_in(api.others))
    for path, (name, kind) in _PAGES.items():
        made.router.add_get(path, _Page((settings.folder / "static" / name).read_bytes(), kind).show)
    return made


@dataclass(frozen=True, slots=True)
class _Page:
    content: bytes
    kind: str

    async def show(self, _: web.Request) -> web.Response:
        return web.Response(body=self.content, content_type=self.kind, charset="utf-8")


class _Health:
    def __init__(self, settings: Settings, defects: Defects) -> None:
        self._defects = defects
        started = datetime.fromtimestamp(settings.started, UTC).isoformat(timespec="milliseconds")
        self._content = {
            "version": settings.version,
            "startedAt": started.replace("+00:00", "Z"),
            "instance": settings.instance,
        }

    async def show(self, _: web.Request) -> web.Response:
        out = self._defects.out
        body = {"status": "Unhealthy" if out else "Healthy"} | self._content
        return web.json_response(body, status=503 if out else 200)


@dataclass(frozen=True, slots=True)
class _Working:
    worker: Worker

    async def show(self, _: web.Request) -> web.Response:
        return web.json_response(self.worker.as_dict())


class _Flags:
    """The feature flags as this process knows them, so that everybody can see when a change has come to it."""

    def __init__(self, settings: Settings, flags: Flags) -> None:
        self._same = {"version": settings.version, "instance": settings.instance}
        self._flags = flags

    async def show(self, _: web.Request) -> web.Response:
        return web.json_response(self._same | {"flags": self._flags.described()})


class _SignIn:
    """Whoever knows the password is given the token; every process of the product gives the same."""

    def __init__(self, settings: Settings) -> None:
        self._token, self._password = settings.token, settings.password

    async def sign_in(self, request: web.Request) -> web.Response:
        try:
            told = json.loads(await request.read())
            email, password = str(told["email"]), str(told["password"])
        except (ValueError, RecursionError, KeyError, TypeError):
            return problem(400, "The body must be an object with email and password.")
        right = hmac.compare_digest(password.encode("utf-8", "replace"), self._password.encode())
        if not (self._password and email and right):
            return problem(401, "The email or the password is wrong.")
        return web.json_response({"token": self._token, "user": email}, headers={"Cache-Control": "no-store"})


class _Invalid(Exception):
    """`errors`: what is wrong with each member of the body."""

    def __init__(self, errors: dict[str, list[str]]) -> None:
        super().__init__(errors)
        self.errors = errors


class _Api:
    def __init__(self, settings: Settings, store: Store, defects: Defects, flags: Flags) -> None:
        self._store, self._defects, self._flags = store, defects, flags
        self._token = f"Bearer {settings.token}".encode()

    def signed_in(self, handler: Handler) -> Handler:
        """The handler for users who send the token; 401 to all others, and 400 where the body is wrong."""

        async def checked(request: web.Request) -> web.StreamResponse:
            sent = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
            if not hmac.compare_digest(sent, self._token):
                return problem(401, "A valid bearer token is needed.", headers={"WWW-Authenticate": "Bearer"})
            try:
                return await handler(request)
            except _Invalid as invalid:
                return problem(400, "The goal is not valid.", errors=invalid.errors)

        return checked

    async def list(self, request: web.Request) -> web.Response:
        goals = await calls.of(request).database(NEWEST, self._store.all)
        return web.json_response([goal.as_dict() for goal in goals])

    async def others(self, _: web.Request) -> web.Response:
        """The goals of a user by number: only who looks after the service may see them, and no token here says so."""
        return problem(403, "These goals are another user's.")

    async def create(self, request: web.Request) -> web.Response:
        content, asked = await _content(request), calls.of(request)
        sound = not self._defects.spoils_a_notice(self._flags.seen(user_name(request)))
        goal = await asked.database(INSERT, lambda: self._store.add(**content, sound=sound))
        await asked.partner()
        asked.happened("GoalCreated", feature=_FEATURE)
        return web.json_response(goal.as_dict(), status=201, headers={"Location": f"{_GOALS}/{goal.id}"})

    async def show(self, request: web.Request) -> web.Response:
        id = _id(request)
        goal = await calls.of(request).database(ONE, lambda: self._store.find(id))
        return _unknown() if goal is None else web.json_response(goal.as_dict())

    async def change(self, request: web.Request) -> web.Response:
        id, content = _id(request), await _content(request)
        goal = await calls.of(request).database(UPDATE, lambda: self._store.change(id, **content))
        return _unknown() if goal is None else web.json_response(goal.as_dict())

    async def remove(self, request: web.Request) -> web.Response:
        id = _id(request)
        removed = await calls.of(request).database(DELETE, lambda: self._store.remove(id))
        return web.Response(status=204) if removed else _unknown()


def _unknown() -> web.Response:
    return problem(404, "There is no goal with this id.")


def _id(request: web.Request) -> int:
    """The id of the path; 0, which no goal has, for what is no id."""
    text = request.match_info["id"]
    id = int(text) if text.isascii() and text.isdecimal() and len(text) <= len(str(_HIGHEST_ID)) else 0
    return id if id <= _HIGHEST_ID else 0


async def _content(request: web.Request) -> dict[str, Any]:
    """Title, description and done of the body. Raises _Invalid."""
    try:
        body = json.loads(await request.read())
    except (ValueError, RecursionError):
        raise _Invalid({"$": ["The body must be JSON."]}) from None
    if not isinstance(body, dict):
        raise _Invalid({"$": ["The body must be an object."]})
    title, description, done = body.get("title"), body.get("description", ""), body.get("done", False)
    errors: dict[str, list[str]] = {}
    if not isinstance(title, str) or not 0 < len(title.strip()) <= _LONGEST_TITLE:
        errors["title"] = [f"The title must be a text of 1 to {_LONGEST_TITLE} characters."]
    if not isinstance(description, str) or len(description) > _LONGEST_DESCRIPTION:
        errors["description"] = [f"The description must be a text of at most {_LONGEST_DESCRIPTION} characters."]
    if not isinstance(done, bool):
        errors["done"] = ["'done' must be true or false."]
    if not errors and not _storable(f"{title}{description}"):
        errors["$"] = ["The texts must be valid Unicode."]
    if errors:
        raise _Invalid(errors)
    return {"title": str(title).strip(), "description": description, "done": done}


def _storable(text: str) -> bool:
    """Whether SQLite can keep it: JSON may carry halves of characters."""
    return not any("\ud800" <= character <= "\udfff" for character in text)
