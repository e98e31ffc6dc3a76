from __future__ import annotations

from dataclasses import replace

import pytest

from cpr_cockpit.core.view import Signal, State, Window
from cpr_cockpit.tui.glyphs import Glyphs
from cpr_cockpit.tui.widgets.ages import age_words, countdown_words
from cpr_cockpit.tui.widgets.clock import Countdown
from cpr_cockpit.tui.widgets.signal_cells import in_cells, in_order, nearer_limit, set_for, state_of, trend_line
from cpr_cockpit.tui.widgets.signals import SignalTable
from tests.tui import view_figures as figures
from tests.tui.stage import Around, drawn, refreshed
from tests.tui.view_parts import DEADLINE, NOW, T0
from tests.tui.views import hostile, preparing, window_breach, window_calm


def table() -> SignalTable:
    return SignalTable(glyphs=Glyphs.BRAILLE)


def test_what_fails_comes_first_then_what_is_not_known() -> None:
    rows = (
        figures.signal("a", "1", "", "", "", state=State.OK),
        figures.signal("b", "1", "", "", "", state=State.WARN),
        figures.signal("c", "1", "", "", "", state=State.OK, age=99.0),
        figures.signal("d", "1", "", "", "", state=State.FAIL),
    )
    assert [one.key for one in in_order(rows, NOW)] == ["d", "c", "b", "a"]


def test_sources_that_decide_nothing_stand_below_those_that_do() -> None:
    rows = (
        replace(figures.signal("a", "1", "", "", "", state=State.NO_DATA), further=True),
        figures.signal("b", "1", "", "", "", state=State.OK),
    )
    assert [one.key for one in in_order(rows, NOW)] == ["b", "a"]


def test_old_is_no_data_whatever_the_session_said_last_but_a_failure_stays_one() -> None:
    row = figures.signal("a", "1", "", "", "", age=12.0)
    assert state_of(row, NOW) == State.OK
    assert state_of(row, NOW + 19) == State.NO_DATA
    assert state_of(replace(row, state=State.FAIL), NOW + 19) == State.FAIL
    assert state_of(replace(row, state="[b]healthy[/b]"), NOW) == State.NONE


def test_the_nearer_limit_is_named() -> None:
    rate = figures.signal("rate", "0.31 %", "1 %", "5 %", "0.28 %")
    assert nearer_limit(rate, 14) == "target 1 %"
    assert nearer_limit(replace(rate, now="2.4 %"), 14) == "trigger 5 %"
    assert nearer_limit(replace(rate, now="no data"), 14) == "trigger 5 %"
    assert nearer_limit(replace(rate, trigger=""), 14) == "target 1 %"
    assert nearer_limit(replace(rate, target="", trigger=""), 14) == "-"
    assert nearer_limit(replace(rate, target="1,500 ms"), 14) == "target 1,500"
    assert nearer_limit(replace(rate, now="1,700 ms", target="1,500 ms", trigger="2,000 ms"), 14) == "trigger 2,000"


@pytest.mark.parametrize(
    ("value", "width", "shown"),
    [
        ("9.91 req/s", 9, "9.91"),
        ("0 events", 7, "0"),
        ("60 users", 7, "60"),
        ("0.31 %", 7, "0.31 %"),
        ("no data at all", 9, "no data.."),
        ("123456789 ms", 7, "12345.."),
    ],
)
def test_a_unit_gives_way_before_a_digit(value: str, width: int, shown: str) -> None:
    assert in_cells(value, width) == shown


async def test_rows_keep_their_places_from_view_to_view_and_failures_come_first() -> None:
    rows = tuple(figures.signal(key, "1", "", "", "") for key in "abc")
    one = table()
    app = Around(one)

    def names() -> list[str]:
        return [line[2] for line in app.shown()[1:] if line.strip()]

    async with app.run_test(size=(60, 8)) as pilot:
        one.show(rows[1:], NOW)
        # Given otherwise, and a new one before them.
        one.show((rows[0], rows[2], rows[1]), NOW)
        await pilot.pause()
        assert names() == ["a", "b", "c"]
        one.show((replace(rows[2], state=State.FAIL), *rows[:2]), NOW)
        await pilot.pause()
        assert names() == ["c", "a", "b"]


@pytest.mark.parametrize("grown", [(60, 14), (120, 8)])
async def test_a_pane_that_grows_shows_as_many_rows_as_it_can(grown: tuple[int, int]) -> None:
    view = window_calm()
    one = table()
    app = Around(one)
    async with app.run_test(size=(60, 3)) as pilot:
        one.show(view.signals, view.now)
        await pilot.press("end")
        await pilot.resize_terminal(*grown)
        await pilot.pause()
        assert all(any(signal.now in line for line in app.shown()[1:]) for signal in view.signals)
        assert any("> memory" in line for line in app.shown())


@pytest.mark.parametrize("glyphs", list(Glyphs))
def test_a_gap_in_a_trend_is_a_gap_and_noise_is_no_mountain(glyphs: Glyphs) -> None:
    line = trend_line((180.0, 181.0, None, 182.0, 179.0), 8, glyphs)
    assert len(line) == 8
    assert line[:3] == "   "
    assert line[5] == " "
    assert len(set(line[3:]) - {" "}) == 1
    rise = trend_line((0.0, 1.0, 2.0, 8.0), 4, glyphs)
    assert rise[0] != rise[-1]
    assert trend_line((), 4, glyphs) == trend_line((None, None), 4, glyphs) == "    "
    assert trend_line((0.0, 0.0), 2, glyphs).strip()


async def test_wide_rows_show_everything() -> None:
    view = window_calm()
    lines = await drawn(table(), (120, 14), lambda one: one.show(view.signals, view.now))
    assert lines[0].split() == ["name", "now", "target", "trigger", "before", "trend", "n", "age", "state"]
    assert lines[1].startswith("> error rate")
    assert "2,412" in lines[1]
    assert "12 s" in lines[1]
    assert lines[1].rstrip().endswith("ok")


@pytest.mark.parametrize(
    ("width", "heads"),
    [
        (120, ["name", "now", "target", "trigger", "before", "trend", "n", "age", "state"]),
        (90, ["name", "now", "limit", "before", "trend", "age", "state"]),
        (66, ["name", "now", "limit", "age", "state"]),
        (58, ["name", "now", "limit", "age", "state"]),
        (38, ["name", "now", "state"]),
        (5, ["name", "now", "state"]),
    ],
)
def test_columns_by_width(width: int, heads: list[str]) -> None:
    assert [one.head for one in set_for(width)] == heads


@pytest.mark.parametrize("width", [40, 66, 80, 100, 120, 160])
async def test_no_row_is_wider_than_its_table(width: int) -> None:
    view = window_breach()
    lines = await drawn(table(), (width, 14), lambda one: one.show(view.signals, view.now))
    assert all(".." not in line[-3:] for line in lines)
    assert sum("FAIL" in line for line in lines) == 3


async def test_what_has_no_room_is_counted() -> None:
    view = window_breach()
    lines = await drawn(table(), (60, 6), lambda one: one.show(view.signals, view.now))
    assert [line[2:12].strip() for line in lines[1:5]] == ["error rate", "5xx counte", "checkout", "p95 latenc"]
    assert lines[5].strip() == "(7 more: 7 ok)"


async def test_two_blocks_where_rows_would_not_fit() -> None:
    view = window_calm()
    lines = await drawn(table(), (120, 7), lambda one: one.show(view.signals, view.now))
    assert lines[0].count("name") == 2
    assert all(any(one.name in line for line in lines) for one in view.signals if len(one.name) <= 14)
    assert sum(line.count("12 s") for line in lines) == 6


async def test_a_second_changes_ages_alone() -> None:
    view = window_calm()
    one = table()
    app = Around(one)
    async with app.run_test(size=(120, 14)) as pilot:
        one.show(view.signals, view.now)
        await pilot.pause()
        regions = refreshed(one, lambda: one.tick(view.now + 1))
        assert len(regions) == len(view.signals)
        assert all(region.height == 1 and region.width == 1 for region in regions)
        await pilot.pause()
        assert "13 s" in app.shown()[1]
        assert refreshed(one, lambda: one.tick(view.now + 1)) == []


async def test_ages_stay_in_place_through_new_sizes_and_orders() -> None:
    one = table()
    app = Around(one)
    async with app.run_test(size=(120, 14)) as pilot:
        for view, size in ((window_calm(), (120, 14)), (window_breach(), (90, 14)), (window_breach(), (120, 7))):
            await pilot.resize_terminal(*size)
            one.show(view.signals, view.now)
            await pilot.pause()
            assert [line.rstrip() for line in app.shown()] == one.words.split("\n") + [""] * (
                size[1] - len(one.words.split("\n"))
            )


async def test_the_cursor_keeps_its_signal_when_the_order_changes() -> None:
    calm, breach = window_calm(), window_breach()
    one = table()
    app = Around(one)
    async with app.run_test(size=(120, 14)) as pilot:
        one.show(calm.signals, calm.now)
        await pilot.press("down", "down")
        assert one.selected is not None
        assert one.selected.key == "p95"
        one.show(breach.signals, breach.now)
        await pilot.pause()
        assert one.selected.key == "p95"
        assert next(line for line in app.shown() if line.startswith(">")).startswith("> p95 latency")
        assert "p95 latency" in one.value
        assert "target 200 ms" in one.value
        await pilot.press("end")
        assert one.selected.key == "memory"


async def test_the_cursor_is_always_in_sight() -> None:
    view = window_calm()
    one = table()
    app = Around(one)
    async with app.run_test(size=(60, 6)) as pilot:
        one.show(view.signals, view.now)
        for step in (1, -1):
            for _ in view.signals:
                one.action_move(step)
                await pilot.pause()
                assert any(line.startswith("> ") for line in app.shown())


async def test_words_from_outside_are_inert_and_nothing_yet_is_said() -> None:
    view = hostile()
    text = "".join(await drawn(table(), (160, 14), lambda one: one.show(view.signals, view.now)))
    assert "[@click=app.qui" in text
    assert not set(text) & set("\x1b\x07\x00\x9b\u202e\u2066\u200b")
    empty = await drawn(table(), (60, 5), lambda one: one.show(preparing().signals, 0.0))
    assert "no signals before T0" in empty[0]


def test_no_signal_at_all_of_an_age_is_never() -> None:
    never = Signal("a", "a", "no data", "", "", "", None, None, 30.0, State.NO_DATA)
    assert state_of(never, NOW) == State.NO_DATA


# -- clocks ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "words"), [(-3.0, "0 s"), (0.9, "0 s"), (119.0, "119 s"), (131.0, "2 min"), (8000.0, "2 h")]
)
def test_ages(seconds: float, words: str) -> None:
    assert age_words(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (581.0, "09:41"),
        (580.2, "09:41"),
        (0.4, "00:01"),
        (0.0, "00:00"),
        (-0.5, "00:00"),
        (-180.0, "+03:00"),
        (3723.0, "1:02:03"),
    ],
)
def test_countdowns_never_reach_nought_early(seconds: float, words: str) -> None:
    assert countdown_words(seconds) == words


@pytest.mark.parametrize(("size", "lines"), [((160, 48), 5), ((80, 24), 1), ((30, 24), 2)])
async def test_the_countdown_takes_the_room_that_there_is(size: tuple[int, int], lines: int) -> None:
    window = window_calm().window
    shown = await drawn(Countdown(glyphs=Glyphs.BLOCKS), size, lambda one: one.show(window, NOW))
    assert len([line for line in shown if line.strip()]) == lines
    assert ("█" in shown[0]) is (size[1] == 48)
    assert any("until 14:17:11" in line for line in shown)


async def test_past_the_deadline_it_counts_on_and_an_ended_run_stands_still() -> None:
    window = window_calm().window
    late = await drawn(Countdown(), (80, 24), lambda one: one.show(window, DEADLINE + 180))
    assert late[0].startswith("+03:00 over")
    assert "ended 14:17:11" in late[0]
    ended = await drawn(Countdown(), (80, 24), lambda one: one.show(window, DEADLINE + 180, stopped="ROLLED BACK"))
    assert ended[0].strip() == "ROLLED BACK  T0 14:02:11 UTC"
    before = await drawn(Countdown(), (80, 24), lambda one: one.show(preparing().window, T0))
    assert before[0].strip() == "window 15:00, not begun"


@pytest.mark.parametrize(
    "stage", ["canary, 5 % of new sessions", "flag on for 5 % of the users", "rolling, 1 of 3 apps"]
)
async def test_a_part_is_judged_until_its_time_and_what_was_kept_waits_for_a_check(stage: str) -> None:
    part = Window(60.0, T0, T0 + 60.0, stage=stage, on_part=True)
    told = await drawn(Countdown(), (100, 24), lambda one: one.show(part, T0 + 20.0))
    assert f"00:40 to go {stage}, judged until 14:03:11 UTC" in " ".join(" ".join(told).split())
    small = await drawn(Countdown(), (76, 1), lambda one: one.show(part, T0 + 20.0))
    assert stage in small[0]
    later = replace(part, stage="extended", on_part=False)
    told = await drawn(Countdown(), (100, 24), lambda one: one.show(later, T0 + 20.0))
    assert "extended, next check 14:03:11 UTC" in " ".join(told)
