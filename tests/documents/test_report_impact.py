"""Whom it hit and how long the way back took: each figure by its own name, and whose work is left after a rollback."""

from __future__ import annotations

import pytest

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.blocks import Reading
from cpr_cockpit.core.run import Run, fold
from cpr_cockpit.core.signals import Observation, Source
from cpr_cockpit.documents.papers import ending
from cpr_cockpit.documents.report import render_report
from tests.documents import report_runs as runs
from tests.documents.report_runs import T0, Script, Told


def _line(text: str, start: str) -> str:
    (found,) = [line for line in text.splitlines() if line.startswith(start)]
    return found


def _used(script: Script, *readings: Reading) -> Run:
    seen = Observation(Source.USAGE, T0 + 70.0, measured_at=T0 + 60.0, readings=readings)
    return fold(script.add(ev.Observed(source="usage", body=seen.to_dict())).rows)


def test_active_users_and_the_use_of_the_feature_are_told_where_they_were_read() -> None:
    run = _used(
        runs.switched(Told()),
        Reading("active users", 12.0, "users", before=9.0),
        Reading("sign-in failures (401, 403)", 0.5, "share", 100, before=0.1),
        Reading("use of the new feature", 3.25, "/min", n=7, before=0.0),
        Reading("users of the new feature", 0.25, "share", n=12),
    )
    told = _line(render_report(run), "- User Impact: ")
    assert "28 of 1,000 requests to v1.3.0 failed (a slow answer is no failure: see Performance Impact)" in told
    assert "active users 12, before the switch 9" in told
    assert "use of the new feature 3.2 /min, before the switch 0.0 /min" in told
    assert "users of the new feature 25.0 %, before the switch not measured" in told
    assert "(read at 08:55:10 UTC)" in told
    assert "sign-in" not in told
    assert "not counted" not in render_report(run)


@pytest.mark.parametrize("readings", [(), (Reading("active users", None, "users"),)])
def test_active_users_that_nobody_told_were_not_measured(readings: tuple[Reading, ...]) -> None:
    told = _line(render_report(_used(runs.switched(Told()), *readings)), "- User Impact: ")
    assert told.endswith("; active users not measured")


def test_the_use_of_the_feature_stands_beside_users_that_no_request_tells() -> None:
    use = Reading("use of the new feature", 5.0, "/min", n=7)
    told = _line(render_report(_used(runs.switched(Told()), use)), "- User Impact: ")
    assert "active users not measured; use of the new feature 5.0 /min" in told


def test_a_rollback_has_two_lengths_and_each_has_its_name() -> None:
    run = fold(runs.rolled_back(Told()).rows)
    words = (
        "13 s from the decision until production was seen to serve v1.2.0 again, "
        "20 s from the decision to the proof that v1.2.0 serves"
    )
    assert ending.rollback_times(run) == words
    text = render_report(run)
    for start in ("- Rollback Duration: ", "- Rollback Time Estimate: it took ", "The rollback took "):
        assert words in _line(text, start)
    assert ending.rollback_times(fold(runs.kept(Told()).rows)) == ""


def test_only_a_rehearsal_says_why_the_lab_counts_otherwise() -> None:
    words = "counts what the lab's own clients met, slow answers of the defect among them"
    assert words in render_report(fold(runs.kept(Told(mode="rehearse")).rows))
    assert words not in render_report(fold(runs.kept(Told()).rows))


def test_a_decision_is_told_with_the_sentence_of_its_verdict() -> None:
    text = render_report(fold(runs.rolled_back(Told()).rows))
    assert "on the verdict ROLLBACK (given at 08:54:10 UTC: the judge says ROLLBACK): so rollback" in text


def test_a_decision_in_the_verdict_s_own_words_does_not_repeat_them() -> None:
    script = runs.switched(Told()).add(runs.verdict(Told(), "ROLLBACK"))
    decided = ev.Decided(word="rollback", by="drill", verdict="ROLLBACK", sentence="the judge says ROLLBACK")
    assert "on the verdict ROLLBACK: the judge says ROLLBACK" in render_report(fold(script.add(decided).rows))


# -- a run that only looked on -----------------------------------------------------------------------------------------


def _looked_on(slot: str | None, *, ordered: bool) -> Run:
    """Others went back; ``slot``: what the other slot was seen to hold at the end."""
    told = Told()
    script = runs.switched(told)
    first = script.rows[0]
    script.rows[0] = first.model_copy(update={"event": runs.opened(told).model_copy(update={"observe": True})})
    if ordered:
        script.add(runs.decided(told, "rollback", "ROLLBACK"))
    script.add(ev.TrafficSwitched(way="back", version=told.old, t0=script.at))
    return fold(script.add(runs.ended(told, "rolled_back", told.old, slot)).rows)


@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize(
    ("slot", "held"),
    [("v1.3.0", "slot green still holds v1.3.0"), (None, "which version slot green holds was not read")],
)
def test_a_slot_that_still_holds_the_bad_version_is_left_to_whoever_deploys(
    slot: str | None, held: str, ordered: bool
) -> None:
    run = _looked_on(slot, ordered=ordered)
    words = f"{held}: whoever deploys has to put v1.2.0 into it, and until then the rollback is not finished"
    assert ending.left_to_do(run) == words
    text = render_report(run)
    assert f"**Deployment Status**: PARTIAL: ROLLED BACK to v1.2.0 in production, NOT FINISHED: {words}" in text
    assert _line(text, "**Rollback Executed**: YES, by others").rstrip().endswith(f"NOT FINISHED: {words}")
    assert f"Left to do: {words}." in text


def test_nothing_is_left_where_the_slot_was_put_back_or_the_cockpit_deployed() -> None:
    run = _looked_on("v1.2.0", ordered=True)
    assert ending.left_to_do(run) == ""
    assert ending.status(run) == "FAILED: ROLLED BACK to v1.2.0"
    partial = fold(runs.rolled_back(Told(), decision="partial").rows)
    assert ending.left_to_do(partial) == ""
