"""What a user's browser reports of the page: how long it took to show, and what went wrong in its script.

Rows of AppPageViews, AppBrowserTimings and AppExceptions in the columns of the workspace schema, as the Application
Insights script of a page fills them. The network's part of a time is real; what a browser does with the page is drawn.
"""

from __future__ import annotations

import hashlib
import math
import random
import secrets
from collections.abc import Callable
from typing import Any

_PAGE, _PATH = "Goals", "/"
_WORK, _SPREAD = 240.0, 0.35  # ms that a browser works on the page: the median, and the deviation of the logarithm
_SEND = 2.0  # ms
_REQUESTS = 3  # page, script and style, one after another
_ONE_IN = 40  # page views with a fault of the browser's own, which every version has
_BROWSERS = ("Chrome 138.0", "Edge 138.0", "Firefox 140.0", "Safari 18.5")
_ERROR = 3  # severity
_OWN_FAULT = "ResizeObserver loop completed with undelivered notifications."

# Table, row.
Report = Callable[[str, dict[str, Any]], None]


def user_id(name: str) -> str:
    """How telemetry names a user: the same hash as the product's."""
    return hashlib.sha256(name.encode()).hexdigest()[:16]


class Browsers:
    """The browsers of all users; `report` takes their rows."""

    def __init__(self, origin: str, seed: int, report: Report) -> None:
        self._origin = origin.rstrip("/")
        self._random = random.Random(seed + 2)
        self._report = report

    def viewed(self, user: str, version: str, at: float, seconds: float) -> None:
        """The page was loaded at `at` (epoch seconds); its first request took so many `seconds`."""
        network = seconds * 1000.0
        work = self._random.lognormvariate(math.log(_WORK), _SPREAD)
        receive = network * (_REQUESTS - 1)
        same = self._same(user, version, at)
        page = same | {"Name": _PAGE, "Url": self._origin + _PATH}
        total = network + _SEND + receive + work
        self._report("AppPageViews", page | {"DurationMs": round(total, 1)})
        parts = {"NetworkDurationMs": network, "SendDurationMs": _SEND, "ReceiveDurationMs": receive}
        parts |= {"ProcessingDurationMs": work, "TotalDurationMs": total}
        self._report("AppBrowserTimings", page | {name: round(ms, 1) for name, ms in parts.items()})
        if self._random.randrange(_ONE_IN) == 0:
            self._failed(same, "window.onerror", _OWN_FAULT)

    def failed(self, user: str, version: str, at: float, status: int) -> None:
        """The page's script was answered with an error at `at`, or with nothing (`status` 0)."""
        text = f"The service answered {status}." if status else "Failed to fetch"
        self._failed(self._same(user, version, at), "ask (/app.js)", text)

    def _failed(self, same: dict[str, Any], where: str, text: str) -> None:
        kind = "TypeError" if text.startswith("Failed") else "Error"
        names = {"ExceptionType": kind, "OuterType": kind, "OuterMessage": text, "Method": where}
        self._report("AppExceptions", same | names | {"ProblemId": f"{kind} at {where}", "SeverityLevel": _ERROR})

    def _same(self, user: str, version: str, at: float) -> dict[str, Any]:
        number = int(user_id(user), 16)
        return {
            "TimeGenerated": at,
            "OperationName": _PATH,
            "OperationId": secrets.token_hex(16),
            "UserId": user_id(user),
            "ClientType": "Browser",
            "ClientBrowser": _BROWSERS[number % len(_BROWSERS)],
            "AppVersion": version,
            "AppRoleName": "goals-web",
            "SyntheticSource": "",
            "ItemCount": 1,
        }
