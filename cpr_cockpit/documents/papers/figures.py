"""The figures that a run's journal holds; None is what it does not hold."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from cpr_cockpit.core.apps_words import rows_of
from cpr_cockpit.core.feature_flag import PROVE_OFF, arm
from cpr_cockpit.core.plan import key_at
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.rows import StepRow
from cpr_cockpit.core.run import Run
from cpr_cockpit.core.signals import Bin, Observation, Source
from cpr_cockpit.core.tally import reading

_WRITTEN = Policy().to_dict()


@dataclass(frozen=True, slots=True)
class Served:
    """Users' requests of one version: rows, those that failed, percentiles in ms; ``read_at``: when it was told."""

    requests: int
    failures: int
    p50: float | None
    p95: float | None
    p99: float | None
    read_at: float

    @property
    def rate(self) -> float:
        """Share that failed."""
        return self.failures / self.requests


@dataclass(frozen=True, slots=True)
class Compared:
    """One latency: the new version since the switch, production before it, and the target, all in ms."""

    name: str
    value: float | None
    before: float | None
    target: float

    @property
    def missed(self) -> bool | None:
        """Whether the target is missed; None where it was not measured."""
        return None if self.value is None else self.value >= self.target


def limit(run: Run, name: str) -> float:
    """A number of the run's policy; the written procedure's where the journal does not hold it."""
    value = run.opened.policy.get(name) if run.opened else None
    usable = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if usable and value is not None else float(_WRITTEN[name])


def health_path(run: Run) -> str:
    """Path of the health address that the cockpit's probes ask."""
    return path_of_health(run.opened.environment if run.opened else {})


def path_of_health(environment: Mapping[str, str]) -> str:
    """The same of an environment as the journal pins it: written there only where it is not the usual one."""
    return environment.get("health_path") or "/api/health"


def new_version(run: Run) -> str:
    """The version that was to be deployed."""
    if run.plan is not None:
        return run.plan.new_version or "the next version"
    return run.opened.new_version if run.opened else "the new version"


def old_version(run: Run) -> str:
    """The version that production served before."""
    return run.plan.old_version if run.plan is not None else "the version before"


def _logs(run: Run) -> Observation | None:
    body = run.readings.get(Source.LOGS.value)
    return reading(body) if body is not None else None


def _added(rows: list[Bin], read_at: float) -> Served | None:
    requests = sum(row.requests for row in rows)
    failures = sum(row.failures for row in rows)
    return Served(requests, failures, None, None, None, read_at) if requests else None


def served(run: Run, version: str) -> Served | None:
    """The version since the switch, from the last believed answer of the logs; without percentiles from bins.

    Of a release that was rolled back by its flag: those for whom it was on, as they fared before it went off.
    """
    dark = run.by_flag and run.decision is not None and run.decision.word == "rollback"
    body = run.decided_on.get(Source.LOGS.value) if dark else None
    seen = _logs(run) if body is None else reading(body)
    if seen is None:
        return None
    if run.plan is not None and run.by_flag and arm(version, run.plan.flag, on=True) in seen.versions:
        version = arm(version, run.plan.flag, on=True)
    row = next((one for one in seen.whole if one.version == version), None)
    if row is not None and row.requests:
        return Served(row.requests, row.failures, row.p50, row.p95, row.p99, seen.at)
    return _added([one for one in seen.bins if one.version == version], seen.at)


def served_again(run: Run) -> Served | None:
    """The old version after the switch back, from whole bins that began after it; where that was all, the dark one."""
    seen, since = _logs(run), run.switched_back_at
    if seen is not None and run.went_dark:
        return _added([one for one in seen.bins if one.version == new_version(run)], seen.at)
    if seen is None or since is None:
        return None
    return _added([one for one in seen.bins if one.version == old_version(run) and one.start >= since], seen.at)


def latencies(run: Run) -> tuple[Compared, ...]:
    """p50, p95 and p99 beside their targets."""
    now, before = served(run, new_version(run)), run.baseline
    return tuple(
        Compared(
            name, getattr(now, name) if now else None, getattr(before, name) if before else None, limit(run, target)
        )
        for name, target in (("p50", "target_p50_ms"), ("p95", "target_p95_ms"), ("p99", "target_p99_ms"))
    )


def rate_before(run: Run) -> float | None:
    """Share of users' requests that failed before the switch."""
    before = run.baseline
    return before.failures / before.requests if before is not None and before.requests else None


def rate_missed(run: Run) -> bool | None:
    """Whether the error rate misses its target."""
    now = served(run, new_version(run))
    return None if now is None else now.rate >= limit(run, "target_error_rate")


def swap_seconds(run: Run) -> float | None:
    """How long this run's own swap took, of several apps all of them together."""
    swaps = [row.seconds for row in rows_of(run, "swap") if row.result == "done"]
    return sum(swaps) if swaps else None


def users_back_seconds(run: Run) -> float | None:
    """From the decision ROLLBACK to production's switch back, as observed; None where production was back before."""
    ordered = run.decision is not None and run.decision.word == "rollback"
    if not ordered or run.decided_at is None or run.switched_back_at is None:
        return None
    return run.switched_back_at - run.decided_at if run.switched_back_at >= run.decided_at else None


def back_seconds(run: Run) -> float | None:
    """From the decision ROLLBACK to the proof that the old version serves; where that was all, that the flag is off."""
    proven = proven_at(run)
    return None if proven is None or run.decided_at is None else proven - run.decided_at


def proven_at(run: Run) -> float | None:
    """When the last app was proven to serve the old version again, by whichever rung; None while one was not."""
    apps = ("", *run.plan.apps[1:]) if run.plan is not None else ("",)
    rows = [run.row(PROVE_OFF, "back")] if run.went_dark else [_proof(run, app) for app in apps]
    ends = [row.ended_at for row in rows if row is not None and row.result in ("done", "already")]
    told = [at for at in ends if at is not None]
    return max(told) if len(told) == len(rows) else None


def _proof(run: Run, app: str) -> StepRow | None:
    keys = (key_at(key, app) for key in ("prove-redeployed", "prove-rollback"))
    return next((row for key in keys if (row := run.row(key, "back")) is not None), None)
