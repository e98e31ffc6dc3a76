"""A deployment by keys alone: arm, confirm, refuse, sign, waive, note, raise; and keys that no person means."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from cpr_cockpit.core.view import View
from cpr_cockpit.tui.actions import ACTIONS, SCREENS
from cpr_cockpit.tui.arming import EXPIRED
from cpr_cockpit.tui.screens.base import CockpitScreen
from cpr_cockpit.tui.widgets.prompt import Prompt, PromptInput
from cpr_cockpit.tui.widgets.rows import Rows
from tests.tui import views
from tests.tui.faces import Hand, Script, at, face, foot, screen_text, settled, strike, until

POSSIBLE = (views.window_breach, views.go_possible, views.ready)


async def test_from_a_visible_fault_to_a_confirmed_rollback_are_two_keys_on_every_screen() -> None:
    source, clock = Script(views.window_breach()), Hand()
    app = face(source, clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        for number, screen in enumerate(SCREENS, start=1):
            app.action_go_to(screen)
            await until(
                pilot, partial(lambda wanted: at(app) == wanted and "ROLL BACK NOW" in screen_text(app), screen)
            )
            strike(app, "r")
            await until(pilot, lambda: app.decision.arming.armed is not None)
            clock.move(0.7)
            strike(app, "y")
            await until(pilot, partial(lambda wanted: len(source.commands) == wanted, number))
            # The session says nothing new: then what was sent is not taken for what is.
            clock.move(10)
        assert source.commands == [("rollback", {"reason": "", "by": "ana"})] * len(SCREENS)


async def test_the_whole_way_by_keys_alone() -> None:
    source, clock = Script(views.lists_half_done()), Hand()
    app = face(source, clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert at(app) == "lists"
        await pilot.press("s")
        assert "not possible now: 13 checklist items are open" in foot(app)
        clock.move(3)
        source.push(views.ready())
        await until(pilot, lambda: at(app) == "plan")
        await pilot.press("s")
        assert "ARMED" in screen_text(app)
        clock.move(1)
        await pilot.press("y")
        await until(pilot, lambda: source.commands)
        source.push(views.go_possible())
        await until(pilot, lambda: at(app) == "window")
        await pilot.press("g")
        clock.move(1)
        await pilot.press("g", "o", "enter")
        await until(pilot, lambda: len(source.commands) == 2)
        assert source.commands == [("start", {"plan": "1", "by": "ana"}), ("keep", {"reason": "", "by": "ana"})]
        source.push(views.kept())
        await until(pilot, lambda: at(app) == "papers" and "Deployment Report" in screen_text(app))


async def test_go_against_the_data_needs_the_version_and_a_reason() -> None:
    source, clock = Script(views.overdue()), Hand()
    app = face(source, clock)
    async with app.run_test(size=(160, 48)) as pilot:
        await settled(pilot)
        await pilot.press("g")
        clock.move(1)
        strike(app, *"v1", "full_stop", *"3", "full_stop", *"0", "enter", "enter")
        await pilot.pause()
        clock.move(1)
        await pilot.press("enter")
        assert source.commands == []
        # Letters that are keys elsewhere are letters here.
        strike(app, *"rgsq1", "enter")
        await pilot.pause()
        await until(pilot, lambda: source.commands)
        assert source.commands == [("keep", {"reason": "rgsq1", "by": "ana"})]


async def test_an_arm_expires_and_is_told() -> None:
    source, clock = Script(views.window_breach()), Hand()
    app = face(source, clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("r")
        clock.move(21)
        await pilot.press("y")
        assert EXPIRED in screen_text(app)
        assert source.commands == []


async def test_a_worse_verdict_disarms_go_and_leaves_rollback_armed() -> None:
    calm = views.go_possible()
    worse = replace(calm, panel=replace(calm.panel, worsened=5))
    source, clock = Script(calm), Hand()
    app = face(source, clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("g")
        source.push(worse)
        await until(pilot, lambda: app.decision.arming.armed is None)
        assert "the verdict got worse" in screen_text(app)
        await pilot.press("r")
        source.push(replace(worse, panel=replace(worse.panel, worsened=6)))
        await until(pilot, lambda: app.view is not None and app.view.panel.worsened == 6)
        assert app.decision.arming.armed is not None


@pytest.mark.parametrize("make", [POSSIBLE[0], *(pytest.param(one, marks=pytest.mark.long) for one in POSSIBLE[1:])])
async def test_no_key_held_for_three_seconds_sends_anything(make: Callable[[], View]) -> None:
    source, clock = Script(make()), Hand()
    app = face(source, clock)
    keys = sorted({one.key for one in ACTIONS} - {"q", "ctrl+z"} | {"y", "n", "enter", "escape", "tab", "o", "down"})
    async with app.run_test(size=(40, 10)) as pilot:
        await settled(pilot)
        for key in keys:
            strike(app, key)
            # The longest delay before a terminal repeats a key, then thirty a second.
            clock.move(0.66)
            for _ in range(70):
                strike(app, key)
                clock.move(1 / 30)
                # Each key meets the time at which it came.
                await asyncio.sleep(0)
                while app.message_queue_size:  # noqa: ASYNC110 - a queue that is empty tells nobody
                    await asyncio.sleep(0)
            await asyncio.sleep(0.01)
            app.decision.arming.disarm()
            if isinstance(app.screen, CockpitScreen):
                # The next key is another one: it would answer what this one asked for, with its repetitions.
                await app.screen.clear()
            clock.move(5)
            while len(app.screen_stack) > 2:
                await app.pop_screen()
        assert source.commands == []


async def test_a_held_key_signs_one_item_and_not_the_next_ones() -> None:
    source, clock = Script(views.lists_half_done()), Hand()
    app = face(source, clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("b")
        await pilot.press("space")
        for _ in range(60):
            clock.move(1 / 30)
            strike(app, "space")
            await asyncio.sleep(0)
        await pilot.pause()
        assert len(source.commands) == 1
        # A deliberate key on the next item is meant.
        await pilot.press("down", "space")
        await until(pilot, lambda: len(source.commands) == 2)
        first, second = (arguments["item"] for _, arguments in source.commands)
        assert first != second


async def test_items_are_marked_and_the_place_is_kept() -> None:
    source, clock = Script(views.lists_half_done()), Hand()
    app = face(source, clock)
    async with app.run_test(size=(160, 48)) as pilot:
        await settled(pilot)
        items = app.screen.query_one("#items", Rows)
        await pilot.press("b", "down", "down")
        chosen = items.value
        for key, mark in (("space", "signed"), ("f", "failed"), ("d", "deferred")):
            await pilot.press(key)
            if mark != "signed":
                await until(pilot, lambda: bool(app.screen.query(Prompt)))
                await pilot.press(*"sick", "enter")
                await until(pilot, lambda: not app.screen.query(Prompt))
            await until(pilot, partial(_newest_mark, source, mark))
        source.push(_marked(views.lists_half_done(), source.commands[0][1]["item"]))
        await until(pilot, lambda: "signed" in items.value)
        # What was signed does not slide away from under the cursor, and another screen does not lose the place.
        assert items.value.split("  ")[-3:] != []
        assert chosen[12:30] == items.value[12:30]
        await pilot.press("1", "2")
        await until(pilot, lambda: at(app) == "lists")
        assert app.screen.query_one("#items", Rows).value[12:30] == chosen[12:30]
        await pilot.press("space")
        await pilot.pause()
        assert "stands already" in foot(app)
        assert len(source.commands) == 3


def _newest_mark(source: Script, wanted: str) -> bool:
    return [arguments["mark"] for _, arguments in source.commands][-1:] == [wanted]


def _marked(view: View, key: str) -> View:
    lists = tuple(
        replace(
            one,
            items=tuple(
                replace(item, mark="signed", stands=True, blocks=False, by="ana") if item.key == key else item
                for item in one.items
            ),
        )
        for one in view.lists
    )
    return replace(view, lists=lists)


async def test_a_waiver_asks_for_a_reason_where_letters_are_letters_and_f9_still_arms() -> None:
    breach = views.window_breach()
    source, clock = Script(replace(breach, lists=views.lists_half_done().lists)), Hand()
    app = face(source, clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("2", "w")
        await until(pilot, lambda: app.screen.query(Prompt))
        strike(app, *"rgy1q")
        await pilot.pause()
        assert app.screen.query_one(PromptInput).value == "rgy1q"
        assert app.decision.arming.armed is None
        await pilot.press("f9")
        await until(pilot, lambda: app.decision.arming.armed is not None)
        assert not app.screen.query(Prompt)
        await pilot.press("escape")
        clock.move(1)
        await pilot.press("escape")
        # What was typed is there again.
        await pilot.press("w")
        await until(pilot, lambda: app.screen.query(Prompt))
        assert app.screen.query_one(PromptInput).value == "rgy1q"
        await pilot.press("enter")
        await until(pilot, lambda: source.commands)
        name, arguments = source.commands[0]
        assert (name, arguments["mark"], arguments["note"], arguments["by"]) == ("sign", "waived", "rgy1q", "ana")
        assert not app.screen.query(Prompt)


async def test_an_empty_reason_is_no_reason_and_escape_leaves() -> None:
    source = Script(views.lists_half_done())
    app = face(source)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("w")
        await until(pilot, lambda: app.screen.query(Prompt))
        await pilot.press("space", "enter")
        assert app.screen.query(Prompt)
        await pilot.press("escape")
        await until(pilot, lambda: not app.screen.query(Prompt))
        assert source.commands == []


async def test_a_note_is_sent_with_its_words() -> None:
    source = Script(views.window_calm())
    app = face(source)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("e")
        await until(pilot, lambda: app.screen.query(Prompt))
        strike(app, *"looks", "space", *"odd", "enter")
        await pilot.pause()
        await until(pilot, lambda: source.commands)
        assert source.commands == [("note", {"words": "looks odd", "by": "ana"})]


async def test_a_trigger_is_chosen_armed_and_confirmed() -> None:
    source, clock = Script(views.window_calm()), Hand()
    app = face(source, clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        for key, trigger in (("1", "critical functionality"), ("2", "data corruption"), ("3", "security breach")):
            strike(app, "t")
            await until(pilot, partial(lambda wanted: wanted in screen_text(app).splitlines()[-1], trigger))
            strike(app, key)
            await until(pilot, partial(lambda wanted: f"RAISE {wanted}" in screen_text(app), trigger))
            assert at(app) == "window"
            clock.move(1)
            strike(app, "y")
            await until(
                pilot, partial(lambda wanted: ("raise", {"trigger": wanted, "by": "ana"}) in source.commands, trigger)
            )
            clock.move(5)
        assert len(source.commands) == 3


async def test_rollback_wins_over_an_armed_trigger() -> None:
    source, clock = Script(views.window_calm()), Hand()
    app = face(source, clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("t")
        await pilot.pause()
        await pilot.press("3")
        await until(pilot, lambda: app.decision.arming.armed is not None)
        clock.move(1)
        await pilot.press("r")
        await pilot.pause()
        assert "ROLL BACK to v1.2.0" in screen_text(app)
        clock.move(1)
        await pilot.press("y")
        await until(pilot, lambda: source.commands)
        assert source.commands == [("rollback", {"reason": "", "by": "ana"})]


async def test_the_selected_step_shows_its_log_and_stays_selected() -> None:
    source, clock = Script(views.deploying()), Hand()
    app = face(source, clock)
    async with app.run_test(size=(160, 48)) as pilot:
        await settled(pilot)
        steps, detail = app.screen.query_one("#steps", Rows), app.screen.query_one("#step", Rows)
        assert "running" in steps.value
        await pilot.press("up", "up")
        chosen = steps.value
        await pilot.pause()
        assert any(line.startswith("undo") for line in detail.shown)
        source.push(replace(views.deploying(), seq=90))
        await until(pilot, lambda: app.view is not None and app.view.seq == 90)
        assert steps.value == chosen


async def test_the_cursor_goes_to_a_step_of_the_way_back_that_no_view_showed_running() -> None:
    source = Script(views.deploying())
    app = face(source)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        steps = app.screen.query_one("#steps", Rows)
        plan = views.deploying().plan
        off = replace(
            plan.back[0], title="End the routing", state="done", began_at=views.window_calm().now, seconds=0.4
        )
        source.push(replace(views.deploying(), phase="rolling back", plan=replace(plan, back=(off, *plan.back[1:]))))
        await until(pilot, lambda: "End the routing" in screen_text(app))
        assert "End the routing" in steps.value
        await pilot.press("up")
        await until(pilot, lambda: "End the routing" not in steps.value)
        source.push(replace(views.deploying(), seq=91))
        await until(pilot, lambda: app.view is not None and app.view.seq == 91)
        assert "running" not in steps.value
