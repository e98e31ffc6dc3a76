"""The way of every request: its defect, its duration, its answer, its telemetry, its line in the log."""

from __future__ import annotations

import asyncio
import logging
import math
import random
import time

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from . import calls, cors
from .defects import DEPENDENCY, ERRORS, FLAG_IGNORED, ONE_ENDPOINT, OUTAGE, SLOW, Defect, Defects
from .flags import HEADER, Flags, Seen
from .log import Log
from .problems import problem
from .settings import Settings
from .telemetry import (
    Failure,
    Reporter,
    dependency_row,
    event_row,
    exception_row,
    operation,
    request_row,
    served_by_database,
    user_name,
)

HEALTH, FLAGS, WORKERS, SIGN_IN = "/api/health", "/api/flags", "/api/workers", "/api/v1/sign-in"
_OWN = (HEALTH, FLAGS, WORKERS)  # what the product tells of itself
_logger = logging.getLogger(__name__)
_MEDIAN, _SPREAD = 0.085, 0.25  # seconds, and the deviation of the logarithm
_SHORTEST, _LONGEST = 0.060, 0.150  # seconds

_BROKEN = Failure("System.NullReferenceException", "", "The goal has no owner.", "Goals.GoalRules.Check")
_UNREACHABLE = Failure(
    "System.TimeoutException", "Goals.StoreException", "The database did not answer in time.", "Goals.Store.Open"
)


class Pipeline:
    """The middleware around every route, unknown ones included."""

    def __init__(self, settings: Settings, defects: Defects, flags: Flags, reporter: Reporter, log: Log) -> None:
        self._settings = settings
        self._defects = defects
        self._flags = flags
        self._reporter = reporter
        self._log = log
        self._random = random.Random(settings.seed + 1)

    def middleware(self) -> Middleware:
        """It for aiohttp, which marks functions and no methods."""

        @web.middleware
        async def through(request: web.Request, handler: Handler) -> web.StreamResponse:
            return await self._through(request, handler)

        return through

    async def _through(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if cors.preflight(request):
            return cors.permission(request, self._settings.ui_origin)
        began, clock = time.time(), time.perf_counter()
        self._flags.active()
        seen = self._flags.seen(user_name(request))
        defect = self._defect(request, seen)
        response, failure = await self._answer(request, handler, defect)
        response.headers["x-app-version"] = self._settings.version
        response.headers[HEADER] = seen.word
        cors.allow(request, response, self._settings.ui_origin)
        if defect is not None:
            response.headers["x-lab-defect"] = defect.kind
        ms = (time.perf_counter() - clock) * 1000.0
        self._tell(request, response.status, began, ms, failure, seen)
        return response

    def _tell(
        self, request: web.Request, status: int, began: float, ms: float, failure: Failure | None, seen: Seen
    ) -> None:
        """Telemetry and log; the database counts for itself, and the log is written, also where telemetry is silent."""
        same, made = operation(request, self._settings), calls.of(request)
        self._log.request(same["OperationName"], status, ms, failure)
        if (served := served_by_database(made)) is not None:
            self._reporter.add("database", served)
        if self._defects.silent:
            return
        self._reporter.add("request", request_row(request, status, began, ms, same, seen))
        for call in made.made:
            self._reporter.add("dependency", dependency_row(call, same))
        for name, properties in made.events:
            self._reporter.add("event", event_row(name, properties, time.time(), same))
        if failure is not None:
            self._reporter.add("exception", exception_row(failure, time.time(), same))

    def _defect(self, request: web.Request, seen: Seen) -> Defect | None:
        """The defect that hits this request; of what the product tells of itself nothing but an outage does."""
        if request.path in _OWN and not self._defects.out:
            return None
        return self._defects.hits(f"{request.method} {request.path}", seen)

    async def _answer(
        self, request: web.Request, handler: Handler, defect: Defect | None
    ) -> tuple[web.StreamResponse, Failure | None]:
        kind = None if defect is None else defect.kind
        try:
            # A body that nobody has read makes the server give up the connection.
            await request.read()
        except web.HTTPException as refusal:
            return _explained(refusal), None
        if kind == OUTAGE:
            return await _refused(request, handler), None
        return await self._worked(request, handler, defect)

    async def _worked(
        self, request: web.Request, handler: Handler, defect: Defect | None
    ) -> tuple[web.StreamResponse, Failure | None]:
        """The answer after its time: a slow product is slow by itself, what it calls is not."""
        kind = None if defect is None else defect.kind
        began, seconds = time.perf_counter(), self._duration()
        made = calls.begin(request, seconds)
        if kind == DEPENDENCY:
            await made.no_database()
            return problem(503, "The database cannot be reached."), _UNREACHABLE
        if kind in (ERRORS, ONE_ENDPOINT, FLAG_IGNORED):
            await asyncio.sleep(seconds)
            return problem(500, "An unexpected error occurred."), _BROKEN
        await asyncio.sleep(seconds * calls.BEFORE)
        answer = await _handled(request, handler)
        # Signing in asks nobody else.
        seconds *= calls.BEFORE if request.path == SIGN_IN else 1.0
        lasts = seconds * defect.factor if defect is not None and kind == SLOW else seconds
        await asyncio.sleep(max(0.0, began + lasts - time.perf_counter()))
        return answer

    def _duration(self) -> float:
        """Seconds of one request: lognormal, so that a few take much longer than most."""
        drawn = self._random.lognormvariate(math.log(_MEDIAN), _SPREAD)
        return min(max(drawn, _SHORTEST), _LONGEST)


async def _handled(request: web.Request, handler: Handler) -> tuple[web.StreamResponse, Failure | None]:
    """What the route answers, and the exception that kept it from answering."""
    try:
        return await handler(request), None
    except web.HTTPException as refusal:
        return _explained(refusal), None
    except Exception as error:
        _logger.exception("%s %s failed", request.method, request.path)
        return problem(500, "An unexpected error occurred."), Failure(type(error).__name__, "", str(error), "Goals")


async def _refused(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The answer during an outage; the health page says it in its own words."""
    if request.path == HEALTH:
        return await handler(request)
    return problem(503, "The service is not available.")


def _explained(refusal: web.HTTPException) -> web.Response:
    headers = {"Allow": refusal.headers["Allow"]} if "Allow" in refusal.headers else None
    return problem(refusal.status, refusal.reason, headers=headers)
