"""Alert rules: there, enabled, with somebody to call, and over something that can be evaluated. None is made to fire.

Shapes: Azure's REST reference of Microsoft.Insights metricAlerts 2018-03-01, scheduledQueryRules 2021-08-01 and
actionGroups 2021-09-01 (members of receivers: "status" of those that have one).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import isodate  # type: ignore[import-untyped]  # it has no types of its own

from cpr_cockpit.adapters.azure.errors import clean
from cpr_cockpit.adapters.azure.manager import Manager
from cpr_cockpit.adapters.azure.metrics_api import measure
from cpr_cockpit.adapters.azure.query_proof import QueryProof
from cpr_cockpit.adapters.azure.resources import objects, properties, resource_or_none
from cpr_cockpit.core.ports import Clock, PortError
from cpr_cockpit.core.sensing import Reading, State

ITEM = "monitoring.alert-rules"
_METRIC, _METRIC_VERSION = "Microsoft.Insights/metricAlerts", "2018-03-01"
_QUERY, _QUERY_VERSION = "Microsoft.Insights/scheduledQueryRules", "2021-08-01"
_GROUP_VERSION = "2021-09-01"
_LATELY_S = 600.0
_BAD_REQUEST = 400


class AlertRules:
    """The rules named by ``names``: those of the app's resource group, or by their resource ids."""

    items = (ITEM,)
    timeout_s = 30.0

    def __init__(self, manager: Manager, clock: Clock, names: Sequence[str], logs: QueryProof) -> None:
        self._manager = manager
        self._clock = clock
        self._names = names
        self._logs = logs

    async def read(self) -> tuple[Reading, ...]:
        """Failed where one could not fire, or would call nobody; unknown where that cannot be read. PortError."""
        found = await asyncio.gather(*(self._rule(name) for name in self._names))
        wrong = [words for words, sound in found if not sound]
        if wrong:
            return (Reading(ITEM, State.FAILED, "; ".join(wrong)),)
        return (Reading(ITEM, State.OK, "; ".join(words for words, _ in found), n=len(found)),)

    async def _rule(self, name: str) -> tuple[str, bool]:
        """What is wrong with the rule, or what it does; and whether it is sound."""
        shown = clean(name.rsplit("/", 1)[-1])
        kind, body = await self._find(name)
        if body is None:
            return f"{shown} does not exist", False
        told = properties(body)
        if told.get("enabled") is not True:
            return f"{shown} is not enabled", False
        called, silent = await self._called(_groups(told))
        if not called:
            return f"{shown} calls nobody{silent}", False
        wrong = await (self._metrics(told) if kind == _METRIC else self._queries(told))
        if wrong:
            return f"{shown} cannot fire: {wrong}", False
        return f"{shown} enabled, calls {called}", True

    async def _find(self, name: str) -> tuple[str, Mapping[str, Any] | None]:
        doing = f"Reading the alert rule {clean(name.rsplit('/', 1)[-1])}"
        environment = self._manager.environment
        group = f"/subscriptions/{environment.subscription}/resourceGroups/{environment.resource_group}/providers"
        for kind, version in ((_METRIC, _METRIC_VERSION), (_QUERY, _QUERY_VERSION)):
            if name.startswith("/"):
                if f"/providers/{kind}/".lower() not in name.lower():
                    continue
                return kind, await resource_or_none(self._manager, doing, name, version)
            body = await resource_or_none(self._manager, doing, f"{group}/{kind}/{name}", version)
            if body is not None:
                return kind, body
        return "", None

    async def _called(self, groups: Sequence[str]) -> tuple[str, str]:
        """Which action groups reach somebody, with how many; and why none does, in words to follow."""
        called, why = [], []
        for id in groups:
            name = clean(id.rsplit("/", 1)[-1])
            body = await resource_or_none(self._manager, f"Reading the action group {name}", id, _GROUP_VERSION)
            if body is None:
                why.append(f"{name} does not exist")
            elif properties(body).get("enabled") is not True:
                why.append(f"{name} is not enabled")
            elif not (reached := _receivers(properties(body))):
                why.append(f"{name} has no receiver that is enabled")
            else:
                called.append(f"{name} ({reached} receiver{'' if reached == 1 else 's'})")
        return ", ".join(called), f" ({', '.join(why)})" if why else " (no action group)"

    async def _metrics(self, told: Mapping[str, Any]) -> str:
        """What is wrong with the metrics that it evaluates; "" where all are told by their resource."""
        scope = next((str(one) for one in told.get("scopes") or () if isinstance(one, str)), "")
        criteria = told.get("criteria")
        metrics = {
            str(one.get("metricName")): str(one.get("timeAggregation") or "Average").lower()
            for one in objects(criteria.get("allOf") if isinstance(criteria, Mapping) else None)
        }
        if not scope or not metrics:
            return "it names no resource, or no metric of one"
        now, doing = self._clock.now(), "Reading what the rule evaluates"
        try:
            seen = await measure(self._manager, doing, scope, metrics, start=now - _LATELY_S, end=now)
        except PortError as error:
            if error.status in (_BAD_REQUEST, 404):
                return error.what
            raise
        return "; ".join(seen.troubles)

    async def _queries(self, told: Mapping[str, Any]) -> str:
        """What is wrong with its queries; "" where the workspace answers each, with or without rows."""
        criteria = told.get("criteria")
        texts = [str(one.get("query") or "") for one in objects(_all(criteria))]
        if not texts or not all(texts):
            return "it has no query"
        for text in texts:
            try:
                await self._logs.rows(text, last_s=_window_s(told), doing="Its query")
            except PortError as error:
                if error.status == _BAD_REQUEST:
                    return error.what
                raise
        return ""


def _all(criteria: Any) -> Any:
    return criteria.get("allOf") if isinstance(criteria, Mapping) else None


def _window_s(told: Mapping[str, Any]) -> float:
    try:
        return float(isodate.parse_duration(str(told.get("windowSize") or "PT5M")).total_seconds())
    except (ValueError, AttributeError):
        return _LATELY_S


def _groups(told: Mapping[str, Any]) -> list[str]:
    """Resource ids of its action groups: a rule over a metric lists objects, one over a query lists ids."""
    actions = told.get("actions")
    if isinstance(actions, Mapping):
        return [one for one in actions.get("actionGroups") or () if isinstance(one, str)]
    return [id for one in objects(actions) if isinstance(id := one.get("actionGroupId"), str)]


def _receivers(group: Mapping[str, Any]) -> int:
    """How many of its receivers are not switched off (only e-mail and SMS have a status)."""
    lists = [value for name, value in group.items() if name.endswith("Receivers")]
    return sum(str(one.get("status") or "Enabled") == "Enabled" for value in lists for one in objects(value))
