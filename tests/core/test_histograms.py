"""Latency histograms: edges, thresholds and quantiles, against the latencies themselves."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpr_cockpit.core.histograms import Edges, above, merge
from tests.core.judge_streams import EDGES_MS

EDGES = Edges(list(EDGES_MS))
LATENCIES = st.lists(st.floats(1.0, 30_000.0), min_size=1, max_size=60)


def _counted(latencies: list[float]) -> tuple[tuple[int, int], ...]:
    return tuple(sorted(Counter(EDGES.at_least(ms) for ms in latencies).items()))


def _merged(latencies: list[float]) -> list[int]:
    counts = [0] * (len(EDGES.ms) + 1)
    merge(counts, _counted(latencies))
    return counts


@given(LATENCIES, st.sampled_from([0.05, 0.5, 0.95, 0.99, 1.0]))
def test_a_quantile_is_right_to_a_bucket(latencies: list[float], share: float) -> None:
    true = sorted(latencies)[math.ceil(share * len(latencies) - 1e-9) - 1]
    found = EDGES.quantile(_merged(latencies), share)
    assert found is not None
    assert true / 2.0 ** (1.0 / 8.0) * (1 - 1e-5) <= found <= true * 2.0 ** (1.0 / 8.0) * (1 + 1e-5)


@given(LATENCIES, st.integers(0, len(EDGES_MS) - 1))
def test_above_counts_what_took_longer_than_the_edge(latencies: list[float], bucket: int) -> None:
    edge = EDGES.ms[bucket]
    certain = [ms for ms in latencies if abs(ms / edge - 1.0) > 1e-5]
    assert above(_counted(certain), bucket) == sum(ms > edge for ms in certain)


@given(LATENCIES, LATENCIES)
def test_merging_loses_nothing(one: list[float], other: list[float]) -> None:
    counts = _merged(one)
    merge(counts, _counted(other))
    assert counts == _merged(one + other)


@pytest.mark.parametrize("edge", [EDGES_MS[0], EDGES_MS[44], EDGES_MS[-1]])
@pytest.mark.parametrize("slack", [1.0, 1.0 + 1e-8, 1.0 - 1e-8])
def test_a_threshold_on_an_edge_is_that_edge_though_it_was_rounded(edge: float, slack: float) -> None:
    assert EDGES.ms[EDGES.at_least(round(edge * slack, 6))] == edge


def test_what_lies_beyond_the_last_edge_is_the_last_edge() -> None:
    assert EDGES.quantile([0] * len(EDGES.ms) + [9], 0.5) == EDGES.ms[-1]
    assert EDGES.at_least(1e9) == len(EDGES.ms)
    assert above(((len(EDGES.ms), 9),), EDGES.at_least(1e9)) == 0
    assert above(((len(EDGES.ms), 9),), len(EDGES.ms) - 1) == 9


def test_buckets_that_do_not_exist_are_overflow() -> None:
    counts = [0, 0, 0]
    merge(counts, ((0, 1), (2, 2), (900, 4)))
    assert counts == [1, 0, 6]


def test_no_counts_have_no_quantile() -> None:
    assert EDGES.quantile([0] * 122, 0.5) is None
    assert EDGES.quantile([], 0.5) is None


@pytest.mark.parametrize("edges", [[1.0, 1.0], [2.0, 1.0], [1.0, math.inf], [math.nan], [1.0, "2"], [None]])
def test_edges_that_do_not_rise_are_refused(edges: object) -> None:
    with pytest.raises(ValueError, match="edges_ms"):
        Edges(edges)
