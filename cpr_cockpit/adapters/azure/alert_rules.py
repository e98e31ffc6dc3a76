"""Alert rules: there, enabled, with somebody to call, and over something that can be evaluated. None is made to fire.

Shapes: Azure's REST reference of Microsoft.Insights metricAlerts 2018-03-01, scheduledQueryRules 2021-08-01 and
actionGroups 2021-09-01 (members of receivers: "status" of those that have one), webtests 2022-06-15, and of
Microsoft.OperationalInsights workspaces 2022-10-01.
"""

from __future__ import annotations

import asyncio
import re
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
_WORKSPACE, _WORKSPACE_VERSION = "/providers/microsoft.operationalinsights/workspaces/", "2022-10-01"
_WEB_TEST_VERSION = "2022-06-15"
# A resource, and not a group or a subscription with all that is in it.
_PROVIDER = re.compile(r"/providers/([^/]+(?:/[^/]+)+)/?$", re.IGNORECASE)


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
        """Failed where one could not fire, or would call nobody; unknown where that cannot be read. PortError.

        A note where one is over something that is not read here: whether it could fire was not tried.
        """
        found = await asyncio.gather(*(self._rule(name) for name in self._names))
        state = next((one for one in (State.FAILED, State.NOTE) if any(told is one for _, told in found)), State.OK)
        words = "; ".join(words for words, told in found if state is not State.FAILED or told is state)
        return (Reading(ITEM, state, words, n=len(found) if state is State.OK else None),)

    async def _rule(self, name: str) -> tuple[str, State]:
        """What is wrong with the rule, or what it does; and whether it is sound."""
        shown = clean(name.rsplit("/", 1)[-1])
        kind, body = await self._find(name)
        if body is None:
            return f"{shown} does not exist", State.FAILED
        told = properties(body)
        # A rule over a query is enabled unless it says otherwise; one over a metric must say it.
        if told.get("enabled", kind == _QUERY) is not True:
            return f"{shown} is not enabled", State.FAILED
        called, silent = await self._called(_groups(told))
        if not called:
            return f"{shown} calls nobody{silent}", State.FAILED
        wrong, untried = await (self._metrics(told) if kind == _METRIC else self._queries(told))
        if wrong:
            return f"{shown} cannot fire: {wrong}", State.FAILED
        words = f"{shown} enabled, calls {called}"
        return (f"{words}; {untried}", State.NOTE) if untried else (words, State.OK)

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

    async def _metrics(self, told: Mapping[str, Any]) -> tuple[str, str]:
        """What is wrong with the metrics that it evaluates, and what of them was not tried; "" for nothing."""
        criteria = told.get("criteria")
        if isinstance(criteria, Mapping) and criteria.get("webTestId"):
            return await self._web_test(str(criteria["webTestId"])), ""
        scope, asked = _scope(told), objects(_all(criteria))
        metrics = {str(one.get("metricName")): str(one.get("timeAggregation") or "Average").lower() for one in asked}
        if not scope or not metrics:
            return "it names no resource, or no metric of one", ""
        if not _PROVIDER.search(scope):
            return "", f"its metrics were not tried: over {_last(scope)}"
        foreign = [
            space for one in asked if (space := str(one.get("metricNamespace") or "")) and not _own(space, scope)
        ]
        if foreign:
            return "", f"its metrics were not tried: {clean(foreign[0])}"
        now, doing = self._clock.now(), "Reading what the rule evaluates"
        try:
            seen = await measure(self._manager, doing, scope, metrics, start=now - _LATELY_S, end=now)
        except PortError as error:
            if error.status in (_BAD_REQUEST, 404):
                return error.what, ""
            raise
        return "; ".join(seen.troubles), ""

    async def _web_test(self, id: str) -> str:
        """What is wrong with the availability test that it evaluates."""
        name = _last(id)
        body = await resource_or_none(self._manager, f"Reading the web test {name}", id, _WEB_TEST_VERSION)
        if body is None:
            return f"its web test {name} does not exist"
        return "" if properties(body).get("Enabled", True) is True else f"its web test {name} is not enabled"

    async def _queries(self, told: Mapping[str, Any]) -> tuple[str, str]:
        """What is wrong with its queries, and whether they were not tried; the workspace answers with or without rows.

        Over an Application Insights component tables have other names than in the workspace that it writes to.
        """
        texts = [str(one.get("query") or "") for one in objects(_all(told.get("criteria")))]
        if not texts or not all(texts):
            return "it has no query", ""
        for text in texts:
            try:
                await self._logs.rows(text, last_s=_window_s(told), doing="Its query")
            except PortError as error:
                if error.status != _BAD_REQUEST:
                    raise
                scope = _scope(told)
                if await self._is_ours(scope):
                    return error.what, ""
                return "", f"its query was not tried: over {_last(scope) or 'nothing that it names'}"
        return "", ""

    async def _is_ours(self, scope: str) -> bool:
        """Whether that is the workspace of the environment. PortError."""
        if _WORKSPACE not in scope.lower():
            return False
        body = await resource_or_none(self._manager, "Reading the rule's workspace", scope, _WORKSPACE_VERSION)
        told = str(properties(body or {}).get("customerId") or "")
        return told.lower() == self._manager.environment.workspace_id.lower()


def _scope(told: Mapping[str, Any]) -> str:
    return next((one for one in told.get("scopes") or () if isinstance(one, str)), "")


def _last(id: str) -> str:
    return clean(id.rsplit("/", 1)[-1])


def _own(space: str, scope: str) -> bool:
    """Whether a namespace of metrics is that of the resource's own type, which needs not be named in a question."""
    kind = _PROVIDER.search(scope)
    parts = kind[1].split("/") if kind else []
    return space.lower() == "/".join([*parts[:1], *parts[1::2]]).lower()


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
    """How many of its receivers are not switched off (only e-mail and SMS have a status, also "NotSpecified")."""
    lists = [value for name, value in group.items() if name.endswith("Receivers")]
    return sum(str(one.get("status")) != "Disabled" for value in lists for one in objects(value))
