"""What the journal's figures say of the critical window, of the database's calls and of the metrics as a whole."""

from __future__ import annotations

from collections.abc import Iterator

from cpr_cockpit.core.blocks import DATABASE_KIND
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.run import Run
from cpr_cockpit.core.sensing import Reading, State
from cpr_cockpit.core.signals import Bin, Observation, Source
from cpr_cockpit.core.tally import reading
from cpr_cockpit.core.verdict import clock_time, percent
from cpr_cockpit.documents.papers.figures import new_version, served

RANGE = 2.0
"""Requests per second may be half, or twice, what they were in the hour before the switch: hours differ by as much."""
_TICK_S = 0.001
"""Seconds: the logs know a moment to the microsecond, and this machine finer."""
WORSE_FAILED = 0.01
"""Share of the database's calls by which more may fail than before."""


def window(run: Run, policy: Policy, now: float) -> Iterator[Reading]:
    """The three readings of the critical window, near its end; nothing where the logs told nothing."""
    seen, t0 = _told(run, Source.LOGS), run.t0
    if seen is None or t0 is None or seen.measured_at is None:
        return
    reach = min(now, seen.measured_at)
    late_s = now - seen.measured_at
    whole = [one for one in _bins(run, seen) if one.start >= t0 - _TICK_S and one.end <= reach + _TICK_S]
    bins = int((reach - t0 + _TICK_S) / policy.bin_s)
    gaps = max(0, bins - len(whole))
    words = f"the query was answered at {clock_time(seen.at)}, its rows reach {clock_time(seen.measured_at)}"
    words += f", {gaps} of {bins} whole bins of {policy.bin_s:g} s without a row"
    covered = bins > 0 and not gaps and late_s <= policy.bin_s + (seen.lag_p95 or 0.0)
    yield Reading("critical-window.watch", State.OK if covered else State.FAILED, words, n=bins)
    if not whole:
        return
    worst = max(whole, key=lambda one: one.failures / one.requests)
    words = f"{len(whole)} of {bins} whole bins have a rate, the highest {percent(worst.failures / worst.requests)} "
    words += f"of n {worst.requests} at {clock_time(worst.start)}"
    state = State.FAILED if gaps else State.OK
    yield Reading("critical-window.monitor", state, words, n=len(whole))
    yield from _compared(run, policy, whole)


def _bins(run: Run, seen: Observation) -> list[Bin]:
    return [one for one in seen.bins if one.version == new_version(run) and one.requests]


def _compared(run: Run, policy: Policy, whole: list[Bin]) -> Iterator[Reading]:
    before = run.baseline.p95 if run.baseline is not None else None
    known = [(one.p95, one) for one in whole if one.p95 is not None]
    if before is None or not known:
        return
    p95, worst = max(known, key=lambda one: one[0])
    words = f"p95 of {len(known)} of {len(whole)} bins compared, the highest {p95:.0f} ms of n {worst.requests} at "
    words += f"{clock_time(worst.start)}, before {before:.0f} ms, allowed {policy.degradation:g} times that"
    above = p95 > before * policy.degradation
    state = State.UNKNOWN if len(known) < len(whole) else State.NOTE if above else State.OK
    yield Reading("critical-window.check", state, words, n=len(known))


def queries(run: Run, policy: Policy) -> Iterator[Reading]:
    """Calls to databases beside those of the old version; nothing where none is in the logs."""
    seen = _told(run, Source.DEPENDENCIES)
    told = [one for one in seen.readings if one.kind == DATABASE_KIND and one.value is not None] if seen else []
    if seen is None or not told:
        return
    parts, state = [], State.OK
    for one in told:
        if one.before is None:
            parts.append(f"{one.name} {_shown(one.value, one.unit)} of n {one.n or 0}, nothing before")
            state = State.NOTE if state is State.OK else state
            continue
        parts.append(
            f"{one.name} {_shown(one.value, one.unit)} of n {one.n or 0}, before {_shown(one.before, one.unit)}"
        )
        if _worse(one.value or 0.0, one.before, one.unit, policy):
            state = State.FAILED
    words = f"{'; '.join(parts)}, read at {clock_time(seen.at)}; query plans were not read"
    yield Reading("extended-performance.database-queries", state, words, n=max(one.n or 0 for one in told))


def _shown(value: float | None, unit: str) -> str:
    return percent(value or 0.0) if unit == "share" else f"{value or 0.0:.0f} {unit}"


def _worse(value: float, before: float, unit: str, policy: Policy) -> bool:
    if unit == "share":
        return value > before + WORSE_FAILED
    return value > before * policy.degradation and value - before >= policy.letter_ms


def metrics(run: Run, policy: Policy) -> Iterator[Reading]:
    """p95 of the new version and the requests of all, beside production before the switch."""
    seen, t0, past = _told(run, Source.LOGS), run.t0, run.baseline
    now = served(run, new_version(run))
    if seen is None or t0 is None or past is None or now is None or now.p95 is None or past.p95 is None:
        return
    until, lasted = seen.measured_at, past.end - past.start
    if until is None or until <= t0 or lasted <= 0.0 or not past.requests:
        return
    n = sum(one.requests for one in seen.whole) or now.requests
    rate, before = n / (until - t0), past.requests / lasted
    slow = now.p95 > past.p95 * policy.degradation and now.p95 - past.p95 >= policy.letter_ms
    held = not slow and before / RANGE <= rate <= before * RANGE
    words = f"p95 {now.p95:.0f} ms, before {past.p95:.0f} ms, allowed {policy.degradation:g} times that; {rate:.1f} "
    words += f"requests/s of n {n}, before {before:.1f}, allowed half to twice that, read at {clock_time(seen.at)}"
    yield Reading("extended-monitoring.metrics", State.OK if held else State.FAILED, words, n=n)


def _told(run: Run, source: Source) -> Observation | None:
    body = run.readings.get(source.value)
    return reading(body) if body is not None else None
