"""Run as a fold: phases, steps, swaps, crashes and the exit code, from events alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.run import EXIT_CODES, Phase, Run, fold
from tests.core.a_run import (
    A_DOUBTFUL_SWAP,
    A_RUN,
    BEFORE_THE_SWAP,
    EVERY_EVENT,
    PREPARED,
    ROLLED_BACK,
    SWITCHED,
    WATCHED,
    intent,
    outcome,
    records,
    verdict,
)
from tests.core.observations import OLD, T0

Ending = Literal["kept", "rolled_back", "partial", "held", "stopped", "failed"]


def _fold(*events: ev.AnyEvent) -> Run:
    return fold(records(events))


def _ended(decision: Ending) -> ev.RunEnded:
    return ev.RunEnded(decision=decision, provisional=False, production_version=OLD, slot_version=None, reason="")


def _assert_stands(run: Run) -> None:
    """Read everything that a face or a report reads."""
    assert run.phase in Phase
    assert run.swaps >= 0
    assert run.exit_code() in {*EXIT_CODES.values(), 1, 3}
    assert run.open_step is None or run.open_step.result is None
    assert asdict(run)["seq"] == run.seq


@pytest.mark.parametrize("length", range(len(EVERY_EVENT) + 1))
def test_a_fold_of_any_prefix_stands(length: int) -> None:
    run = _fold(*EVERY_EVENT[:length])
    _assert_stands(run)
    assert run.seq == length


@given(st.lists(st.sampled_from(EVERY_EVENT), max_size=25))
def test_a_fold_of_any_events_in_any_order_stands(events: list[ev.AnyEvent]) -> None:
    # A journal that was damaged and continued may begin in the middle.
    _assert_stands(_fold(*events))


@given(st.integers(0, len(A_RUN)))
def test_folding_on_is_folding_at_once(place: int) -> None:
    rows = records(A_RUN)
    run = fold(rows[:place])
    for record in rows[place:]:
        run.apply(record)
    assert run == fold(rows)


def test_the_phases_of_a_run_follow_one_another() -> None:
    phases: list[Phase] = []
    for length in range(len(A_RUN) + 1):
        phase = _fold(*A_RUN[:length]).phase
        if not phases or phases[-1] is not phase:
            phases.append(phase)
    assert phases == [
        Phase.PREPARING,
        Phase.READY,
        Phase.DEPLOYING,
        Phase.WINDOW,
        Phase.ROLLING_BACK,
        Phase.ENDED,
    ]


def test_a_keep_ends_the_window_too() -> None:
    keep = ev.Decided(word="keep", by="anna", verdict="GO", sentence="healthy")
    run = _fold(*PREPARED, *BEFORE_THE_SWAP, *A_DOUBTFUL_SWAP, *WATCHED, keep)
    assert run.phase is Phase.KEEPING


def test_a_whole_run_is_folded_into_what_happened() -> None:
    run = _fold(*A_RUN)
    assert run.opened is not None
    assert (run.opened.run, run.started_by, run.t0, run.switched_back_at) == ("r1", "drill", T0, T0 + 300)
    assert run.baseline is not None
    assert run.verdict is not None
    assert (run.verdict.kind, run.verdict.rule) == ("ROLLBACK", "error rate")
    assert run.first_rollback_verdict_at == run.verdict_at
    assert run.decision is not None
    assert run.decision.word == "rollback"
    assert [trigger.trigger for trigger in run.triggers] == ["security breach"]
    assert [note.words for _, note in run.notes] == ["the checkout looks slow"]
    assert set(run.observations) == {"logs", "probes_production"}
    assert run.standings["smoke-health"].value == "200"
    assert run.exit_code() == 10
    assert run.open_step is None


def test_the_first_rollback_verdict_is_kept_when_it_is_said_again() -> None:
    rows = records([verdict("WAIT"), verdict("ROLLBACK"), verdict("HOLD", "stale"), verdict("ROLLBACK")])
    run = fold(rows)
    assert (run.first_rollback_verdict_at, run.verdict_at) == (rows[1].at, rows[3].at)


# -- swaps -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("events", "swaps"),
    [
        ([], 0),
        ([intent("swap", mutates=True)], 0),  # sent, not seen to be done
        ([intent("swap", mutates=True), outcome("swap")], 1),
        ([outcome("swap", "already", attempt=0)], 0),  # was so, nothing sent
        ([outcome("swap", attempt=0)], 0),  # without an intent nothing was sent
        ([intent("swap", mutates=True), outcome("swap", "failed")], 0),
        ([intent("swap", mutates=True), outcome("swap", "stopped")], 0),
        # Sent again after observation showed no effect: one swap took effect.
        ([intent("swap", mutates=True), intent("swap", attempt=2, mutates=True), outcome("swap", attempt=2)], 1),
        # After a crash it was only looked at: what was sent before took effect.
        ([intent("swap", mutates=True), intent("swap", attempt=2), outcome("swap", attempt=2)], 1),
        ([*A_DOUBTFUL_SWAP], 1),
        # Failed, and done when the step was run again.
        (
            [intent("swap", mutates=True), outcome("swap", "failed"), intent("swap", mutates=True), outcome("swap")],
            1,
        ),
        # Given up under way, and seen to be done when it was looked at again.
        ([intent("swap", mutates=True), outcome("swap", "failed"), outcome("swap")], 1),
        ([outcome("swap")], 0),
        ([*A_DOUBTFUL_SWAP, *ROLLED_BACK], 2),
        ([*A_DOUBTFUL_SWAP, outcome("swap-back", "already", way="back", attempt=0)], 1),
        # A deployment changes something too, and is no swap.
        ([intent("deploy", mutates=True), outcome("deploy")], 0),
    ],
)
def test_swaps_that_took_effect_are_counted(events: Sequence[ev.AnyEvent], swaps: int) -> None:
    assert _fold(*events).swaps == swaps


def _doubtful(*, arrived: bool) -> ev.StepDoubtful:
    return ev.StepDoubtful(way="back", step="swap-back", attempt=1, words="", arrived=arrived)


_SENT = intent("swap-back", "back", mutates=True)
_FAILED = outcome("swap-back", "failed", "back")


@pytest.mark.parametrize(
    ("events", "ours"),
    [
        ((), False),
        ((outcome("swap-back", "already", "back"),), False),
        ((_SENT, _doubtful(arrived=False), _FAILED), False),
        ((_SENT, _doubtful(arrived=True), _FAILED), True),
        # An old journal does not tell whether it arrived.
        ((_SENT, ev.StepDoubtful(way="back", step="swap-back", attempt=1, words=""), _FAILED), True),
        ((_SENT, ev.StepAccepted(way="back", step="swap-back", attempt=1, operation=""), _FAILED), True),
        ((_SENT, ev.Interrupted(silent_s=1.0, during=""), _doubtful(arrived=False), _FAILED), True),
        ((_SENT, _doubtful(arrived=False), _FAILED, ev.Interrupted(silent_s=1.0, during="")), False),
        ((ev.StepAccepted(way="back", step="redeploy-old", attempt=1, operation="op"),), False),
        (
            (
                ev.StepIntent(way="back", step="redeploy-old", attempt=1, title="", mutates=True),
                ev.StepAccepted(way="back", step="redeploy-old", attempt=1, operation="op"),
            ),
            True,
        ),
    ],
)
def test_what_a_request_of_this_run_may_have_brought_back_is_not_somebody_elses(
    events: Sequence[ev.AnyEvent], ours: bool
) -> None:
    run = _fold(*PREPARED, *events)
    assert run.brought_back("") is ours
    assert not run.brought_back("goals-2")


# -- steps and crashes -----------------------------------------------------------------------------------------------


def test_a_step_is_one_row_over_its_attempts_and_takes_all_their_time() -> None:
    rows = records(
        [
            intent("swap", mutates=True),
            ev.StepAccepted(way="forward", step="swap", attempt=1, operation="op-1"),
            ev.StepDoubtful(way="forward", step="swap", attempt=1, words="lost"),
            intent("swap", attempt=2, mutates=True),
            outcome("swap", attempt=2),
        ]
    )
    open_row = fold(rows[:3]).open_step
    assert open_row is not None
    assert (open_row.key, open_row.operation, open_row.attempts) == ("swap", "op-1", 1)
    again = fold(rows[:4]).open_step
    assert again is not None
    assert (again.operation, again.attempts) == ("", 2)  # the operation of the first attempt is not the second's
    (row,) = fold(rows).steps
    assert (row.attempts, row.doubts, row.result, row.seconds) == (2, ["lost"], "done", 40.0)
    assert (row.began_at, row.ended_at) == (rows[0].at, rows[4].at)


def test_a_step_that_is_run_again_after_its_outcome_is_another_row() -> None:
    run = _fold(intent("smoke"), outcome("smoke", "failed"), intent("smoke", attempt=2), outcome("smoke"))
    assert [row.result for row in run.steps] == ["failed", "done"]
    assert run.finished("smoke", "forward")
    assert not run.finished("smoke", "back")
    assert not _fold(intent("smoke"), outcome("smoke"), intent("smoke", attempt=2)).finished("smoke", "forward")


def test_what_was_so_already_has_the_title_of_the_plan() -> None:
    run = _fold(*PREPARED, outcome("swap", "already", attempt=0))
    assert run.steps[0].title == "Swap green with production: v1.3.0 serves"
    assert run.title("unheard-of", "back") == "unheard-of"
    assert _fold().title("swap", "forward") == "swap"


def test_an_interruption_is_a_row_of_the_timeline_and_changes_no_state() -> None:
    before = _fold(*PREPARED, *BEFORE_THE_SWAP, intent("swap", mutates=True))
    after = _fold(
        *PREPARED, *BEFORE_THE_SWAP, intent("swap", mutates=True), ev.Interrupted(silent_s=61.4, during="swap")
    )
    assert (after.phase, after.steps, after.swaps) == (before.phase, before.steps, before.swaps)
    assert [event.silent_s for _, event in after.interruptions] == [61.4]
    (moment,) = [row for row in after.timeline if row.what == "Interrupted"]
    assert moment.detail == "session gone for 61 s during swap; gone on by observation"
    quiet = _fold(ev.Interrupted(silent_s=3.0, during="")).timeline[0]
    assert quiet.detail == "session gone for 3 s; gone on by observation"


def test_the_timeline_dates_the_switch_when_it_was_seen_not_when_it_was_written() -> None:
    moment = _fold(SWITCHED).timeline[0]
    assert (moment.at, moment.what) == (T0, "Traffic switched")


@pytest.mark.parametrize(
    ("decision", "code"),
    [("kept", 0), ("rolled_back", 10), ("partial", 11), ("held", 20), ("stopped", 30), ("failed", 40)],
)
def test_a_run_that_was_started_ends_with_the_code_of_its_decision(decision: Ending, code: int) -> None:
    assert _fold(*PREPARED, ev.Started(by="anna"), _ended(decision)).exit_code() == code


def test_a_failure_before_start_is_blocked_and_an_open_run_is_not_determined() -> None:
    assert _fold(*PREPARED, _ended("failed")).exit_code() == 1
    assert _fold(*PREPARED).exit_code() == 3
