"""Observations: there and back by JSON, what is refused, and how old a source may be."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpr_cockpit.core.blocks import Reading
from cpr_cockpit.core.signals import (
    Baseline,
    Bin,
    Freshness,
    Observation,
    ProbeCount,
    Source,
    freshness,
    staleness_limit,
)
from tests.core.observations import BEFORE, NEW, OLD, T0, logs, probes, user_bin

finite = st.floats(allow_nan=False, allow_infinity=False, width=32)
maybe = st.none() | finite


@st.composite
def bins(draw: st.DrawFn) -> Bin:
    requests = draw(st.integers(0, 10_000))
    return Bin(
        start=draw(finite),
        length=draw(st.floats(0, 3600)),
        version=draw(st.sampled_from([NEW, OLD, ""])),
        requests=requests,
        failures=draw(st.integers(0, requests)),
        p50=draw(maybe),
        p95=draw(maybe),
        p99=draw(maybe),
        total=draw(maybe),
        newest=draw(maybe),
        last_ok=draw(maybe),
    )


probe_counts = st.builds(
    ProbeCount,
    at=finite,
    ok=st.integers(0, 60),
    failed=st.integers(0, 60),
    versions=st.lists(st.sampled_from([NEW, OLD]), max_size=2).map(tuple),
)
readings = st.builds(
    Reading,
    name=st.text(max_size=10),
    value=maybe,
    unit=st.sampled_from(["share", "ms", ""]),
    n=st.none() | st.integers(0, 10_000),
    limit=maybe,
    before=maybe,
)
observations = st.builds(
    Observation,
    source=st.sampled_from(Source),
    at=finite,
    measured_at=maybe,
    bins=st.lists(bins(), max_size=3).map(tuple),
    whole=st.lists(bins(), max_size=2).map(tuple),
    probes=st.lists(probe_counts, max_size=3).map(tuple),
    readings=st.lists(readings, max_size=3).map(tuple),
    name=st.text(max_size=10),
    lag_p95=maybe,
    granularity_s=maybe,
    second_host=st.none() | st.booleans(),
    cpu_percent=maybe,
    memory_percent=maybe,
    partial=st.none() | st.text(max_size=10),
    error=st.none() | st.text(max_size=10),
)


@given(observations)
def test_an_observation_survives_the_journal(seen: Observation) -> None:
    assert Observation.from_dict(json.loads(json.dumps(seen.to_dict()))) == seen


def test_absent_members_are_left_out_of_the_journal_and_zeros_are_not() -> None:
    seen = Observation(Source.PLATFORM, 5.0, lag_p95=0.0, cpu_percent=0.0, second_host=False)
    body = {"source": "platform", "at": 5.0, "lag_p95": 0.0, "cpu_percent": 0.0, "second_host": False}
    assert seen.to_dict() == body


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"at": 1.0},
        {"source": "logs"},
        {"source": "rumours", "at": 1.0},
        {"source": "logs", "at": None},
        {"source": "logs", "at": "now"},
        {"source": "logs", "at": 1.0, "mood": "good"},
        {"source": "logs", "at": 1.0, "bins": None},
        {"source": "logs", "at": 1.0, "bins": [{"start": 1.0}]},
        {"source": "logs", "at": 1.0, "bins": [7]},
        {"source": "probes_slot", "at": 1.0, "probes": [{"at": 1.0, "ok": 1}]},
        {"source": "probes_slot", "at": 1.0, "probes": [{"at": 1.0, "ok": -1, "failed": 0}]},
    ],
)
def test_a_body_that_is_no_observation_is_a_value_error(body: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        Observation.from_dict(body)


@pytest.mark.parametrize(
    "change",
    [
        {"failures": 11},
        {"failures": -1},
        {"requests": -1, "failures": -1},
        {"start": math.nan},
        {"length": -1.0},
        {"length": math.inf},
        {"p95": math.nan},
        {"newest": math.inf},
        {"last_ok": -math.inf},
        {"total": math.nan},
    ],
)
def test_a_bin_that_cannot_be_is_refused(change: dict[str, Any]) -> None:
    members: dict[str, Any] = {"start": 0.0, "length": 60.0, "version": NEW, "requests": 10, "failures": 0}
    Bin(**members)
    with pytest.raises(ValueError, match="bin: "):
        Bin(**{**members, **change})


@pytest.mark.parametrize("name", ["at", "measured_at", "lag_p95", "granularity_s", "cpu_percent", "memory_percent"])
def test_a_reading_with_a_figure_that_is_none_is_refused(name: str) -> None:
    members: dict[str, Any] = {"source": Source.LOGS, "at": 1.0, name: math.nan}
    with pytest.raises(ValueError, match="every figure is finite"):
        Observation(**members)


def test_a_rate_is_of_rows_and_a_total_is_what_they_stand_for() -> None:
    sampled = Bin(0.0, 60.0, NEW, 40, 10, total=400.0)
    assert (sampled.rate, sampled.scaled_total, sampled.end) == (0.25, 400.0, 60.0)
    assert Bin(0.0, 60.0, NEW, 0, 0).rate == 0.0
    assert Bin(0.0, 60.0, NEW, 40, 10).scaled_total == 40.0


def test_an_observation_sums_what_it_holds() -> None:
    seen = logs([user_bin(0, 100, 3), user_bin(1, 50, 1), user_bin(1, 10, 0, version=OLD)])
    assert (seen.requests, seen.failures, seen.versions) == (160, 4, (OLD, NEW))
    told = Observation(Source.PROBES_SLOT, T0, probes=(ProbeCount(T0, 2, 1, (OLD,)), ProbeCount(T0 - 1, 1, 0, (NEW,))))
    assert (told.ok, told.failed, told.versions) == (3, 1, (OLD, NEW))
    assert probes(1.0, 2.0, ok=False).versions == ()


def test_a_baseline_survives_the_journal_and_tells_its_rate() -> None:
    assert Baseline.from_dict(json.loads(json.dumps(BEFORE.to_dict()))) == BEFORE
    assert BEFORE.rate == pytest.approx(0.003)
    assert Baseline(0, 0, None, None, None, 0.0, 1.0).rate is None


@pytest.mark.parametrize("change", [{"requests": 5}, {"failures": -1}, {"p95": math.nan}, {"mood": 1}, {"p95": "9"}])
def test_a_baseline_that_cannot_be_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="baseline: "):
        Baseline.from_dict({**BEFORE.to_dict(), **change})


@given(st.floats(0, 120), st.floats(0, 600))
def test_the_limit_is_twice_the_poll_and_twice_the_lag_and_two_seconds(poll: float, lag: float) -> None:
    assert staleness_limit(poll, lag) == pytest.approx(2 * poll + 2 * lag + 2)


def _fresh(newest: float | None, now: float, **more: Any) -> Freshness:
    return freshness(Source.LOGS, newest=newest, since=T0, now=now, poll_s=15.0, lag_s=30.0, skew_s=5.0, **more)


def test_a_source_is_stale_beyond_its_limit_and_not_at_it() -> None:
    at_limit, beyond = _fresh(T0, T0 + 92.0), _fresh(T0, T0 + 92.1)
    assert (at_limit.limit_s, at_limit.age_s, at_limit.stale) == (92.0, 92.0, False)
    assert beyond.stale
    assert not beyond.future


def test_before_the_first_datum_the_time_since_the_switch_counts_and_there_is_no_age() -> None:
    early, late = _fresh(None, T0 + 92.0), _fresh(None, T0 + 92.1)
    assert (early.age_s, early.stale, late.age_s, late.stale) == (None, False, None, True)


def test_data_ahead_of_our_clock_is_refused_like_stale_data() -> None:
    assert _fresh(T0, T0 + 1.0, future=True).stale
    within, ahead = _fresh(T0 + 5.0, T0), _fresh(T0 + 5.1, T0)
    assert (within.stale, within.age_s) == (False, 0.0)
    assert (ahead.stale, ahead.future, ahead.age_s) == (True, True, 0.0)
