"""What is asked of a person in words: what is needed, what is kept and what is forgotten; and r while GO is typed."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from textual.pilot import Pilot

from cpr_cockpit.core.view import Control
from cpr_cockpit.tui.app import CockpitApp
from cpr_cockpit.tui.screens.lists import list_rows
from cpr_cockpit.tui.toned import row_text, row_width
from cpr_cockpit.tui.widgets.prompt import Prompt, PromptInput
from tests.tui import views
from tests.tui.faces import Hand, Script, at, face, foot, screen_text, settled, strike, until


async def asked(pilot: Pilot[None], app: CockpitApp, key: str) -> PromptInput:
    """The field after that key."""
    await pilot.press(key)
    await until(pilot, lambda: app.screen.query(PromptInput) and app.screen.query_one(PromptInput).has_focus)
    return app.screen.query_one(PromptInput)


@pytest.mark.parametrize("key", ["a", "e", "w"])
async def test_what_was_left_by_escape_does_not_come_back(key: str) -> None:
    source, clock = Script(views.lists_half_done()), Hand()
    app = face(source, clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        field = await asked(pilot, app, key)
        strike(app, *"kubectl")
        await until(pilot, lambda: field.value == "kubectl")
        await pilot.press("escape")
        await until(pilot, lambda: not app.screen.query(Prompt))
        clock.move(2)
        assert (await asked(pilot, app, key)).value == ""
        assert source.commands == []


async def test_what_f9_interrupted_comes_back_for_the_same_item_only() -> None:
    clock = Hand()
    app = face(Script(views.lists_half_done()), clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("b")
        field = await asked(pilot, app, "w")
        strike(app, *"mail")
        await until(pilot, lambda: field.value == "mail")
        await pilot.press("f9")
        await until(pilot, lambda: not app.screen.query(Prompt))
        clock.move(2)
        await pilot.press("down")
        assert (await asked(pilot, app, "w")).value == ""


async def test_the_list_that_is_signed_comes_into_view() -> None:
    app = face(Script(views.lists_half_done()))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("a")
        await until(pilot, lambda: app.screen.query(Prompt))
        await pilot.pause()
        words = screen_text(app)
        signed = next(one for one in views.lists_half_done().lists if one.title in words)
        left = next(item for item in signed.items if not item.stands)
        assert left.text[:20] in screen_text(app)
        chosen = app.screen.chosen  # type: ignore[attr-defined]  # it is the screen of the lists
        assert chosen is not None
        assert chosen.key in {item.key for item in signed.items}


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
async def test_an_empty_answer_is_told_what_is_needed_and_the_question_is_whole(size: tuple[int, int]) -> None:
    source = Script(views.lists_half_done())
    app = face(source)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        await asked(pilot, app, "a")
        await until(pilot, lambda: "Enter sends, Esc leaves" in screen_text(app))
        assert "how checked:" in screen_text(app)
        await pilot.press("enter")
        await until(pilot, lambda: "type a word at least; Esc leaves" in screen_text(app))
        assert "how checked:" in screen_text(app)
        await pilot.press("x", "enter")
        await until(pilot, lambda: source.commands)
        assert source.commands[0][1]["note"] == "x"


@pytest.mark.parametrize("size", [(80, 24), (160, 48), (40, 10)])
async def test_where_r_is_a_letter_the_key_that_rolls_back_is_named(size: tuple[int, int]) -> None:
    source, clock = Script(views.go_possible()), Hand()
    app = face(source, clock)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        await pilot.press("g")
        clock.move(1)
        await pilot.press("r")
        await until(pilot, lambda: "F9 rolls back" in screen_text(app))
        await pilot.press("f9")
        clock.move(1)
        await pilot.press("y")
        await until(pilot, lambda: source.commands)
        assert source.commands[0][0] == "rollback"


async def test_help_tells_where_r_is_a_letter() -> None:
    app = face(Script(views.go_possible()))
    async with app.run_test(size=(160, 48)) as pilot:
        await settled(pilot)
        await pilot.press("question_mark")
        await until(pilot, lambda: at(app) == "help")
        line = next(one for one in screen_text(app).splitlines() if " F9 " in one)
        assert "where r is a letter: while GO is armed, and in every text field" in line


async def test_words_in_the_foot_give_the_keys_back_after_five_seconds() -> None:
    clock = Hand()
    app = face(Script(views.window_calm()), clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("ctrl+c")
        clock.move(4.9)
        app.draw()
        assert "ctrl+c again" in foot(app)
        clock.move(0.1)
        app.draw()
        assert "? help" in foot(app)


@pytest.mark.parametrize("keys", [("l",), ("i",), ("l", "i"), ("i", "question_mark", "escape", "l")])
async def test_what_is_looked_at_in_passing_leads_back_to_where_one_was(keys: tuple[str, ...]) -> None:
    app = face(Script(views.window_calm()))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("5")
        await until(pilot, lambda: at(app) == "papers")
        for key in keys:
            before = at(app)
            await pilot.press(key)
            await until(pilot, lambda: at(app) != before)  # noqa: B023 - awaited at once
        here = at(app)
        await pilot.press("escape")
        await until(pilot, lambda: at(app) != here)
        assert at(app) == "papers"


def test_no_two_columns_of_a_list_touch() -> None:
    view = views.lists_half_done()
    items = tuple(
        replace(one, value="test-report.md states READY", by="cockpit", at=0.0) for one in view.lists[0].items
    )
    for width in (78, 100, 111, 130):
        _, *rows = list_rows([(view.lists[0], items)], width)
        for one in rows:
            assert re.search(
                r" test-report[^ ]*( states [^ ]+)? +(cockpit 00:00:00 +)?(step|START|GO|T0)", row_text(one)
            )
            assert row_width(one) <= width


@pytest.mark.parametrize(
    ("key", "command", "said"),
    [
        ("u", "acknowledge", "looked at"),
        ("x", "take_over", "take-over"),
        ("m", "ack", "seen"),
        ("w", "extend", "extension"),
    ],
)
async def test_what_others_did_is_answered_with_words(key: str, command: str, said: str) -> None:
    view = views.window_breach()
    there = Control(key, "LOOKED AT", enabled=True)
    source = Script(
        replace(view, panel=replace(view.panel, acknowledge=there, take_over=there, ack=there, extend=there))
    )
    app = face(source, Hand())
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert foot(app).strip().startswith("m seen  u looked at  x take over  w wait longer  ")
        field = await asked(pilot, app, key)
        strike(app, *"seen")
        await until(pilot, lambda: field.value == "seen")
        await pilot.press("enter")
        await until(pilot, lambda: bool(source.commands))
        assert source.commands == [(command, {"words": "seen", "by": "ana"})]
        await until(pilot, lambda: f"{said}: the session took it" in foot(app))


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("u", "others have changed nothing that waits for you"),
        ("x", "no other run holds the lease"),
        ("m", "nobody is being called"),
    ],
)
async def test_where_others_did_nothing_nothing_is_asked(key: str, why: str) -> None:
    source = Script(views.window_breach())
    app = face(source, Hand())
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press(key)
        await until(pilot, lambda: f"is not possible now: {why}" in screen_text(app))
        assert not app.screen.query(Prompt)
        assert source.commands == []


async def test_a_low_issue_takes_two_keys_and_its_words() -> None:
    source = Script(views.window_calm())
    app = face(source, Hand())
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("p")
        await until(pilot, lambda: "issue 1 CRITICAL  2 HIGH  3 MEDIUM  4 LOW  5 more of one  esc" in screen_text(app))
        field = await asked(pilot, app, "4")
        strike(app, *"logo")
        await until(pilot, lambda: field.value == "logo")
        await pilot.press("enter")
        await until(pilot, lambda: source.commands)
    assert source.commands == [("issue", {"severity": "LOW", "title": "logo", "by": "ana"})]
