"""The judge once more over real journals: what was said is said again, and what another policy changes."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from cpr_cockpit.core.events import Record, TrafficSwitched, TriggerRaised, VerdictGiven
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.run import Phase
from cpr_cockpit.core.strategies import Course
from cpr_cockpit.core.strategy import CANARY
from cpr_cockpit.core.verdict import Rule
from cpr_cockpit.engine.rejudging import CannotJudge, Rejudged, Said, judge_again
from tests.engine.journals import KEEPING, records_of
from tests.engine.moments import Moment
from tests.engine.stage import AUTO, Life, Stage
from tests.engine.test_afterwards import WINDOW_S, at, kept
from tests.engine.test_observing import looking_on, others_switch, waiting
from tests.engine.users import ERRORS, HEALTHY, OUTAGE, SILENT, SLOW, Behaviour
from tests.engine.world import NEW, OLD, SLOT


def keys(said: tuple[Said, ...]) -> list[tuple[str, str | None, str | None]]:
    return [(one.kind, one.cause, one.rule) for one in said]


def same(result: Rejudged) -> None:
    """The same verdicts, each within the half second between two looks."""
    assert keys(result.would.said) == keys(result.was.said)
    for was, would in zip(result.was.said, result.would.said, strict=True):
        assert would.at == pytest.approx(was.at, abs=0.5)


@pytest.mark.parametrize(
    ("behaviour", "word"),
    [(HEALTHY, "keep"), (ERRORS, "rollback"), (SLOW, "rollback"), (OUTAGE, "rollback"), (SILENT, "hold")],
)
def test_the_same_judge_says_again_what_it_said_and_when(behaviour: Behaviour, word: str) -> None:
    result = judge_again(records_of(behaviour))
    same(result)
    assert (result.was.word, result.would.word) == (word, word)
    assert (result.changed, result.kept, result.outside) == ((), (), ())
    assert result.cut is (word == "rollback")


def test_of_a_canary_that_reached_production_the_window_is_judged_again() -> None:
    with Stage(window_s=WINDOW_S) as stage:
        stage.change(course=Course(CANARY, (5.0,)))
        life = stage.begin()
        assert life.live()
        result = judge_again(life.recorder.records)
    window = tuple(one for one in result.was.said if one.at >= result.t0)
    same(replace(result, was=replace(result.was, said=window)))
    assert (result.was.word, result.would.word) == ("keep", "keep")


def test_a_looser_policy_does_not_roll_back_and_what_would_have_come_is_not_claimed() -> None:
    result = judge_again(records_of(ERRORS), Policy(error_rate=0.5))
    assert result.was.word == "rollback"
    assert result.would.word is None
    assert result.cut
    assert result.changed == (("error_rate", 0.05, 0.5),)


def test_a_stricter_policy_holds_what_was_kept() -> None:
    result = judge_again(records_of(), Policy(error_rate=0.0005))
    assert result.was.word == "keep"
    assert result.would.word == "hold"
    assert result.would.said[-1].cause == "thin"


def test_a_shorter_duration_fires_earlier() -> None:
    records = records_of(ERRORS, window_s=60.0, script=KEEPING)
    usual, hasty = judge_again(records, early=False), judge_again(records, Policy(error_for_s=60.0), early=False)
    assert usual.would.at is not None
    assert hasty.would.at is not None
    assert hasty.would.at < usual.would.at - 5.0


def test_the_written_triggers_alone_fire_by_a_written_rule() -> None:
    result = judge_again(records_of(ERRORS, script=KEEPING), early=False)
    assert result.would.word == "rollback"
    assert [one.rule for one in result.would.said if one.kind == "ROLLBACK"] == [Rule.ERROR_RATE.value]


def test_another_bin_length_is_refused_and_named() -> None:
    with pytest.raises(CannotJudge, match=r"bin_s = 0\.66.*the policy wants 0\.33") as refused:
        judge_again(records_of(), Policy(bin_s=30.0))
    assert "Leave bin_s as it was" in str(refused.value)


def test_another_block_length_matters_to_the_early_tests_only() -> None:
    records, other = records_of(), Policy(block_s=30.0)
    with pytest.raises(CannotJudge, match="block_s"):
        judge_again(records, other)
    assert judge_again(records, other, early=False).would.word == "keep"


def test_what_was_done_by_the_policy_of_then_is_left_and_told() -> None:
    result = judge_again(records_of(), Policy(poll_logs_s=1.0, baseline_s=60.0))
    assert result.kept == ("poll_logs_s", "baseline_s")
    same(result)


def test_a_run_that_never_switched_has_nothing_to_judge() -> None:
    with Stage() as stage:
        life = stage.begin()
        assert not life.live(Moment("intent swap", 0).of(life))
        with pytest.raises(CannotJudge, match="no T0"):
            judge_again(life.recorder.records)


def test_while_no_session_lived_nobody_judged() -> None:
    with Stage(window_s=60.0) as stage:
        life = stage.begin()
        assert not life.live(Moment("outcome keep-warm", 0).of(life))
        life.die()
        stage.loop.run_until_complete(asyncio.sleep(20.0))
        again = stage.begin(go_on=True)
        assert again.live()
        result = judge_again(again.recorder.records)
        ((at, gone),) = again.run_state.interruptions
    assert gone.silent_s > 19.0
    assert not any(at - gone.silent_s < one.at < at for one in result.would.said)
    assert result.would.word == "keep"


def test_what_a_person_raised_is_raised_again() -> None:
    with Stage(None) as stage:
        life = stage.begin()
        stage.sign_and_start(life)
        assert not life.live(lambda: life.run_state.phase is Phase.WINDOW)
        raised = life.command("raise", trigger="data corruption", by="ana")
        assert not life.live(raised.done)
        raised.result()
        result = judge_again(life.recorder.records)
    assert result.would.said[-1].rule == "data corruption"
    same(result)


def test_a_hold_from_outside_the_figures_is_not_replayed_and_named() -> None:
    with Stage(AUTO, window_s=60.0) as stage:
        life = stage.begin()
        assert not life.live(lambda: life.run_state.phase is Phase.WINDOW)
        since = stage.loop.time()
        assert not life.live(lambda: stage.loop.time() > since + 5.0)
        stage.world.somebody_swaps()
        assert life.live()
        result = judge_again(life.recorder.records)
    assert [(one.cause, one.origin) for one in result.outside] == [("foreign", "a foreign change")]
    assert not any(one.cause == "foreign" for one in result.would.said)


def held_by_the_session(life: Life) -> Rejudged:
    """The run to its end, and what its judge says once more."""
    assert life.live()
    assert life.run_state.decision is not None
    assert life.run_state.decision.word == "hold"
    return judge_again(life.recorder.records)


def test_a_hold_for_a_step_that_failed_is_told_with_its_step() -> None:
    with Stage(AUTO, window_s=120.0) as stage:
        life = stage.begin()
        assert not life.live(Moment("outcome swap", 0).of(life))
        # Its old version is gone from the slot: it cannot be kept warm there.
        stage.world.sites[SLOT].content = None
        stage.world.sites[SLOT].answer(None)
        result = held_by_the_session(life)
    (held,) = result.outside
    assert (held.kind, held.cause, held.rule) == ("HOLD", "suspicious", None)
    assert (
        held.origin == f"the step 'Production serves {NEW} everywhere, slot {SLOT} serves {OLD}', which did not succeed"
    )
    assert result.would.word == "keep"
    assert all(not one.origin for one in result.would.said)


def test_a_hold_for_a_version_that_nobody_knows_is_told_with_the_version() -> None:
    with looking_on() as stage:
        life = stage.begin()
        waiting(life)
        others_switch(life)
        assert not life.live(lambda: life.run_state.phase is Phase.WINDOW and stage.world.at_rest)
        stage.world.somebody_deploys("v1.2.9")
        assert not life.live(lambda: stage.world.at_rest)
        stage.world.somebody_swaps()
        assert not life.live(
            lambda: life.run_state.verdict is not None and "neither" in life.run_state.verdict.sentence
        )
        result = judge_again(life.recorder.records)
    assert [one.origin for one in result.outside] == ["version v1.2.9 in production, which the plan does not know"]


@pytest.mark.parametrize(("kind", "origin"), [("WAIT", "the session itself"), ("GO", "")])
def test_a_suspicion_without_a_rule_is_the_figures_own_only_when_the_decision_is_due(kind: str, origin: str) -> None:
    records = records_of()
    place, given = next(
        (at, one) for at, one in enumerate(records) if isinstance(one.event, VerdictGiven) and one.event.kind == kind
    )
    held = VerdictGiven(kind="HOLD", cause="suspicious", rule=None, sentence="error rate rising: 6.0 % for 3 s")
    records[place] = given.model_copy(update={"event": held})
    result = judge_again(records)
    assert [one.origin for one in result.was.said if one.sentence == held.sentence] == [origin]


def changed(records: list[Record], kind: str, change: Callable[[dict[str, Any]], None]) -> Record:
    """Change the body of the last event of a kind: of readings with blocks, or of the baseline's yardstick."""
    name = {"observation": "body", "baseline.taken": "yardstick"}[kind]
    place, bad, body = next(
        (at, one, body)
        for at, one in reversed(list(enumerate(records)))
        if one.event.type == kind and ("blocks" in (body := getattr(one.event, name)) or name == "yardstick")
    )
    body = json.loads(json.dumps(body))
    change(body)
    records[place] = bad.model_copy(update={"event": bad.event.model_copy(update={name: body})})
    return bad


def with_a_list(body: dict[str, Any]) -> None:
    body["blocks"][0]["operations"] = [["GET /goals", 30, 2]]


def without_a_time(body: dict[str, Any]) -> None:
    body["at"] = "yesterday"


def with_probes_that_are_lists(body: dict[str, Any]) -> None:
    body["probes"] = [[1.0, 1, 0]]


def with_probes_that_are_words(body: dict[str, Any]) -> None:
    body["probes"] = ["one"]


def with_a_name_that_is_a_list(body: dict[str, Any]) -> None:
    body["whole"][0]["version"] = ["v1.3.0"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (with_a_list, "block: operations is a table, found"),
        (without_a_time, "observation: "),
        (with_probes_that_are_lists, "observation: "),
        (with_probes_that_are_words, "observation: "),
        (with_a_name_that_is_a_list, "observation: a name is a text, found"),
    ],
)
def test_an_observation_that_cannot_be_read_is_named_and_the_rest_is_judged(
    change: Callable[[dict[str, Any]], None], words: str
) -> None:
    records = records_of(ERRORS, window_s=60.0)
    bad = changed(records, "observation", change)
    result = judge_again(records)
    (unread,) = result.unread
    assert (unread.seq, unread.type) == (bad.seq, "observation")
    assert words in unread.why
    assert result.would.word == "rollback"


@pytest.mark.parametrize(
    ("member", "value", "words"),
    [
        ("operations", [["GET /goals", 30, 2]], "a member has a shape"),
        ("operations", {"GET /goals": [2, 30]}, "counts are requests and failures"),
        ("operations", {"GET /goals": ["30", 2]}, "counts are requests and failures"),
        ("quantiles_ms", ["fast", "slow", "slower"], "quantiles_ms are 3 numbers"),
        ("quantiles_ms", [40.0], "quantiles_ms are 3 numbers"),
        ("above", [0.5, 0.05, None], "above are 3 numbers"),
        ("rate", "often", "every figure is a finite number"),
        ("recent", [1, 2, 3], "counts are requests and failures"),
        ("recent", None, "yardstick: "),
    ],
)
def test_a_yardstick_that_cannot_be_read_is_named_and_the_baseline_stands(
    member: str, value: object, words: str
) -> None:
    records = records_of(SLOW, window_s=60.0, script=KEEPING)
    bad = changed(records, "baseline.taken", lambda body: body.update({member: value}))
    result = judge_again(records, early=False)
    (unread,) = result.unread
    assert (unread.seq, unread.type) == (bad.seq, "baseline.taken")
    assert words in unread.why
    assert "the baseline was used without it" in unread.why
    # Slower than the baseline by half: nobody could say so without it.
    assert result.would.said[-1].rule == Rule.DEGRADATION.value


def test_signals_and_triggers_of_another_program_are_named_and_the_rest_is_judged() -> None:
    records = records_of()
    first, last = records[0], records[-1]
    opened = first.event.model_copy(update={"signals": ({"name": "orders", "limit": "mood"},)})
    records[0] = first.model_copy(update={"event": opened})
    records.insert(-1, last.model_copy(update={"event": TriggerRaised(trigger="bad omen", by="ana")}))
    result = judge_again(records)
    assert [one.type for one in result.unread] == ["run.opened", "trigger.raised"]
    assert "signal 'orders'" in result.unread[0].why
    assert "no trigger 'bad omen'" in result.unread[1].why
    # Whatever it is called, a person wanted to go back.
    assert (result.would.said[-1].kind, result.would.said[-1].rule) == ("ROLLBACK", "bad omen")


def test_verdicts_and_a_step_back_before_t0_are_no_part_of_the_window() -> None:
    records = records_of()
    place, switched = next((at, one) for at, one in enumerate(records) if one.event.type == "traffic.switched")
    assert isinstance(switched.event, TrafficSwitched)
    before = switched.event.t0 - 3.0
    early = VerdictGiven(kind="HOLD", cause="suspicious", rule=None, sentence="one request in ten fails")
    back = TrafficSwitched(way="back", version=OLD, t0=before + 1.0)
    told = [
        (before, early),
        (before + 1.0, back),
        (before + 2.0, early.model_copy(update={"kind": "GO", "cause": None})),
    ]
    records[place:place] = [switched.model_copy(update={"at": at, "event": event}) for at, event in told]
    result = judge_again(records)
    assert [one.at < result.t0 for one in result.was.said].count(True) == 2
    assert result.outside == ()
    assert all(one.at >= result.t0 for one in result.would.said)
    assert (result.would.word, result.cut) == ("keep", False)
    assert result.until > result.t0 + 10.0


def test_the_watch_after_go_is_not_judged_by_the_judge_of_the_window() -> None:
    with Stage(None, window_s=WINDOW_S) as stage:
        life = kept(stage)
        at(life, 2 * 3600.0)
        back = life.command("rollback", by="ana")
        assert not life.live(back.done)
        assert life.live()
        records, run = life.recorder.records, life.run_state
        result = judge_again(records)
    assert result.watched_from == run.checks[0][0]
    assert result.until <= result.watched_from
    assert not result.cut
    assert (result.was.word, result.would.word) == ("keep", "keep")
    assert result.returned_at == run.decided_at
    same(result)


def test_a_policy_of_another_program_is_refused_in_words() -> None:
    records = records_of()
    first = records[0]
    policy = {**Policy().to_dict(), "window_s": 10.0, "phase_of_the_moon": 1.0}
    records[0] = first.model_copy(update={"event": first.event.model_copy(update={"policy": policy})})
    with pytest.raises(CannotJudge, match="phase_of_the_moon"):
        judge_again(records)


@pytest.mark.long
def test_the_whole_window_of_fifteen_minutes_takes_a_moment() -> None:
    records = records_of(window_s=900.0)
    began = time.process_time()
    result = judge_again(records, replace(Policy(), error_rate=0.04))
    assert time.process_time() - began < 5.0
    assert result.until - result.t0 > 900.0
    assert result.would.word == "keep"
