"""The figures of production's validation as marks of its items: at the end of the window, and of what follows it."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.ports import Clock
from cpr_cockpit.core.run import Phase, Run
from cpr_cockpit.core.sensing import Reading, State
from cpr_cockpit.core.signals import Source
from cpr_cockpit.core.tally import reading
from cpr_cockpit.core.verdict import clock_time, percent
from cpr_cockpit.core.window_end import deadline_of
from cpr_cockpit.documents.papers.figures import Served, new_version, rate_before, served
from cpr_cockpit.engine.journal import JournalError
from cpr_cockpit.engine.journeying import mark
from cpr_cockpit.engine.recorder import Recorder
from cpr_cockpit.engine.validating_window import metrics, queries, window

log = logging.getLogger(__name__)

_BEFORE_S = 0.5
"""Seconds before the end of a stretch at which it is marked, so that whoever decides then sees it."""


class Validating:
    """Marks what the sources have told. Cancel it."""

    def __init__(self, recorder: Recorder, clock: Clock, policy: Policy) -> None:
        self._recorder = recorder
        self._clock = clock
        self._policy = policy

    async def go_on(self) -> None:
        """From T0 to the end of the extended validation."""
        run = self._recorder.run
        while run.t0 is None:
            await self._recorder.wait_news()
        last = run.t0 + self._policy.extended_s
        for first in (True, False):
            # The window may be extended meanwhile.
            while (left_s := self._end(last, first=first) - _BEFORE_S - self._clock.now()) > 0.0:
                await self._clock.sleep(left_s)
            if run.ended is not None or run.phase is Phase.ROLLING_BACK:
                return
            try:
                now = self._clock.now()
                of_window = window(run, self._policy, now) if first else ()
                for one in (*of_window, *readings(run, self._policy)):
                    mark(self._recorder, one, now)
            except JournalError:
                log.exception("what production's validation came to could not be recorded")
            except Exception:
                log.exception("production's validation could not be read")

    def _end(self, last: float, *, first: bool) -> float:
        """The end of the window, or of what follows it."""
        return (deadline_of(self._recorder.run, self._policy) or last) if first else last


def readings(run: Run, policy: Policy) -> Iterator[Reading]:
    """What is known of the items by now; of what nothing tells there is none."""
    yield from _probes(run)
    now = served(run, new_version(run))
    if now is not None:
        yield from _requests(run, now, policy)
        yield from _times(run, now, policy)
    yield from _steady(run, policy)
    yield from _load(run, policy)
    yield from queries(run, policy)
    yield from metrics(run, policy)


def _probes(run: Run) -> Iterator[Reading]:
    probes = run.tally.forward
    if probes.count and probes.last_at is not None:
        words = f"{probes.ok} of {probes.count} own probes since the switch answered 200 with a version"
        words += f", the last at {clock_time(probes.last_at)}"
        yield Reading("production-health.health", State.OK if probes.last_ok else State.FAILED, words)


def _requests(run: Run, now: Served, policy: Policy) -> Iterator[Reading]:
    before = rate_before(run)
    was = "" if before is None else f", before {percent(before)}"
    words = f"{now.failures} of n {now.requests} requests since the switch failed ({percent(now.rate)}), target "
    words += f"{percent(policy.target_error_rate)}{was}, read at {clock_time(now.read_at)}"
    no_worse = before is not None and now.rate <= before * (1.0 + policy.tolerance)
    state = State.OK if now.rate < policy.target_error_rate or no_worse else State.FAILED
    yield Reading("production-health.error-rate", state, words)
    # The logs count no 5xx by itself: `core.signals`.
    counted = f"{now.failures} of n {now.requests} requests since the switch were answered 5xx, or aborted or timed out"
    told = f"{counted}, read at {clock_time(now.read_at)}"
    yield Reading("production-health.no-5xx", State.NOTE if now.failures and state is State.OK else state, told)


def _times(run: Run, now: Served, policy: Policy) -> Iterator[Reading]:
    if now.p95 is None:
        return
    words = f"p95 {now.p95:.0f} ms of n {now.requests} requests, read at {clock_time(now.read_at)}"
    met = now.p95 < policy.target_p95_ms
    target = f"{words}, target {policy.target_p95_ms:g} ms"
    yield Reading("extended-performance.api", State.OK if met else State.FAILED, target)
    before = run.baseline.p95 if run.baseline is not None else None
    if before is not None:
        worse = now.p95 > before * policy.degradation and now.p95 - before >= policy.letter_ms
        compared = f"{words}, before {before:.0f} ms, allowed {policy.degradation:g} times that"
        yield Reading("extended-performance.no-degradation", State.FAILED if worse else State.OK, compared)


def _steady(run: Run, policy: Policy) -> Iterator[Reading]:
    """The later half of the bins beside the earlier one; below the target one failure more is none that grows."""
    body = run.readings.get(Source.LOGS.value)
    seen = reading(body) if body is not None else None
    rows = [one for one in seen.bins if one.version == new_version(run) and one.requests] if seen is not None else []
    if seen is None or len(rows) < 2:
        return
    halves = [rows[: len(rows) // 2], rows[len(rows) // 2 :]]
    (first, n_first), (last, n_last) = (
        (sum(one.failures for one in half), sum(one.requests for one in half)) for half in halves
    )
    words = f"{last} of n {n_last} failed in the later half of the bins, {first} of n {n_first} in the earlier"
    steady = last / n_last <= first / n_first or last / n_last < policy.target_error_rate
    state = State.OK if steady else State.FAILED
    yield Reading("extended-monitoring.error-rate", state, f"{words}, read at {clock_time(seen.at)}")


def _load(run: Run, policy: Policy) -> Iterator[Reading]:
    limits = {"CPU": policy.warning_cpu_percent, "memory": policy.warning_memory_percent}
    known = {name: run.tally.load[name] for name in limits if name in run.tally.load}
    if len(known) < len(limits):
        return
    words = ", ".join(
        f"{name} {one.last:.0f} % at {clock_time(one.at)}, highest {one.peak:.0f} %, warning {limits[name]:g} %"
        for name, one in known.items()
    )
    held = all(one.last < limits[name] for name, one in known.items())
    yield Reading("extended-monitoring.infrastructure", State.OK if held else State.FAILED, words)
