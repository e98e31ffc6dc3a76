"""The parts of the early tests: excursions, the queue of blocks, the yardstick, what is visible by when, targets."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from cpr_cockpit.core.block_queue import BlockQueue
from cpr_cockpit.core.blocks import Block
from cpr_cockpit.core.events import BaselineTaken
from cpr_cockpit.core.excursion import Excursion
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.power import seconds_to_see, visible
from cpr_cockpit.core.signals import Observation, Source
from cpr_cockpit.core.targets import no_history, passing, target_missed
from cpr_cockpit.core.yardstick import THRESHOLDS, Yardstick, history_thresholds, yardstick
from cpr_cockpit.engine.block_range import BlockRange
from tests.core.observations import BEFORE, T0, evidence, logs, user_bin, whole_of

QUANTILES = (50.0, 120.0, 200.0)


def _excursion(pattern: str) -> Excursion:
    """A block of 15 s for each character: x is bad, . is good, blank has no requests."""
    found = Excursion(60.0)
    for index, one in enumerate(pattern):
        requests = 0 if one == " " else 100
        found.add(15.0 * index, 15.0 * index + 15.0, 20 if one == "x" else 0, requests, bad=one == "x")
    return found


@pytest.mark.parametrize(
    ("pattern", "since", "lasted"),
    [
        ("....", None, 0.0),
        ("..xx", 30.0, 30.0),
        ("xx..xx", 0.0, 90.0),  # a fault of half a minute in every minute is one fault
        ("xx....", 0.0, 30.0),
        ("xx.....", None, 0.0),
        ("xx.....x", 105.0, 15.0),
        ("x  x", 0.0, 60.0),
    ],
)
def test_since_when_it_is_bad(pattern: str, since: float | None, lasted: float) -> None:
    found = _excursion(pattern)
    assert (found.since, found.lasted) == (since, lasted)


def _block(start: float, requests: int, version: str = "new") -> Block:
    return Block(start, 15.0, version, requests, 0)


def test_a_block_is_handed_on_once_as_it_was_told_last() -> None:
    queue = BlockQueue()
    queue.take([_block(0.0, 5), _block(15.0, 9), _block(0.0, 4, "old")])
    assert list(queue.complete(14.0)) == []
    queue.take([_block(0.0, 7)])
    [first] = queue.complete(15.0)
    assert first == {"new": _block(0.0, 7)}
    queue.take([_block(0.0, 8), _block(15.0, 10)])
    assert [one["new"].requests for one in queue.complete(1e9)] == [10]
    assert list(queue.complete(1e9)) == []


def _history() -> list[Block]:
    operations = {"browse": (60, 1), "search": (40, 0)}
    return [
        replace(_block(15.0 * index, 100, "old"), failures=1, slow=(50, 5, 1, 95), operations=operations)
        for index in range(100)
    ]


def test_a_yardstick_survives_the_journal() -> None:
    found = yardstick(_history(), QUANTILES)
    assert found is not None
    assert Yardstick.from_dict(json.loads(json.dumps(found.to_dict()))) == found
    assert (found.requests, found.failures, found.share) == (10_000, 100, 0.01)
    assert found.rate == pytest.approx(100.0 / 15.0)
    assert found.above == pytest.approx((0.5, 0.05, 0.01))
    assert found.fast == pytest.approx(0.05)
    assert found.operations == {"browse": (6000, 100), "search": (4000, 0)}
    assert len(found.thresholds_ms) == len(THRESHOLDS)
    assert history_thresholds(QUANTILES) == (50.0, 120.0, 200.0, 25.0)


def test_without_requests_or_latencies_there_is_less_of_a_yardstick_or_none() -> None:
    assert yardstick([], QUANTILES) is None
    bare = yardstick([_block(0.0, 100, "old")], None)
    assert bare is not None
    assert bare.thresholds_ms == ()
    with pytest.raises(ValueError, match="yardstick"):
        Yardstick.from_dict({})


def test_blocks_that_may_change_are_asked_again_and_no_others() -> None:
    baseline = BaselineTaken(start=0.0, end=1.0, requests=0, failures=0, p50=None, p95=None, p99=None)
    blocks = BlockRange(15.0, 2.0)
    first = blocks.question(T0, T0 + 100.0, baseline)
    assert (first.start, first.end, first.length, first.thresholds_ms) == (T0, T0 + 105.0, 15.0, ())
    blocks.told(Observation(Source.LOGS, T0 + 600.0, lag_p95=10.0, blocks=(_block(T0, 5),)))
    later = blocks.question(T0, T0 + 615.0, baseline)
    assert later.start == T0 + 15.0 * (39 - 4)
    blocks.told(Observation(Source.LOGS, T0 + 900.0, partial="half", blocks=(_block(T0, 5),)))
    assert blocks.question(T0, T0 + 615.0, baseline) == later


def test_more_traffic_and_larger_faults_are_seen_sooner() -> None:
    policy = Policy()
    times = [seconds_to_see(0.08, 0.02, 0.004, rate, policy, 6.7) for rate in (1.0, 10.0, 100.0)]
    assert None not in times
    assert times == sorted(times, key=lambda one: -(one or 0.0))
    assert seconds_to_see(0.02, 0.02, 0.004, 100.0, policy, 6.7) is None
    assert seconds_to_see(0.5, 0.02, 0.004, 0.0, policy, 6.7) is None
    words = visible(100.0, 0.02, 0.004, policy, 6.7, 0.0, 900.0, 0.0)
    assert "a rise to 5.0 % is visible by about 00:02:45 UTC" in words
    assert "will not be before the deadline" in visible(0.1, 0.02, 0.004, policy, 6.7, 0.0, 900.0, 0.0)
    assert visible(0.0, 0.02, 0.004, policy, 6.7, 0.0, 900.0, 0.0).startswith("no traffic is known")


def _fifteen(bad: dict[int, int]) -> Observation:
    bins = [user_bin(index, 100, bad.get(index, 0)) for index in range(15)]
    row = replace(whole_of(bins)[0], requests=1500, failures=sum(bad.values()))
    return logs(bins, whole=[row])


@pytest.mark.parametrize(
    ("bad", "over"),
    [
        ({5: 10, 6: 12, 7: 9}, True),
        ({12: 10, 13: 12, 14: 9}, False),  # not over yet
        ({1: 10, 6: 12, 11: 9}, False),  # it comes again
        (dict.fromkeys(range(6), 12), False),  # too long for a spike
        ({5: 60, 6: 60, 7: 60}, False),  # too hard to be forgotten
    ],
)
def test_one_spike_that_is_over_does_not_decide_about_the_rest(bad: dict[int, int], over: bool) -> None:
    seen = evidence(_fifteen(bad))
    assert (passing(seen) is not None) is over
    assert (target_missed(seen) is None) is over


def test_without_any_history_nothing_can_be_called_no_slower() -> None:
    assert no_history(evidence(_fifteen({}))) is None
    doubt = no_history(evidence(_fifteen({}), before=None))
    assert doubt is not None
    assert "no history" in doubt.sentence
    assert no_history(evidence(_fifteen({}), before=replace(BEFORE, requests=0, failures=0))) == doubt
