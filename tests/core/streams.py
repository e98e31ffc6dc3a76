"""A window of 30 seconds as its sources would tell it, and what can go wrong on the way to the judge.

A `Truth` is what happened, second by second. `told` is what the sources make of it: every answer of the logs and of the
platform covers everything since T0, as the real ones do. A `Mishap` then loses, delays, repeats, freezes, cuts or
misdates readings of one source for some time, or loses rows inside them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from hypothesis import strategies as st

from cpr_cockpit.core.judge import Judge
from cpr_cockpit.core.signals import Bin, Observation, ProbeCount, Source
from cpr_cockpit.core.verdict import Verdict, VerdictKind
from tests.core.observations import BEFORE, NEW, OLD, T0, WRITTEN

WINDOW_S = 30
LAST_S = 44
"""The sources are watched this long: past the deadline by more than the logs' lag and every limit of age."""
POLICY = WRITTEN.scaled(float(WINDOW_S))
BIN_S = 2
LOGS_LAG_S = 2.0
PLATFORM_LAG_S = 1.0
DEADLINE = T0 + WINDOW_S
SECONDS = range(LAST_S)
AGE_LIMITS = {Source.LOGS: 8.0, Source.PLATFORM: 8.0, Source.PROBES_PRODUCTION: 4.2}
"""Twice the poll, twice the lag, two seconds: what each source's newest datum may be old in this window."""


@dataclass(frozen=True, slots=True)
class Second:
    """One second of users' requests to the new version, and whether our own probe was answered in it."""

    requests: int
    failures: int = 0
    p95: float = 120.0
    probe: bool = True


Truth = tuple[Second, ...]
HEALTHY: Truth = tuple(Second(20) for _ in SECONDS)


@st.composite
def truths(draw: st.DrawFn) -> Truth:
    """Steady traffic, to which something may happen at some second, and from which it may recover."""
    requests = draw(st.sampled_from([1, 3, 20, 20, 40]))
    seconds = [Second(requests)] * LAST_S
    if draw(st.booleans()):
        first = draw(st.integers(0, LAST_S - 1))
        last = draw(st.integers(first, LAST_S))
        share = draw(st.sampled_from([0.0, 0.02, 0.06, 0.2, 1.0]))
        sick = Second(
            requests, round(requests * share), draw(st.sampled_from([120.0, 185.0, 400.0])), probe=share < 1.0
        )
        seconds[first:last] = [sick] * (last - first)
    return tuple(seconds)


def _bin(truth: Truth, index: int, upto: int) -> Bin | None:
    """Requests of seconds of bin ``index`` that lie before second ``upto``."""
    first = index * BIN_S
    rows = [truth[second] for second in range(first, min(first + BIN_S, upto))]
    requests, failures = sum(row.requests for row in rows), sum(row.failures for row in rows)
    if not requests:
        return None
    newest = T0 + min(first + BIN_S, upto) - 0.1
    slowest = max(row.p95 for row in rows)
    last_ok = newest if failures < requests else None
    return Bin(T0 + first, BIN_S, NEW, requests, failures, 70.0, slowest, 1.5 * slowest, newest=newest, last_ok=last_ok)


def summed(rows: Sequence[Bin]) -> tuple[Bin, ...]:
    """The source's own row over all of these."""
    if not rows:
        return ()
    requests = sum(row.requests for row in rows)
    p95 = sum((row.p95 or 0.0) * row.requests for row in rows) / requests
    length = rows[-1].end - T0
    newest = max(row.newest for row in rows if row.newest is not None)
    failures = sum(row.failures for row in rows)
    return (Bin(T0, length, NEW, requests, failures, 70.0, p95, 1.5 * p95, newest=newest),)


def _logs(truth: Truth, at: int) -> Observation:
    upto = at - int(LOGS_LAG_S)
    found = (_bin(truth, index, upto) for index in range((max(0, upto) + BIN_S - 1) // BIN_S))
    rows = [row for row in found if row is not None]
    newest = max((row.newest for row in rows if row.newest is not None), default=None)
    return Observation(
        Source.LOGS, T0 + at, measured_at=newest, bins=tuple(rows), whole=summed(rows), lag_p95=LOGS_LAG_S
    )


def _platform(truth: Truth, at: int) -> Observation:
    points = []
    for first in range(0, at - int(PLATFORM_LAG_S) - BIN_S + 1, BIN_S):
        rows = truth[first : first + BIN_S]
        counted, bad = sum(row.requests for row in rows) + BIN_S, sum(row.failures + (not row.probe) for row in rows)
        points.append(Bin(T0 + first, BIN_S, "", counted, bad))
    newest = points[-1].end if points else None
    return Observation(
        Source.PLATFORM,
        T0 + at,
        measured_at=newest,
        bins=tuple(points),
        lag_p95=PLATFORM_LAG_S,
        granularity_s=float(BIN_S),
    )


def _probe(truth: Truth, at: int) -> Observation:
    ok = truth[at].probe
    count = ProbeCount(T0 + at + 0.5, int(ok), int(not ok))
    second_host = None if ok else True
    return Observation(
        Source.PROBES_PRODUCTION,
        T0 + at + 0.6,
        measured_at=count.at,
        probes=(count,),
        lag_p95=0.1,
        second_host=second_host,
    )


def told(truth: Truth) -> list[Observation]:
    """Every reading of the window, in the order received, if nothing goes wrong; no two at the same moment."""
    found = [
        reading
        for at in SECONDS
        for reading in (
            replace(_logs(truth, at), at=T0 + at + 0.2),
            replace(_platform(truth, at), at=T0 + at + 0.4),
            _probe(truth, at),
        )
    ]
    return sorted(found, key=lambda one: one.at)


# -- what can go wrong -----------------------------------------------------------------------------------------------

WRONG = ("lose", "fail", "cut", "late", "delay", "repeat", "freeze", "ahead", "holes", "few")


@dataclass(frozen=True, slots=True)
class Mishap:
    """``what`` happens to readings of ``source`` received in [first, last) seconds; ``much``: how long, or how many."""

    what: str
    source: Source
    first: int
    last: int
    much: int


@dataclass(frozen=True, slots=True)
class Delivered:
    """A reading and the moment at which the judge hears it."""

    when: float
    seen: Observation


@st.composite
def mishaps(draw: st.DrawFn, what: Sequence[str] = WRONG, sources: Sequence[Source] = tuple(AGE_LIMITS)) -> Mishap:
    """One mishap, of any length; to the end as often as not."""
    first = draw(st.integers(0, LAST_S - 1))
    last = draw(st.just(LAST_S) | st.integers(first + 1, LAST_S))
    return Mishap(draw(st.sampled_from(what)), draw(st.sampled_from(sources)), first, last, draw(st.integers(1, 20)))


def _without_rows(seen: Observation, mishap: Mishap) -> Observation:
    """Bins (or points) lost: every one that begins in the mishap's time; or few rows left of each."""
    rows = []
    for row in seen.bins:
        hit = mishap.first <= row.start - T0 < mishap.last
        if hit and mishap.what == "holes":
            continue
        if hit and seen.source is Source.LOGS:
            left = row.requests // (mishap.much + 1)
            row = replace(row, requests=left, failures=min(row.failures, left))  # noqa: PLW2901 - the same row, thinner
        rows.append(row)
    kept = [row for row in rows if row.requests]
    if seen.source is Source.LOGS:
        newest = max((row.newest for row in kept if row.newest is not None), default=None)
        return replace(seen, bins=tuple(kept), whole=summed(kept), measured_at=newest)
    return replace(seen, bins=tuple(rows))


def _ahead(seen: Observation, seconds: int) -> Observation:
    """The same, dated some seconds further in the future than it is forgiven."""
    by = POLICY.skew_s + seconds + LAST_S
    bins = tuple(replace(row, newest=None if row.newest is None else row.newest + by) for row in seen.bins)
    counts = tuple(replace(probe, at=probe.at + by) for probe in seen.probes)
    dated = None if seen.measured_at is None else seen.measured_at + by
    return replace(seen, bins=bins, whole=(), probes=counts, measured_at=dated)


def _suffer(one: Delivered, mishap: Mishap, frozen: Observation | None) -> list[Delivered]:
    seen, when = one.seen, one.when
    match mishap.what:
        case "lose":
            return []
        case "fail":
            return [replace(one, seen=replace(seen, error="HTTP 503"))]
        case "cut":
            return [replace(one, seen=replace(seen, partial="a time-out"))]
        case "late":
            return [Delivered(when + mishap.much, replace(seen, at=seen.at + mishap.much))]
        case "delay":
            return [Delivered(when + mishap.much, seen)]
        case "repeat":
            return [one, Delivered(when + mishap.much, seen)]
        case "freeze" if frozen is not None:
            return [replace(one, seen=replace(frozen, at=seen.at))]
        case "ahead":
            return [replace(one, seen=_ahead(seen, mishap.much))]
        case _:
            return [one]


def suffer(stream: Iterable[Observation], happened: Sequence[Mishap]) -> list[Delivered]:
    """What reaches the judge, and when; in the order in which it does."""
    delivered = [Delivered(seen.at, seen) for seen in stream]
    for mishap in happened:
        frozen: Observation | None = None
        after: list[Delivered] = []
        for one in delivered:
            seen = one.seen
            if seen.source is not mishap.source:
                after.append(one)
            elif mishap.what in ("holes", "few"):
                after.append(replace(one, seen=_without_rows(seen, mishap)))
            elif mishap.first <= seen.at - T0 < mishap.last:
                frozen = frozen or seen
                after += _suffer(one, mishap, frozen)
            else:
                after.append(one)
        delivered = after
    return sorted(delivered, key=lambda one: one.when)


def new_judge() -> Judge:
    """A judge of the window, with a healthy baseline."""
    judge = Judge(POLICY, NEW, OLD, LOGS_LAG_S)
    judge.baseline(BEFORE)
    judge.t0(T0)
    return judge


def judged(delivered: Sequence[Delivered]) -> list[tuple[Verdict, list[Observation]]]:
    """A verdict every second, and around the decision also after every reading, each GO with what had been heard.

    Ends at the first ROLLBACK, which is the last word.
    """
    judge, heard = new_judge(), list[Observation]()
    ticks = [Delivered(T0 + second, Observation(Source.PROBES_SLOT, T0 + second)) for second in range(LAST_S + 12)]
    found: list[tuple[Verdict, list[Observation]]] = []
    for one in sorted([*delivered, *ticks], key=lambda one: one.when):
        if one.seen.source is not Source.PROBES_SLOT:
            judge.observe(one.seen)
            heard.append(one.seen)
            if one.when < DEADLINE - 1.0:
                continue
        verdict = judge.verdict(one.when)
        found.append((verdict, list(heard) if verdict.kind is VerdictKind.GO else []))
        if verdict.kind is VerdictKind.ROLLBACK:
            break
    return found
