"""Law 1, "missing is not healthy", and the sticky ROLLBACK, as properties of any stream with anything gone wrong.

What is held, exactly:

- *Sound*: whatever is lost, delayed, repeated, reordered, frozen, cut or misdated, a GO is given only while every
  required source's newest datum is within its limit, none of their last readable answers is dated ahead, the logs have
  had their usual lag since the deadline, at least 70 % of the time has come from logs and platform and 70 % of the
  requests that the platform counted, and the counts exclude 5 % and meet the target. Reckoned by `oracle`, not by core.
- *Silence*: once a required source has told nothing for longer than its limit, there is no GO until it speaks again.
- *Loss of answers*: on a truthful stream, losing, delaying or repeating answers of logs and platform never brings a GO
  that the whole stream would not have brought by then. (Losing answers can only hide what is younger than the limit of
  age, so the claim is about the same moment or an earlier one, not about later ones.)
- *Loss of rows*: rows lost inside answers bring no GO once more than 30 % of the time, or of the requests, is lost.
- *Order*: which readings were heard decides the verdict, not in which order or how often.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cpr_cockpit.core.signals import Observation, Source
from cpr_cockpit.core.verdict import HoldCause, VerdictKind
from tests.core.observations import T0
from tests.core.oracle import reasons_against_go
from tests.core.streams import (
    AGE_LIMITS,
    BIN_S,
    DEADLINE,
    HEALTHY,
    LAST_S,
    WINDOW_S,
    WRONG,
    Delivered,
    Mishap,
    Second,
    Truth,
    judged,
    mishaps,
    new_judge,
    suffer,
    told,
    truths,
)

SICK = told(tuple(Second(20, 6) for _ in range(LAST_S)))[: 3 * WINDOW_S]
thorough = settings(max_examples=18, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _first_go(delivered: Sequence[Delivered]) -> float | None:
    return next((verdict.at for verdict, _ in judged(delivered) if verdict.kind is VerdictKind.GO), None)


def _straight(truth: Truth) -> list[Delivered]:
    return suffer(told(truth), [])


def test_a_healthy_stream_is_kept_soon_after_the_deadline() -> None:
    at = _first_go(_straight(HEALTHY))
    assert at is not None
    assert DEADLINE <= at <= DEADLINE + 4.0


def test_a_sick_stream_is_rolled_back() -> None:
    verdicts = judged(_straight(tuple(Second(20, 4) for _ in range(LAST_S))))
    assert verdicts[-1][0].kind is VerdictKind.ROLLBACK


@thorough
@given(truths(), st.lists(mishaps(), max_size=4))
def test_go_is_never_given_on_data_that_forbids_it(truth: Truth, happened: list[Mishap]) -> None:
    for verdict, heard in judged(suffer(told(truth), happened)):
        if verdict.kind is VerdictKind.GO:
            assert reasons_against_go(heard, verdict.at) == []


def test_the_property_above_meets_go_and_every_other_verdict_under_every_mishap() -> None:
    draw = random.Random(8)
    met: set[tuple[str, VerdictKind]] = set()
    causes: set[HoldCause | None] = set()
    for what in WRONG:
        for _ in range(5):
            first = draw.randrange(LAST_S)
            mishap = Mishap(
                what, draw.choice(list(AGE_LIMITS)), first, draw.randint(first + 1, LAST_S), draw.randint(1, 9)
            )
            sick = Second(20, 6) if draw.random() < 0.3 else Second(20)
            for verdict, heard in judged(suffer(told((*HEALTHY[:10], *[sick] * (LAST_S - 10))), [mishap])):
                met.add((what, verdict.kind))
                causes.add(verdict.cause)
                assert verdict.kind is not VerdictKind.GO or reasons_against_go(heard, verdict.at) == []
    assert {what for what, kind in met if kind is VerdictKind.GO} == set(WRONG)
    assert {kind for _, kind in met} == set(VerdictKind)
    assert causes >= {HoldCause.STALE, None}


@thorough
@given(
    st.sampled_from(list(AGE_LIMITS)),
    st.integers(0, LAST_S),
    st.sampled_from(["lose", "fail", "cut", "freeze", "ahead"]),
)
def test_a_source_that_has_gone_silent_allows_no_go(source: Source, since: int, what: str) -> None:
    delivered = suffer(told(HEALTHY), [Mishap(what, source, since, LAST_S + 1, 1)])
    # Frozen answers repeat the first one of the silence: it was still true when it came.
    silent_from = T0 + since + (1.0 if what == "freeze" else 0.0) + AGE_LIMITS[source]
    gos = [verdict.at for verdict, _ in judged(delivered) if verdict.kind is VerdictKind.GO]
    assert all(at <= silent_from for at in gos)
    if silent_from < DEADLINE:
        assert gos == []


@thorough
@given(truths(), st.lists(mishaps(("lose", "delay", "repeat"), (Source.LOGS, Source.PLATFORM)), min_size=1, max_size=3))
def test_losing_answers_never_brings_a_go_that_the_whole_stream_would_not_have_brought(
    truth: Truth, happened: list[Mishap]
) -> None:
    with_losses = _first_go(suffer(told(truth), happened))
    if with_losses is not None:
        whole = _first_go(_straight(truth))
        assert whole is not None
        assert whole <= with_losses


@thorough
@given(truths(), st.sets(st.integers(0, WINDOW_S // BIN_S - 1), min_size=8))
def test_rows_lost_for_more_than_thirty_percent_of_the_time_allow_no_go(truth: Truth, lost: set[int]) -> None:
    # Eight bins of two seconds: a third of the longest time that is watched here.
    holes = [Mishap("holes", Source.LOGS, index * BIN_S, index * BIN_S + BIN_S, 1) for index in sorted(lost)]
    assert _first_go(suffer(told(truth), holes)) is None


@thorough
@given(truths(), st.integers(1, 20))
def test_rows_lost_from_every_bin_allow_no_go(truth: Truth, one_of: int) -> None:
    # Every bin still comes, with half of its rows or fewer: only the platform's count can tell.
    assert _first_go(suffer(told(truth), [Mishap("few", Source.LOGS, 0, LAST_S, one_of)])) is None


@thorough
@given(truths(), st.lists(mishaps(), max_size=2), st.data())
def test_what_was_heard_decides_not_its_order_nor_how_often(
    truth: Truth, happened: list[Mishap], data: st.DataObject
) -> None:
    heard = [one.seen for one in suffer(told(truth), happened)]
    cut = heard[: data.draw(st.integers(1, max(1, len(heard))), label="heard")]
    seed = data.draw(st.integers(0, 2**32 - 1), label="order")
    again = cut + cut[::3]
    random.Random(seed).shuffle(again)
    now = T0 + data.draw(st.integers(0, LAST_S), label="now")
    assert _keys(cut, now) == _keys(again, now)


def _keys(heard: Sequence[Observation], now: float) -> tuple[str, str | None, str | None]:
    judge = new_judge()
    for seen in heard:
        judge.observe(seen)
    return judge.verdict(now).key


@thorough
@given(truths(), st.lists(mishaps(), max_size=3), st.lists(st.integers(0, LAST_S), min_size=1, max_size=8))
def test_a_rollback_is_the_last_word(truth: Truth, happened: list[Mishap], moments: list[int]) -> None:
    judge = new_judge()
    for seen in SICK:
        judge.observe(seen)
    given_at = judge.verdict(T0 + WINDOW_S)
    assert given_at.kind is VerdictKind.ROLLBACK
    for one in suffer(told(truth), happened):
        judge.observe(one.seen)
    judge.release(HoldCause.STALE)
    judge.t0(T0 + 1.0)
    for moment in moments:
        later = judge.verdict(T0 + moment)
        assert (later.key, later.sentence) == (given_at.key, given_at.sentence)


@pytest.mark.parametrize("truth", [HEALTHY, tuple(Second(20, 4) for _ in range(LAST_S))])
def test_without_any_reading_there_is_never_a_go(truth: Truth) -> None:
    lost = [Mishap("lose", source, 0, LAST_S + 1, 1) for source in AGE_LIMITS]
    kinds = {verdict.kind for verdict, _ in judged(suffer(told(truth), lost))}
    assert kinds == {VerdictKind.WAIT, VerdictKind.HOLD}
