"""By what the cockpit's own requests to the application are known, and how they reach the slot that they mean.

The two headers are those by which ASP.NET Core's telemetry knows availability tests, so that the rows they leave are
marked synthetic and are in no figure of users (Microsoft.ApplicationInsights.AspNetCore,
SyntheticTelemetryInitializer).
"""

from __future__ import annotations

import uuid

from cpr_cockpit.core.ports import PRODUCTION

ROUTING_COOKIE = "x-ms-routing-name"


def marks() -> dict[str, str]:
    """Headers of every request of one client: its own run id, the cockpit's fixed location."""
    return {"SyntheticTest-RunId": uuid.uuid4().hex, "SyntheticTest-Location": "cpr-cockpit"}


def pinned(slot: str) -> str:
    """The cookie by which the front end leads a request to a slot; production is ``self``."""
    return f"{ROUTING_COOKIE}={'self' if slot == PRODUCTION else slot}"
