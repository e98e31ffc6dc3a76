"""The screen of the sources: reached by its key, left again, readable at every size, its ages growing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cpr_cockpit.core.events import Record
from cpr_cockpit.core.source_row import SourceRow, SourceWord, source_word
from cpr_cockpit.core.view import View
from cpr_cockpit.engine.replaying import Player, ReplayFace
from cpr_cockpit.engine.tape import ReplaySettings, Tape
from cpr_cockpit.tui.replay_app import ReplayApp
from cpr_cockpit.tui.screens.sources import lag_words, source_rows
from cpr_cockpit.tui.toned import row_text, row_width
from tests.engine.journals import records_of
from tests.engine.users import HEALTHY
from tests.tui import views
from tests.tui.faces import Hand, Script, at, face, foot, screen_text, settled, until
from tests.tui.view_controls import ATTACK
from tests.tui.view_parts import NOW

SIZES = [(80, 24), (160, 48)]


@pytest.fixture(scope="module")
def records() -> list[Record]:
    """A release that was kept."""
    return records_of(HEALTHY, window_s=60.0)


def line(text: str, name: str) -> str:
    """The line of a source, without the box that is around it on a large screen."""
    return next(one for one in text.splitlines() if f"  {name}  " in one).strip("┃ ")


@pytest.mark.parametrize("size", SIZES)
async def test_i_shows_every_source_and_leads_back(size: tuple[int, int]) -> None:
    app = face(Script(views.window_breach()))
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        assert "i sources" in foot(app)
        # It leaves room for the last of the hints.
        assert foot(app).endswith("z zoom")
        await pilot.press("i")
        await until(pilot, lambda: at(app) == "sources")
        text = screen_text(app)
        assert "SOURCES  1 never  1 stale  1 trouble  9 ok" in text
        assert line(text, "plan").split() == ["X", "never", "plan", "none", "4", "min", "-", "14:07:28", "never"]
        assert line(text, "database").endswith("4 min    4 min        -  14:07:28  14:02:50")
        assert line(text, "dependencies").endswith("14 s    4 min     30 s  14:07:28  14:07:28")
        assert "! 14:06:16  partial answer: dependencies: the query was throttled" in text
        await pilot.press("end")
        await until(pilot, lambda: "  signal check" in screen_text(app))
        assert "recovered 14:06:31; 14:06:16  The log stream ended after 71 s." in screen_text(app)
        await pilot.press("escape")
        await until(pilot, lambda: at(app) == "window")
        await pilot.press("i")
        await until(pilot, lambda: at(app) == "sources")
        await pilot.press("i")
        await until(pilot, lambda: at(app) == "window")


async def test_ages_grow_between_two_views_until_the_source_is_stale() -> None:
    clock = Hand()
    app = face(Script(views.window_calm()), clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("i")
        await until(pilot, lambda: at(app) == "sources")
        assert "12 s" in line(screen_text(app), "logs")
        clock.move(1.0)
        app.draw()
        await until(pilot, lambda: "13 s" in line(screen_text(app), "logs"))
        clock.move(82.0)
        app.draw()
        await until(pilot, lambda: "X stale    logs" in screen_text(app))
        # What is stale stands above what is not.
        assert screen_text(app).index("  logs  ") < screen_text(app).index("  exceptions  ")


async def test_rollback_works_there_and_a_new_view_leads_nobody_away() -> None:
    source, clock = Script(views.window_breach()), Hand()
    app = face(source, clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("i")
        await until(pilot, lambda: at(app) == "sources")
        rows = tuple(replace(one, recovered_at=NOW) for one in views.window_breach().window.sources)
        changed = replace(views.window_breach().window, sources=rows)
        source.push(replace(views.window_breach(), seq=140, window=changed))
        await until(pilot, lambda: "recovered 14:07:31; 14:06:16" in screen_text(app))
        await pilot.press("r")
        await until(pilot, lambda: app.decision.arming.armed is not None)
        clock.move(0.7)
        await pilot.press("y")
        await until(pilot, lambda: source.commands)
        assert source.commands == [("rollback", {"reason": "", "by": "ana"})]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (views.preparing, "No source is known yet."),
        (views.ready, "The sources are asked from the switch on."),
        (views.kept, "The run has ended: no source is asked any more."),
        (lambda: replace(views.window_calm(), phase="keeping"), "as of the last check on record."),
    ],
)
async def test_it_says_where_nobody_is_asked_and_how_old_the_words_may_be(make: Callable[[], View], words: str) -> None:
    app = face(Script(make()))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("i")
        await until(pilot, lambda: at(app) == "sources")
        await pilot.pause()
        assert words in screen_text(app)


@pytest.mark.parametrize("size", [*SIZES, (60, 15)])
async def test_errors_of_an_attacker_are_text(size: tuple[int, int]) -> None:
    app = face(Script(views.hostile()))
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        await pilot.press("i")
        await until(pilot, lambda: at(app) == "sources")
        shown = screen_text(app)
        assert "\x1b" in ATTACK
        assert "\x1b" not in shown
        assert "\u202e" not in shown
        assert "[@click=app.quit]" in shown


@pytest.mark.parametrize("width", range(57, 160, 6))
@pytest.mark.parametrize("name", ["signal of a very long name that somebody gave to it in a hurry", "漢字" * 30])
def test_a_row_fits_and_its_word_and_age_are_there_at_every_width(width: int, name: str) -> None:
    rows = source_rows([SourceRow("x", name, True, NOW - 60.0, NOW - 12.0, 30.0, 0.04, NOW, NOW)], NOW, width)
    assert [row_width(one) <= width for one in rows] == [True, True]
    assert row_text(rows[1]).startswith("+ ok  ")
    assert "   12 s     30 s" in row_text(rows[1])


def test_every_word_has_a_sign_of_its_own_or_is_as_bad() -> None:
    asked = SourceRow("x", "x", True, NOW - 60.0, NOW - 12.0, 30.0, answered_at=NOW)
    found = {
        source_word(one, NOW): row_text(source_rows([one], NOW, 80)[1])[0]
        for one in (
            asked,
            replace(asked, asked=False),
            replace(asked, newest=NOW - 31.0),
            replace(asked, newest=None),
            replace(asked, newest=None, since=NOW),
            replace(asked, trouble="no answer", trouble_at=NOW),
        )
    }
    assert found == dict(zip(SourceWord, ("+", "!", "X", "X", "~", "-"), strict=True))


@pytest.mark.parametrize(("seconds", "words"), [(0.0413, "0.041 s"), (1.0, "1 s"), (31.2, "31 s"), (240.0, "4 min")])
def test_a_short_lag_is_told_finely(seconds: float, words: str) -> None:
    assert lag_words(seconds) == words


async def test_a_replay_has_the_sources_as_they_were(
    records: list[Record], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    tape = Tape(ReplaySettings("20260101-000000-goal-aaaa", Path("nowhere")), records)
    assert tape.t0 is not None
    tape.wind(tape.t0 + 20.0)
    player = Player(tape, 10.0, Hand())
    player.pause()
    app = ReplayApp(ReplayFace(player, lambda run: "# Report"), Hand())
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("i")
        await until(pilot, lambda: at(app) == "sources" and "SOURCES  6 ok" in screen_text(app))
        assert "+ ok       usage" in screen_text(app)
