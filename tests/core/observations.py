"""Readings as the sources would give them, short to write: bins of users, platform points, probes, baselines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cpr_cockpit.core.evidence import Evidence
from cpr_cockpit.core.judge import PRODUCTION_SOURCES
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.signals import Baseline, Bin, Observation, ProbeCount, Source

T0 = 1_760_000_040.0
NEW, OLD = "v1.3.0", "v1.2.0"
WRITTEN = Policy()
BEFORE = Baseline(requests=3000, failures=9, p50=70.0, p95=120.0, p99=180.0, start=T0 - 400, end=T0 - 100)


def user_bin(
    index: int,
    requests: int = 100,
    failures: int = 0,
    *,
    p95: float | None = 120.0,
    version: str = NEW,
    size: float = 60.0,
) -> Bin:
    """Bin ``index`` since T0, dated: its newest request at its end, its newest success there too if it had one."""
    end = T0 + (index + 1) * size
    dated = end if requests else None
    return Bin(
        T0 + index * size,
        size,
        version,
        requests,
        failures,
        p50=70.0 if p95 is not None else None,
        p95=p95,
        p99=180.0 if p95 is not None else None,
        newest=dated,
        last_ok=dated if failures < requests else None,
    )


def whole_of(bins: Iterable[Bin], *, p95: float | None = 120.0) -> tuple[Bin, ...]:
    """One row per version over all of its bins."""
    rows: dict[str, list[Bin]] = {}
    for row in bins:
        rows.setdefault(row.version, []).append(row)
    return tuple(
        Bin(
            T0,
            of_version[-1].end - T0,
            version,
            sum(row.requests for row in of_version),
            sum(row.failures for row in of_version),
            p50=70.0,
            p95=p95,
            p99=180.0,
            newest=max((row.newest for row in of_version if row.newest is not None), default=None),
        )
        for version, of_version in rows.items()
    )


def logs(
    bins: Sequence[Bin], *, at: float | None = None, lag: float | None = 0.0, whole: Sequence[Bin] | None = None
) -> Observation:
    """One answer of the logs; received when its last bin has ended and the lag has passed, if not said otherwise."""
    end = max((row.end for row in bins), default=T0)
    return Observation(
        Source.LOGS,
        end + (lag or 0.0) if at is None else at,
        measured_at=max((row.newest for row in bins if row.newest is not None), default=None),
        bins=tuple(bins),
        whole=whole_of(bins) if whole is None else tuple(whole),
        lag_p95=lag,
    )


def platform(counts: Sequence[tuple[int, int]], *, at: float | None = None, size: float = 60.0) -> Observation:
    """Points of ``size`` seconds since T0 with (requests, 5xx) each, received at the end of the last one."""
    points = tuple(
        Bin(T0 + index * size, size, "", requests, failures) for index, (requests, failures) in enumerate(counts)
    )
    end = points[-1].end if points else T0
    return Observation(
        Source.PLATFORM, end if at is None else at, measured_at=end, bins=points, lag_p95=0.0, granularity_s=size
    )


def probes(
    *times: float, ok: bool = True, second_host: bool | None = None, source: Source = Source.PROBES_PRODUCTION
) -> Observation:
    """One probe at each of the times since T0, all well or all failed, received with the last of them."""
    counts = tuple(ProbeCount(T0 + time, int(ok), int(not ok), (NEW,) if ok else ()) for time in times)
    return Observation(
        source, T0 + max(times), measured_at=T0 + max(times), probes=counts, lag_p95=0.1, second_host=second_host
    )


def evidence(
    *seen: Observation,
    policy: Policy = WRITTEN,
    before: Baseline | None = BEFORE,
    sources: tuple[Source, ...] = PRODUCTION_SOURCES,
    delay: float = 0.0,
) -> Evidence:
    """Evidence since T0 that has taken these readings, in this order."""
    found = Evidence(policy, NEW, OLD, delay, sources)
    found.baseline = before
    found.begin(T0)
    for one in seen:
        found.take(one)
    return found
