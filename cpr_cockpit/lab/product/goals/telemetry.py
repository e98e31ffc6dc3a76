"""What the service reports: a row for every request, exception, call and event, in the columns of Azure Monitor.

Columns: AppRequests, AppExceptions, AppDependencies and AppEvents of the workspace schema. A row's time is when its
request or its call began.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from .calls import Call, Calls
from .flags import PROPERTY, Seen
from .settings import Settings

_DELAY = 0.05  # seconds that a row may wait for others
_AVAILABILITY = "Application Insights Availability Monitoring"
_WARM_UP = "SiteWarmup"
_SEVERITY_ERROR = 3
# As App Service's own sign-in names the user to the application.
_USER = "X-MS-CLIENT-PRINCIPAL-NAME"


class Reporter:
    """Hands rows on in small batches; `say` takes objects of one member, the kind of the row."""

    def __init__(self, say: Callable[..., None]) -> None:
        self._say = say
        self._rows: list[dict[str, Any]] = []
        self._due: asyncio.TimerHandle | None = None

    def add(self, kind: str, row: dict[str, Any]) -> None:
        """Report `row` soon."""
        self._rows.append({kind: row})
        if self._due is None:
            self._due = asyncio.get_running_loop().call_later(_DELAY, self.flush)

    def flush(self) -> None:
        """Report what waits, now."""
        if self._due is not None:
            self._due.cancel()
        self._due = None
        rows, self._rows = self._rows, []
        if rows:
            self._say(*rows)


@dataclass(frozen=True, slots=True)
class Failure:
    """An exception as it is reported; `outer`: what wraps `kind` on its way to the user."""

    kind: str
    outer: str
    message: str
    where: str


def operation_name(request: web.Request) -> str:
    """Method and route template, so that all goals are one operation; the path itself where no route matches."""
    resource = request.match_info.route.resource
    return f"{request.method} {request.path if resource is None else resource.canonical}"


def synthetic_source(request: web.Request) -> str:
    """Who sent the request if no user did, as the telemetry of ASP.NET Core marks it; empty for users."""
    if "SyntheticTest-RunId" in request.headers and "SyntheticTest-Location" in request.headers:
        return _AVAILABILITY
    return _WARM_UP if request.headers.get("User-Agent", "").startswith(_WARM_UP) else ""


def request_row(
    request: web.Request, status: int, began: float, ms: float, same: dict[str, Any], seen: Seen
) -> dict[str, Any]:
    """A row of AppRequests; `same`: the columns of `operation`; `seen`: the feature flag for who asked."""
    scheme = request.headers.get("X-Forwarded-Proto", request.scheme)
    return same | {
        "TimeGenerated": began,
        "Name": same["OperationName"],
        "Url": f"{scheme}://{request.host}{request.path_qs}",
        # A request without a sign-in is refused as it should be: the classic telemetry counts 401 as a success, too.
        "Success": status < 400 or status == 401,
        "ResultCode": str(status),
        "DurationMs": round(ms, 3),
        "Properties": {PROPERTY: seen.word},
    }


def exception_row(failure: Failure, at: float, same: dict[str, Any]) -> dict[str, Any]:
    """A row of AppExceptions; `same`: the columns of `operation`."""
    return same | {
        "TimeGenerated": at,
        "ProblemId": f"{failure.kind} at {failure.where}",
        "ExceptionType": failure.kind,
        "OuterType": failure.outer,
        "OuterMessage": failure.message,
        "SeverityLevel": _SEVERITY_ERROR,
    }


def dependency_row(call: Call, same: dict[str, Any]) -> dict[str, Any]:
    """A row of AppDependencies; `same`: the columns of `operation`."""
    return same | {
        "TimeGenerated": call.began,
        "DependencyType": call.kind,
        "Target": call.target,
        "Name": call.name,
        "Data": call.data,
        "Success": call.success,
        "ResultCode": call.code,
        "DurationMs": round(call.ms, 3),
    }


def event_row(name: str, properties: dict[str, Any], at: float, same: dict[str, Any]) -> dict[str, Any]:
    """A row of AppEvents; `same`: the columns of `operation`."""
    return same | {"TimeGenerated": at, "Name": name, "Properties": properties}


def served_by_database(calls: Calls) -> dict[str, Any] | None:
    """What the database itself counted of the calls; None where it was not asked."""
    made = [call for call in calls.made if call.of_database]
    if not made:
        return None
    failed = sum(not call.success for call in made)
    return {"ok": len(made) - failed, "failed": failed, "ms": round(sum(call.ms for call in made), 3)}


def user_name(request: web.Request) -> str:
    """The name of who is signed in; empty where nobody is."""
    return request.headers.get(_USER, "")


def operation(request: web.Request, settings: Settings) -> dict[str, Any]:
    """The columns that the rows of one request have in common; a user is told by a hash of the name."""
    user = user_name(request)
    who = {"UserId": hashlib.sha256(user.encode("utf-8", "surrogateescape")).hexdigest()[:16]} if user else {}
    return who | {
        "OperationName": operation_name(request),
        "OperationId": secrets.token_hex(16),
        "AppVersion": settings.version,
        "AppRoleName": settings.role,
        "AppRoleInstance": settings.instance,
        "ItemCount": 1,
        "SyntheticSource": synthetic_source(request),
    }
