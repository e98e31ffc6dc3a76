"""The judge once more over real journals: what was said is said again, and what another policy changes."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import pytest

from cpr_cockpit.core.events import Record
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.run import Phase
from cpr_cockpit.core.verdict import Rule
from cpr_cockpit.engine.rejudging import CannotJudge, Rejudged, Said, judge_again
from tests.engine.journals import KEEPING, records_of
from tests.engine.moments import Moment
from tests.engine.stage import AUTO, Stage
from tests.engine.users import ERRORS, HEALTHY, OUTAGE, SILENT, SLOW, Behaviour


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
    assert [one.cause for one in result.outside] == ["foreign"]
    assert not any(one.cause == "foreign" for one in result.would.said)


def test_an_event_that_this_program_cannot_use_is_named() -> None:
    records = records_of()
    place, bad = next((at, one) for at, one in enumerate(records) if one.event.type == "observation")
    assert bad.event.type == "observation"
    body = {**bad.event.body, "at": "yesterday"}
    records[place] = replace_event(bad, body)
    with pytest.raises(CannotJudge, match=f"Event {bad.seq} cannot be used"):
        judge_again(records)


def replace_event(record: Record, body: dict[str, object]) -> Record:
    return record.model_copy(update={"event": record.event.model_copy(update={"body": body})})


def test_a_policy_of_another_program_is_refused_in_words() -> None:
    records = records_of()
    first = records[0]
    policy = {**Policy().to_dict(), "window_s": 10.0, "phase_of_the_moon": 1.0}
    records[0] = first.model_copy(update={"event": first.event.model_copy(update={"policy": policy})})
    with pytest.raises(CannotJudge, match="phase_of_the_moon"):
        judge_again(records)


def test_the_whole_window_of_fifteen_minutes_takes_a_moment() -> None:
    records = records_of(window_s=900.0)
    began = time.process_time()
    result = judge_again(records, replace(Policy(), error_rate=0.04))
    assert time.process_time() - began < 5.0
    assert result.until - result.t0 > 900.0
    assert result.would.word == "keep"
