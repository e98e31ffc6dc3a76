"""Keys that come in one read: what follows the key that asks for words is text, and no text is a command."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cpr_cockpit.core.view import Control, View
from cpr_cockpit.tui.app import CockpitApp
from cpr_cockpit.tui.messages import CommandAnswered
from cpr_cockpit.tui.screens.gate import fact_rows
from cpr_cockpit.tui.toned import row, row_text
from cpr_cockpit.tui.widgets.foot import Foot
from cpr_cockpit.tui.widgets.prompt import Prompt, PromptInput
from tests.tui import views
from tests.tui.faces import Hand, Script, at, face, foot, screen_text, settled, strike, until

LONG = "abc def ghi jkl mno pqr stu xyz, and so on until nobody reads it"


def burst(app: CockpitApp, text: str) -> None:
    """The text as one read brings it."""
    strike(app, *("space" if one == " " else "full_stop" if one == "." else one for one in text))


OPENERS = [(make, opener) for make in (views.ready, views.go_possible, views.window_breach) for opener in ("e", "p4")]
# Figures come after T0.
OPENERS += [(views.go_possible, "n1"), (views.window_breach, "n1")]


@pytest.mark.parametrize(("make", "opener"), OPENERS)
async def test_what_follows_the_key_that_asks_is_text(make: Callable[[], View], opener: str) -> None:
    source, clock = Script(make()), Hand()
    app = face(source, clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        burst(app, opener + "s")
        await until(pilot, lambda: app.screen.query(PromptInput))
        clock.move(1.5)
        burst(app, "yr")
        await until(pilot, lambda: app.screen.query_one(PromptInput).value == "syr")
        assert app.decision.arming.armed is None
        assert source.commands == []


async def test_asking_disarms_and_arming_asks_nothing() -> None:
    source, clock = Script(views.window_breach()), Hand()
    app = face(source, clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        strike(app, "r")
        await until(pilot, lambda: app.decision.arming.armed)
        clock.move(1)
        strike(app, "e", "y")
        await until(pilot, lambda: app.screen.query(PromptInput) and app.screen.query_one(PromptInput).value == "y")
        assert app.decision.arming.armed is None
        strike(app, "f9")
        await until(pilot, lambda: app.decision.arming.armed)
        assert not app.screen.query(Prompt)
        clock.move(1)
        strike(app, "y")
        await until(pilot, lambda: source.commands)
    assert [name for name, _ in source.commands] == ["rollback"]


async def test_in_a_menu_no_letter_is_a_command() -> None:
    source, clock = Script(views.window_breach()), Hand()
    app = face(source, clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        for menu in "tpn":
            strike(app, menu, "r", "g", "e")
            await until(pilot, lambda: "F9" in app.decision.words)
            clock.move(1)
            strike(app, "y")
            await pilot.pause()
            assert app.decision.arming.armed is None
            assert not app.screen.query(Prompt)
            strike(app, "escape")
            await until(pilot, lambda: not app.screen.query(".foot-place"))
            app.decision.arming.words = ""
        assert source.commands == []


async def test_no_letter_of_a_long_text_is_lost_and_enter_sends_all() -> None:
    source, clock = Script(views.window_calm()), Hand()
    app = face(source, clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        burst(app, "e" + LONG.replace(",", ""))
        strike(app, "enter", "y", "s")
        await until(pilot, lambda: source.commands)
        clock.move(1)
        strike(app, "e", "x", "enter", "s")
        await until(pilot, lambda: len(source.commands) == 2)
    assert [told["words"] for _, told in source.commands] == [LONG.replace(",", ""), "x"]


async def test_a_reason_that_comes_at_once_is_whole() -> None:
    source, clock = Script(views.overdue()), Hand()
    app = face(source, clock)
    reason = "abc def ghi jkl mno pqr stu xyz"
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        strike(app, "g")
        await until(pilot, lambda: app.decision.arming.armed)
        clock.move(1)
        burst(app, "v1.3.0")
        strike(app, "enter")
        await pilot.pause()
        burst(app, reason)
        clock.move(1)
        strike(app, "enter")
        await until(pilot, lambda: source.commands)
    assert source.commands == [("keep", {"reason": reason, "by": "ana"})]


async def test_the_screen_does_not_change_under_the_hands_of_who_types() -> None:
    source, clock = Script(views.lists_half_done()), Hand()
    app = face(source, clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("down")
        clock.move(1)
        source.push(views.ready())
        await until(pilot, lambda: "The run has moved on: 3 leads to Production" in foot(app))
        assert at(app) == "lists"
        app.post_message(CommandAnswered("sign_list"))
        await until(pilot, lambda: "list: the session took it. The run has moved on: 3" in foot(app))
        await pilot.press("3")
        clock.move(4)
        source.push(views.window_calm())
        await until(pilot, lambda: at(app) == "window")


async def test_a_confirmation_that_came_too_soon_is_told() -> None:
    source, clock = Script(views.ready()), Hand()
    app = face(source, clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        strike(app, "s")
        await until(pilot, lambda: app.decision.arming.armed)
        clock.move(0.25)
        strike(app, "y")
        await until(pilot, lambda: "y came too soon and was ignored: nothing was sent" in screen_text(app))
        clock.move(1)
        app.draw()
        await until(pilot, lambda: "sends it" in screen_text(app))
        strike(app, "y")
        await until(pilot, lambda: source.commands)


TEXT = st.text("abcdefghijklmnopqrstuvwxyz 0123456789", min_size=1, max_size=40)


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(make=st.sampled_from([views.ready, views.go_possible, views.window_breach]), parts=st.lists(TEXT, max_size=3))
async def test_while_a_text_is_typed_nothing_is_armed_or_sent(make: Callable[[], View], parts: list[str]) -> None:
    source, clock = Script(make()), Hand()
    app = face(source, clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        strike(app, "e")
        whole = ""
        for part in parts:
            whole += part
            burst(app, part)
            await until(pilot, partial(lambda wanted: _typed(app) == wanted, whole))
            assert app.decision.arming.armed is None
            assert source.commands == []
            clock.move(1)


def _typed(app: CockpitApp) -> str | None:
    found = app.screen.query(PromptInput)
    return found.first().value if found else None


@pytest.mark.parametrize(
    ("make", "key", "why"),
    [
        (views.window_calm, "s", "START is not possible now: the new version serves already"),
        (views.ready, "g", "GO is not possible now: START comes first"),
        (views.ready, "r", "ROLL BACK is not possible now: production was not touched"),
        (views.rolling_back, "s", "START is not possible now: the rollback is under way"),
    ],
)
async def test_a_refusal_says_what_is_missing_and_leaves_the_panel_its_lines(
    make: Callable[[], View], key: str, why: str
) -> None:
    app = face(Script(make()), Hand())
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        strike(app, key)
        await until(pilot, lambda: why in foot(app))
        assert app.decision.words == ""


async def test_what_is_said_and_asked_is_whole_in_eighty_columns() -> None:
    view = views.window_calm()
    reason = "the last data of the window are on their way, and the rows of three applications are awaited"
    go = Control("g", "GO keep v1.3.0", enabled=False, reason=reason)
    app = face(Script(replace(view, panel=replace(view.panel, go=go))), Hand())
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        strike(app, "g")
        await until(pilot, lambda: reason in foot(app))
        await until(pilot, lambda: reason in " ".join("".join(screen_text(app).splitlines()[-2:]).split()))
        strike(app, "p", "5")
        await until(pilot, lambda: "number, then a status, impact: or what was done:" in screen_text(app))


def test_columns_of_documents_that_begin_alike_are_told_apart() -> None:
    gate = replace(
        views.ready().gate,
        sources=("automation-report.md", "test-report.md", "automation-state.json"),
        rows=tuple(replace(one, values=("95", "-", "95")) for one in views.ready().gate.rows),
    )
    head = row_text(fact_rows(gate, 78)[0]).split()
    assert len(set(head)) == len(head)


async def test_a_terminal_that_shrinks_takes_no_text_for_commands() -> None:
    source, clock = Script(views.window_breach()), Hand()
    app = face(source, clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        strike(app, "e", "a")
        await until(pilot, lambda: _typed(app) == "a")
        await pilot.resize_terminal(40, 10)
        strike(app, "r")
        await until(pilot, lambda: _typed(app) == "ar")
        assert app.decision.arming.armed is None
        strike(app, "enter")
        await until(pilot, lambda: at(app) == "floor")
    assert source.commands == [("note", {"words": "ar", "by": "ana"})]


async def test_a_foot_of_two_lines_becomes_one_of_one_line_without_an_error() -> None:
    app = face(Script(views.ready()), Hand())
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        foot = app.screen.query_one(Foot)
        foot.say(row((" ".join(["refused"] * 14), "")))
        await pilot.pause()
        foot.say(row(("sent", "")))
        # It is drawn before it is laid out anew.
        assert foot.render_line(1).text.strip() == ""
