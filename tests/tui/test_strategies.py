"""The strategy on the plan screen: its diagram before START, the menu of what else can be chosen, and why not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cpr_cockpit.tui.screens.plan import diagram_rows
from cpr_cockpit.tui.toned import row_text
from cpr_cockpit.tui.widgets.strategies import StrategyMenu, menu_rows
from tests.tui import views
from tests.tui.faces import Hand, Script, at, face, foot, screen_text, settled, until

SIZES = ((80, 24), (160, 48))


@pytest.mark.parametrize("size", SIZES)
async def test_before_start_the_strategy_is_a_row_of_stages_with_their_times(size: tuple[int, int]) -> None:
    app = face(Script(views.ready()))
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        assert at(app) == "plan"
        text = " ".join(screen_text(app).split())
        assert "STRATEGY blue-green ?: not measured yet o: another one, until START" in text
        assert "FORTH slot ~14s > proof ? > baseline up to 20s > swap ~41s > proof > window 15m" in text
        assert "BACK swap back ~41s > old into slot ~14s" in text
        assert "ELSE all to slot > redeploy ~14s > routing off > proof > card, by hand" in text
        assert "o other strategy" in foot(app)


async def test_in_production_a_small_screen_keeps_the_way_that_is_gone_and_a_large_one_has_both() -> None:
    for size, both in zip(SIZES, (False, True), strict=True):
        app = face(Script(views.deploying()))
        async with app.run_test(size=size) as pilot:
            await settled(pilot)
            assert "fixed: START was pressed by ana" in screen_text(app)
            assert "FORTH" in screen_text(app)
            assert ("BACK   swap back" in screen_text(app)) is both
            assert "o other strategy" not in foot(app)


def test_a_stage_tells_its_state_without_any_colour() -> None:
    plan = views.deploying().plan
    stages = tuple(
        replace(one, state=state)
        for one, state in zip(plan.stages, ("done", "failed", "running", "waiting", "waiting", "waiting"), strict=True)
    )
    text = row_text(diagram_rows(replace(plan, stages=stages), 120)[0])
    assert text == "FORTH  slot ~14s ok > !proof ?! > [baseline up to 20s] > swap ~41s > proof > window 15m"


@pytest.mark.parametrize("size", SIZES)
async def test_the_menu_shows_what_cannot_be_taken_with_its_whole_reason(size: tuple[int, int]) -> None:
    source = Script(views.ready())
    app = face(source)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        await pilot.press("o")
        await until(pilot, lambda: app.screen.query(StrategyMenu))
        await pilot.pause()
        text = " ".join(screen_text(app).split())
        assert "1 [x] blue-green: everybody at once, by a swap" in text
        assert "2 [ ] canary:" in text
        assert "NOT NOW: users who are routed to it would meet other settings" in text
        assert "declare them harmless in [strategy]." in text
        assert "4 [ ] preview:" in text
        await pilot.press("2", "enter")
        await until(pilot, lambda: not app.screen.query(StrategyMenu))
        assert "canary cannot be taken now: users who" in foot(app)
        assert source.commands == []


@pytest.mark.parametrize("keys", [("4", "enter"), ("down", "down", "down", "enter")])
async def test_what_is_chosen_is_sent_once_with_who_chose(keys: tuple[str, ...]) -> None:
    source, clock = Script(views.ready()), Hand()
    app = face(source, clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("o")
        await until(pilot, lambda: app.screen.query(StrategyMenu) and app.screen.query_one(StrategyMenu).has_focus)
        for key in keys:
            clock.move(1)
            await pilot.press(key)
        await until(pilot, lambda: source.commands)
        assert source.commands == [("choose", {"choice": "preview=on", "by": "ana"})]
        assert not app.screen.query(StrategyMenu)


async def test_a_digit_only_points_and_one_that_is_on_no_row_does_nothing() -> None:
    source = Script(views.ready())
    app = face(source)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("o")
        await until(pilot, lambda: app.screen.query(StrategyMenu) and app.screen.query_one(StrategyMenu).has_focus)
        await pilot.press("4", "9")
        assert app.screen.query_one(StrategyMenu).value.startswith(" 4 ")
        assert source.commands == []


async def test_escape_leaves_and_sends_nothing_and_what_is_chosen_already_too() -> None:
    source = Script(views.ready())
    app = face(source)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        for key in ("escape", "enter"):
            await pilot.press("o")
            await until(pilot, lambda: app.screen.query(StrategyMenu) and app.screen.query_one(StrategyMenu).has_focus)
            await pilot.press(key)
            await until(pilot, lambda: not app.screen.query(StrategyMenu))
        assert source.commands == []
        assert at(app) == "plan"


async def test_after_start_the_key_says_why_it_does_nothing() -> None:
    source = Script(views.deploying())
    app = face(source)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("o")
        await until(pilot, lambda: "cannot be changed now: START was pressed by ana" in foot(app))
        assert not app.screen.query(StrategyMenu)


async def test_start_names_the_plan_that_was_seen_and_another_plan_disarms_it() -> None:
    source, clock = Script(views.ready()), Hand()
    app = face(source, clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("s")
        clock.move(1)
        view = views.ready()
        assert view.panel.start is not None
        details = ("canary: runs the 19 steps of the plan", *view.panel.start.details[1:])
        start = replace(view.panel.start, details=details)
        chosen = replace(view, seq=70, plan=replace(view.plan, number=2), panel=replace(view.panel, start=start))
        source.push(chosen)
        await until(pilot, lambda: app.view is chosen)
        await pilot.press("y")
        assert source.commands == []
        clock.move(1)
        await pilot.press("s")
        clock.move(1)
        await pilot.press("y")
        await until(pilot, lambda: source.commands)
        assert source.commands == [("start", {"plan": "2", "by": "ana"})]


def test_hostile_words_of_a_choice_are_inert() -> None:
    choice = views.ready().plan.choices[0]
    text = row_text(menu_rows((replace(choice, label="a\x1b[31mb", why_not="c\u202ed"),))[1])
    assert not set(text) & set("\x1b\u202e")
