"""What a run knows of the fields of ``automation-deploy.json``. A field that is not here is not known to the run.

Not touched, because they are the framework's own findings before the deployment: ``prerequisite_validation``,
``merge_conflict_check``, ``ci_cd_status``, ``issues`` (what persons recorded is added to it: `own_issues`),
``recommendations``, ``generated_by`` and ``generated_at``; and because the cockpit does not do them in this version:
``staging_*``, the UI, the database, feature flags.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from cpr_cockpit.core.run import Run
from cpr_cockpit.documents.papers import ending
from cpr_cockpit.documents.papers.figures import (
    health_path,
    latencies,
    limit,
    new_version,
    rate_before,
    rate_missed,
    served,
)
from cpr_cockpit.documents.papers.issues import issues
from cpr_cockpit.documents.papers.known_after import (
    after_rollback,
    first_day,
    first_hour,
    no_rollback,
    rollback,
    rollback_method,
)
from cpr_cockpit.documents.papers.marks import Marks
from cpr_cockpit.documents.papers.plain import all_of, elapsed, iso, rounded, word


class When(Enum):
    """ALWAYS: only the run can know it; BLANK: only where nobody has filled it in; PRESENT: only where the key is."""

    ALWAYS = "always"
    BLANK = "blank"
    PRESENT = "present"


@dataclass(frozen=True, slots=True)
class Known:
    """One field and its value."""

    path: tuple[str, ...]
    value: Any
    when: When = When.ALWAYS


_STATUS = {
    "kept": "SUCCESS",
    "rolled_back": "ROLLED_BACK",
    "partial": "ROLLED_BACK",
    "advised": "IN_PROGRESS",
    "held": "IN_PROGRESS",
    "stopped": "NOT_STARTED",
    "failed": "FAILED",
}
# The procedure's immediate and extended checks by the items that sum them up.
_IMMEDIATE = {
    "application_loads": ("production-health.loads",),
    "authentication": ("production-critical-path.login",),
    "critical_path": ("production-critical-path.feature", "production-critical-path.data"),
}
_EXTENDED = {
    "functional_tests": (
        "extended-functional.endpoints",
        "extended-functional.authentication",
        "extended-functional.authorization",
        "extended-functional.persistence",
        "extended-functional.ui",
    ),
    "performance_tests": ("extended-performance.api", "extended-performance.ui", "extended-performance.no-degradation"),
    "error_monitoring": ("extended-monitoring.error-rate", "extended-monitoring.critical-errors"),
    "infrastructure_health": ("extended-monitoring.infrastructure",),
}


def known(run: Run) -> tuple[Known, ...]:
    """Every field that this run knows; those without a value are left out."""
    marks = Marks.of(run)
    found = [
        *_of("metadata", _metadata(run), When.BLANK),
        *_of("deployment_strategy", _strategy(run)),
        *_of("deployment_strategy", {"rollback_method": rollback_method(run)}, When.BLANK),
        *_of("production_deployment.backend", _backend(run)),
        *_of("production_deployment", {"overall_status": _status(run)}),
        *_of("production_validation.smoke_tests_immediate", _immediate(run, marks)),
        *_of("production_validation.extended_validation", _extended(run, marks)),
        *_of("production_validation.performance_metrics", _performance(run)),
        *_of("monitoring.first_hour", first_hour(run)),
        *_of("monitoring.first_24_hours", first_day(run)),
        *_of("rollback", rollback(run)),
        *_of("rollback", no_rollback(run), When.PRESENT),
        *_of("rollback.post_rollback_status", after_rollback(run)),
        *_of("deployment_metrics", _metrics(run)),
        *_of("validation_summary", _summary(run, marks)),
    ]
    return tuple(one for one in found if one.value is not None)


def _of(path: str, fields: Mapping[str, Any], when: When = When.ALWAYS) -> Iterator[Known]:
    for name, value in fields.items():
        yield Known((*path.split("."), name), value, when)


# -- the deployment ----------------------------------------------------------------------------------------------------


def _metadata(run: Run) -> dict[str, Any]:
    target = None if ending.rehearsal(run) else "production"
    return {
        "deployment_date": iso(run.started_at),
        "deployment_lead": run.started_by or None,
        "target_environment": target,
    }


def _strategy(run: Run) -> dict[str, Any]:
    return {"method": run.plan.strategy if run.plan else None}


def _status(run: Run) -> str:
    if run.started_at is None:
        return "NOT_STARTED"
    return _STATUS[run.ended.decision] if run.ended else "IN_PROGRESS"


def _deployed_until(run: Run) -> float | None:
    """When the last step of the way forth had its outcome."""
    return max((row.ended_at for row in run.steps if row.way == "forward" and row.ended_at is not None), default=None)


def _backend(run: Run) -> dict[str, Any]:
    opened, plan = run.opened, run.plan
    address = opened.environment.get("production_url", "") if opened else ""
    fields: dict[str, Any] = {
        "deployment_status": _status(run),
        "deployment_method": plan.strategy if plan else None,
        "health_check_url": f"{address.rstrip('/')}{health_path(run)}" if address else None,
        "health_check_status": word(_healthy(run)),
        "traffic_switched": ending.switched(run),
        "issues": [f"{one.severity.upper()}: {one.what} ({one.status})" for one in issues(run)],
    }
    if run.started_at is not None:
        end = _deployed_until(run)
        fields |= {
            "deployment_start": iso(run.started_at),
            "deployment_end": iso(end),
            "duration_seconds": elapsed(run.started_at, end),
        }
    if run.finished("deploy", "forward") or ending.switched(run):
        fields |= {"version_deployed": new_version(run), "slot_used": plan.slot if plan else None}
    return fields


def _healthy(run: Run) -> bool | None:
    """The last own probe of production while the new version served."""
    return run.tally.forward.last_ok if ending.switched(run) else None


# -- validation --------------------------------------------------------------------------------------------------------


def _immediate(run: Run, marks: Marks) -> dict[str, Any]:
    if not ending.switched(run):
        return {}
    seen = served(run, new_version(run))
    health = marks.passed("production-health.health")
    said = {"health_check": _healthy(run) if health is None else health}
    said |= {name: marks.passed(*keys) for name, keys in _IMMEDIATE.items()}
    said["error_rate_acceptable"] = None if seen is None else seen.rate < limit(run, "error_rate")
    fields: dict[str, Any] = {name: word(passed) for name, passed in said.items()}
    return fields | {
        "execution_time": iso(run.t0 if run.t0 is not None else run.switched_at),
        "overall_status": word(all_of(list(said.values()))),
    }


def _extended(run: Run, marks: Marks) -> dict[str, Any]:
    if not ending.switched(run):
        return {}
    said = {name: marks.passed(*keys) for name, keys in _EXTENDED.items()}
    fields: dict[str, Any] = {name: word(passed) for name, passed in said.items()}
    return fields | {"overall_status": word(all_of(list(said.values())))}


def _performance(run: Run) -> dict[str, Any]:
    fields: dict[str, Any] = {f"api_{one.name}_ms": rounded(one.value) for one in latencies(run)}
    seen = served(run, new_version(run))
    if seen is not None:
        fields["error_rate_percent"] = rounded(100 * seen.rate, 3)
    # The UI is not measured: that all targets are met cannot be known, that one is missed can.
    if any([*(one.missed for one in latencies(run)), rate_missed(run)]):
        fields["meets_targets"] = False
    return fields


# -- figures of the whole ----------------------------------------------------------------------------------------------


def _metrics(run: Run) -> dict[str, Any]:
    now, before = served(run, new_version(run)), rate_before(run)
    impact = None if now is None or before is None else rounded(100 * (now.rate - before), 3)
    down = run.tally.whole.down_s
    return {
        "total_duration_minutes": elapsed(run.started_at, run.ended_at, 60.0, 2),
        "downtime_seconds": rounded(down) if down else None,
        "error_rate_impact_percent": impact,
        "rollback_executed": ending.ordered_back(run),
    }


def _summary(run: Run, marks: Marks) -> dict[str, Any]:
    ended = run.ended
    kept = ended is not None and ended.decision == "kept"
    return {
        "production_deployed": ending.serves_new(run) if ended else None,
        "production_validated": kept and not ended.provisional if ended else None,
        "stakeholders_notified": marks.passed("quality-communication.stakeholders"),
        "deployment_successful": kept if ended else None,
    }
