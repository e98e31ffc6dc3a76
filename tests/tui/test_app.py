"""The app around its screens: connecting, losing the session, following the run, read-only, commands, crash."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from textual.content import Content
from textual.events import Paste
from textual.widgets import Input

from cpr_cockpit.tui import link
from cpr_cockpit.tui.actions import ACTIONS, SCREENS
from cpr_cockpit.tui.app import CockpitApp
from cpr_cockpit.tui.messages import ViewArrived
from cpr_cockpit.tui.plain_text import as_markup
from cpr_cockpit.tui.widgets.panel import DecisionPanel
from cpr_cockpit.tui.widgets.prompt import Prompt
from tests.tui import views
from tests.tui.faces import Hand, Script, at, face, foot, screen_text, settled, strike, until
from tests.tui.view_controls import ATTACK, rollback_control

SIZES = ((80, 24), (160, 48))


@pytest.fixture(autouse=True)
def private_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "cpr-cockpit"


async def test_it_paints_before_it_is_connected_and_every_screen_can_be_reached() -> None:
    source = Script()
    source.reachable = False
    app = face(source)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "No session" in foot(app))
        assert "1 Gate" in screen_text(app)
        await pilot.press("5")
        await until(pilot, lambda: app.place == "papers")
        source.push(views.window_calm())
        source.reachable = True
        await until(pilot, lambda: app.view is not None)
        # It stays where the person went.
        assert app.place == "papers"


async def test_a_view_that_comes_while_the_program_is_left_is_let_go() -> None:
    app = face(Script(views.preparing()))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
    last = app.view
    app.on_view_arrived(ViewArrived(views.window_calm()))
    assert app.view is last


@pytest.mark.parametrize("size", [*SIZES, (40, 10)])
async def test_every_view_is_drawn_and_hostile_text_is_inert_everywhere(size: tuple[int, int]) -> None:
    source = Script(views.preparing())
    app = face(source)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        for make in views.ALL.values():
            view = make()
            source.push(view)
            await until(pilot, partial(lambda wanted: app.view is wanted, view))
        for name in SCREENS:
            app.action_go_to(name)
            await pilot.pause()
            text = screen_text(app)
            assert not set(text) & set("\x1b\x07\x9b\u202e\u2066\u200b")
            assert len(text.splitlines()) == size[1]
        assert app.view is not None
        assert app.view.run == ATTACK
        assert source.commands == []


async def test_one_key_leads_to_every_screen_and_arrows_turn() -> None:
    app = face(Script(views.window_calm()))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        for number, name in enumerate(SCREENS, start=1):
            await pilot.press(str(number))
            await until(pilot, partial(lambda wanted: at(app) == wanted, name))
            assert app.screen.query(DecisionPanel)
        await pilot.press("right")
        assert app.place == "gate"
        await pilot.press("left")
        assert app.place == "papers"


async def test_it_follows_the_run_but_only_from_where_the_run_was() -> None:
    source = Script(views.ready())
    app = face(source)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert app.place == "plan"
        source.push(views.window_calm())
        await until(pilot, lambda: app.place == "window")
        await pilot.press("2")
        source.push(views.kept())
        await until(pilot, lambda: app.view is not None and app.view.phase == "ended")
        assert app.place == "lists"


async def test_a_lost_session_is_told_with_its_time_and_the_last_view_stays() -> None:
    source, clock = Script(views.window_calm()), Hand()
    app = face(source, clock)
    async with app.run_test(size=(160, 48)) as pilot:
        await settled(pilot)
        clock.move(40)
        source.hang_up()
        await until(pilot, lambda: "session gone since 14:08:11" in foot(app))
        assert "did not answer any more" in app.last_words()
        assert "cpr-cockpit resume" in foot(app)
        clock.move(90)
        app.draw()
        await pilot.pause()
        # Nothing pretends to be fresh: the ages grow on.
        assert "NO DATA" in screen_text(app).upper()
        source.reachable = True
        source.push(views.window_breach())
        await until(pilot, lambda: "session gone" not in foot(app))
        assert app.view is not None
        assert app.view.panel.word == "ROLL BACK NOW"


async def test_an_ended_run_whose_session_has_gone_is_the_end() -> None:
    source = Script(views.rolled_back())
    app = face(source)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        source.end()
        source.push(views.rolled_back())
        await until(pilot, lambda: "The run has ended" in foot(app))
    assert "has ended: ROLLED BACK" in app.last_words()
    assert "deployment-report.md" in app.last_words()


async def test_the_last_line_says_how_to_come_back() -> None:
    source = Script(views.window_calm())
    app = face(source)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("q")
    assert app.return_code == 0
    assert app.last_words().endswith("cpr-cockpit attach 0001-a1b2")
    assert source.closed == 1
    assert source.commands == []


async def test_control_c_closes_at_the_second_time() -> None:
    clock = Hand()
    app = face(Script(views.window_calm()), clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("ctrl+c")
        assert "ctrl+c again" in foot(app)
        assert app.is_running
        clock.move(1.5)
        await pilot.press("ctrl+c")
    assert app.return_code == 0


async def test_read_only_sends_nothing_and_says_so() -> None:
    source, clock = Script(views.go_possible()), Hand()
    app = face(source, clock, read_only=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        for key in ("r", "g", "s", "t", "e", "f9"):
            clock.move(2)
            strike(app, key)
            await until(pilot, lambda: "read-only" in foot(app))
            clock.move(2)
            strike(app, "y", "enter")
            await until(pilot, lambda: "read-only" not in foot(app))
        await pilot.press("2", "space")
        await pilot.pause()
        assert source.commands == []
        assert "READ ONLY" in screen_text(app)


async def test_a_crash_is_one_sentence_and_the_traceback_is_in_a_file(private_state: Path) -> None:
    class Broken(Exception):
        pass

    async def failing() -> Script:
        raise Broken("secret of the machine room")

    app = CockpitApp(failing, "ana")
    with pytest.raises(Exception, match="secret"):
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda: not app.is_running)
    assert app.return_code == 1
    assert "\n" not in app.last_words()
    assert "The screen failed" in app.last_words()
    assert "secret" not in app.last_words()
    written = app.crash_file
    assert written is not None
    assert written.parent == private_state
    assert str(written) in app.last_words()
    assert "secret of the machine room" in written.read_text()
    assert written.stat().st_mode & 0o077 == 0


async def test_a_refusal_stays_in_panel_and_foot_until_a_later_key() -> None:
    source, clock = Script(views.ready()), Hand()
    source.refusing = "marek started it a moment ago"
    app = face(source, clock)
    async with app.run_test(size=(160, 48)) as pilot:
        await settled(pilot)
        await pilot.press("s")
        clock.move(1)
        await pilot.press("y")
        await until(pilot, lambda: "START refused: marek started it a moment ago" in foot(app))
        assert screen_text(app).count("marek started it a moment ago") == 2
        await pilot.press("down")
        assert "refused" in foot(app)
        clock.move(2)
        await pilot.press("down")
        assert "refused" not in foot(app)


async def test_copy_writes_the_value_to_a_private_file(private_state: Path) -> None:
    app = face(Script(views.window_breach()))
    async with app.run_test(size=(160, 48)) as pilot:
        await settled(pilot)
        await pilot.press("c")
        path = private_state / "copied.txt"
        assert "error rate 7.42 %" in path.read_text()
        assert path.stat().st_mode & 0o077 == 0
        assert str(path) in foot(app)


async def test_the_facts_are_one_line_until_they_have_the_focus_and_as_of_then_without_a_session() -> None:
    source, clock = Script(views.window_breach()), Hand()
    app = face(source, clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "tab: 3 more" in screen_text(app)
        assert "database" not in screen_text(app)
        await pilot.press("shift+tab")
        await pilot.pause()
        assert "rollback-card.md" in screen_text(app)
        await pilot.press("tab")
        await pilot.pause()
        assert "database" not in screen_text(app)
        clock.move(40)
        source.hang_up()
        await until(pilot, lambda: "as of     14:08:11 UTC" in screen_text(app))


async def test_the_styles_of_the_gate_do_not_reach_the_facts_of_the_window() -> None:
    source = Script(views.gate_contradictions())
    app = face(source)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        source.push(views.window_breach())
        await until(pilot, lambda: at(app) == "window")
        told = "rollback  checked 12 s ago"
        await until(pilot, lambda: told in screen_text(app))
        assert told in screen_text(app).splitlines()[3], "the facts stand above the signals"


async def test_zoom_shows_one_pane_alone_with_the_panel_and_goes_back() -> None:
    app = face(Script(views.window_breach()))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "memory of the plan" not in screen_text(app)
        await pilot.press("z")
        await pilot.pause()
        text = screen_text(app)
        assert "memory of the plan" in text
        assert "EVENTS" not in text
        assert "ROLL BACK NOW" in text
        await pilot.press("z")
        await pilot.pause()
        assert "EVENTS" in screen_text(app)
        await pilot.press("tab", "tab", "z")
        await pilot.pause()
        assert "ROLLBACK: 41 of 97 checkout requests failed since 14:06:10" in screen_text(app)


async def test_help_tells_the_keys_and_why_some_do_nothing_now() -> None:
    app = face(Script(views.lists_half_done()))
    async with app.run_test(size=(160, 48)) as pilot:
        await settled(pilot)
        await pilot.press("question_mark")
        await pilot.pause()
        text = screen_text(app)
        for words in ("Sign", "only what blocks", "ROLL BACK", "not now: production was not touched", "CHECKLISTS"):
            assert words in text
        await pilot.press("escape")
        await until(pilot, lambda: at(app) == "lists")


async def test_the_palette_has_every_action_and_f9_arms_over_it() -> None:
    source, clock = Script(views.window_breach()), Hand()
    app = face(source, clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        names = [one.title for one in app.get_system_commands(app.screen)]
        assert len(names) == len([one for one in ACTIONS if one.where in ("", "window")]) - 1
        await pilot.press("colon")
        await pilot.pause()
        assert app.screen.query(Input)
        await pilot.press("r", "y")
        assert app.decision.arming.armed is None
        await pilot.press("f9")
        await until(pilot, lambda: app.decision.arming.armed is not None)
        clock.move(1)
        await pilot.press("y")
        await until(pilot, lambda: source.commands)
        assert source.commands == [("rollback", {"reason": "", "by": "ana"})]


@pytest.mark.parametrize("words", ["[/b] [red", "[B] [$x] [ b ] [/", "a [b [c] \\[/d]", "[@click=app.quit]"])
def test_markup_of_words_shows_the_words(words: str) -> None:
    content = Content.from_markup(as_markup(words))
    assert (content.plain, content.spans) == (words, [])


async def test_words_from_outside_are_no_markup_in_the_palette() -> None:
    view, words = views.window_breach(), "[/b] [red"
    rollback = rollback_control(enabled=False, reason=words)
    app = face(Script(replace(view, panel=replace(view.panel, rollback=rollback))))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("colon")
        strike(app, *"roll")
        await until(pilot, lambda: words in screen_text(app))
        assert f"not now: {words}" in screen_text(app)


async def test_below_the_least_size_there_is_the_floor_and_back_up_the_place_is_kept() -> None:
    source, clock = Script(views.window_breach()), Hand()
    app = face(source, clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("2")
        await pilot.resize_terminal(40, 10)
        await until(pilot, lambda: at(app) == "floor")
        await pilot.pause()
        text = screen_text(app)
        assert "09:40" in text.splitlines()[0]
        assert "ROLL BACK NOW" in text.splitlines()[0]
        await pilot.press("r")
        clock.move(1)
        app.draw()
        await pilot.pause()
        assert "y confirms" in screen_text(app)
        await pilot.press("y")
        await until(pilot, lambda: source.commands)
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: at(app) == "lists")


@pytest.mark.parametrize("size", [(80, 24), (40, 10)])
async def test_on_the_way_back_no_clock_runs_to_the_end_of_the_window(size: tuple[int, int]) -> None:
    source = Script(views.window_breach())
    app = face(source)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        assert "09:40" in screen_text(app)
        view = views.rolling_back()
        source.push(view)
        await until(pilot, lambda: app.view is view)
        await pilot.press("4")
        await pilot.pause()
        assert "ROLLING BACK" in screen_text(app)
        assert "09:40" not in screen_text(app)


@pytest.mark.parametrize("keys", [(), ("2", "w"), ("r",), ("colon",)])
async def test_a_paste_of_100_kb_does_nothing_anywhere(keys: tuple[str, ...]) -> None:
    source = Script(views.window_calm())
    app = face(source)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press(*keys)
        await pilot.pause()
        app.post_message(Paste("yes y\nrgs " * 10_000))
        await until(pilot, lambda: "was left out" in foot(app) or app.screen.query(Prompt) or keys == ("colon",))
        await pilot.pause()
        assert source.commands == []
        for field in app.screen.query(Input):
            assert field.value == ""


async def test_a_flood_of_keys_is_a_paste_without_marks() -> None:
    clock = Hand()
    source = Script(views.window_breach())
    app = face(source, clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        for char in "rollback y " * 20:
            clock.move(0.001)
            strike(app, "space" if char == " " else char)
        await pilot.pause()
        clock.move(1)
        await pilot.pause()
        assert source.commands == []


@pytest.mark.long
async def test_it_stays_usable_when_views_come_five_times_a_second() -> None:
    source, clock = Script(views.window_calm()), Hand()
    app = face(source, clock)
    async with app.run_test(size=(160, 48)) as pilot:
        await settled(pilot)
        for number in range(20):
            make = views.window_breach if number % 2 else views.window_calm
            source.push(replace(make(), seq=200 + number))
            clock.move(0.2)
            await pilot.press("down")
        await until(pilot, lambda: app.view is not None and app.view.seq == 219)
        await pilot.press("r")
        clock.move(1)
        await pilot.press("y")
        await until(pilot, lambda: source.commands)
    assert [name for name, _ in source.commands] == ["rollback"]


async def test_a_command_without_an_answer_is_not_said_to_be_refused() -> None:
    posted: list[object] = []
    lonely = link.Link(Script(), posted.append)
    await lonely.send("rollback", {"by": "ana"})
    assert "not sent" in str(posted[0])
