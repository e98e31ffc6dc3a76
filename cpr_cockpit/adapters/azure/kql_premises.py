"""The questions about the premises of a verdict: what the logs tell of themselves."""

from __future__ import annotations

from cpr_cockpit.adapters.azure.kql import length, moment, question, text
from cpr_cockpit.core.ports import STRETCH_S


def users(since: float, app_insights_id: str) -> str:
    """Users' rows since then, the requests that they stand for, the newest of them, and the delay (p95)."""
    return question("users", since=moment(since), app=text(app_insights_id))


def ingestion(since: float) -> str:
    """When the workspace last said that it takes no more rows in, and when that it takes them again.

    Log Analytics writes both into the table Operation: "Ingestion status = OverQuota" at the daily cap,
    "RespectQuota" when it is lifted (Azure Monitor, daily cap). A workspace that never did has no such table.
    """
    return question("ingestion", since=moment(since))


def arrived(since: float, app_insights_id: str) -> str:
    """Rows by version since then, whoever sent the requests; the twenty versions with most of them."""
    return question("arrived", since=moment(since), app=text(app_insights_id))


def hours(since: float, app_insights_id: str) -> str:
    """Users' rows since then by stretches of `core.ports.STRETCH_S`."""
    return question("hours", since=moment(since), length=length(STRETCH_S), app=text(app_insights_id))
