"""At night: GO on synthetic evidence where policy allows it, never on what is missing, and armed after it."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise

import pytest

from cpr_cockpit.core.alarm import alarm
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.ports import PRODUCTION
from cpr_cockpit.core.run import Run
from cpr_cockpit.core.status_line import status_line
from cpr_cockpit.core.synthetic import SYNTHETIC
from cpr_cockpit.engine.showing import Showing
from tests.engine.journeys import Walks
from tests.engine.night import FASTEST, NightUsers, night
from tests.engine.stage import Stage
from tests.engine.users import OUTAGE
from tests.engine.world import NEW, OLD

WINDOW_S = 20.0


def held(run: Run) -> tuple[str, str]:
    """The cause and the words of the HOLD that the run ended with."""
    assert run.ended is not None
    assert run.ended.decision == "held"
    assert run.verdict is not None
    return run.verdict.cause or "", run.verdict.sentence


def test_a_night_with_journeys_is_kept_on_synthetic_evidence_and_stays_armed() -> None:
    with Stage(window_s=WINDOW_S) as stage:
        _, walks = night(stage)
        run = stage.whole_run()
        assert run.ended is not None
        assert run.ended.decision == "kept"
        assert run.verdict is not None
        assert (run.verdict.kind, run.verdict.rule) == ("GO", SYNTHETIC)
        assert run.decision is not None
        assert "synthetic steps since" in run.decision.sentence
        assert run.t0 is not None
        assert run.ended_at is not None
        steps, users = int(run.ended.reason.split()[3]), int(run.ended.reason.split()[6])
        assert steps >= 131
        assert 9 <= users <= 12
        assert run.ended.reason.startswith(
            f"{NEW} kept on {steps} synthetic steps, {users} user requests; still armed: "
        )
        # The users who did not come were awaited to the end of the extended validation.
        assert run.ended_at - run.t0 >= 2 * WINDOW_S
        begun = [at - run.t0 for at in walks.begun(PRODUCTION) if at < run.t0 + WINDOW_S]
        # No more than policy allows: 4 steps each, 600 a minute, beside the rounds of all journeys.
        assert len(begun) <= WINDOW_S * 600 / 60 / 4 + 8
        assert all(later - sooner >= 0.29 for sooner, later in pairwise(begun))


def _fails_once(walks: Walks) -> None:
    def wrong(name: str, place: str) -> str:
        return "create: answered 500" if place == PRODUCTION and len(walks.begun()) == 5 else ""

    walks.wrong = wrong


@pytest.mark.parametrize(
    ("policy", "change", "cause", "words"),
    [
        (FASTEST, lambda users, walks: _fails_once(walks), "thin", "journey goals failed: create: answered 500"),
        (
            FASTEST,
            lambda users, walks: setattr(users, "lost_at", users.clock.now() + 20.0),
            "stale",
            "no data to judge by: ",
        ),
    ],
    ids=["a step failed", "the telemetry died"],
)
def test_without_all_of_it_a_night_is_held(
    policy: Policy, change: Callable[[NightUsers, Walks], None], cause: str, words: str
) -> None:
    with Stage(window_s=WINDOW_S) as stage:
        users, walks = night(stage, policy=policy)
        change(users, walks)
        found, sentence = held(stage.whole_run())
        assert found == cause
        assert words in sentence


def test_without_journeys_it_is_held_for_want_of_users() -> None:
    with Stage(window_s=WINDOW_S) as stage:
        night(stage, journeys=False)
        cause, sentence = held(stage.whole_run())
        assert cause == "thin"
        assert "0 steps of critical journeys passed: 131 more are needed" in sentence


def test_while_it_is_armed_it_is_rolled_back_as_before_go() -> None:
    with Stage(window_s=WINDOW_S) as stage:
        users, _ = night(stage)
        life = stage.begin()
        assert not life.live(lambda: life.run_state.decision is not None)
        users.behaviours[NEW], users.dead_at, users.every = OUTAGE, stage.world.clock.now(), 1.0
        assert life.live()
        run = life.run_state
        assert run.ended is not None
        assert run.ended.decision == "rolled_back"
        assert stage.world.production == OLD


def test_it_is_armed_no_longer_once_enough_users_have_come() -> None:
    with Stage(window_s=WINDOW_S) as stage:
        users, _ = night(stage)
        life = stage.begin()
        assert not life.live(lambda: life.run_state.decision is not None)
        assert not life.live(lambda: life.run_state.users >= 12)
        showing = Showing(life.session, lambda run: "")
        detail, line = showing.view().panel.detail, status_line(life.run_state, life.session.scaled, None, 0.0)
        assert re.search(
            r"Kept on \d+ synthetic steps, \d+ user requests; still armed: 1\d of 131 user requests", detail
        )
        assert re.search(r"kept on \d+ synthetic steps, \d+ user requests; still armed: 1\d of 131 user requests", line)
        users.every = 0.05
        assert life.live()
        run = life.run_state
        assert run.ended is not None
        assert "still armed" not in run.ended.reason
        assert run.ended_at is not None
        assert run.decided_at is not None
        assert run.ended_at - run.decided_at < 15.0


def test_a_person_extends_the_window_within_what_policy_allows() -> None:
    with Stage(None, window_s=30.0) as stage:
        night(stage, policy=Policy(longest_window=1.5), journeys=False)
        life = stage.begin()
        stage.sign_and_start(life)
        assert not life.live(lambda: life.run_state.t0 is not None)
        run = life.run_state
        t0 = run.t0
        assert t0 is not None
        assert not life.live(lambda: stage.world.clock.now() > t0 + 29.0)
        life.command("extend", by="ana", words="the night shift logs in at six")
        assert not life.live(lambda: stage.world.clock.now() > t0 + 35.0)
        assert run.extended is not None
        assert run.extended.until == pytest.approx(t0 + 40.0)
        window = Showing(life.session, lambda run: "").view().window
        assert window.length_s == pytest.approx(40.0)
        assert window.deadline == pytest.approx(t0 + 40.0)
        assert any("by ana: the night shift logs in at six" in words for _, words in window.facts)
        assert run.verdict is not None
        assert run.verdict.kind == "WAIT"
        assert alarm(run, life.session.scaled, stage.world.clock.now()) is None
        early = life.command("keep", by="ana", reason="now")
        assert not life.live(early.done)
        assert "GO is not possible before the end of the window" in str(early.exception())
        # OVERDUE: it may be extended once more, to the bound of policy; not beyond it.
        assert not life.live(lambda: stage.world.clock.now() > t0 + 42.0)
        assert alarm(run, life.session.scaled, stage.world.clock.now()) is not None
        life.command("extend", by="ana")
        assert not life.live(lambda: run.extended is not None and run.extended.until > t0 + 41.0)
        assert run.extended.until == pytest.approx(t0 + 45.0)
        assert not life.live(lambda: stage.world.clock.now() > t0 + 46.0)
        again = life.command("extend", by="ana")
        assert not life.live(again.done)
        assert "policy allows 1.5 times the window at most" in str(again.exception())
        life.command("rollback", by="ana")
        assert life.live()
        assert stage.world.production == OLD
