"""What a run of the protocol keeps of its scrapes: arms, history, minutes, what is known, what only repeats."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from cpr_cockpit.core.histograms import Edges
from cpr_cockpit.core.scrapes import Arm, History, Ledger, Minutes, Repeats, arm_of
from cpr_cockpit.core.yardstick import THRESHOLDS
from tests.core.judge_streams import EDGES_MS, Health, Night, since

EDGES = Edges(list(EDGES_MS))
ARM: dict[str, Any] = {"requests": 10, "errors": 1, "hist": [[44, 6], [50, 4]], "endpoints": {"a": [10, 1]}}


def _arm(**changes: Any) -> Arm:
    found = arm_of(ARM | changes, EDGES)
    assert found is not None
    return found


# -- arms --------------------------------------------------------------------------------------------------------------


def test_an_arm_is_what_it_was_told() -> None:
    found = _arm(instances={"i1": [4, 0]}, weight=20)
    assert found == Arm(10, 1, ((44, 6), (50, 4)), {"a": (10, 1)}, {"i1": (4, 0)}, 20.0)


@pytest.mark.parametrize(
    "hist",
    [
        None, {}, "many", [[44, 9]], [[44, 6], [50, 5]], [[44, 6], [50]], [[44, 10.0]], [[-1, 10]], [[999, 10]],
        [[44, True]],
    ],
)  # fmt: skip
def test_a_histogram_that_is_none_or_does_not_add_up_is_left_out(hist: Any) -> None:
    assert _arm(hist=hist).hist == ()


def test_names_with_counts_that_cannot_be_are_left_out_and_only_so_many_are_kept() -> None:
    named = {"good": [5, 1], "more failures": [5, 6], "text": ["5", 1], "one": [5], "none": None}
    assert _arm(endpoints=named).endpoints == {"good": (5, 1)}
    flood = _arm(endpoints={"n" * 500 + str(index): [1, 0] for index in range(500)}).endpoints
    assert len(flood) <= 64
    assert max(map(len, flood)) <= 200


@pytest.mark.parametrize("weight", [0, -1, True, "20", None, float("nan"), float("inf"), 10**400])
def test_a_weight_that_is_none_is_one(weight: Any) -> None:
    assert _arm(weight=weight).weight == 1.0


# -- the history -------------------------------------------------------------------------------------------------------


def _history(night: Night) -> History:
    history = History(EDGES)
    for message in night.messages():
        if message["type"] == "obs" and message["t"] <= 0:
            arm = arm_of(message["base"], EDGES)
            assert arm is not None
            history.add(message["t"], message["interval"], arm)
    return history


def test_the_baseline_is_the_history_and_its_yardstick() -> None:
    found = _history(Night(rate=30.0, old=lambda _: Health(failing=0.01))).baseline(1.0)
    stick = found.yardstick
    assert stick is not None
    assert (found.start, found.end) == (-1800.0, 0.0)
    assert found.rate == pytest.approx(0.01, rel=0.2)
    assert found.p50 == pytest.approx(50.0, rel=0.05)
    assert found.p95 == pytest.approx(50.0 * 2.718281828 ** (1.645 * 0.45), rel=0.05)
    assert stick.rate == pytest.approx(30.0, rel=0.1)
    assert (stick.requests, stick.failures) == (found.requests, found.failures)
    assert set(stick.operations) == {"browse", "search", "checkout", "admin"}
    # Thresholds lie on edges, so the shares above them are not exactly a half and a twentieth.
    assert 0.35 < stick.above[0] <= 0.5
    assert 0.03 < stick.above[1] <= 0.05
    assert len(stick.thresholds_ms) == len(THRESHOLDS)


def test_a_fault_that_began_just_before_the_switch_shows_in_the_newest_minutes() -> None:
    stick = _history(Night(rate=30.0, old=since(-300.0, Health(failing=0.3)))).baseline(1.0).yardstick
    assert stick is not None
    assert stick.recent_share == pytest.approx(0.3, abs=0.03)
    assert stick.share < 0.07


def test_history_told_twice_or_frozen_is_told_once_and_an_hour_of_it_is_kept() -> None:
    history = History(EDGES)
    for t in (-60.0, -60.0, -45.0, -30.0):
        history.add(t, 15.0, _arm())
    assert history.requests == 10
    rows = History(EDGES)
    for index in range(1000):
        rows.add(-15.0 * (1000 - index), 15.0, _arm(errors=index % 7))
    assert rows.baseline(1.0).start == -15.0 * 240 - 15.0


def test_order_does_not_matter_to_the_baseline() -> None:
    rows = [(-15.0 * index, _arm(errors=index % 7)) for index in range(1, 60)]
    sorted_, shuffled = History(EDGES), History(EDGES)
    for t, arm in sorted(rows, key=lambda row: row[0]):
        sorted_.add(t, 15.0, arm)
    random.Random(4).shuffle(rows)
    for t, arm in rows:
        shuffled.add(t, 15.0, replace(arm))
    one, other = sorted_.baseline(1.0), shuffled.baseline(1.0)
    assert (one.requests, one.p95, one.start, one.end) == (590, other.p95, other.start, other.end)


def test_a_history_without_latencies_has_none_and_counts_nothing_above() -> None:
    history = History(EDGES)
    for index in range(5):
        history.add(-15.0 * index, 15.0, _arm(hist=None, errors=index))
    found = history.baseline(1.0)
    assert (found.p50, found.p95, found.p99) == (None, None, None)
    assert found.yardstick is not None
    assert found.yardstick.thresholds_ms == ()
    assert history.slow(_arm()) == ()


def test_slow_counts_fall_with_the_threshold() -> None:
    history = _history(Night(rate=30.0))
    history.baseline(1.0)
    counts = history.slow(_arm(requests=100, hist=[[20, 10], [46, 60], [60, 20], [90, 10]]))
    assert len(counts) == len(THRESHOLDS)
    assert counts[0] == 90
    assert list(counts[1:7]) == sorted(counts[1:7], reverse=True)
    assert history.slow(_arm(requests=0, errors=0, hist=[])) == (0,) * len(THRESHOLDS)
    assert history.slow(_arm(hist=None)) == ()


# -- minutes, the ledger, repeats --------------------------------------------------------------------------------------


def test_scrapes_add_up_to_minutes_and_to_the_whole() -> None:
    minutes = Minutes(60.0, EDGES)
    told = [minutes.add("new", t - 7.5, t, _arm(weight=2.0)) for t in (15.0, 30.0, 45.0, 60.0, 75.0)]
    assert [row.requests for row in told[3]] == [40]
    first, second = told[4]
    assert (first.start, first.requests, first.failures, first.total) == (0.0, 40, 4, 80.0)
    assert (second.start, second.requests, second.newest, second.last_ok) == (60.0, 10, 75.0, 75.0)
    [whole] = minutes.whole(75.0)
    assert (whole.requests, whole.failures, whole.length) == (50, 5, 75.0)
    assert whole.p50 == pytest.approx(EDGES_MS[44], rel=0.02)


def test_a_scrape_that_comes_late_adds_to_its_minute_or_tells_nothing_of_it() -> None:
    minutes = Minutes(60.0, EDGES)
    for t in range(15, 1801, 15):
        minutes.add("new", t - 7.5, float(t), _arm())
    late = minutes.add("new", 67.5, 75.0, _arm())
    assert [(row.start, row.requests) for row in late if row.start == 60.0] == [(60.0, 50)]
    for t in range(1815, 6001, 15):
        minutes.add("new", t - 7.5, float(t), _arm())
    assert minutes.add("new", 67.5, 75.0, _arm()) == []


def test_percentiles_are_told_where_most_latencies_are() -> None:
    minutes = Minutes(60.0, EDGES)
    minutes.add("new", 7.5, 15.0, _arm(hist=None))
    [row] = minutes.add("new", 22.5, 30.0, _arm())
    assert row.p95 is None
    [row] = minutes.add("new", 37.5, 45.0, _arm(requests=20, hist=[[44, 20]]))
    assert row.p95 == pytest.approx(EDGES_MS[50], rel=0.1)


def test_a_minute_in_which_everything_fails_has_no_success() -> None:
    minutes = Minutes(60.0, EDGES)
    [row] = minutes.add("new", 7.5, 15.0, _arm(errors=10))
    assert row.last_ok is None
    assert minutes.add("new", 22.5, 30.0, _arm(requests=0, errors=0, hist=[]))[0].newest == 15.0


def test_the_ledger_knows_what_was_told_and_how_much_of_the_time() -> None:
    ledger = Ledger()
    assert ledger.covered(0.0, 900.0) is None
    for index in range(1, 41):
        ledger.add(15.0 * index, 15.0)
    assert ledger.knows(300.0)
    assert ledger.knows(300.0001)
    assert not ledger.knows(307.5)
    assert ledger.covered(900.0, 900.0) == pytest.approx(600 / 900)
    assert ledger.covered(5000.0, 900.0) == pytest.approx(600 / 900)
    assert ledger.covered(600.0, 900.0) == 1.0
    # A scrape that began before the switch tells only of the time since.
    early = Ledger()
    early.add(10.0, 60.0)
    assert early.covered(100.0, 900.0) == pytest.approx(0.1)


def test_a_repeated_scrape_is_told_from_one_that_is_alike() -> None:
    repeats = Repeats()
    assert [repeats.new(_arm()) for _ in range(3)] == [False, True, True]
    assert not repeats.new(_arm(errors=2))
    assert not repeats.base(_arm(errors=2))
    assert repeats.base(_arm(errors=2))
    few = Repeats()
    assert not any(few.new(_arm(requests=1, errors=0, hist=[[44, 1]])) for _ in range(20))
    bare = Repeats()
    assert [bare.new(_arm(hist=None)) for _ in range(5)] == [False, False, False, True, True]
