"""What a broken exporter, or somebody who means harm, can write to the judge: answered or refused, never believed."""

from __future__ import annotations

import copy
import gc
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cpr_cockpit.core.protocol import ProtocolJudge
from tests.core.judge_streams import Health, Message, Night, changed, judged, play, since

VERDICTS = {"wait", "hold", "go", "rollback"}
SHORT = Night(rate=4.0, share=0.5, history=300.0, window=300.0)
ROWS = SHORT.messages()
WEIRD: Sequence[Any] = (
    None, True, -1, 0, 0.5, 1e300, -1e300, 10**30, 10**400, float("nan"), float("inf"), "", "12", "\ud800\x1b[2J", [],
    [[]], [[0, 1]], [[0, 10**400]], [[-1, 5]], [[5000, 5]], [[0.5, 1]], [1, 2, 3], {}, {"": [1, 0]}, {"a": {"b": []}},
)  # fmt: skip


def _answer(judge: ProtocolJudge, message: Any) -> Message | None:
    """The answer as a process would write it; None where the message was refused."""
    try:
        answer = judge.answer(message)
    except ValueError:
        return None
    return dict(json.loads(json.dumps(answer, allow_nan=False)))


def _spoiled(message: Message, path: Sequence[str], value: Any) -> Message:
    spoiled = copy.deepcopy(message)
    at = spoiled
    for name in path[:-1]:
        at = at[name]
    at[path[-1]] = value
    return spoiled


PATHS = (
    ("type",), ("wall",), ("t",), ("interval",), ("lost",), ("new",), ("base",), ("new", "requests"), ("new", "errors"),
    ("new", "hist"), ("new", "endpoints"), ("new", "endpoints", "browse"), ("new", "instances"), ("new", "weight"),
    ("base", "requests"), ("base", "hist"), ("base", "weight"),
)  # fmt: skip


@settings(max_examples=70, deadline=None)
@given(st.integers(21, 40), st.sampled_from(PATHS), st.sampled_from(range(len(WEIRD))))
def test_one_value_that_is_none_breaks_no_run(first: int, path: Sequence[str], which: int) -> None:
    """Every scrape from ``first`` on has it; then the run ends, and another one is served as if nothing had been."""
    judge = ProtocolJudge()
    for index, message in enumerate(ROWS):
        hit = index >= first and message["type"] == "obs"
        answer = _answer(judge, _spoiled(message, path, WEIRD[which]) if hit else message)
        assert answer is None or answer["verdict"] in VERDICTS
    for message in ROWS[:22]:
        assert judge.answer(message)["verdict"] == "wait"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "wall", "t", "new"]), inner),
    max_leaves=8,
)


@settings(max_examples=20, deadline=None)
@given(st.lists(JSON, min_size=1, max_size=6), st.integers(1, len(ROWS) - 1))
def test_what_is_no_message_changes_nothing(garbage: list[Any], at: int) -> None:
    judge = ProtocolJudge()
    for message in ROWS[:at]:
        judge.answer(message)
    assert [_answer(judge, one) for one in garbage] == [None] * len(garbage)
    assert play(ROWS[at:], judge).reason == play(ROWS).reason


@pytest.mark.parametrize(
    "edges",
    [
        [3.0, 2.0], [1.0, float("inf")], [None], [1.0, "2"],
        *(
            one
            for one in ([1, 10**400], [-1.0, 0.0, 5.0], [], None, [True, 2.0], "abc", {"a": 1})
        ),
    ],
)  # fmt: skip
def test_edges_that_are_none_are_refused_at_the_start(edges: Any) -> None:
    assert _answer(ProtocolJudge(), SHORT.start() | {"edges_ms": edges}) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mode", "rolling"), ("mode", None), ("delay", -1.0), ("delay", None), ("share", 1.5), ("share", "half"),
        ("window", 0.0), ("window", float("nan")), ("window", 10**400), ("window", True),
    ],
)  # fmt: skip
def test_a_start_that_is_none_is_refused_and_the_run_before_it_goes_on(name: str, value: Any) -> None:
    judge = ProtocolJudge()
    for message in ROWS[:-1]:
        judge.answer(message)
    assert _answer(judge, SHORT.start() | {name: value}) is None
    assert judge.answer({"type": "end"})["verdict"] == "go"


def test_names_are_data_and_their_number_has_a_bound() -> None:
    night = Night(rate=20.0, new=since(0.0, Health(failing=0.3)))
    flood = {f"/made/up/{index}\x1b[31m": [1, 1] for index in range(2000)}

    def change(message: Message) -> Message:
        return message | {"new": message["new"] | {"endpoints": flood, "instances": flood}}

    found = play(changed(night.messages(), change))
    assert found.verdict == "rollback"


@pytest.mark.parametrize(
    "arm",
    [
        {"requests": 300, "errors": 301}, {"requests": -5, "errors": 0}, {"requests": "300", "errors": "0"},
        {"requests": 300.0, "errors": 0.0}, {"requests": True, "errors": False}, {"errors": 0}, {}, [], 5,
        {"requests": 10**13, "errors": 0},
    ],
)  # fmt: skip
def test_counts_that_cannot_be_are_as_good_as_none(arm: Any) -> None:
    found = play(changed(ROWS, lambda message: message | {"new": arm}))
    assert (found.verdict, found.cause) == ("hold", "stale")


def test_a_histogram_that_does_not_add_up_is_no_latency() -> None:
    found = play(changed(ROWS, lambda message: message | {"new": message["new"] | {"hist": [[0, 1]]}}))
    assert (found.verdict, found.cause) == ("hold", "incomplete")
    assert "no p50 was told" in found.reason


@pytest.mark.parametrize(
    ("share", "rows_for", "verdict"), [(None, 20.0, "go"), (0.5, 20.0, "go"), (None, True, "go"), (None, -3, "go")]
)
def test_sampled_rows_stand_for_requests_in_traffic_and_not_in_evidence(
    share: float | None, rows_for: Any, verdict: str
) -> None:
    night = Night(rate=10.0, share=share)
    rows = copy.deepcopy(night.messages())
    for message in rows:
        for arm in (message.get("new"), message.get("base")):
            if arm is not None:
                arm["weight"] = rows_for
    found = play(rows)
    assert found.verdict == verdict
    assert found.reason == judged(night).reason
    # Ten times as many rows where each stands for a tenth: as much traffic as before, and no doubt about it.
    more = replace(night, new=since(0.0, Health(traffic=10.0)))
    if share is None:
        tenth = changed(more.messages(), lambda message: message | {"new": message["new"] | {"weight": 0.1}})
        assert play(tenth).verdict == "go"
        assert judged(more).rule == "early: traffic rose"


def _kept(judge: ProtocolJudge) -> int:
    """How many objects hang on the judge."""
    seen: set[int] = set()
    waiting: list[Any] = [judge]
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, type) or callable(one) or type(one).__name__ == "module":
            continue
        seen.add(id(one))
        waiting += gc.get_referents(one)
    return len(seen)


@pytest.mark.long
def test_what_is_kept_does_not_grow_with_the_length_of_a_run() -> None:
    """A day of scrapes. Times that were told of are remembered to find what is told twice, but so many and no more."""
    night = Night(rate=0.4, share=0.5, window=86_400.0, history=900.0)
    judge, sizes = ProtocolJudge(), dict[float, int]()
    judge.answer(night.start() | {"window": 900.0})
    for message in night.scrapes():
        assert "verdict" in judge.answer(message)
        if message["t"] in (3600.0, 72_000.0, 86_400.0):
            sizes[message["t"]] = _kept(judge)
    hour, most, day = sizes.values()
    assert abs(day - most) < 0.02 * most
    # Times of scrapes and of blocks: two numbers each at most.
    assert day - hour < 2 * (4096 + 1024)
