"""The judge: its four verdicts, the deadline, every cause of HOLD, what a person says, and what is sticky."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from cpr_cockpit.core.blocks import Reading
from cpr_cockpit.core.judge import PRODUCTION_SOURCES, Judge
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.signals import Baseline, Bin, Observation, Source
from cpr_cockpit.core.verdict import HoldCause, PersonTrigger, Verdict, VerdictKind, percent
from tests.core.observations import BEFORE, NEW, OLD, T0, WRITTEN, logs, platform, probes, user_bin

FIFTEEN = [user_bin(index) for index in range(15)]
END = T0 + 900.0


def _judge(
    *seen: Observation,
    before: Baseline | None = BEFORE,
    policy: Policy = WRITTEN,
    sources: Sequence[Source] = PRODUCTION_SOURCES,
    old: str = OLD,
    delay: float = 0.0,
) -> Judge:
    judge = Judge(policy, NEW, old, delay, sources=sources)
    if before is not None:
        judge.baseline(before)
    judge.t0(T0)
    for one in seen:
        judge.observe(one)
    return judge


def _sources(bins: Sequence[Bin] = FIFTEEN, *, at: float = END, lag: float = 0.0) -> list[Observation]:
    """All that is required of the time up to ``at``.

    Logs, a platform that agrees with them (it counts our probes too), and a probe a second that is answered.
    """
    told = {row.start: row for row in bins if row.version == NEW}
    rows = [told.get(T0 + 60.0 * minute, user_bin(minute, 0)) for minute in range(int((at - T0) / 60))]
    counts = [(row.requests + 60, row.failures) for row in rows]
    return [logs(bins, at=at, lag=lag), platform(counts, at=at), probes(*range(int(at - T0) + 1))]


def _answer(verdict: Verdict) -> tuple[VerdictKind, HoldCause | None]:
    return verdict.kind, verdict.cause


# -- WAIT, the deadline, GO ------------------------------------------------------------------------------------------


def test_before_the_switch_it_waits() -> None:
    judge = Judge(WRITTEN, NEW, OLD, 0.0)
    verdict = judge.verdict(T0)
    assert _answer(verdict) == (VerdictKind.WAIT, None)
    assert verdict.sentence == "production does not serve v1.3.0 yet"
    assert judge.deadline is None
    judge.t0(T0)
    assert judge.deadline == END


def test_before_the_deadline_it_waits_and_says_how_it_stands_and_until_when() -> None:
    judge = _judge(*_sources(FIFTEEN[:10], at=T0 + 600))
    verdict = judge.verdict(T0 + 600)
    assert _answer(verdict) == (VerdictKind.WAIT, None)
    assert "0 of 1000 requests to v1.3.0 failed" in verdict.sentence
    assert verdict.sentence.endswith("; decision at 09:09:00 UTC")


def test_at_the_deadline_a_healthy_release_may_be_kept_and_not_a_moment_before() -> None:
    judge = _judge(*_sources())
    assert judge.verdict(END - 0.001).kind is VerdictKind.WAIT
    verdict = judge.verdict(END)
    assert _answer(verdict) == (VerdictKind.GO, None)
    assert verdict.sentence.startswith("0 of 1500 requests to v1.3.0 failed since 08:54:00 UTC (0.0 %, target 1.0 %")
    assert {figure.name for figure in verdict.figures} >= {"error rate", "p95", "platform requests", "logs coverage"}


def test_dead_letters_that_came_since_the_switch_keep_the_decision_for_a_person() -> None:
    for dead, kind in ((2.0, VerdictKind.GO), (3.0, VerdictKind.HOLD)):
        queue = Observation(Source.WORKERS, END, measured_at=END, readings=(Reading("dead letters", dead, limit=2.0),))
        verdict = _judge(*_sources(), queue).verdict(END)
        assert verdict.kind is kind
        assert ("3 dead letters, 1 more than before" in verdict.sentence) is (kind is VerdictKind.HOLD)
        assert verdict.warnings == (("workers: dead letters 3",) if kind is VerdictKind.HOLD else ())


def test_a_short_window_decides_the_same_way() -> None:
    policy = WRITTEN.scaled(30.0)
    bins = [user_bin(index, size=2.0) for index in range(15)]
    counts = platform([(100, 0)] * 15, size=2.0)
    judge = _judge(logs(bins), counts, probes(*range(31)), policy=policy)
    assert judge.verdict(T0 + 29.9).kind is VerdictKind.WAIT
    assert judge.verdict(T0 + 30.0).kind is VerdictKind.GO


def test_after_the_deadline_the_last_data_is_awaited_for_its_usual_lag() -> None:
    judge = _judge(*_sources(at=END, lag=30.0))
    verdict = judge.verdict(END)
    assert verdict.kind is VerdictKind.WAIT
    assert verdict.sentence.endswith("; the decision is due, its last data is on the way (usually 30 s late)")
    for one in _sources(at=END + 30, lag=30.0):
        judge.observe(one)
    assert judge.verdict(END + 30).kind is VerdictKind.GO


def test_one_quick_row_from_after_the_deadline_does_not_stand_in_for_the_slow_ones() -> None:
    bins = [*FIFTEEN, user_bin(15)]
    judge = _judge(*_sources(bins, at=END + 61, lag=120.0))
    assert judge.verdict(END + 61).kind is VerdictKind.WAIT


def test_with_a_control_nothing_of_the_old_version_is_counted_against_the_new_one() -> None:
    bins = [*FIFTEEN, *(user_bin(index, 100, 50, version=OLD) for index in range(15))]
    assert _judge(*_sources(bins)).verdict(END).kind is VerdictKind.GO


def test_an_early_go_is_for_policy_to_allow_and_never_before_the_triggers_had_their_time() -> None:
    early = replace(WRITTEN, go_early=True)
    for policy, minutes, kind in ((WRITTEN, 6, "WAIT"), (early, 5, "WAIT"), (early, 6, "GO")):
        at = T0 + 60.0 * minutes
        assert _judge(*_sources(FIFTEEN[:minutes], at=at), policy=policy).verdict(at).kind.value == kind
    doubtful = _sources([*FIFTEEN[:5], user_bin(5, 100, 50)], at=T0 + 360)
    assert _judge(*doubtful, policy=early).verdict(T0 + 360).kind is VerdictKind.WAIT


# -- HOLD, by cause --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("silent", PRODUCTION_SOURCES)
def test_hold_stale_when_any_required_source_is_silent(silent: Source) -> None:
    judge = _judge(*(one for one in _sources() if one.source is not silent))
    verdict = judge.verdict(END)
    assert _answer(verdict) == (VerdictKind.HOLD, HoldCause.STALE)
    assert silent.value in verdict.sentence


def test_hold_stale_comes_before_the_deadline_and_goes_when_data_comes_back() -> None:
    judge = _judge(*_sources(FIFTEEN[:5], at=T0 + 300))
    assert judge.verdict(T0 + 300).kind is VerdictKind.WAIT
    assert _answer(judge.verdict(T0 + 400)) == (VerdictKind.HOLD, HoldCause.STALE)
    for one in _sources(FIFTEEN[:7], at=T0 + 420):
        judge.observe(one)
    assert judge.verdict(T0 + 420).kind is VerdictKind.WAIT


def test_silent_telemetry_with_normal_probes_and_platform_is_hold_stale() -> None:
    seen = [logs(FIFTEEN[:5]), platform([(160, 0)] * 15), probes(*range(901))]
    verdict = _judge(*seen).verdict(END)
    assert _answer(verdict) == (VerdictKind.HOLD, HoldCause.STALE)
    assert "our probes are answered and the platform counted 160 requests" in verdict.sentence


@pytest.mark.parametrize("told_by", ["platform", "second host"])
def test_silent_telemetry_with_failing_probes_is_rollback(told_by: str) -> None:
    failing = probes(*range(300, 421), ok=False, second_host=told_by == "second host")
    counts = [(160, 0)] * 5 + ([(100, 100), (100, 100)] if told_by == "platform" else [])
    verdict = _judge(logs(FIFTEEN[:5]), platform(counts, at=T0 + 420), failing).verdict(T0 + 420)
    assert verdict.kind is VerdictKind.ROLLBACK
    assert verdict.rule == "complete unavailability"


def test_silent_telemetry_with_failing_probes_and_no_second_host_is_our_own_network_perhaps() -> None:
    failing = probes(*range(300, 401), ok=False, second_host=False)
    verdict = _judge(logs(FIFTEEN[:5]), failing).verdict(T0 + 401)
    assert _answer(verdict) == (VerdictKind.HOLD, HoldCause.STALE)
    assert "this may be our own network" in verdict.sentence


def test_hold_incomplete_when_too_little_of_the_time_has_come() -> None:
    assert _answer(_judge(*_sources([*FIFTEEN[:9], FIFTEEN[14]])).verdict(END)) == (
        VerdictKind.HOLD,
        HoldCause.INCOMPLETE,
    )


def test_hold_incomplete_when_the_platform_counted_more_than_the_logs_hold() -> None:
    seen = [*_sources()[:1], platform([(300, 0)] * 15), probes(*range(901))]
    assert _answer(_judge(*seen).verdict(END)) == (VerdictKind.HOLD, HoldCause.INCOMPLETE)


def test_hold_thin_when_few_requests_were_made() -> None:
    few = [user_bin(index, 3) for index in range(15)]
    verdict = _judge(*_sources(few)).verdict(END)
    assert _answer(verdict) == (VerdictKind.HOLD, HoldCause.THIN)
    assert "14 more without a failure are needed" in verdict.sentence


def test_hold_thin_when_the_letter_is_met_by_hardly_any_request() -> None:
    verdict = _judge(*_sources([user_bin(index, 3, 1) for index in range(6)], at=T0 + 360)).verdict(T0 + 360)
    assert _answer(verdict) == (VerdictKind.HOLD, HoldCause.THIN)
    assert verdict.rule == "error rate"


def test_hold_suspicious_when_a_trigger_is_under_way_at_the_deadline() -> None:
    bins = [*FIFTEEN[:12], *(user_bin(index, 100, 6) for index in (12, 13, 14))]
    verdict = _judge(*_sources(bins)).verdict(END)
    assert _answer(verdict) == (VerdictKind.HOLD, HoldCause.SUSPICIOUS)
    (rising,) = verdict.pending
    assert rising == (
        "error rate: 18 of 300 requests failed since 09:06:00 UTC (limit 5.0 %); "
        "the written trigger would fire at 09:12:00 UTC"
    )


def test_hold_suspicious_when_much_failed_though_not_for_long_enough() -> None:
    bursts = [user_bin(index, 100, 40 if index in (3, 4, 8, 9) else 0) for index in range(15)]
    assert _answer(_judge(*_sources(bursts)).verdict(END)) == (VerdictKind.HOLD, HoldCause.SUSPICIOUS)


def test_hold_suspicious_when_losing_rows_would_hide_that_it_is_slower() -> None:
    slow = [user_bin(index, p95=185.0) for index in range(15)]
    full = _judge(logs(slow), sources=(Source.LOGS,))
    assert full.verdict(END).kind is VerdictKind.ROLLBACK
    third = [replace(row, requests=33) for row in slow]
    left = _judge(logs(third, whole=[replace(third[0], length=900.0, requests=495)]), sources=(Source.LOGS,))
    assert _answer(left.verdict(END)) == (VerdictKind.HOLD, HoldCause.SUSPICIOUS)


def test_hold_undecidable_when_the_fault_is_older_than_the_release() -> None:
    bad = [user_bin(index, 100, 8) for index in range(6)]
    verdict = _judge(*_sources(bad, at=T0 + 360), before=replace(BEFORE, failures=240)).verdict(T0 + 360)
    assert _answer(verdict) == (VerdictKind.HOLD, HoldCause.UNDECIDABLE)


def test_hold_undecidable_when_both_arms_run_one_version() -> None:
    verdict = _judge(*_sources(), old=NEW).verdict(END)
    assert _answer(verdict) == (VerdictKind.HOLD, HoldCause.UNDECIDABLE)
    assert verdict.sentence == "both arms run v1.3.0: users' figures cannot be told apart"


def test_hold_target_missed_between_target_and_trigger() -> None:
    verdict = _judge(*_sources([user_bin(index, 100, 3) for index in range(15)])).verdict(END)
    assert _answer(verdict) == (VerdictKind.HOLD, HoldCause.TARGET_MISSED)
    assert verdict.sentence == "3.0 % of 1500 requests failed: target 1.0 %, before 0.3 %"


def test_hold_by_the_letter_when_a_quick_release_became_a_little_slower() -> None:
    bins = [user_bin(index, p95=80.0) for index in range(6)]
    verdict = _judge(*_sources(bins, at=T0 + 360), before=replace(BEFORE, p95=40.0)).verdict(T0 + 360)
    assert _answer(verdict) == (VerdictKind.HOLD, HoldCause.BY_THE_LETTER)
    assert verdict.rule == "performance degradation"


@pytest.mark.parametrize("cause", [HoldCause.FOREIGN, HoldCause.SLEPT])
def test_hold_from_outside_stays_until_a_person_has_looked(cause: HoldCause) -> None:
    judge = _judge(*_sources())
    judge.hold(cause, "somebody must look")
    assert _answer(judge.verdict(END)) == (VerdictKind.HOLD, cause)
    assert judge.verdict(END).sentence == "somebody must look"
    judge.release(HoldCause.STALE)
    assert judge.verdict(END).kind is VerdictKind.HOLD
    judge.release(cause)
    assert judge.verdict(END).kind is VerdictKind.GO


def test_a_hold_from_outside_never_hides_a_rollback() -> None:
    judge = _judge(*_sources([user_bin(index, 100, 20) for index in range(6)], at=T0 + 360))
    judge.hold(HoldCause.FOREIGN, "somebody changed the routing")
    assert judge.verdict(T0 + 360).kind is VerdictKind.ROLLBACK


def test_future_dated_data_holds_and_is_not_believed() -> None:
    ahead = replace(_sources()[0], measured_at=END + 600)
    verdict = _judge(ahead, *_sources()[1:]).verdict(END)
    assert _answer(verdict) == (VerdictKind.HOLD, HoldCause.STALE)
    assert "dated ahead of our clock" in verdict.sentence


def test_a_source_too_coarse_for_the_window_is_shown_and_not_required() -> None:
    coarse = replace(platform([(1600, 0)], size=900.0, at=END), granularity_s=300.0)
    seen = [_sources()[0], coarse, _sources()[2]]
    judge = _judge(*seen)
    verdict = judge.verdict(END)
    assert verdict.kind is VerdictKind.GO
    assert "platform requests" in {figure.name for figure in verdict.figures}


# -- ROLLBACK, and what a person raises ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bins", "rule"),
    [
        ([user_bin(index, 100, 6) for index in range(6)], "error rate"),
        ([user_bin(index, p95=260.0) for index in range(6)], "performance degradation"),
    ],
)
def test_a_written_trigger_rolls_back_before_the_deadline_and_stays(bins: list[Bin], rule: str) -> None:
    judge = _judge(*_sources(bins, at=T0 + 360))
    first = judge.verdict(T0 + 360)
    assert (first.kind, first.rule) == (VerdictKind.ROLLBACK, rule)
    for one in _sources(at=END):
        judge.observe(one)
    judge.release(HoldCause.FOREIGN)
    later = judge.verdict(END)
    assert (later.key, later.sentence) == (first.key, first.sentence)


def test_after_a_rollback_the_figures_go_on() -> None:
    judge = _judge(*_sources([user_bin(index, 100, 6) for index in range(6)], at=T0 + 360))
    first = judge.verdict(T0 + 360)
    assert first.kind is VerdictKind.ROLLBACK
    judge.observe(probes(*(END - T0 - late for late in range(7, 0, -1)), ok=False))
    probing = {figure.name: figure for figure in judge.verdict(END).figures}["probes failed in a row"]
    assert (judge.verdict(END).at, probing.value, probing.age_s) == (END, 7.0, 1.0)


def test_a_trigger_counts_also_while_data_is_stale() -> None:
    judge = _judge(logs([user_bin(index, 100, 6) for index in range(6)]))
    assert judge.verdict(END).kind is VerdictKind.ROLLBACK


@pytest.mark.parametrize("name", ["data corruption", "Data-Corruption ", "DATA_CORRUPTION"])
def test_a_person_s_trigger_rolls_back_at_once_without_any_data(name: str) -> None:
    judge = _judge()
    judge.raise_trigger(name, "anna")
    verdict = judge.verdict(T0 + 1)
    assert (verdict.kind, verdict.rule, verdict.sentence) == (
        VerdictKind.ROLLBACK,
        "data corruption",
        "data corruption: raised by anna",
    )


@pytest.mark.parametrize("trigger", PersonTrigger)
def test_every_trigger_of_the_procedure_can_be_raised_also_before_the_switch(trigger: PersonTrigger) -> None:
    judge = Judge(WRITTEN, NEW, OLD, 0.0)
    judge.raise_trigger(trigger.value, "anna")
    assert judge.verdict(T0).kind is VerdictKind.ROLLBACK


def test_a_trigger_that_does_not_exist_is_refused_with_those_that_do() -> None:
    judge = _judge()
    with pytest.raises(
        ValueError, match="a person can raise: critical functionality, data corruption, security breach"
    ):
        judge.raise_trigger("bad mood", "anna")
    assert judge.verdict(T0 + 1).kind is VerdictKind.WAIT


def test_after_a_restart_a_rollback_stays_given_and_other_verdicts_are_judged_afresh() -> None:
    given = _judge(*_sources([user_bin(index, 100, 6) for index in range(6)], at=T0 + 360)).verdict(T0 + 360)
    judge = _judge(*_sources())
    judge.restore(given)
    assert replace(judge.verdict(END), at=given.at, figures=given.figures) == given
    other = _judge(*_sources())
    other.restore(replace(given, kind=VerdictKind.HOLD, cause=HoldCause.STALE))
    assert other.verdict(END).kind is VerdictKind.GO


def test_a_negative_delay_is_refused() -> None:
    with pytest.raises(ValueError, match="the declared delay is not negative"):
        Judge(WRITTEN, NEW, OLD, -1.0)


# -- the verdict as a value ------------------------------------------------------------------------------------------


def test_a_verdict_survives_its_json_form_and_figures_do_not_make_it_another() -> None:
    judge = _judge(*_sources())
    verdict = judge.verdict(END)
    assert Verdict.from_dict(verdict.to_dict()) == verdict
    assert judge.verdict(END + 3).key == verdict.key
    held = replace(verdict, kind=VerdictKind.HOLD, cause=HoldCause.STALE)
    assert Verdict.from_dict(held.to_dict()) == held
    assert held.key != verdict.key


@pytest.mark.parametrize("change", [{"kind": "MAYBE"}, {"cause": "moody"}, {"figures": [{"mood": 1}]}, {"at": None}])
def test_a_body_that_is_no_verdict_is_a_value_error(change: dict[str, Any]) -> None:
    body = {**_judge(*_sources()).verdict(END).to_dict(), **change}
    if body["at"] is None:
        del body["at"]
    with pytest.raises(ValueError, match=r"."):
        Verdict.from_dict(body)


@pytest.mark.parametrize(("share", "words"), [(0.028, "2.8 %"), (0.0, "0.0 %"), (0.0004, "0.04 %"), (1.0, "100.0 %")])
def test_a_share_is_never_rounded_to_nothing(share: float, words: str) -> None:
    assert percent(share) == words
