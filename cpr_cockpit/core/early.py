"""Early detection: the written limits, decided as soon as the evidence is there; false alarms have a bound.

Blocks of users' requests go in once each, in the order of event time; findings come out. ROLLBACK needs evidence
against the limit, evidence against a control where there is one, a share that reaches the written limit, and time: as
long as the cause could be a dependency's passing spike or a cold start, a fault is only named. What a person must see,
though it is no reason to roll back by itself (one instance, the far tail, answers that are too fast), is HOLD.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from cpr_cockpit.core.blocks import Block, Counts
from cpr_cockpit.core.early_latency import LatencySignals
from cpr_cockpit.core.early_signals import Patience, Signal, share_signal
from cpr_cockpit.core.early_traffic import TrafficSignals
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.power import visible
from cpr_cockpit.core.triggers import Finding, written_words
from cpr_cockpit.core.verdict import EARLY, HoldCause, Rule, VerdictKind, clock_time, percent
from cpr_cockpit.core.yardstick import Yardstick

TESTS = 8
"""How many families of tests share alpha (Bonferroni)."""
_MOST_NAMES = 32
"""Operations that are tested by name: the history's busiest, and as many that it did not have."""
_SICK = 1.5
"""How much worse than a history that failed already a release must be to be blamed."""
_LEAST_EVENTS = 3


class EarlyTests:
    """All early tests of one release. ``yardstick`` None: no history, and only the limits themselves can be tested.

    ``share``: the new version's share of the traffic; None: not known. ``beside``: what the control is called.
    """

    def __init__(
        self,
        policy: Policy,
        t0: float,
        yardstick: Yardstick | None,
        share: float | None = 1.0,
        beside: str = "the old version",
    ) -> None:
        self._beside = beside
        self._policy = policy
        self._t0 = t0
        self._yardstick = yardstick
        self._share = share
        self._patience = Patience.of(policy)
        self._dead: list[Block] = []
        self._dead_requests = 0
        self._bound = math.log(TESTS / policy.early_alpha)
        self._limit = _limit_of(policy, yardstick.share, yardstick.recent_share) if yardstick else policy.early_limit
        rho = yardstick.rho_failures if yardstick else 2.5 * 0.004
        self._rho = rho
        self._usual = yardstick.share if yardstick else 0.005
        self._errors = share_signal(self._limit, rho, policy, usual=self._usual)
        self._known = _busiest(yardstick)
        self._strangers = 0
        self._operations: dict[str, Signal] = {}
        self._instances: dict[str, Signal] = {}
        self._latency = LatencySignals(policy, t0, yardstick, self._bound, beside) if yardstick else None
        self._traffic = TrafficSignals(policy, t0, yardstick, share, self._bound) if yardstick else None

    def add(self, new: Block | None, control: Block | None) -> None:
        """One stretch of time: what the new version did, and the old one beside it; None: not known."""
        if new is None:
            return
        if new.requests:
            all_failed = new.failures == new.requests
            self._dead = [*self._dead[:1], new] if all_failed else []
            self._dead_requests = self._dead_requests + new.requests if all_failed else 0
        served = None if control is None else (control.failures, control.requests)
        self._errors.add(new.start, new.end, (new.failures, new.requests), served)
        self._add_operations(new, control)
        self._add_instances(new)
        if self._latency is not None:
            self._latency.add(new, control)
        if self._traffic is not None:
            self._traffic.add(new, control)

    def _add_operations(self, new: Block, control: Block | None) -> None:
        for name, (requests, failures) in new.operations.items():
            signal = self._operations.get(name)
            if signal is None:
                if name not in self._known:
                    if self._strangers >= _MOST_NAMES:
                        continue
                    self._strangers += 1
                signal = self._operations[name] = share_signal(
                    self._limit_of(name), self._rho, self._policy, usual=self._usual
                )
            beside = control.operations.get(name) if control is not None else None
            served = None if beside is None else (beside[1], beside[0])
            signal.add(new.start, new.end, (failures, requests), served)

    def _limit_of(self, operation: str) -> float:
        known = self._yardstick.operations.get(operation) if self._yardstick else None
        if known is None or known[0] < self._policy.error_min_requests:
            return self._limit
        return max(self._limit, _limit_of(self._policy, known[1] / known[0], 0.0))

    def _add_instances(self, new: Block) -> None:
        if len(new.instances) < 2:
            return
        for name, (requests, failures) in new.instances.items():
            signal = self._instances.get(name)
            if signal is None:
                if len(self._instances) >= _MOST_NAMES:
                    continue
                signal = self._instances[name] = share_signal(self._limit, self._rho, self._policy, usual=self._usual)
            others = _others(new.instances, name)
            signal.add(new.start, new.end, (failures, requests), (others[1], others[0]))

    # -- what it answers -----------------------------------------------------------------------------------------

    def findings(self) -> tuple[Finding, ...]:
        """What speaks now; the first ROLLBACK decides."""
        found = [self._share_finding("", self._errors, self._bound)]
        bound = self._bound + math.log(max(1, len(self._operations)))
        found += [self._share_finding(name, signal, bound) for name, signal in self._operations.items()]
        found += [self._instance_finding(name, signal) for name, signal in self._instances.items()]
        if self._latency is not None:
            found += self._latency.findings(self._patience)
        if self._traffic is not None:
            found += self._traffic.findings()
        return tuple(one for one in found if one is not None)

    def _share_finding(self, operation: str, signal: Signal, bound: float) -> Finding | None:
        rule = f"{EARLY}: error rate" + (f" of {operation}" if operation else "")
        excursion = signal.excursion
        if not signal.rising() or excursion.events < _LEAST_EVENTS:
            return None
        words = self._words(operation, signal)
        if not signal.rejects(bound) or excursion.share < signal.least:
            return Finding(VerdictKind.WAIT, rule, words)
        if signal.has_control and not signal.control_rejects(bound):
            return Finding(VerdictKind.WAIT, rule, f"{words}; {self._beside} fails too, so the written trigger decides")
        if not signal.lasts(self._patience, bound):
            since = excursion.since or self._t0
            until = since + signal.needed(self._patience, bound)
            waits = f"a dependency's spike could explain it until {clock_time(until)}"
            return Finding(VerdictKind.WAIT, rule, f"{words}; {waits}")
        told = f"{words}; false-alarm bound 1 in {1.0 / self._policy.early_alpha:.0f}"
        if not operation:
            told += f"; {written_words(self._policy, self._t0, excursion.since or self._t0, self._policy.error_for_s)}"
        return Finding(VerdictKind.ROLLBACK, rule, told)

    def unavailable(self) -> Finding | None:
        """Every user request of the written time fails: the written trigger where no probe can say otherwise."""
        policy, before = self._policy, self._yardstick
        if not self._dead or self._dead_requests < policy.unavailable_min:
            return None
        if before is not None and before.recent_share >= 1.0:
            return None
        since, last = self._dead[0].start, self._dead[-1].end
        if last - since < policy.unavailable_for_s:
            return None
        sentence = f"{self._dead_requests} of {self._dead_requests} requests failed since {clock_time(since)}"
        return Finding(VerdictKind.ROLLBACK, Rule.UNAVAILABLE, f"{sentence} ({last - since:.0f} s)")

    def visible(self, now: float, deadline: float, lag_s: float) -> str:
        """What size of fault would be visible by when."""
        rate = self._yardstick.rate * (self._share or 0.0) if self._yardstick is not None else 0.0
        return visible(rate, self._limit, self._rho, self._policy, self._bound, now, deadline, lag_s)

    def _words(self, operation: str, signal: Signal) -> str:
        excursion, control = signal.excursion, signal.control_share
        name = f"{operation}: " if operation else ""
        words = (
            f"{name}{excursion.events} of {excursion.requests} requests failed since {clock_time(excursion.since or 0)}"
        )
        told = [f"early limit {percent(signal.limit.limit)}"]
        if control is not None:
            told.append(f"{self._beside} at the same time {percent(control)}")
        elif self._yardstick is not None:
            told.append(f"before {percent(self._before(operation))}")
        return f"{words} ({', '.join(told)})"

    def _before(self, operation: str) -> float:
        if self._yardstick is None:
            return 0.0
        requests, failures = self._yardstick.operations.get(operation, (0, 0))
        return failures / requests if requests else self._yardstick.share

    def _instance_finding(self, name: str, signal: Signal) -> Finding | None:
        bound = self._bound + math.log(max(1, len(self._instances)))
        if not signal.rejects(bound) or not signal.control_rejects(bound):
            return None
        excursion = signal.excursion
        if excursion.lasted < self._patience.controlled or excursion.events < _LEAST_EVENTS:
            return None
        others = signal.control_share or 0.0
        sentence = (
            f"instance {name}: {excursion.events} of {excursion.requests} requests failed since "
            f"{clock_time(excursion.since or 0)}, on the others {percent(others)}: one instance is sick, look at it"
        )
        return Finding(VerdictKind.HOLD, f"{EARLY}: one instance", sentence, HoldCause.SUSPICIOUS)


def _limit_of(policy: Policy, share: float, recent: float) -> float:
    """The share that a release must exceed to be blamed: the policy's, or well above what failed before it."""
    return min(0.9, max(policy.early_limit, _SICK * share, _SICK * recent))


def _busiest(yardstick: Yardstick | None) -> frozenset[str]:
    told = yardstick.operations if yardstick else {}
    return frozenset(sorted(told, key=lambda name: -told[name][0])[:_MOST_NAMES])


def _others(instances: Mapping[str, Counts], name: str) -> Counts:
    rest = [counts for other, counts in instances.items() if other != name]
    return sum(counts[0] for counts in rest), sum(counts[1] for counts in rest)
