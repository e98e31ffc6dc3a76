"""Custom signals: figures that a team names in its configuration, judged by the same tests as the users' requests.

Counts are held against the hour before the switch, or against a fixed rate, by a sequential Poisson test; failed
shares against their limit by the sequential binomial test; a plain figure by how long it stays beyond its limit, as the
written triggers are. A signal that tells nothing is never healthy: it is HOLD *stale*, and one whose complete failure
could not have shown in the window is HOLD *thin*.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from cpr_cockpit.core.custom_spec import Limit, SignalSpec
from cpr_cockpit.core.custom_tests import CountTest, Judged, LastingTest, Pace, ShareTest
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.signals import Observation, Source, freshness, staleness_limit
from cpr_cockpit.core.triggers import Finding
from cpr_cockpit.core.verdict import HoldCause, VerdictKind, clock_time

__all__ = ["CustomSignals", "Limit", "SignalSpec"]

# An end of a block and the beginning of the next are told apart by rounding alone.
_ROUNDING_S = 1e-3


class CustomSignals:
    """The judge of all custom signals of one run. ``policy``: already scaled to the window.

    Feed it in the order received: `begin`, `take`; readings of other sources and of signals that nobody named change
    nothing, nor do duplicates and readings out of order.
    """

    def __init__(self, specs: Sequence[SignalSpec], policy: Policy) -> None:
        if len({spec.name for spec in specs}) < len(specs):
            raise ValueError("custom signals: every signal has a name of its own")
        # All of them share the chance of accusing a release that keeps to every limit.
        threshold = math.log(max(1, len(specs)) / policy.early_alpha)
        self._watched = {spec.name: _Watched(spec, policy, threshold) for spec in specs}

    def begin(self, t0: float) -> None:
        """Traffic was seen to switch at ``t0``; what came of another switch is forgotten."""
        for one in self._watched.values():
            one.begin(t0)

    def baseline(self, name: str, count: float, seconds: float) -> None:
        """What a signal counted in ``seconds`` before the switch; its own readings may tell it too."""
        if name in self._watched:
            self._watched[name].history(count, seconds)

    def take(self, seen: Observation) -> None:
        """One reading."""
        if seen.source is Source.CUSTOM and seen.name in self._watched:
            self._watched[seen.name].take(seen)

    def pace(self, every_s: float) -> None:
        """From now on no signal is asked more often than that (after the window); its age is judged by it."""
        for one in self._watched.values():
            one.pace(every_s)

    def findings(self, now: float) -> tuple[Finding, ...]:
        """What the signals say at ``now``, in the order of the configuration; nothing from those that are calm."""
        return tuple(found for one in self._watched.values() for found in one.findings(now))


class _Watched:
    """One signal so far."""

    def __init__(self, spec: SignalSpec, policy: Policy, threshold: float) -> None:
        self._spec, self._policy, self._threshold = spec, policy, threshold
        self._every_s = self._poll_s = max(policy.poll_floor_s, spec.every_s * policy.scale)
        blocks = max(1, math.ceil(policy.window_s / self._every_s))
        self._pace = Pace(blocks, self._every_s, max(policy.early_calm_s, 2.0 * self._every_s))
        self._t0: float | None = None
        self._forget()

    def _forget(self) -> None:
        self._received = -math.inf
        self._newest: float | None = None
        self._until = -math.inf
        self._lag_s = self._spec.delay_s
        self._future = False
        self._words = ""
        self._history: tuple[float, float] | None = None
        self._test: CountTest | ShareTest | LastingTest | None = None

    # -- what it is told ------------------------------------------------------------------------------------------

    def begin(self, t0: float) -> None:
        if self._t0 not in (None, t0):
            self._forget()
        self._t0, self._until = t0, max(t0, self._until)

    def pace(self, every_s: float) -> None:
        self._poll_s = max(self._every_s, every_s)

    def history(self, count: float, seconds: float) -> None:
        """The first that is told stays: one told later may reach into the window."""
        if self._history is None and seconds > 0.0:
            self._history = (count, seconds)

    def take(self, seen: Observation) -> None:
        """A failed, partial or future reading leaves the figures as they were."""
        if self._t0 is None or seen.at < self._received:
            return
        self._received = seen.at
        self._words = seen.error or (f"partial answer: {seen.partial}" if seen.partial is not None else "")
        if self._words:
            return
        dates = [seen.measured_at or 0.0, *(block.end for block in seen.blocks)]
        self._future = max(dates) > seen.at + self._policy.skew_s
        if self._future:
            return
        self._lag_s = self._spec.delay_s if seen.lag_p95 is None else max(0.0, seen.lag_p95)
        for block in seen.blocks:
            if block.end <= self._t0:
                self.history(block.requests, block.length)
            elif block.start >= self._until - _ROUNDING_S:
                # What begins before the end of the last one has been counted in part: it tells nothing sure.
                self._until = block.end
                self._counted(block.start, block.length, block.requests, block.failures)
        self._take_value(seen)
        if seen.measured_at is not None:
            self._newest = seen.measured_at if self._newest is None else max(self._newest, seen.measured_at)

    def _counted(self, start: float, length: float, requests: int, failures: int) -> None:
        if self._spec.limit is Limit.SHARE_ABOVE:
            if not isinstance(self._test, ShareTest):
                self._test = ShareTest(self._spec, self._pace)
            self._test.add(start, length, failures, requests)
            return
        if self._spec.against_history and self._history is None:
            return
        if not isinstance(self._test, CountTest):
            self._test = CountTest(self._spec, self._pace, self._history)
        self._test.add(start, length, requests)

    def _take_value(self, seen: Observation) -> None:
        # A figure with a unit is the display of what the blocks count.
        plain = (one.value for one in seen.readings if one.name == self._spec.name and not one.unit)
        value = next(plain, None)
        if value is None or seen.measured_at is None or self._spec.limit not in (Limit.ABOVE, Limit.BELOW):
            return
        if not isinstance(self._test, LastingTest):
            self._test = LastingTest(self._spec, self._spec.for_s * self._policy.scale)
        self._test.add(seen.measured_at, value, staleness_limit(self._poll_s, self._lag_s))

    # -- what it says ---------------------------------------------------------------------------------------------

    def findings(self, now: float) -> Iterator[Finding]:
        if self._t0 is None:
            return
        judged = self._test.judged(self._threshold) if self._test is not None else None
        if judged is not None:
            yield self._said(judged)
        stale = self._stale(now, self._t0)
        if stale:
            yield self._finding(VerdictKind.HOLD, stale, HoldCause.STALE)
        elif now >= self._t0 + self._policy.window_s and (thin := self._thin()):
            yield self._finding(VerdictKind.HOLD, thin, HoldCause.THIN)

    def _said(self, judged: Judged) -> Finding:
        words = judged.sentence
        if not judged.breached:
            return self._finding(VerdictKind.WAIT, words)
        if judged.inferred:
            words += f"; false-alarm bound 1 in {math.exp(self._threshold):.0f}"
        if not self._spec.rollback:
            return self._finding(VerdictKind.HOLD, words, HoldCause.SUSPICIOUS)
        patience = self._policy.early_patience_s
        if judged.inferred and judged.lasted < patience - _ROUNDING_S:
            # Only time tells a release's fault from a dependency's passing spike; a plain figure has its own time.
            waits = f"a dependency's spike could explain it until {clock_time(judged.since + patience)}"
            return self._finding(VerdictKind.WAIT, f"{words}; {waits}")
        return self._finding(VerdictKind.ROLLBACK, words)

    def _finding(self, kind: VerdictKind, sentence: str, cause: HoldCause | None = None) -> Finding:
        return Finding(kind, f"signal {self._spec.name}", f"{self._spec.name}: {sentence}", cause)

    def _stale(self, now: float, t0: float) -> str:
        fresh = freshness(
            Source.CUSTOM,
            newest=self._newest,
            since=t0,
            now=now,
            poll_s=self._poll_s,
            lag_s=self._lag_s,
            skew_s=self._policy.skew_s,
            future=self._future,
        )
        if not fresh.stale:
            return ""
        why = f" ({self._words})" if self._words else ""
        if fresh.future:
            return f"its last answer is dated ahead of this machine's clock{why}"
        if fresh.age_s is None:
            return f"it has told nothing since the switch{why}"
        return f"its newest figure is {fresh.age_s:.0f} s old, {fresh.limit_s:.0f} s are allowed{why}"

    def _thin(self) -> str:
        """Why the whole window could not have shown a failure of this signal, "" where it could."""
        if self._spec.against_history and self._history is None:
            return "nothing is known of the hour before the switch, so it is held against nothing"
        return "" if self._test is None else self._test.blind(self._threshold)
