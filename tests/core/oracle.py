"""What must be true of the data for a GO, reckoned from the readings alone, without any code of the judge."""

from __future__ import annotations

import math
from collections.abc import Sequence

from cpr_cockpit.core.signals import Bin, Observation, Source
from tests.core.observations import NEW, T0
from tests.core.streams import AGE_LIMITS, BIN_S, DEADLINE, LOGS_LAG_S, PLATFORM_LAG_S

SKEW_S = 5.0
LEAST_COVERAGE = 0.70


def _dates(seen: Observation) -> list[float]:
    dates = [row.newest for row in (*seen.bins, *seen.whole)] + [seen.measured_at]
    return [date for date in dates if date is not None] + [probe.at for probe in seen.probes]


def _ahead(seen: Observation) -> bool:
    return any(date > seen.at + SKEW_S for date in _dates(seen))


def _of(heard: Sequence[Observation], source: Source) -> list[Observation]:
    """Readable answers of one source, in the order received."""
    rows = [seen for seen in heard if seen.source is source and seen.error is None and seen.partial is None]
    return sorted(rows, key=lambda seen: seen.at)


def _newest(seen: Observation) -> float:
    if seen.source is Source.LOGS:
        return max((row.newest for row in seen.bins if row.newest is not None), default=-math.inf)
    if seen.source is Source.PLATFORM:
        return max((row.end for row in seen.bins), default=-math.inf)
    return max((probe.at for probe in seen.probes), default=-math.inf)


def _latest(rows: Sequence[Observation]) -> dict[float, Bin]:
    """What the latest answer that had it said of each bin; ``rows`` in the order received."""
    return {row.start: row for seen in rows for row in seen.bins}


def _whole_bins_by(at: float) -> float:
    """The end of the last bin that had ended by ``at``."""
    return T0 + BIN_S * math.floor((at - T0) / BIN_S + 1e-6)


def _covered(rows: Sequence[Observation], due: float) -> float:
    """Share of the time from T0 to ``due``, up to which data can have come, that lies in a bin or point that came."""
    seconds = sum(max(0.0, min(row.end, due) - row.start) for row in _latest(rows).values())
    return seconds / (due - T0) if due > T0 else 0.0


def _rows_share(logs: Sequence[Observation], platform: Sequence[Observation], probes: Sequence[Observation]) -> float:
    """Requests in the logs against those that the platform counted without our probes, where both can have come."""
    due = _whole_bins_by(logs[-1].at - LOGS_LAG_S)
    bins, ours = _latest(logs), {probe.at for seen in probes for probe in seen.probes}
    counted = told = 0
    for start, point in _latest(platform).items():
        if point.end <= due + 1e-6:
            counted += point.requests - sum(start <= at < point.end for at in ours)
            told += bins[start].requests if start in bins else 0
    return 1.0 if counted < 20 else told / counted


def _tail(failures: int, requests: int) -> float:
    """P(Binomial(requests, 5 %) <= failures)."""
    return sum(math.comb(requests, k) * 0.05**k * 0.95 ** (requests - k) for k in range(failures + 1))


def reasons_against_go(heard: Sequence[Observation], now: float) -> list[str]:
    """Everything that forbids a GO at ``now`` after these readings; empty where it is allowed."""
    against = [] if now >= DEADLINE else ["before the deadline"]
    good: dict[Source, list[Observation]] = {}
    for source, limit in AGE_LIMITS.items():
        readable = _of(heard, source)
        good[source] = [seen for seen in readable if not _ahead(seen)]
        newest = max((_newest(seen) for seen in good[source]), default=-math.inf)
        if now - newest > limit + 1e-6:
            against.append(f"{source.value} is {now - newest:.1f} s old")
        if readable and _ahead(readable[-1]):
            against.append(f"{source.value} is dated ahead")
    logs, platform = good[Source.LOGS], good[Source.PLATFORM]
    if not logs or not platform:
        return [*against, "nothing was told"]
    if logs[-1].at - LOGS_LAG_S < DEADLINE:
        against.append("the last data has not had its time to come")
    logs_due = _whole_bins_by(logs[-1].at - LOGS_LAG_S)
    platform_due = platform[-1].at - PLATFORM_LAG_S - BIN_S
    for rows, due in ((logs, logs_due), (platform, platform_due)):
        if _covered(rows, due) < LEAST_COVERAGE - 1e-6:
            against.append(f"{rows[0].source.value} cover {_covered(rows, due):.2f}")
    share = _rows_share(logs, platform, good[Source.PROBES_PRODUCTION])
    if share < LEAST_COVERAGE - 0.05:
        against.append(f"the logs hold {share:.2f} of the requests")
    return [*against, *_figures_against(logs)]


def _figures_against(logs: Sequence[Observation]) -> list[str]:
    against = []
    requests = sum(row.requests for row in logs[-1].whole if row.version == NEW)
    failures = sum(row.failures for row in logs[-1].whole if row.version == NEW)
    if not requests or _tail(failures, requests) > 0.05:
        against.append(f"{failures} of {requests} requests do not exclude 5 %")
    elif _worse(failures, requests) and not _without_one_spike(list(_latest(logs).values()), failures, requests):
        against.append(f"{failures} of {requests} requests failed")
    return against


def _worse(failures: int, requests: int) -> bool:
    """The target is missed by more than a fifth of what failed before (0.3 %), and by more than chance."""
    due = 0.003 * 1.2 * requests
    return failures >= 0.01 * requests and failures > due + 1.65 * math.sqrt(due)


def _without_one_spike(bins: Sequence[Bin], failures: int, requests: int) -> bool:
    """Whether some four bins in a row, over for two, hold so many failures that the rest is well."""
    rows = sorted((row for row in bins if row.version == NEW and row.requests), key=lambda row: row.start)
    for first in range(len(rows)):
        for after in range(first + 1, min(first + 4, len(rows) - 2) + 1):
            failed, served = (sum(getattr(row, name) for row in rows[first:after]) for name in ("failures", "requests"))
            if 2 * failed < served and served < requests and not _worse(failures - failed, requests - served):
                return True
    return False
