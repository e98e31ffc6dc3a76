"""A verdict that nobody answers: who is called when, and what happens by itself, never before the written time."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.notices import NoticeKind
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.run import Phase
from tests.engine.inbox import Inbox
from tests.engine.stage import Life, Stage
from tests.engine.suspending import suspending
from tests.engine.users import HEALTHY, Behaviour
from tests.engine.world import OLD

BAD = Behaviour(fails=2)
# Of a window of 30 s: f is a thirtieth.
WINDOW_S, PAGE_AFTER_S, PAGE_EVERY_S, UNATTENDED_S = 30.0, 2.0, 10.0, 20.0


def begun(stage: Stage, unattended: str = "page") -> tuple[Life, Inbox]:
    inbox = Inbox("night", answers=())
    stage.world.notifiers = (inbox,)
    stage.change(policy=replace(Policy(), unattended=unattended))
    life = stage.begin()
    stage.sign_and_start(life)
    return life, inbox


def until_rollback_verdict(life: Life) -> float:
    assert not life.live(lambda: life.run_state.verdict is not None and life.run_state.verdict.kind == "ROLLBACK")
    assert life.run_state.verdict_at is not None
    return life.run_state.verdict_at


def wait(stage: Stage, life: Life, seconds: float) -> None:
    until = stage.loop.time() + seconds
    assert not life.live(lambda: stage.loop.time() >= until)


def test_overdue_calls_after_the_window_again_and_again_until_somebody_answers() -> None:
    with Stage(None, window_s=WINDOW_S) as stage:
        life, inbox = begun(stage)
        assert not life.live(lambda: life.run_state.phase is Phase.WINDOW)
        assert life.run_state.t0 is not None
        end = life.run_state.t0 + WINDOW_S
        wait(stage, life, end + PAGE_AFTER_S - 0.8 - stage.world.clock.now())
        assert not {"overdue", "page"} & set(inbox.kinds_got)
        wait(stage, life, 2.0)
        assert inbox.kinds_got[-1] == "overdue"
        assert "cpr-cockpit ack" in inbox.got[-1].text
        wait(stage, life, 2 * PAGE_EVERY_S)
        assert inbox.kinds_got[-2:] == ["page", "page"]
        acked = life.command("ack", by="ana", words="I look")
        wait(stage, life, 3 * PAGE_EVERY_S)
        acked.result()
        assert inbox.kinds_got.count("page") == 2
        life.command("keep", by="ana")
        assert not life.live(lambda: life.run_state.decision is not None)


def test_nothing_is_acknowledged_where_nobody_is_called() -> None:
    with Stage(None, window_s=WINDOW_S) as stage:
        life, _ = begun(stage)
        refused = life.command("ack", by="ana")
        assert not life.live(refused.done)
        assert "nothing to acknowledge" in str(refused.exception())


@pytest.mark.parametrize("unattended", ["page", "rollback"])
def test_a_rollback_verdict_pages_and_is_carried_out_only_where_that_was_asked_for(unattended: str) -> None:
    with Stage(None, window_s=WINDOW_S, behaviour=BAD) as stage:
        life, inbox = begun(stage, unattended)
        since = until_rollback_verdict(life)
        wait(stage, life, 2.0)
        assert inbox.kinds_got[-2:] == ["verdict", "page"]
        wait(stage, life, since + UNATTENDED_S - 1.0 - stage.world.clock.now())
        assert life.run_state.decision is None
        if unattended == "page":
            wait(stage, life, UNATTENDED_S)
            assert life.run_state.decision is None
            return
        assert life.live()
        decision = life.run_state.decision
        assert isinstance(decision, ev.Decided)
        assert decision.by == "unattended policy"
        assert decision.sentence.startswith("nobody has acknowledged ROLLBACK for 20 s. ")
        assert stage.world.production == OLD


@settings(max_examples=4, deadline=None)
@given(acted_s=st.floats(0.5, 19.0), act=st.sampled_from(("ack", "rollback")), died=st.booleans())
def test_an_answer_in_time_stops_it_whatever_it_is(acted_s: float, act: str, *, died: bool) -> None:
    with Stage(None, window_s=WINDOW_S, behaviour=BAD) as stage:
        life, _ = begun(stage, "rollback")
        since = until_rollback_verdict(life)
        wait(stage, life, max(0.1, since + acted_s - stage.world.clock.now()))
        assert life.run_state.decision is None
        done = life.command(act, by="ana", reason="mine")
        if act == "rollback":
            assert life.live()
            assert life.run_state.decision is not None
            assert life.run_state.decision.by == "ana"
            return
        assert not life.live(done.done)
        if died:
            life.die()
            life = stage.begin()
        wait(stage, life, 2 * UNATTENDED_S)
        assert life.run_state.decision is None


def test_a_time_without_a_session_does_not_count() -> None:
    with Stage(None, window_s=WINDOW_S, behaviour=BAD) as stage:
        life, _ = begun(stage, "rollback")
        until_rollback_verdict(life)
        life.die()
        stage.loop.run_until_complete(stage.world.clock.sleep(10 * UNATTENDED_S))
        again = stage.begin()
        wait(stage, again, UNATTENDED_S - 2.0)
        assert again.run_state.decision is None
        assert again.live()
        assert again.run_state.decision is not None
        assert again.run_state.decision.by == "unattended policy"


def test_a_time_in_which_the_machine_was_away_does_not_count() -> None:
    with Stage(None, window_s=WINDOW_S, behaviour=BAD) as stage:
        clock = suspending(stage.world)
        life, _ = begun(stage, "rollback")
        until_rollback_verdict(life)
        clock.suspend(10 * UNATTENDED_S)
        wait(stage, life, UNATTENDED_S - 2.0)
        assert life.run_state.decision is None
        assert any(row.what == "Alarm delayed" for row in life.run_state.timeline)
        assert life.live()
        assert life.run_state.decision is not None
        assert life.run_state.decision.by == "unattended policy"


def test_who_is_called_waits_behind_no_other_notice_of_the_channel() -> None:
    with Stage(None, window_s=WINDOW_S, behaviour=BAD) as stage:
        life, inbox = begun(stage)
        inbox.kinds = frozenset({NoticeKind.VERDICT, NoticeKind.PAGE})
        since = until_rollback_verdict(life)
        inbox.answers = ["hang"]
        wait(stage, life, 1.0)
        assert inbox.kinds_got == ["page"]
        assert stage.world.clock.now() - since < 3.0


def test_nobody_is_called_by_a_page_that_waited_while_somebody_answered() -> None:
    with Stage(None, window_s=WINDOW_S, behaviour=BAD) as stage:
        life, inbox = begun(stage)
        inbox.kinds, inbox.answers = frozenset({NoticeKind.PAGE}), ["refuse"] * 2
        until_rollback_verdict(life)
        wait(stage, life, 1.0)
        assert inbox.tries == 1
        acked = life.command("ack", by="ana")
        wait(stage, life, 5.0)
        acked.result()
        assert (inbox.tries, inbox.got) == (1, [])
        [sending] = [one for one in life.run_state.notices.sendings.values() if one.intent.kind == "page"]
        assert sending.outcomes["night"][1].result == "needless"
        assert life.run_state.notices.channels["night"].left == 0


def test_a_good_version_is_kept_by_nobody() -> None:
    with Stage(None, window_s=WINDOW_S, behaviour=HEALTHY) as stage:
        life, _ = begun(stage, "rollback")
        assert not life.live(lambda: life.run_state.phase is Phase.WINDOW)
        wait(stage, life, WINDOW_S + 2 * UNATTENDED_S)
        assert life.run_state.decision is None
