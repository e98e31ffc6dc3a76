"""GO on synthetic evidence, as a property of the judge: never without all that must hold of it."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from cpr_cockpit.core.judge import Judge
from cpr_cockpit.core.own_steps import Walk
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.signals import Baseline, Bin, Observation, ProbeCount, Source
from cpr_cockpit.core.synthetic import SYNTHETIC, steps_needed
from cpr_cockpit.core.verdict import VerdictKind

T0, OLD, NEW = 1_750_000_000.0, "v1", "v2"
NOW = T0 + 1100.0
DELAY_S = 30.0


@dataclass(frozen=True)
class Night:
    """``before``: users' requests in the five minutes before T0; ``users``: in the window.

    ``own_age``: of the newest row that our own requests made; ``counted``: by the platform, of ``rows`` in the logs.
    ``walks``: steps of each, and whether it failed; ``last_gap``: seconds from the last one to the deadline.
    """

    on: bool
    before: int
    users: int
    own_age: float
    rows: int
    counted: int
    walks: tuple[tuple[int, bool], ...]
    last_gap: float
    probes_fail: bool


nights = st.builds(
    Night,
    on=st.sampled_from([True, True, True, False]),
    before=st.sampled_from([0, 5, 5, 1500]),
    users=st.integers(0, 20),
    own_age=st.sampled_from([31.0, 31.0, 400.0]),
    rows=st.sampled_from([1000, 1000, 300]),
    counted=st.sampled_from([1000, 1000, 1100]),
    walks=st.one_of(
        st.just(((4, False),) * 60),
        st.lists(st.tuples(st.integers(1, 8), st.booleans().map(lambda one: False)), max_size=60).map(tuple),
        st.lists(st.tuples(st.integers(1, 8), st.booleans()), min_size=40, max_size=60).map(tuple),
    ),
    last_gap=st.sampled_from([5.0, 5.0, 400.0]),
    probes_fail=st.sampled_from([False, False, False, True]),
)


def judged(one: Night) -> tuple[VerdictKind, str | None]:
    """The verdict of such a night, when the decision is due."""
    judge = Judge(Policy(synthetic_go=one.on), NEW, OLD, DELAY_S, early=False)
    judge.baseline(Baseline(one.before, 0, 80.0, 90.0, 100.0, T0 - 300.0, T0))
    judge.t0(T0)
    bins = tuple(Bin(T0 + 60.0 * at, 60.0, NEW, 1, 0, 80.0, 90.0, 100.0, None, T0 + 60.0 * at) for at in range(15))
    bins = bins[: one.users]
    whole = Bin(T0, NOW - T0, NEW, one.users, 0, 80.0, 90.0, 100.0, None, T0 + 60.0 * len(bins)) if one.users else None
    judge.observe(
        Observation(
            Source.LOGS,
            NOW,
            whole.newest if whole else None,
            bins,
            (whole,) if whole else (),
            lag_p95=DELAY_S,
            own_newest=NOW - one.own_age,
            all_rows=one.rows,
        )
    )
    points = tuple(Bin(T0 + 60.0 * at, 60.0, "", one.counted // 17, 0) for at in range(17))
    judge.observe(Observation(Source.PLATFORM, NOW, T0 + 1020.0, points, granularity_s=60.0, lag_p95=30.0))
    probe = ProbeCount(NOW - 1.0, int(not one.probes_fail), int(one.probes_fail))
    judge.observe(Observation(Source.PROBES_PRODUCTION, NOW, NOW - 1.0, probes=(probe,)))
    first = T0 + 900.0 - one.last_gap - len(one.walks)
    for number, (steps, failed) in enumerate(one.walks):
        began = first + number
        sent = tuple(began + 0.1 * step for step in range(steps))
        words = "journey goals failed" if failed else ""
        judge.walked(Walk(("", "goals", began + 0.9), began, began + 0.9, sent, 0 if failed else steps, words))
    verdict = judge.verdict(NOW)
    return verdict.kind, verdict.rule


def test_a_night_with_all_of_it_is_kept() -> None:
    calm = Night(True, 5, 15, 31.0, 1000, 1000, ((4, False),) * 40, 5.0, probes_fail=False)
    assert judged(calm) == (VerdictKind.GO, SYNTHETIC)


@given(nights)
def test_nothing_that_is_missing_carries_a_go(one: Night) -> None:
    kind, rule = judged(one)
    if kind is not VerdictKind.GO:
        return
    assert rule == SYNTHETIC
    assert one.on
    assert not any(failed for _, failed in one.walks)
    assert sum(steps for steps, _ in one.walks) >= steps_needed(Policy()) == 131
    assert one.own_age < 400.0
    assert one.rows >= 0.7 * one.counted * 16 / 17
    assert one.before < 1500
    assert one.last_gap < 400.0
    assert not one.probes_fail
