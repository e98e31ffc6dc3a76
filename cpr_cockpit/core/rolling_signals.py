"""Custom signals after GO: judged anew on every stretch, as the logs are, and joined to the judge's verdict.

A test's bound on false alarms holds for one stretch. So each is asked for so much more evidence that all the stretches
of the week together keep to the bound. A signal that is too seldom to be judged is told beside the verdict: it stays so
for the whole week, and as a HOLD it would hide everything else.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from cpr_cockpit.core.afterwards import STAGES, level
from cpr_cockpit.core.custom import CustomSignals, SignalSpec
from cpr_cockpit.core.decision import pending
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.signals import Observation, Source, staleness_limit
from cpr_cockpit.core.triggers import Finding
from cpr_cockpit.core.verdict import HoldCause, Verdict, VerdictKind


def _most_stretches() -> int:
    """How many stretches are judged up to the end of the week: one with every reading of the logs."""
    begins = (0.0, *(stage.until_s for stage in STAGES))
    return math.ceil(sum((stage.until_s - begin) / stage.poll_s for begin, stage in zip(begins, STAGES, strict=False)))


class RollingSignals:
    """What is known of the signals beyond one stretch.

    ``policy``: scaled. ``t0``: epoch seconds; a block that ends by then tells the time before the switch.
    """

    def __init__(self, specs: Sequence[SignalSpec], policy: Policy, t0: float) -> None:
        self._specs = {f"signal {spec.name}": spec for spec in specs}
        self._names = {spec.name for spec in specs}
        self._policy = replace(policy, early_alpha=policy.early_alpha / _most_stretches())
        self._t0 = t0
        self._history: dict[str, tuple[float, float]] = {}
        self._heard: set[str] = set()
        self._since: float | None = None

    def take(self, seen: Observation) -> None:
        """A reading of any source, in the order received."""
        if self._since is None:
            # Nobody asked the signals earlier than the first of all sources.
            self._since = seen.at
        if seen.source is not Source.CUSTOM or seen.name not in self._names or seen.error is not None:
            return
        self._heard.add(f"signal {seen.name}")
        for block in seen.blocks:
            if block.end <= self._t0:
                self._history.setdefault(seen.name, (block.requests, block.length))

    def on(self, start: float, length: float, poll_s: float) -> StretchSignals:
        """The signals on a stretch of which nothing is told yet; ``poll_s``: seconds between two readings."""
        custom = CustomSignals(tuple(self._specs.values()), replace(self._policy, window_s=length))
        custom.begin(start)
        custom.pace(poll_s)
        for name, (count, seconds) in self._history.items():
            custom.baseline(name, count, seconds)
        return StretchSignals(self, custom, start, poll_s)

    def unasked(self, finding: Finding, poll_s: float, now: float) -> bool:
        """Whether a signal is silent only because its first reading since the session began is still to come."""
        if finding.cause is not HoldCause.STALE or finding.rule in self._heard or self._since is None:
            return False
        spec = self._specs[finding.rule]
        pace_s = max(poll_s, spec.every_s * self._policy.scale)
        return now - self._since <= staleness_limit(pace_s, spec.delay_s)


class StretchSignals:
    """The signals on one stretch that begins at ``start``."""

    def __init__(self, known: RollingSignals, custom: CustomSignals, start: float, poll_s: float) -> None:
        self._known = known
        self._custom = custom
        self._start = start
        self._poll_s = poll_s

    def take(self, seen: Observation) -> None:
        """A reading; of its counts those that reach into the stretch, for the rest is no history of the switch."""
        inside = tuple(block for block in seen.blocks if block.end > self._start)
        self._custom.take(replace(seen, blocks=inside))

    def joined(self, verdict: Verdict) -> Verdict:
        """The verdict, or what a signal says where that is worse."""
        found = [
            one for one in self._custom.findings(verdict.at) if not self._known.unasked(one, self._poll_s, verdict.at)
        ]
        thin = "; ".join(one.sentence for one in found if one.cause is HoldCause.THIN)
        rising = [one for one in found if one.kind is VerdictKind.WAIT]
        words = tuple(f"{one.rule}: {one.sentence}" for one in rising)
        verdict = replace(
            verdict, pending=(*verdict.pending, *words), visible=f"not judged: {thin}" if thin else verdict.visible
        )
        told = [
            replace(verdict, kind=one.kind, cause=one.cause, rule=one.rule, sentence=one.sentence)
            for one in found
            if one.kind is VerdictKind.ROLLBACK or (one.kind is VerdictKind.HOLD and one.cause is not HoldCause.THIN)
        ]
        doubt = pending(rising)
        if doubt is not None:
            told.append(replace(verdict, kind=VerdictKind.HOLD, cause=doubt.cause, rule=None, sentence=doubt.sentence))
        return _worst((verdict, *told))


def _worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The first of the worst; one that speaks of no limit is no GO."""

    def rank(verdict: Verdict) -> float:
        found = level(verdict)
        return 0.5 if found is None else float(found[0])

    return max(verdicts, key=rank)
