"""What a run knows of its monitoring and of its rollback, as fields of ``automation-deploy.json``."""

from __future__ import annotations

import math
from typing import Any

from cpr_cockpit.core.events import VerdictGiven, WatchChecked
from cpr_cockpit.core.run import Run
from cpr_cockpit.documents.papers import ending
from cpr_cockpit.documents.papers.figures import limit, rate_before, served_again
from cpr_cockpit.documents.papers.plain import elapsed, iso, rounded

_TRIGGERS = {
    "error rate": "error-rate",
    "performance degradation": "performance",
    "complete unavailability": "critical-failure",
    "critical functionality": "critical-failure",
    "data corruption": "data-corruption",
    "security breach": "security",
}


# The last check of the first hour is made as soon as its data has come.
_FIRST_HOUR_S = 3_900.0


# -- monitoring --------------------------------------------------------------------------------------------------------


def first_hour(run: Run) -> dict[str, Any]:
    """The checks of ``monitoring.first_hour``: each change of the verdict, the schedule's checks, the last load."""
    rates, speeds = [], []
    checks: list[tuple[float, VerdictGiven | WatchChecked]] = [*run.verdicts, *run.checks]
    hour = [(at, one.figures) for at, one in checks if run.t0 is None or at <= run.t0 + _FIRST_HOUR_S]
    for at, figures_told in sorted(hour, key=lambda one: one[0]):
        figures = {one.get("name"): one.get("value") for one in figures_told}
        if (rate := _number(figures.get("error rate"))) is not None:
            rates.append(_check(at, "error_rate_percent", 100 * rate, 100 * limit(run, "target_error_rate")))
        if (p95 := _number(figures.get("p95"))) is not None:
            speeds.append(_check(at, "p95_response_ms", p95, limit(run, "target_p95_ms")))
    loads = _loads(run)
    gone = ending.ordered_back(run) or (run.ended is not None and run.ended.decision == "held")
    return {
        "error_rate_checks": rates or None,
        "performance_checks": speeds or None,
        "infrastructure_checks": [loads] if loads else None,
        "overall_status": "ISSUES" if gone and ending.switched(run) else None,
    }


def _number(value: object) -> float | None:
    usable = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if usable and isinstance(value, int | float) else None


def _check(at: float, name: str, value: float, threshold: float) -> dict[str, Any]:
    key = "threshold_percent" if name.endswith("percent") else "threshold_ms"
    status = "PASS" if value < threshold else "FAIL"
    return {"timestamp": iso(at), name: rounded(value, 3), key: rounded(threshold, 3), "status": status}


def _loads(run: Run) -> dict[str, Any]:
    load = run.tally.load
    if not load:
        return {}
    limits = {"CPU": limit(run, "warning_cpu_percent"), "memory": limit(run, "warning_memory_percent")}
    above = any(name in limits and one.last > limits[name] for name, one in load.items())
    fields: dict[str, Any] = {"timestamp": iso(max(one.at for one in load.values()))}
    fields |= {f"{name.lower()}_percent": rounded(one.last) for name, one in load.items()}
    return fields | {"status": "WARNING" if above else "HEALTHY"}


def first_day(run: Run) -> dict[str, Any]:
    """What was told of tickets and adoption within a day of the switch; an adoption told as a share is no number."""
    until = (run.t0 or 0.0) + 86_400.0
    told = {one.kind: one for at, one in run.figures if at <= until}
    tickets, adoption = told.get("tickets"), told.get("adoption")
    users = adoption.value if adoption is not None and not adoption.unit else None
    return {
        "support_tickets": rounded(tickets.value, 0) if tickets is not None and tickets.value is not None else None,
        "feature_adoption_users": rounded(users, 0) if users is not None else None,
    }


# -- the rollback ------------------------------------------------------------------------------------------------------


def rollback(run: Run) -> dict[str, Any]:
    """The fields of ``rollback``."""
    if not ending.ordered_back(run) or run.decision is None or (run.observed and run.switched_back_at is None):
        return {"executed": False}
    rows = [row for row in run.steps if row.way == "back"]
    end = max((row.ended_at for row in rows if row.ended_at is not None), default=None)
    end = end if run.ended is not None else None
    start = rows[0].began_at if rows else None
    return {
        "executed": True,
        "reason": run.decision.sentence,
        "trigger": _trigger(run),
        "decision_time": iso(run.decided_at),
        "decision_maker": run.decision.by,
        "rollback_method": rollback_method(run),
        "rollback_start": iso(start),
        "rollback_end": iso(end),
        "rollback_duration_minutes": elapsed(start, end, 60.0, 2),
    }


def _trigger(run: Run) -> str | None:
    rule = next((one.rule for _, one in run.verdicts if one.kind == "ROLLBACK" and one.rule in _TRIGGERS), None)
    if run.triggers:
        return _TRIGGERS.get(run.triggers[0].trigger)
    return _TRIGGERS[rule] if rule is not None else None


def no_rollback(run: Run) -> dict[str, Any]:
    """What an earlier attempt left there does not tell of this run."""
    if ending.ordered_back(run):
        return {}
    empty = ("reason", "decision_time", "decision_maker", "rollback_start", "rollback_end")
    return dict.fromkeys(empty, "") | {"rollback_duration_minutes": 0}


def after_rollback(run: Run) -> dict[str, Any]:
    """The fields of ``rollback.post_rollback_status``; whether data is whole is not for the cockpit to know."""
    again, before = served_again(run), rate_before(run)
    normal = None
    if again is not None:
        normal = again.rate < max(limit(run, "target_error_rate"), before or 0.0)
    return {
        "application_responding": run.tally.back.last_ok if ending.ordered_back(run) else None,
        "error_rate_normal": normal,
    }


def rollback_method(run: Run) -> str | None:
    """The framework's word for the way back of the plan."""
    if run.went_dark:
        return "feature-flag"
    back = run.plan.back if run.plan else ()
    return "slot-swap" if any(step.key == "swap-back" for step in back) else None
