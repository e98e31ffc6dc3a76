"""Rows of the logs' tables, as an application writes them."""

from __future__ import annotations

from typing import Any


def row(at: float, version: str = "v2", **members: Any) -> dict[str, Any]:
    """What every table has; a member replaces it. The row comes in two seconds after its time."""
    same = {"TimeGenerated": at, "AppVersion": version, "ItemCount": 1, "SyntheticSource": "", "_ingestion": at + 2.0}
    return same | members


def request(at: float, code: str = "200", version: str = "v2", **members: Any) -> dict[str, Any]:
    """A row of AppRequests."""
    known = {"ResultCode": code, "Success": code.startswith("2"), "DurationMs": 80.0}
    return row(at, version, **(known | members))


def thrown(at: float, problem: str, version: str = "v2", **members: Any) -> dict[str, Any]:
    """A row of AppExceptions."""
    return row(at, version, **({"ProblemId": problem, "ExceptionType": problem.partition(" ")[0]} | members))


def call(at: float, target: str, version: str = "v2", **members: Any) -> dict[str, Any]:
    """A row of AppDependencies."""
    known = {"Target": target, "DependencyType": "HTTP", "Success": True, "DurationMs": 20.0}
    return row(at, version, **(known | members))


def page(at: float, ms: float, **members: Any) -> dict[str, Any]:
    """A row of AppBrowserTimings."""
    return row(at, "", **({"TotalDurationMs": ms, "ClientType": "Browser"} | members))
