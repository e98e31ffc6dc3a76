"""Step 4 in a run: both repositories merged and tagged, or nothing; half merged with its choices; laws 2 and 3."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpr_cockpit.core.checklist import Mark
from cpr_cockpit.core.code import CheckState, CommitCheck, PullState
from cpr_cockpit.core.code_run import MergeState
from cpr_cockpit.core.events import Script
from cpr_cockpit.core.merging import MergePolicy
from cpr_cockpit.core.run import Phase
from cpr_cockpit.core.safeguards import Safeguards
from cpr_cockpit.engine.host import CommandError
from tests.engine.moments import bounded
from tests.engine.repositories import HEAD, HostedRepository, two
from tests.engine.stage import Life, Stage
from tests.engine.world import Fault

TAG = "v1.3.0"


def looked(stage: Stage) -> Life:
    """A life whose repositories were looked at."""
    life = stage.begin()
    assert not life.live(lambda: life.run_state.phase is Phase.READY)
    assert not life.live(lambda: len(life.run_state.code.repositories) == 2)
    return life


def at_rest(life: Life) -> bool:
    return life.run_state.code.begun is not None and not life.run_state.code.running


def merged(life: Life) -> MergeState:
    """A person begins the merge; how it stands once it rests."""
    asked = life.command("merge", by="ana")
    assert not life.live(lambda: asked.done() and at_rest(life))
    asked.result()
    return life.run_state.code.state


def rested(life: Life) -> str:
    """Why it goes no further."""
    event = life.run_state.code.rested
    return event.words if event is not None else ""


def kinds(one: HostedRepository) -> list[str]:
    return [sent.kind for sent in one.sent]


def test_both_are_merged_and_tagged_and_the_items_of_step_four_are_measured() -> None:
    with Stage(script=None) as stage:
        api, ui = two(stage)
        life = looked(stage)
        assert merged(life) is MergeState.DONE
        for one in (api, ui):
            assert (kinds(one), one.merges) == (["create", "merge", "tag"], [HEAD])
            assert one.tags[TAG].commit == one.merge_commit
            assert "0001-goal" in one.tags[TAG].message
        marks = life.run_state.standings
        for item in ("merge.pull-request", "merge.checks", "merge.merged", "code-readiness.release-tagged"):
            assert (marks[item].mark, marks[item].by) == (Mark.MEASURED, "merge")


def test_a_conflict_in_one_blocks_both_and_names_the_files() -> None:
    with Stage(script=None) as stage:
        api, ui = two(stage)
        ui.conflicts = ("src/Goals.tsx", "package.json")
        life = looked(stage)
        assert merged(life) is MergeState.BLOCKED
        assert "acme/cpr-ui: conflicts in src/Goals.tsx, package.json" in rested(life)
        assert (api.sent, ui.sent) == ([], [])


def half(stage: Stage) -> tuple[Life, HostedRepository, HostedRepository]:
    api, ui = two(stage)
    ui.refuses = "protected branch"
    life = looked(stage)
    assert merged(life) is MergeState.HALF
    assert (len(api.merges), ui.merges) == (1, [])
    assert "protected branch" in rested(life)
    return life, api, ui


def test_a_refused_second_merge_is_half_merged_and_looking_again_merges_what_is_left() -> None:
    with Stage(script=None) as stage:
        life, api, ui = half(stage)
        ui.refuses = ""
        asked = life.command("merge_choice", choice="again", by="ana")
        assert not life.live(lambda: asked.done() and at_rest(life))
        assert life.run_state.code.state is MergeState.DONE
        assert (len(api.merges), len(ui.merges)) == (1, 1)
        assert kinds(api) == ["create", "merge", "tag"]


def test_half_merged_is_taken_back_by_a_pull_request_that_a_person_merges() -> None:
    with Stage(script=None) as stage:
        life, api, ui = half(stage)
        asked = life.command("merge_choice", choice="revert", by="ana", reason="UI is not ready")
        assert not life.live(lambda: asked.done() and at_rest(life))
        assert life.run_state.code.state is MergeState.HALF
        assert (kinds(api), kinds(ui)) == (["create", "merge", "revert"], ["create", "merge"])
        assert api.pulls[-1].state is PullState.OPEN
        assert "#2 created" in rested(life)


def test_going_on_with_one_needs_a_reason_and_waives_what_is_not_merged_under_its_name() -> None:
    with Stage(script=None) as stage:
        life, api, ui = half(stage)
        refused = life.command("merge_choice", choice="go-on", by="ana")
        assert not life.live(refused.done)
        with pytest.raises(CommandError, match="needs a reason"):
            refused.result()
        asked = life.command("merge_choice", choice="go-on", by="ana", reason="the API is compatible")
        assert not life.live(lambda: asked.done() and at_rest(life))
        assert life.run_state.code.state is MergeState.GONE_ON
        mark = life.run_state.standings["merge.merged"]
        assert (mark.mark, mark.by, mark.note) == (Mark.WAIVED, "ana", "the API is compatible")
        assert (list(api.tags), ui.tags) == ([TAG], {})


def test_going_on_waives_and_so_waits_for_a_second_person_where_the_policy_says_so() -> None:
    with Stage(script=None) as stage:
        stage.change(safeguards=Safeguards(two_person=("waiver",)))
        life, _, _ = half(stage)
        asked = life.command("merge_choice", choice="go-on", by="ana", reason="the API is compatible")
        assert not life.live(asked.done)
        assert (life.run_state.code.half, at_rest(life)) == (True, True)
        confirmed = life.command("second", by="ben")
        assert not life.live(confirmed.done)
        confirmed.result()
        assert not life.live(lambda: at_rest(life))
        assert life.run_state.code.state is MergeState.GONE_ON
        assert life.run_state.standings["merge.merged"].by == "ana with ben"


def test_a_red_check_in_one_merges_nothing_in_either() -> None:
    with Stage(script=None) as stage:
        api, ui = two(stage)
        ui.checks_rows = (CommitCheck("e2e", CheckState.FAILED, required=True),)
        life = looked(stage)
        assert merged(life) is MergeState.BLOCKED
        assert (kinds(api), kinds(ui)) == (["create"], ["create"])
        assert "acme/cpr-ui: e2e failed" in rested(life)


def test_checks_that_never_end_are_waited_for_no_longer_than_their_time() -> None:
    with Stage(script=None) as stage:
        api, _ = two(stage)
        api.checks_rows = (CommitCheck("e2e", CheckState.RUNNING, required=True),)
        stage.change(merge=MergePolicy(checks_s=60.0))
        life = looked(stage)
        assert merged(life) is MergeState.BLOCKED
        assert "e2e not done" in rested(life)


def test_a_head_that_moves_while_checks_run_merges_nothing() -> None:
    with Stage(script=None) as stage:
        api, ui = two(stage)
        api.checks_rows = (CommitCheck("e2e", CheckState.RUNNING, required=True),)
        life = looked(stage)
        life.command("merge", by="ana")
        assert not life.live(lambda: bool(ui.pulls) and bool(api.pulls))
        api.pulls[0] = replace(api.pulls[0], head="c" * 40)
        assert not life.live(lambda: at_rest(life))
        assert life.run_state.code.state is MergeState.BLOCKED
        assert (api.merges, ui.merges) == ([], [])


@pytest.mark.parametrize("trouble", ["another artifact", "no CI run"])
def test_what_ci_has_not_built_is_merged_and_not_tagged(trouble: str) -> None:
    with Stage(script=None) as stage:
        api, _ = two(stage)
        api.sha256, api.builds = "f" * 64, trouble != "no CI run"
        life = looked(stage)
        assert merged(life) is MergeState.UNTAGGED
        assert trouble in rested(life)
        assert api.tags == {}
        assert "code-readiness.release-tagged" not in life.run_state.standings


def test_a_run_without_a_host_is_signed_by_hand_and_a_run_may_be_stopped_while_it_merges() -> None:
    with Stage(script=None) as stage:
        life = stage.begin()
        assert not life.live(lambda: life.run_state.phase is Phase.READY)
        asked = life.command("merge", by="ana")
        assert not life.live(asked.done)
        with pytest.raises(CommandError, match="sign the list by hand"):
            asked.result()
    with Stage(script=None) as stage:
        api, _ = two(stage)
        api.builds = False
        life = looked(stage)
        life.command("merge", by="ana")
        assert not life.live(lambda: bool(life.run_state.code.merged))
        life.command("stop", by="ana")
        assert life.live()
        why = life.run_state.ended.reason if life.run_state.ended else ""
        assert "merged: acme/cpr-api as" in why


def test_a_script_merges_only_where_it_is_told_to() -> None:
    for merge, expected in ((False, []), (True, ["create", "merge", "tag"])):
        with Stage(script=Script(merge=merge)) as stage:
            api, _ = two(stage)
            run = stage.whole_run()
            assert run.ended is not None
            assert (run.ended.decision, kinds(api)) == ("kept", expected)


def killed(life: Life, turns: int) -> Life:
    """The next life after one that is killed so many turns on, or at its rest."""
    stage, until = life.stage, life.loop.turns + turns
    assert not life.live(lambda: at_rest(life) or stage.loop.turns >= until)
    life.die()
    return stage.begin()


FAULTS = st.sampled_from((Fault.LOST_BEFORE, Fault.LOST_AFTER, Fault.LATE, Fault.REFUSED, None))
STEPS = ("create", "merge", "tag")


@bounded(12)
@given(
    faults=st.dictionaries(st.tuples(st.integers(0, 1), st.sampled_from(STEPS)), st.lists(FAULTS, max_size=2)),
    deaths=st.lists(st.integers(0, 120), max_size=3),
)
def test_no_fault_and_no_death_merges_twice_and_what_is_told_is_so(
    faults: dict[tuple[int, str], list[Fault | None]], deaths: list[int]
) -> None:
    with Stage(script=None) as stage:
        hosts = two(stage)
        for (which, kind), several in faults.items():
            hosts[which].faults[kind] = list(several)  # type: ignore[arg-type]  # None: nothing goes wrong
        life = looked(stage)
        asked = life.command("merge", by="ana")
        assert not life.live(asked.done)
        for turns in deaths:
            life = killed(life, turns)
        assert not life.live(lambda: at_rest(life))
        stage.loop.run_until_complete(stage.world.clock.sleep(5.0))
        code = life.run_state.code
        for one in hosts:
            assert len(one.merges) <= 1
            told = code.of(one.name)
            assert bool(told.merged_as) == bool(one.merges) or told.perhaps
            assert sum(pull.state is not PullState.CLOSED for pull in one.pulls) <= 1
            assert told.merged_as in ("", one.merge_commit)
            if TAG in one.tags:
                assert one.tags[TAG].commit == one.merge_commit
        if code.state is MergeState.DONE:
            assert all(TAG in one.tags for one in hosts)


def test_what_was_taken_back_by_a_person_is_merged_anew() -> None:
    with Stage(script=None) as stage:
        life, api, ui = half(stage)
        asked = life.command("merge_choice", choice="revert", by="ana")
        assert not life.live(lambda: asked.done() and at_rest(life))
        api.pulls[-1] = replace(api.pulls[-1], state=PullState.MERGED)
        api.taken_back, ui.refuses = True, ""
        asked = life.command("merge", by="ana")
        assert not life.live(lambda: asked.done() and at_rest(life))
        assert life.run_state.code.state is MergeState.DONE
        assert (len(api.merges), kinds(api)[-3:]) == (2, ["create", "merge", "tag"])


def taken_back(life: Life, api: HostedRepository, state: PullState) -> None:
    """A person chooses to take it back; what became of that pull request."""
    asked = life.command("merge_choice", choice="revert", by="ana")
    assert not life.live(lambda: asked.done() and at_rest(life))
    api.pulls[-1] = replace(api.pulls[-1], state=state)


@pytest.mark.parametrize("state", [PullState.OPEN, PullState.MERGED, PullState.CLOSED])
def test_nothing_more_is_merged_while_what_takes_it_back_is_open_or_cannot_be_read(state: PullState) -> None:
    with Stage(script=None) as stage:
        life, api, ui = half(stage)
        taken_back(life, api, state)
        ui.refuses, api.unreadable = "", state is PullState.MERGED
        told = merged(life)
        if state is PullState.CLOSED:
            assert told is MergeState.DONE
            assert "#2 was closed, not merged" in life.run_state.code.of(api.name).rows["revert"].words
            return
        assert (told, ui.merges) == (MergeState.HALF, [])
        words = "#2, which takes it back, is open" if state is PullState.OPEN else "taken back is not known"
        assert words in rested(life)


def test_a_pull_request_that_takes_back_and_was_closed_is_not_there_to_be_merged() -> None:
    with Stage(script=None) as stage:
        life, api, _ = half(stage)
        taken_back(life, api, PullState.CLOSED)
        taken_back(life, api, PullState.CLOSED)
        assert "#2 takes it back and was closed, not merged: reopen it" in rested(life)
        assert "then look again" not in rested(life)
        assert life.run_state.code.state is MergeState.HALF


def test_what_was_taken_back_is_not_merged_because_its_branch_is_gone() -> None:
    with Stage(script=None) as stage:
        life, api, ui = half(stage)
        taken_back(life, api, PullState.MERGED)
        api.taken_back = api.deletes = True
        ui.refuses = ""
        assert merged(life) is MergeState.BLOCKED
        assert "#1 was merged as 1111111111 and taken back by #2" in rested(life)
        assert (api.tags, ui.merges) == ({}, [])


def test_who_goes_on_with_one_merges_no_other_by_looking_again_for_its_tag() -> None:
    with Stage(script=None) as stage:
        life, api, ui = half(stage)
        api.builds = False
        asked = life.command("merge_choice", choice="go-on", by="ana", reason="compatible")
        assert not life.live(lambda: asked.done() and at_rest(life))
        assert life.run_state.code.state is MergeState.UNTAGGED
        api.builds, ui.refuses = True, ""
        assert merged(life) is MergeState.GONE_ON
        assert (list(api.tags), ui.merges, ui.tags) == ([TAG], [], {})


def test_after_a_death_in_the_middle_of_a_merge_the_others_are_looked_at_before_they_are_merged() -> None:
    with Stage(script=None) as stage:
        api, ui = two(stage)
        life = looked(stage)
        life.command("merge", by="ana")
        assert not life.live(lambda: "merge" in kinds(api))
        life.die()
        ui.checks_rows = (CommitCheck("build", CheckState.FAILED, required=True),)
        life = stage.begin()
        assert not life.live(lambda: at_rest(life))
        assert (life.run_state.code.state, kinds(ui)) == (MergeState.HALF, ["create"])
        assert "build failed" in rested(life)


def test_a_clone_of_another_repository_proves_no_trial_merge() -> None:
    with Stage(script=None) as stage:
        api, ui = two(stage)
        ui.clone_head = "d" * 40
        life = looked(stage)
        assert merged(life) is MergeState.BLOCKED
        assert "acme/cpr-ui: could not be read: the remote of its clone has other heads" in rested(life)
        assert (api.sent, ui.sent) == ([], [])


def test_what_was_refused_is_known_not_to_be_done_although_nothing_can_be_read_after_it() -> None:
    with Stage(script=None) as stage:
        api, _ = two(stage)
        api.faults["merge"], api.deaf_after = [Fault.REFUSED], "merge"
        life = looked(stage)
        assert merged(life) is MergeState.BLOCKED
        assert "Refused." in rested(life)
        assert not life.run_state.code.of(api.name).perhaps


def test_what_somebody_merged_with_another_head_is_tagged_only_where_a_person_goes_on_with_it() -> None:
    with Stage(script=None) as stage:
        api, _ = two(stage)
        api.faults["merge"] = [Fault.LOST_BEFORE]
        life = looked(stage)
        life.command("merge", by="ana")
        assert not life.live(lambda: "merge" in kinds(api))
        api.merges.append("d" * 40)
        merge = {"state": PullState.MERGED, "head": "d" * 40, "merged_as": api.merge_commit, "merged_by": "eve"}
        api.pulls[0] = replace(api.pulls[0], **merge)  # type: ignore[arg-type]
        assert not life.live(lambda: at_rest(life))
        assert life.run_state.code.state is MergeState.UNTAGGED
        assert "with dddddddddd, not with bbbbbbbbbb" in rested(life)
        asked = life.command("merge_choice", choice="go-on", by="ana", reason="it is a typo")
        assert not life.live(lambda: asked.done() and at_rest(life))
        assert list(api.tags) == [TAG]


def test_a_merge_that_is_under_way_while_it_is_sent_again_is_no_refused_one() -> None:
    with Stage(script=None) as stage:
        api, _ = two(stage)
        api.faults["merge"], api.late_s = [Fault.LATE, Fault.REFUSED], 12.0
        life = looked(stage)
        assert merged(life) is MergeState.DONE
        assert (kinds(api).count("merge"), len(api.merges)) == (2, 1)


def test_what_is_all_taken_back_is_begun_anew() -> None:
    with Stage(script=None) as stage:
        life, api, ui = half(stage)
        taken_back(life, api, PullState.MERGED)
        taken_back(life, api, PullState.MERGED)
        assert (life.run_state.code.state, life.run_state.code.merged) == (MergeState.BLOCKED, ())
        assert "taken back. Nothing is merged any more" in rested(life)
        api.taken_back, ui.refuses = True, ""
        assert merged(life) is MergeState.DONE
        assert (len(api.merges), len(ui.merges)) == (2, 1)


def test_who_goes_on_with_what_is_taken_back_then_merges_nothing_anew() -> None:
    with Stage(script=None) as stage:
        life, api, ui = half(stage)
        taken_back(life, api, PullState.OPEN)
        asked = life.command("merge_choice", choice="go-on", by="ana", reason="compatible")
        assert not life.live(lambda: asked.done() and at_rest(life))
        assert "#2, which takes it back, is open" in rested(life)
        api.pulls[-1] = replace(api.pulls[-1], state=PullState.MERGED)
        api.taken_back = True
        assert merged(life) is MergeState.BLOCKED
        assert "Nothing is merged any more" in rested(life)
        assert (len(api.merges), ui.merges) == (1, [])
