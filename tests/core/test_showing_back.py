"""What a face is shown of the way back: the rollback check, and the way by hand where Resource Manager is silent."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace

import pytest

from cpr_cockpit.core import events as ev
from cpr_cockpit.core import showing_panel, showing_window
from cpr_cockpit.core.back_check import Looked, concluded
from cpr_cockpit.core.blocks import Reading
from cpr_cockpit.core.ports import PRODUCTION, Sighting
from cpr_cockpit.core.rights import PUBLISH, ROUTE, SWAP
from cpr_cockpit.core.run import Run
from cpr_cockpit.core.showing import Stage
from cpr_cockpit.core.signals import Observation, Source
from cpr_cockpit.core.standings import standings
from cpr_cockpit.core.strategies import Course
from cpr_cockpit.core.verdict import VerdictKind
from cpr_cockpit.core.view import State
from cpr_cockpit.core.view_json import sections, view_of
from cpr_cockpit.core.workers import DEAD_LETTERS
from cpr_cockpit.engine.preparing import plan_of
from tests.core.a_run import A_DOUBTFUL_SWAP, BEFORE_THE_SWAP, PLAN, WATCHED, outcome
from tests.core.observations import NEW, OLD, T0
from tests.core.test_showing_share import intent, run_of, said, stage
from tests.tui.views import window_calm

READY = Looked("green", 3, 3, 3, token_s=3000.0)
IN_WINDOW = (*BEFORE_THE_SWAP[1:], *A_DOUBTFUL_SWAP, *WATCHED)
LOST = ev.ManagerReach(reached=False, since=T0 + 26.0, words="The service cannot be reached.")
DECIDED = ev.Decided(word="rollback", by="anna", verdict="ROLLBACK", sentence="errors")


def shown(run: Run, checked: ev.RollbackChecked | None = None, **more: object) -> tuple[str, bool, str]:
    at = None if checked is None else (T0 + 48.0, checked)
    there: Stage = replace(stage(said(VerdictKind.WAIT)), back_check=at, **more)  # type: ignore[arg-type]
    panel = showing_panel.panel(run, there)
    facts = dict(showing_window.window(run, there).facts)
    return panel.back, panel.warns, facts["rollback"]


def test_the_check_is_told_with_its_age_and_how_long_the_last_swap_took() -> None:
    run = run_of(Course(), *IN_WINDOW)
    back, warns, fact = shown(run, concluded(PLAN, [READY]))
    assert back.startswith(f"rollback checked 12 s ago: slot green {OLD}, 200 on 3 of 3; swap ")
    assert (warns, fact) == (False, back.removeprefix("rollback ").partition(";")[0])


@pytest.mark.parametrize(
    ("seen", "trouble", "rung"),
    [
        (Looked("green", 3, 2, 4), "200 on 2 of 3", "ROLL BACK still swaps"),
        (Looked("green", 3, 0, 0), "200 on 0 of 3", "deploy the kept v1.2.0 to production"),
        (Looked("green", 3, 3, 3, other=NEW), f"slot green answers {NEW}", "deploy the kept"),
        (Looked("green", 3, 3, 3, in_flight="op-7"), "under way (op-7)", "waits until it has ended"),
        (Looked("green", 3, 3, 3, preview="green"), "preview waits", "all new sessions to slot green"),
        (Looked("green", 3, 3, 3, lacking=(SWAP,)), "RIGHTS HAVE ENDED", "all new sessions to slot green"),
        (Looked("green", 3, 3, 3, lacking=(SWAP, ROUTE)), "RIGHTS HAVE ENDED", "deploy the kept"),
        (Looked("green", 3, 3, 3, lacking=(SWAP, ROUTE, PUBLISH)), "RIGHTS HAVE ENDED", "the rollback card"),
        (Looked("green", None, 0, 3, ended="refused (403)"), "RIGHTS HAVE ENDED: refused (403)", "sign in"),
        (Looked("green", None, 0, 3, manager="no connection"), "cannot be read: no connection", "the rollback card"),
    ],
)
def test_what_is_wrong_is_told_with_the_rung_that_would_work(seen: Looked, trouble: str, rung: str) -> None:
    run = run_of(Course(), *IN_WINDOW)
    assert run.plan is not None
    found = concluded(plan_of(run.plan), [seen])
    assert not found.ready
    assert trouble in found.trouble
    assert rung in found.rung
    back, warns, fact = shown(run, found)
    assert back.startswith("rollback NOT READY 12 s ago: ")
    assert warns
    assert fact.startswith("NOT READY")


def test_a_share_is_gone_back_from_by_ending_the_routing() -> None:
    assert concluded(PLAN, [Looked(PRODUCTION, 2, 1, 3)]).rung == "ROLL BACK ends the routing"


def test_rights_that_could_not_be_read_are_told_and_are_no_trouble() -> None:
    found = concluded(PLAN, [replace(READY, unread="Reading the rights failed.")])
    assert found.ready
    assert "rights not read: Reading the rights failed." in found.words


def test_an_old_check_says_nothing_of_now() -> None:
    run = run_of(Course(), *IN_WINDOW)
    at = (T0 - 500.0, concluded(PLAN, [READY]))
    panel = showing_panel.panel(run, replace(stage(said(VerdictKind.WAIT)), back_check=at))
    assert panel.back.startswith("rollback NOT CHECKED for 560 s")
    assert panel.warns


def test_a_token_that_ends_soon_is_told() -> None:
    run = run_of(Course(), *IN_WINDOW)
    back, warns, _ = shown(run, concluded(PLAN, [replace(READY, token_s=400.0)]))
    assert "this sign-in is good for 6 min" in back
    assert not warns


def test_a_silent_manager_in_the_window_is_told_with_the_card() -> None:
    run = run_of(Course(), *IN_WINDOW, LOST)
    back, warns, fact = shown(run, concluded(PLAN, [READY]))
    assert back.startswith("NO ANSWER OF RESOURCE MANAGER for 34 s. Production answers ")
    assert back.endswith("rollback-card.md")
    assert warns
    assert fact == back


def look(version: str | None) -> Sighting:
    return Sighting(T0 + 55.0, 200 if version else 503, version, None, 5.0)


@pytest.mark.parametrize(
    ("production", "slot", "commands"),
    [
        (
            NEW,
            OLD,
            ["az webapp deployment slot swap --subscription '' --resource-group '' --name cpr-api"],
        ),
        (None, OLD, ["az webapp deployment slot swap"]),
        (OLD, NEW, []),
        (OLD, OLD, []),
        (None, None, ["az webapp show"]),
    ],
)
def test_on_the_way_back_without_an_answer_the_first_commands_are_those_of_the_state_that_is_seen(
    production: str | None, slot: str | None, commands: list[str]
) -> None:
    run = run_of(Course(), *IN_WINDOW, DECIDED, LOST)
    there = replace(stage(said(VerdictKind.ROLLBACK)), production_look=look(production), slot_look=look(slot))
    panel = showing_panel.panel(run, there)
    assert panel.word == "BACK BY HAND"
    assert "34 s" in panel.sentence
    assert f"Production answers {production or 'no version'}, slot green {slot or 'no version'}." in panel.sentence
    assert panel.back == "The whole way by hand: rollback-card.md"
    assert len(panel.commands) == len(commands)
    assert all(one.startswith(begin) for one, begin in zip(panel.commands, commands, strict=True))


def test_a_swap_back_that_may_be_under_way_is_looked_for_before_anybody_swaps() -> None:
    run = run_of(Course(), *IN_WINDOW, DECIDED, intent("swap-back", "back", mutates=True), LOST)
    there = replace(stage(said(VerdictKind.ROLLBACK)), production_look=look(NEW), slot_look=look(OLD))
    first, then = showing_panel.panel(run, there).commands
    assert first.startswith("az webapp show")
    assert then.startswith("az webapp deployment slot swap")


def by_hand(course: Course, *events: ev.AnyEvent) -> list[str]:
    """The commands of a way back that Resource Manager keeps waiting, production seen to serve the new version."""
    run = run_of(course, *IN_WINDOW, *events, DECIDED, LOST)
    there = replace(stage(said(VerdictKind.ROLLBACK)), production_look=look(NEW), slot_look=look(OLD))
    return list(showing_panel.panel(run, there).commands)


def test_of_several_apps_those_that_serve_the_new_version_are_looked_at_and_swapped_last_first() -> None:
    course = Course("rolling", apps=("cpr-api", "west", "north", "south"))
    switched = (ev.AppSwitched(way="forward", app=app, version=NEW, t0=T0) for app in ("cpr-api", "west", "north"))
    commands = by_hand(course, *switched)
    named = [(words[2], words[words.index("--name") + 1]) for words in map(shlex.split, commands)]
    assert named == [
        ("show", "north"),
        ("deployment", "north"),
        ("show", "west"),
        ("deployment", "west"),
        ("deployment", "cpr-api"),
    ]


def test_a_flag_that_is_not_off_is_set_off_before_anything_else() -> None:
    course = Course(flag="goals")
    kept, off, swap = by_hand(course)
    assert kept.startswith("az appconfig kv show")
    assert off.startswith("az appconfig feature disable")
    assert swap.startswith("az webapp deployment slot swap")
    (only,) = by_hand(course, intent("flag-off", "back", mutates=True), outcome("flag-off", way="back"))
    assert only == swap


def test_whether_the_slots_need_anything_shows_once_the_flag_is_off() -> None:
    raised = (ev.FlagSeen(flag="goals", percent=5.0), DECIDED, intent("flag-off", "back", mutates=True))
    kinds = [one.split()[1] for one in by_hand(Course("feature-flag", flag="goals"), *raised)]
    assert kinds == ["appconfig", "appconfig"]


def test_everybody_who_was_sent_to_the_old_version_stays_there_until_production_serves_it() -> None:
    refuge = ev.ShareRouted(slot="green", version=OLD, percent=100.0)
    (looked,) = by_hand(Course(), refuge)
    assert looked.startswith("az webapp show")
    (deployed,) = by_hand(Course(), refuge, ev.CardWritten(path="/run/rollback-card.md", sha256="cd" * 32))
    assert deployed.endswith("--type zip --src-path /run/artifacts/old.zip")


def test_what_was_seen_long_ago_is_not_what_serves_now() -> None:
    run = run_of(Course(), *IN_WINDOW, DECIDED, LOST)
    old = replace(look(OLD), at=T0 - 900.0)
    there = replace(stage(said(VerdictKind.ROLLBACK)), production_look=look(NEW), slot_look=old)
    assert showing_panel.panel(run, there).commands[0].startswith("az webapp show")


def test_the_panel_goes_over_the_wire() -> None:
    view = window_calm()
    view = replace(view, panel=replace(view.panel, back="b", warns=True, commands=("one", "two")))
    assert view_of(json.loads(json.dumps(sections(view)))) == view


def test_dead_letters_since_the_switch_stand_in_the_end_panel_and_in_the_follow_ups_with_their_number() -> None:
    queue = Observation(
        Source.WORKERS, T0 + 50.0, measured_at=T0 + 50.0, readings=(Reading(DEAD_LETTERS, 7.0, limit=2.0),)
    )
    seen = ev.Observed(source=queue.source.value, body=queue.to_dict())
    end = ev.RunEnded(
        decision="rolled_back", provisional=False, production_version=OLD, slot_version=OLD, reason="it was rolled back"
    )
    run = run_of(Course(), *IN_WINDOW, seen, DECIDED, end)
    there = replace(stage(said(VerdictKind.ROLLBACK)), standings=standings(run, T0 + 60.0))
    assert (
        "5 messages became dead letters since the switch (7 in all): see to them."
        in showing_panel.panel(run, there).detail
    )
    rows = {one.key: one for one in showing_window.checks(run, there)}
    row = rows["rollback-follow-up.dead-letters"]
    assert (row.state, "7 dead letters, 5 more than before the switch" in row.text) == (State.FAIL, True)
