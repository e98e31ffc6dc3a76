"""The figures beside a verdict, each with its n and age, and the procedure's warnings."""

from __future__ import annotations

from cpr_cockpit.core.coverage import coverages
from cpr_cockpit.core.evidence import Evidence
from cpr_cockpit.core.signals import Source
from cpr_cockpit.core.targets import latencies
from cpr_cockpit.core.verdict import Figure


def figures(evidence: Evidence, now: float) -> tuple[Figure, ...]:
    """User figures of the new version, the platform's count, load, probes, age of every source, coverage."""
    rows = [*_users(evidence, now), *_platform(evidence, now), *_probes(evidence, now), *_further(evidence, now)]
    for source in evidence.sources:
        fresh = evidence.fresh(source, now)
        rows.append(Figure(f"{source.value} age", fresh.age_s, "s", age_s=fresh.age_s, limit=fresh.limit_s))
    least = evidence.policy.coverage
    covers = (Figure(f"{one.source.value} coverage", one.value, "share", limit=least) for one in coverages(evidence))
    return (*rows, *covers)


def _users(evidence: Evidence, now: float) -> list[Figure]:
    whole, before = evidence.whole(evidence.new_version), evidence.baseline
    n = whole.requests if whole else 0
    age = evidence.fresh(Source.LOGS, now).age_s
    rate = Figure(
        "error rate",
        whole.rate if whole is not None and whole.requests else None,
        "share",
        n,
        age,
        evidence.policy.error_rate,
        before.rate if before else None,
    )
    rows = [rate]
    for name, value, target, baseline in latencies(evidence, whole):
        rows.append(Figure(name, value, "ms", n, age, target, baseline))
    return rows


def _platform(evidence: Evidence, now: float) -> list[Figure]:
    rows = []
    points = evidence.points()
    if points:
        last = points[-1]
        age = evidence.fresh(Source.PLATFORM, now).age_s
        rows.append(Figure("platform requests", float(last.requests), "requests", age_s=age))
        rows.append(Figure("platform 5xx", float(last.failures), "requests", n=last.requests, age_s=age))
    for name, limit in (
        ("CPU", evidence.policy.warning_cpu_percent),
        ("memory", evidence.policy.warning_memory_percent),
    ):
        if name in evidence.load_now:
            at, value = evidence.load_now[name]
            rows.append(Figure(name, value, "%", age_s=max(0.0, now - at), limit=limit))
    return rows


def _probes(evidence: Evidence, now: float) -> list[Figure]:
    if Source.PROBES_PRODUCTION not in evidence.sources:
        return []
    fresh = evidence.fresh(Source.PROBES_PRODUCTION, now)
    run = evidence.probes.failing()
    failed = None if fresh.newest is None else float(run.count if run else 0)
    limit = float(evidence.policy.unavailable_min)
    return [Figure("probes failed in a row", failed, "requests", age_s=fresh.age_s, limit=limit)]


def _further(evidence: Evidence, now: float) -> list[Figure]:
    """What the further sources told last, each figure named after its source, and how old it is."""
    rows = []
    for (source, name), seen in sorted(evidence.further.items()):
        label = f"{source.value} {name}".strip() if name else source.value
        age = max(0.0, now - (seen.at if seen.measured_at is None else min(seen.measured_at, seen.at)))
        for one in seen.readings:
            if source is Source.PLAN and one.name in evidence.load_now:
                continue
            rows.append(Figure(f"{label}: {one.name}", one.value, one.unit, one.n, age, one.limit, one.before))
    return rows


def warnings(evidence: Evidence) -> tuple[str, ...]:
    """The procedure's warnings that hold now: slow for ten minutes, CPU or memory high for fifteen (times f)."""
    policy, found = evidence.policy, []
    rows = [row for row in evidence.complete(evidence.new_version) if row.p95 is not None]
    slow = 0.0
    for row in reversed(rows):
        if row.p95 is None or row.p95 <= policy.warning_p95_ms:
            break
        slow += row.length
    # Bins add up with rounding, a tenth of a percent of the duration is no reason to stay silent.
    if slow and slow >= policy.warning_p95_for_s * 0.999:
        found.append(f"p95 above {policy.warning_p95_ms:g} ms for {slow:g} s")
    for name, limit in (("CPU", policy.warning_cpu_percent), ("memory", policy.warning_memory_percent)):
        since = evidence.load_since.get(name)
        if since is not None and evidence.load_now[name][0] - since >= policy.warning_load_for_s:
            found.append(f"{name} above {limit:g} % for {evidence.load_now[name][0] - since:.0f} s")
    return (*found, *_further_warnings(evidence))


def _further_warnings(evidence: Evidence) -> list[str]:
    """Figures of further sources that are above their limit; CPU and memory have a duration and are told above."""
    found = []
    for (source, name), seen in sorted(evidence.further.items()):
        for one in seen.readings:
            if source in (Source.PLAN, Source.CUSTOM) or one.limit is None or one.value is None:
                continue
            if one.value > one.limit:
                found.append(f"{name or source.value}: {one.name} {one.value:g} {one.unit}".rstrip())
    return found
