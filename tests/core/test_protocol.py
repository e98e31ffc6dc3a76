"""Whole nights by the judge's protocol: what must be found, what must not be blamed, and what nobody can know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cpr_cockpit.core.protocol import ProtocolError, ProtocolJudge
from tests.core.judge_streams import WELL, Health, Message, Night, Played, changed, judged, play, since

FAILING = Health(failing=0.2)
Change = Callable[[Message], Message | None]


def window(night: Night, change: Change) -> Played:
    return play(changed(night.messages(), change))


def _seen(message: Message) -> Message:
    return {name: message[name] for name in ("new", "base")}


def freezing(at: float, *, time_too: bool) -> Change:
    """From ``at`` on the source repeats what it said last, with or without its time."""
    last: Message = {}

    def change(message: Message) -> Message:
        if message["t"] <= at:
            last.update(message)
            return message
        return {**message, **(last | {"wall": message["wall"]} if time_too else _seen(last))}

    return change


# -- what must be found -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [None, 0.5])
@pytest.mark.parametrize("seed", range(3))
def test_a_healthy_release_is_kept(share: float | None, seed: int) -> None:
    assert judged(Night(seed=seed, share=share)).verdict == "go"


@pytest.mark.parametrize(("share", "within"), [(None, 180.0), (0.5, 60.0)])
def test_failures_are_found_long_before_the_written_trigger_would(share: float | None, within: float) -> None:
    found = judged(Night(share=share, new=since(0.0, FAILING)))
    assert (found.verdict, found.rule) == ("rollback", "early: error rate")
    assert found.wall <= within
    assert "the written trigger (for longer than 300 s) would fire at 00:06:00 UTC" in found.reason
    assert "false-alarm bound 1 in 100" in found.reason


def test_one_endpoint_is_found_and_named() -> None:
    found = judged(Night(rate=100.0, new=since(0.0, Health(operations={"admin": 0.6}))))
    assert found.verdict == "rollback"
    assert found.reason.startswith("admin: ")


def test_a_slow_release_is_found_though_it_starts_cold() -> None:
    slow = judged(Night(rate=100.0, new=since(0.0, Health(slower=2.5))))
    assert (slow.verdict, slow.rule) == ("rollback", "early: latency")
    cold = Night(rate=100.0, new=lambda t: Health(slower=1.0 + 2.0 * 0.5 ** (t / 40.0)) if t > 0 else WELL)
    assert judged(cold).verdict == "go"


def test_requests_that_vanish_are_a_fault_and_fewer_of_them_a_question() -> None:
    gone = judged(Night(new=since(300.0, Health(traffic=0.0))))
    assert (gone.verdict, gone.rule) == ("rollback", "early: requests vanished")
    assert judged(Night(new=since(300.0, Health(traffic=0.1)))).verdict == "rollback"
    fewer = judged(Night(new=since(300.0, Health(traffic=0.4))))
    assert (fewer.verdict, fewer.cause, fewer.rule) == ("hold", "suspicious", "early: traffic fell")
    more = judged(Night(rate=5.0, new=since(0.0, Health(traffic=2.0))))
    assert (more.verdict, more.rule) == ("hold", "early: traffic rose")


@pytest.mark.parametrize(
    ("health", "rule", "words"),
    [
        (Health(instances={"i1": 0.25, "i2": 0.0, "i3": 0.0, "i4": 0.0, "i5": 0.0, "i6": 0.0}), "one instance", "i1"),
        (Health(gone=frozenset({"checkout"})), "checkout vanished", "checkout: 0 requests"),
        (Health(tail=0.03), "far tail", "longer than twice the p99"),
        (Health(slower=0.2), "fast answers", "look whether they hold what they should"),
    ],
)
def test_what_a_person_must_see_is_held_and_named(health: Health, rule: str, words: str) -> None:
    found = judged(Night(new=since(0.0, health)))
    assert (found.verdict, found.cause, found.rule) == ("hold", "suspicious", f"early: {rule}")
    assert words in found.reason


# -- what must not be blamed -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [5.0, 50.0])
@pytest.mark.parametrize("seed", range(4))
def test_a_passing_spike_is_never_rolled_back_and_the_keeping_says_that_it_is_over(rate: float, seed: int) -> None:
    spike = Health(failing=0.15, slower=1.6)
    found = judged(Night(seed=seed, rate=rate, new=since(195.0 + 30 * seed, spike, until=345.0 + 30 * seed)))
    assert found.verdict == "go"
    assert "a spike that is over" in found.reason


def test_a_stray_failure_after_a_spike_does_not_make_it_longer() -> None:
    """A spike of two minutes; a minute later one of admin's few requests fails, as 2 in 1,000 always do."""
    spike = since(144.0, Health(failing=0.2, slower=1.6), until=264.0)
    assert judged(Night(seed=11, rate=8.0, new=spike)).verdict == "go"


def test_a_fault_that_the_control_shares_waits_for_the_written_trigger() -> None:
    both = since(0.0, Health(failing=0.15))
    found = judged(Night(share=0.5, new=both, old=both))
    assert (found.verdict, found.rule) == ("rollback", "error rate")
    assert found.wall == 360.0
    assert "the old version fails too" in found.reason


def test_a_fault_that_is_older_than_the_release_is_not_its() -> None:
    sick = lambda _: Health(failing=0.1)  # noqa: E731
    same = judged(Night(old=sick, new=sick))
    assert (same.verdict, same.cause) == ("hold", "undecidable")
    assert judged(Night(old=sick, new=since(0.0, Health(failing=0.35)))).verdict == "rollback"
    assert judged(Night(old=sick)).verdict == "go"


@pytest.mark.parametrize("before", [60.0, 120.0, 240.0])
def test_a_fault_that_began_just_before_the_switch_is_not_the_release_s(before: float) -> None:
    fault = since(-before, Health(failing=0.15))
    assert judged(Night(old=fault, new=fault)).cause == "undecidable"


# -- what nobody can know ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (lambda message: message | {"new": None}, "stale"),
        (lambda message: message if message["t"] <= 300.0 else None, "stale"),
        (lambda message: message if round(message["t"] / 15.0) % 2 else None, "incomplete"),
        (lambda message: message | {"t": message["t"] + 90.0}, "stale"),
        (freezing(200.0, time_too=False), "stale"),
        (freezing(200.0, time_too=True), "stale"),
        (
            lambda message: message | {"new": {name: message["new"][name] for name in ("requests", "errors")}},
            "incomplete",
        ),
    ],
    ids=["absent", "dark", "lossy", "ahead", "frozen", "frozen in time", "without latencies"],
)
def test_data_that_is_missing_or_lies_is_held(change: Change, cause: str) -> None:
    found = window(Night(), change)
    assert (found.verdict, found.cause) == ("hold", cause)


def test_without_a_history_failures_are_found_and_nothing_is_kept() -> None:
    night = Night(history=0.0)
    assert (judged(night).verdict, judged(night).cause) == ("hold", "incomplete")
    assert judged(replace(night, new=since(0.0, FAILING))).verdict == "rollback"
    assert judged(replace(night, share=0.5)).verdict == "go"


def test_an_absent_control_leaves_the_release_to_be_judged_alone() -> None:
    night = Night(share=0.5)
    assert window(night, lambda message: message | {"base": None}).verdict == "go"


def test_scrapes_told_twice_or_out_of_order_change_nothing() -> None:
    night = Night(new=since(0.0, Health(failing=0.004)))
    once = judged(night)
    twice = play([one for message in night.messages() for one in ([message, message] if "t" in message else [message])])
    assert (twice.verdict, twice.reason) == (once.verdict, once.reason)
    rows = night.messages()
    rows[-9], rows[-8] = rows[-8] | {"wall": rows[-8]["wall"]}, rows[-9] | {"wall": rows[-8]["wall"]}
    assert play(rows).verdict == "go"


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_go_is_never_given_on_less_than_the_coverage(data: st.DataObject) -> None:
    kept = data.draw(st.sets(st.integers(1, 60)))
    found = window(Night(rate=5.0), lambda message: message if round(message["t"] / 15.0) in kept else None)
    if found.verdict == "go":
        assert len(kept) >= 0.7 * 60
        assert max(kept) >= 57


# -- the protocol itself -----------------------------------------------------------------------------------------------


def test_the_process_serves_many_runs() -> None:
    judge = ProtocolJudge()
    words = [play(Night(seed=seed, new=course).messages(), judge).verdict for seed, course in _COURSES]
    assert words == ["rollback", "go", "rollback", "go"]


_COURSES = ((1, since(0.0, FAILING)), (2, lambda _: WELL), (3, since(0.0, FAILING)), (4, lambda _: WELL))


@pytest.mark.parametrize(
    "message",
    [
        None, [], 7, {}, {"type": "rumour"}, {"type": "obs", "wall": "now"}, {"type": "obs", "wall": True},
        {"type": "obs", "wall": 1.0}, {"type": "obs", "wall": 1.0, "t": 1.0, "interval": -3.0},
        {"type": "obs", "wall": float("nan"), "t": 1.0, "interval": 15}, {"type": "start", "mode": "rolling"},
        {"type": "start", "mode": "canary", "delay": float("inf")},
        {"type": "start", "mode": "canary", "delay": 0, "edges_ms": [3, 2, 1]},
    ],
)  # fmt: skip
def test_a_message_that_is_none_is_refused_and_the_run_goes_on(message: Any) -> None:
    judge = ProtocolJudge()
    rows = Night(new=since(0.0, FAILING)).messages()
    for row in rows[:130]:
        judge.answer(row)
    with pytest.raises((ProtocolError, ValueError)):
        judge.answer(message)
    assert play(rows[130:], judge).verdict == "rollback"


def test_nothing_is_observed_before_a_start() -> None:
    with pytest.raises(ProtocolError, match="before any start"):
        ProtocolJudge().answer({"type": "end"})


@pytest.mark.parametrize(
    "arm", [{"requests": -1, "errors": 0}, {"requests": 5, "errors": 9}, {"requests": True}, "many"]
)
def test_counts_that_cannot_be_are_no_data(arm: Any) -> None:
    assert window(Night(), lambda message: message | {"new": arm}).cause == "stale"


def test_other_intervals_and_windows() -> None:
    assert judged(Night(interval=60.0)).verdict == "go"
    assert judged(Night(interval=5.0, rate=60.0, new=since(0.0, FAILING))).verdict == "rollback"
    assert judged(Night(window=120.0, interval=2.0, history=240.0)).verdict == "go"
    assert judged(Night(rate=0.02)).cause == "thin"
