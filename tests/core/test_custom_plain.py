"""Custom signals whose figure is held against its limit as it is."""

from __future__ import annotations

from dataclasses import replace

from cpr_cockpit.core.blocks import Reading
from cpr_cockpit.core.custom import CustomSignals, Limit, SignalSpec
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.signals import Observation, Source
from cpr_cockpit.core.triggers import Finding
from cpr_cockpit.core.verdict import HoldCause, VerdictKind

T0 = 1_700_000_000.0
POLICY = Policy()
EVERY = 15.0
QUEUE = SignalSpec("queue", Limit.ABOVE, 100.0, for_s=300.0, every_s=EVERY, rollback=True)


class Gauge:
    """A plain figure, told every 15 s at a scale of 1."""

    def __init__(self, spec: SignalSpec = QUEUE, policy: Policy = POLICY) -> None:
        self.signals = CustomSignals([spec], policy)
        self.signals.begin(T0)
        self.now, self.name, self.step = T0, spec.name, EVERY * policy.scale

    def tell(self, value: float, times: int = 1) -> tuple[Finding, ...]:
        for _ in range(times):
            self.now += self.step
            reading = (Reading(self.name, value),)
            self.signals.take(
                Observation(Source.CUSTOM, self.now, measured_at=self.now, name=self.name, readings=reading)
            )
        return self.signals.findings(self.now)


def test_a_figure_beyond_its_limit_for_long_enough() -> None:
    gauge = Gauge()
    assert gauge.tell(100.0, 10) == ()
    (under_way,) = gauge.tell(130.0, 20)
    assert under_way.kind is VerdictKind.WAIT
    assert "its limit of 300 s is met at 22:21:05 UTC" in under_way.sentence
    (met,) = gauge.tell(131.0)
    assert met.kind is VerdictKind.ROLLBACK
    assert met.sentence == "queue: 131 is above 100, and has been since 22:16:05 UTC"


def test_one_good_figure_or_a_gap_begins_anew() -> None:
    gauge = Gauge()
    gauge.tell(130.0, 20)
    assert gauge.tell(90.0) == ()
    gauge.tell(130.0, 10)
    gauge.now += 200.0
    (found,) = gauge.tell(130.0, 20)
    assert found.kind is VerdictKind.WAIT


def test_below_and_a_short_window() -> None:
    policy = POLICY.scaled(90.0)
    gauge = Gauge(replace(QUEUE, limit=Limit.BELOW, rollback=False), policy)
    assert gauge.tell(100.0, 5) == ()
    (found,) = gauge.tell(99.0, 21)
    assert (found.kind, found.cause) == (VerdictKind.HOLD, HoldCause.SUSPICIOUS)


def test_the_display_of_a_count_is_no_plain_figure() -> None:
    spec = replace(QUEUE, bound=1.0, for_s=0.0)
    signals = CustomSignals([spec], POLICY)
    signals.begin(T0)
    readings = (Reading("queue", 50.0, "events"),)
    signals.take(Observation(Source.CUSTOM, T0 + 1, measured_at=T0, name="queue", readings=readings))
    assert signals.findings(T0 + 1) == ()
    signals.take(Observation(Source.CUSTOM, T0 + 2, measured_at=T0 + 2, name="queue", readings=(Reading("queue", 50),)))
    assert [one.kind for one in signals.findings(T0 + 2)] == [VerdictKind.ROLLBACK]
