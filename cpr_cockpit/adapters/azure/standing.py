"""How this sign-in stands with Resource Manager: until when its roles last, and how far the two clocks are apart.

``GET {app}/providers/Microsoft.Authorization/roleAssignmentScheduleInstances?$filter=asTarget()`` lists the assignments
in force for whoever asks, those that were activated with their end (Azure REST, 2020-10-01); the same of
``roleEligibilityScheduleInstances`` lists those that could be activated.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from cpr_cockpit.adapters.azure.errors import unreadable
from cpr_cockpit.adapters.azure.manager import API_VERSION, Manager
from cpr_cockpit.core.inert import clean

SCHEDULES_API_VERSION = "2020-10-01"
ACTIVE, ELIGIBLE = "roleAssignmentScheduleInstances", "roleEligibilityScheduleInstances"
_LONGEST = 80


@dataclass(frozen=True, slots=True)
class RoleTerm:
    """A role by name. ``ends_at``: epoch seconds, None: it lasts; ``activated``: for a time, by hand."""

    name: str
    ends_at: float | None
    activated: bool


class AzureStanding:
    """Of one app."""

    def __init__(self, manager: Manager) -> None:
        self._manager = manager

    async def roles(self, kind: str) -> tuple[RoleTerm, ...]:
        """The roles in force (`ACTIVE`), or those that could be activated (`ELIGIBLE`). PortError."""
        doing = "Reading how long the roles last"
        environment = self._manager.environment
        url = environment.manager_url(f"{environment.site_id}/providers/Microsoft.Authorization/{kind}")
        params = {"api-version": SCHEDULES_API_VERSION, "$filter": "asTarget()"}
        answer = await self._manager.get(doing, url, params)
        try:
            return tuple(_terms(answer.json()))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise unreadable(doing, repr(error)) from error

    async def skew_s(self) -> float | None:
        """Seconds by which this machine's clock is ahead of Resource Manager's; None: not told. PortError."""
        environment = self._manager.environment
        before = time.time()
        answer = await self._manager.get(
            "Reading the app", environment.manager_url(environment.site_id), {"api-version": API_VERSION}
        )
        after = time.time()
        try:
            # The header tells whole seconds: on average the answer is half of one later.
            told = parsedate_to_datetime(str(answer.headers["Date"])).timestamp() + 0.5
        except (KeyError, ValueError, TypeError):
            return None
        return 0.5 * (before + after) - told


def _terms(body: Any) -> Iterator[RoleTerm]:
    if not isinstance(body["value"], list):
        raise TypeError("no list of roles")
    for one in body["value"]:
        properties: Mapping[str, Any] = one["properties"]
        expanded = (properties.get("expandedProperties") or {}).get("roleDefinition") or {}
        name = expanded.get("displayName") or str(properties.get("roleDefinitionId", "")).rpartition("/")[2]
        ends = properties.get("endDateTime")
        yield RoleTerm(
            clean(str(name))[:_LONGEST],
            None if ends is None else datetime.fromisoformat(str(ends)).timestamp(),
            str(properties.get("assignmentType", "")).casefold() == "activated",
        )
