"""Where exceptions are collected, and what shows them: the Application Insights component and the dashboard.

Shapes: Azure's REST reference of Microsoft.Insights components 2020-02-02 and workbooks 2023-06-01, and of
Microsoft.Portal dashboards 2020-09-01-preview.
"""

from __future__ import annotations

from typing import Any

from cpr_cockpit.adapters.azure.errors import clean
from cpr_cockpit.adapters.azure.manager import Manager
from cpr_cockpit.adapters.azure.query_proof import QueryProof
from cpr_cockpit.adapters.azure.resources import objects, properties, resource_or_none
from cpr_cockpit.core.sensing import Reading, State

TRACKING = "monitoring.error-tracking"
DASHBOARD = "monitoring.dashboard"
_COMPONENT_VERSION = "2020-02-02"
_WORKBOOK, _WORKBOOK_VERSION = "/microsoft.insights/workbooks/", "2023-06-01"
_DASHBOARD_VERSION = "2020-09-01-preview"
_HOUR_S = 3600.0
_EXCEPTIONS = "AppExceptions | project TimeGenerated | take 10000"


class ErrorTracking:
    """The component, and whether its exceptions answer a query."""

    items = (TRACKING,)
    timeout_s = 20.0

    def __init__(self, manager: Manager, logs: QueryProof) -> None:
        self._manager = manager
        self._logs = logs

    async def read(self) -> tuple[Reading, ...]:
        """Failed where the component does not exist. PortError."""
        id = self._manager.environment.app_insights_id
        doing, name = "Reading the Application Insights component", clean(id.rsplit("/", 1)[-1])
        body = await resource_or_none(self._manager, doing, id, _COMPONENT_VERSION)
        if body is None:
            return (Reading(TRACKING, State.FAILED, f"the component {name} does not exist"),)
        told = properties(body)
        sampled = told.get("SamplingPercentage")
        kept = f"{sampled:g} % kept" if isinstance(sampled, int | float) else "no sampling at ingestion"
        rows = await self._logs.rows(_EXCEPTIONS, last_s=_HOUR_S, doing="Reading the exceptions of the last hour")
        thrown = "1 exception" if rows == 1 else f"{rows} exceptions"
        words = f"{name}: {thrown} in the last hour, {kept}, retention {told.get('RetentionInDays')} days"
        return (Reading(TRACKING, State.OK, clean(words), n=rows),)


class Dashboard:
    """The dashboard, or workbook, with this resource id."""

    items = (DASHBOARD,)
    timeout_s = 20.0

    def __init__(self, manager: Manager, id: str) -> None:
        self._manager = manager
        self._id = id

    async def read(self) -> tuple[Reading, ...]:
        """Failed where it does not exist, or shows nothing. PortError."""
        name, book = clean(self._id.rsplit("/", 1)[-1]), _WORKBOOK in self._id.lower()
        version = _WORKBOOK_VERSION if book else _DASHBOARD_VERSION
        body = await resource_or_none(self._manager, "Reading the dashboard", self._id, version)
        if body is None:
            return (Reading(DASHBOARD, State.FAILED, f"{name} does not exist"),)
        told = properties(body)
        if book:
            return (Reading(DASHBOARD, State.OK, clean(f"workbook {told.get('displayName') or name}")),)
        parts = sum(len(_listed(one.get("parts"))) for one in _lenses(told.get("lenses")))
        state = State.OK if parts else State.FAILED
        return (Reading(DASHBOARD, state, f"{name}: {parts} part{'' if parts == 1 else 's'}"),)


def _lenses(value: Any) -> tuple[Any, ...]:
    """Lenses are a list, or in older versions an object by number; the same of parts."""
    return objects(list(value.values()) if isinstance(value, dict) else value)


def _listed(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
