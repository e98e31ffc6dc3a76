"""Requests that do not come, as logs and platform tell of them in production, where an empty block may be none."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pytest

from cpr_cockpit.core.blocks import OTHER, Block, Counts
from cpr_cockpit.core.judge import Judge
from cpr_cockpit.core.power import visible
from cpr_cockpit.core.signals import Baseline, Observation, Source
from cpr_cockpit.core.verdict import HoldCause, Verdict, VerdictKind
from cpr_cockpit.core.yardstick import yardstick
from tests.core.observations import NEW, OLD, T0, WRITTEN, logs, platform, probes, user_bin

BLOCK_S = 15.0
HISTORY_S = 3600.0


@dataclass
class Hour:
    """The hour before the switch: requests a second, the share that failed, and from when on there were users."""

    rate: float = 4.0
    failing: float = 0.0
    since: float = -HISTORY_S
    operations: Mapping[str, float] = field(default_factory=dict)

    def baseline(self, chance: random.Random) -> Baseline:
        blocks = [
            _block(T0 + at, OLD, _poisson(chance, self.rate * BLOCK_S) if at >= self.since else 0, self.failing, chance)
            for at in (-HISTORY_S + BLOCK_S * number for number in range(int(HISTORY_S / BLOCK_S)))
        ]
        stick = yardstick(blocks, None)
        return Baseline(2000, round(2000 * self.failing), 70.0, 120.0, 180.0, T0 - 300.0, T0, stick)


def _poisson(chance: random.Random, mean: float) -> int:
    return sum(1 for _ in itertools.takewhile(lambda at: at < mean, _arrivals(chance)))


def _arrivals(chance: random.Random) -> Iterator[float]:
    at = 0.0
    while True:
        at += chance.expovariate(1.0)
        yield at


def _block(at: float, version: str, requests: int, failing: float, chance: random.Random) -> Block:
    failed = sum(chance.random() < failing for _ in range(requests))
    return Block(at, BLOCK_S, version, requests, failed)


def window(
    before: Baseline, rate: float, chance: random.Random, *, told: float = 1.0, failing: float = 0.0
) -> list[tuple[float, Verdict]]:
    """A window minute by minute: ``rate`` requests a second come, a share ``told`` of them reaches the logs."""
    judge = Judge(WRITTEN, NEW, OLD, 2.0)
    judge.baseline(before)
    judge.t0(T0)
    said, bins, blocks, counted = [], [], [], []
    for minute in range(15):
        each = [_poisson(chance, rate * BLOCK_S) for _ in range(4)]
        counted.append((sum(each) + 60, 0))
        rows = [one if told == 1.0 else round(one * told) for one in each]
        blocks += [
            _block(T0 + 60.0 * minute + BLOCK_S * at, NEW, rows[at], failing, chance)
            for at in range(4)
            if rows[at] or minute == 0
        ]
        if sum(rows):
            failed = sum(one.failures for one in blocks[-4:])
            bins.append(user_bin(minute, sum(rows), min(failed, sum(rows)), p95=None))
        now = T0 + 60.0 * (minute + 1)
        judge.observe(probes(*(60.0 * minute + second for second in range(60)), second_host=True))
        judge.observe(platform(counted, at=now))
        seen = logs(bins, at=now, lag=1.0)
        judge.observe(
            Observation(seen.source, now, seen.measured_at, seen.bins, seen.whole, lag_p95=1.0, blocks=tuple(blocks))
        )
        said.append((now - T0, judge.verdict(now)))
    return said


def test_users_who_are_all_gone_are_told_by_the_platform_alone() -> None:
    chance = random.Random(1)
    said = window(Hour().baseline(chance), 0.0, chance)
    at, verdict = next((at, one) for at, one in said if one.kind is VerdictKind.ROLLBACK)
    assert verdict.rule == "early: requests vanished"
    assert "the platform counted 0 where about" in verdict.sentence
    assert at <= 120.0


def test_logs_that_are_lost_while_the_platform_counts_users_are_never_their_absence() -> None:
    chance = random.Random(2)
    said = window(Hour().baseline(chance), 4.0, chance, told=0.0)
    assert {one.kind for _, one in said} <= {VerdictKind.WAIT, VerdictKind.HOLD}
    assert said[-1][1].cause is HoldCause.STALE


@pytest.mark.parametrize("seed", range(6))
def test_a_history_of_half_a_minute_tells_of_no_rate(seed: int) -> None:
    chance = random.Random(seed)
    before = Hour(rate=13.0, since=-30.0).baseline(chance)
    assert before.yardstick is not None
    assert before.yardstick.rate == 0.0
    said = window(before, 0.44, chance)
    assert VerdictKind.ROLLBACK not in {one.kind for _, one in said}


@pytest.mark.parametrize("failing", [0.34, 0.5, 0.75, 0.9, 1.0])
def test_a_history_that_was_sick_through_and_through_stops_no_verdict(failing: float) -> None:
    chance = random.Random(3)
    said = window(Hour(failing=failing).baseline(chance), 4.0, chance, failing=1.0)
    # A production that hardly worked before the switch is no fault of the release: a person must look.
    worse = (VerdictKind.ROLLBACK, None) if failing <= 0.5 else (VerdictKind.HOLD, HoldCause.UNDECIDABLE)
    assert (said[-1][1].kind, said[-1][1].cause) == worse
    healthy = window(Hour(failing=failing).baseline(chance), 4.0, chance)
    assert VerdictKind.ROLLBACK not in {one.kind for _, one in healthy}


@pytest.mark.parametrize("limit", [0.02, 0.3, 0.49, 0.5, 0.75, 0.9])
@pytest.mark.parametrize("rate", [0.01, 1.0, 500.0])
def test_what_is_visible_is_said_for_every_limit(limit: float, rate: float) -> None:
    words = visible(rate, limit, 0.01, WRITTEN, 6.0, T0, T0 + 900.0, 60.0)
    assert words.startswith(("at ", f"{100.0 * limit / 2.0:.1f} %"))


def _told(chance: random.Random, shares: Mapping[str, float], mean: float, most: int) -> tuple[int, dict[str, Counts]]:
    """One block's operations as the logs tell them: the busiest of this very block by name."""
    counts = {name: _poisson(chance, mean * share) for name, share in shares.items()}
    busiest = sorted(counts, key=lambda name: -counts[name])[:most]
    told: dict[str, Counts] = {name: (counts[name], 0) for name in busiest if counts[name]}
    rest = sum(count for name, count in counts.items() if name not in busiest)
    return sum(counts.values()), told | ({OTHER: (rest, 0)} if rest else {})


@pytest.mark.parametrize("seed", range(4))
def test_an_operation_that_is_pooled_with_others_has_not_vanished(seed: int) -> None:
    chance = random.Random(seed)
    weights = {f"GET /{number}": 1.0 / number for number in range(1, 51)}
    shares = {name: weight / sum(weights.values()) for name, weight in weights.items()}

    def block(at: float, version: str) -> Block:
        requests, told = _told(chance, shares, 40.0 * BLOCK_S, 32)
        return Block(at, BLOCK_S, version, requests, 0, (), told)

    history = [block(T0 - HISTORY_S + BLOCK_S * number, OLD) for number in range(240)]
    judge = Judge(WRITTEN, NEW, OLD, 2.0, sources=(Source.LOGS,))
    judge.baseline(Baseline(2000, 0, 70.0, 120.0, 180.0, T0 - 300.0, T0, yardstick(history, None)))
    judge.t0(T0)
    bins = []
    for minute in range(15):
        found = [block(T0 + 60.0 * minute + BLOCK_S * at, NEW) for at in range(4)]
        bins.append(user_bin(minute, sum(one.requests for one in found)))
        now = T0 + 60.0 * (minute + 1) + 1.0
        seen = logs(bins, at=now, lag=1.0)
        judge.observe(
            Observation(seen.source, now, seen.measured_at, seen.bins, seen.whole, lag_p95=1.0, blocks=tuple(found))
        )
        assert "vanished" not in (judge.verdict(now).rule or "")
