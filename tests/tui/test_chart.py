from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpr_cockpit.core.view import Point, Series, Window
from cpr_cockpit.tui.glyphs import Glyphs
from cpr_cockpit.tui.widgets.chart import ThresholdChart
from cpr_cockpit.tui.widgets.plot import Plot, bands, dot
from tests.tui.stage import Around, drawn, refreshed
from tests.tui.view_controls import ATTACK
from tests.tui.view_parts import DEADLINE, NOW, T0, WINDOW_S
from tests.tui.views import hostile, window_breach, window_calm, window_no_data

WINDOW = Window(WINDOW_S, T0, DEADLINE)
SIZE = (80, 12)


def quiet(points: tuple[Point, ...], **changes: object) -> Series:
    series = Series("rate", "ERROR RATE", "%", 10.0, points, 5.0, "5 % for 5 min", 0.3)
    return replace(series, **changes)  # type: ignore[arg-type]


def seconds(count: int, value: float = 1.0) -> tuple[Point, ...]:
    return tuple(Point(float(at), 1.0, value, value, value) for at in range(count))


def test_a_spike_of_one_second_is_not_lost_in_a_column_of_five() -> None:
    points = (
        *seconds(400),
        Point(400.0, 1.0, 1.0, 9.0, 1.2),
        *(Point(401.0 + at, 1.0, 1.0, 1.0, 1.0) for at in range(99)),
    )
    found = bands(quiet(points), WINDOW_S, 180, 40)
    assert max(band.high for band in found if band is not None) == dot(9.0, 10.0, 40)
    assert [place for place, band in enumerate(found) if band is not None and band.over] == [80]


def test_a_gap_stays_a_gap_and_the_future_is_empty() -> None:
    points = tuple(point for point in seconds(600) if not 200 <= point.start < 300)
    found = bands(quiet(points), 900.0, 90, 40)
    empty = [place for place, band in enumerate(found) if band is None]
    assert empty == [*range(20, 30), *range(60, 90)]


def test_a_long_point_fills_every_column_of_its_time() -> None:
    found = bands(quiet((Point(0.0, 30.0, 1.0, 1.0, 1.0),)), 900.0, 900, 10)
    assert [place for place, band in enumerate(found) if band is not None] == list(range(30))


def test_what_lies_over_the_axis_is_on_its_highest_row() -> None:
    assert dot(1e9, 10.0, 40) == 39
    assert dot(-5.0, 10.0, 40) == 0
    assert dot(5.0, 0.0, 40) == 0


@given(
    values=st.lists(st.tuples(st.floats(0, 20), st.floats(0, 20)), min_size=1, max_size=60),
    columns=st.integers(1, 40),
    rows=st.integers(1, 30),
)
def test_every_measured_value_lies_in_a_band(values: list[tuple[float, float]], columns: int, rows: int) -> None:
    points = tuple(Point(at * 10.0, 10.0, min(pair), max(pair), min(pair)) for at, pair in enumerate(values))
    length = len(values) * 10.0
    found = bands(quiet(points), length, columns, rows)
    for point in points:
        column = found[min(columns - 1, int(point.start / length * columns))]
        assert column is not None
        assert column.low <= dot(point.low, 10.0, rows)
        assert column.high >= dot(point.high, 10.0, rows)


def test_neighbours_touch_so_that_a_step_is_one_line() -> None:
    points = (*seconds(10, 0.0), *(Point(10.0 + at, 1.0, 9.0, 9.0, 9.0) for at in range(10)))
    found = bands(quiet(points), 20.0, 20, 40)
    assert found[9] is not None
    assert found[10] is not None
    assert found[10].low == found[9].high + 1


async def test_axes_limit_baseline_and_markers_are_drawn() -> None:
    series = quiet((), markers=((0.0, "swap"), (450.0, "purge")))
    lines = await drawn(ThresholdChart(glyphs=Glyphs.BRAILLE), SIZE, lambda chart: chart.show(series, WINDOW, NOW))
    text = "\n".join(lines)
    assert "ERROR RATE  no data" in lines[0]
    assert "limit 5 % for 5 min" in lines[0]
    assert "before 0.3 %" in lines[0]
    assert lines[1].startswith("10 %")
    limit = next(line for line in lines[1:] if "limit 5 % for 5 min" in line)
    assert limit.strip().startswith("5 %")
    assert limit.count("── ") > 10
    assert lines[-1].strip().startswith("14:02 swap")
    assert lines[-1].rstrip().endswith("14:17")
    assert "purge" in lines[-1]
    assert text.count("┊") >= 8
    baseline = next(line for line in lines if line.strip().startswith("0 %"))
    assert baseline.count("┈") > 15


@pytest.mark.parametrize("rows", [2, 3])
@pytest.mark.parametrize("glyphs", list(Glyphs))
async def test_where_there_are_hardly_any_rows_nought_is_on_the_axis_and_no_data_looks_like_the_limit(
    glyphs: Glyphs, rows: int
) -> None:
    series = quiet(seconds(450, 0.0), top=10.5, before=None)
    lines = await drawn(ThresholdChart(glyphs=glyphs), (80, rows + 2), lambda one: one.show(series, WINDOW, NOW))
    plot = [line.rstrip() for line in lines[1:-1]]
    assert [plot[0].split()[0], plot[-1].split()[0]] == ["10.5", "0"]
    line, words = ("-" if glyphs < Glyphs.BRAILLE else "─"), "limit 5 % for 5 min"
    assert sum(words in one for one in plot) == 1
    assert line in next(one for one in plot if words in one)
    # Half of the window is measured: there the lowest row is data and nothing else.
    measured = plot[-1][7:40]
    assert line not in measured
    assert len(set(measured)) == 1


@pytest.mark.parametrize("glyphs", list(Glyphs))
async def test_data_is_drawn_in_what_the_terminal_has(glyphs: Glyphs) -> None:
    breach = window_breach()
    lines = await drawn(ThresholdChart(glyphs=glyphs), SIZE, lambda chart: chart.show(breach.series[0], WINDOW, NOW))
    text = "".join(lines)
    assert any("\u2800" <= char <= "\u28ff" for char in text) is (glyphs is Glyphs.BRAILLE)
    assert text.isascii() is (glyphs is Glyphs.ASCII)
    # Over the limit's line at the end, under it at the start.
    limit = next(place for place, line in enumerate(lines[1:], 1) if line.strip().startswith("5 %"))
    assert any(line[7:].strip() for line in lines[1:limit])
    assert all(not line[7:24].strip() for line in lines[1:limit])


def test_data_over_the_limit_has_its_own_tone_and_is_never_hidden() -> None:
    breach = window_breach().series[0]
    plot = Plot(breach, WINDOW_S, 70, 10, Glyphs.BRAILLE)
    cells = plot.draw()
    column = plot.column_of(NOW - T0 - 15)
    tones = {tone for line in cells for char, tone in [line[column]] if char != " "}
    assert "over" in tones
    for x in range(70):
        if any(band is not None for band in plot.bands[2 * x : 2 * x + 2]):
            assert any(line[x][1] in ("data", "over") for line in cells)


async def test_a_stale_figure_is_told_beside_the_chart() -> None:
    view = window_no_data()
    lines = await drawn(
        ThresholdChart(), SIZE, lambda chart: chart.show(view.series[0], view.window, view.now, view.signals[0])
    )
    assert "no data" in lines[0]
    assert "age 2 min" in lines[0]


async def test_an_old_figure_becomes_no_data_by_the_faces_own_clock() -> None:
    view = window_calm()
    lines = await drawn(
        ThresholdChart(), SIZE, lambda chart: chart.show(view.series[0], view.window, view.now + 60, view.signals[0])
    )
    assert "0.31 %  no data " in lines[0]


@pytest.mark.parametrize("size", [SIZE, (34, 8)])
@pytest.mark.parametrize(("row", "words"), [(0, "7.42 %  FAIL"), (None, "7.4 %  over")])
async def test_what_is_over_its_limit_is_told_by_a_word(size: tuple[int, int], row: int | None, words: str) -> None:
    view = window_breach()
    signal = view.signals[row] if row is not None else None
    lines = await drawn(ThresholdChart(), size, lambda one: one.show(view.series[0], view.window, view.now, signal))
    assert words in lines[0]


async def test_before_t0_and_without_room_it_says_so_and_lives() -> None:
    series = window_calm().series[0]
    chart = ThresholdChart()
    app = Around(chart)
    async with app.run_test(size=(80, 12)) as pilot:
        chart.show(None, Window(900.0), NOW)
        await pilot.pause()
        assert "no chart before T0" in app.shown()[0]
        chart.show(series, WINDOW, NOW)
        for size in ((10, 3), (40, 4), (200, 60), (80, 12)):
            await pilot.resize_terminal(*size)
        assert "ERROR RATE" in app.shown()[0]


async def test_a_second_changes_the_age_alone_and_a_point_a_few_cells() -> None:
    view = window_calm()
    series, signal = quiet(seconds(320, 1.0)), view.signals[0]
    chart = ThresholdChart(glyphs=Glyphs.BRAILLE)
    async with Around(chart).run_test(size=(120, 12)) as pilot:
        chart.show(series, WINDOW, view.now, signal)
        await pilot.pause()
        aged = refreshed(chart, lambda: chart.show(series, WINDOW, view.now + 1, signal))
        assert [region.height for region in aged] == [1]
        assert sum(region.width for region in aged) <= 2
        await pilot.pause()
        longer = quiet(seconds(330, 1.0))
        grown = refreshed(chart, lambda: chart.show(longer, WINDOW, view.now + 1, signal))
        assert grown
        assert sum(region.area for region in grown) <= 6
        await pilot.pause()
        assert refreshed(chart, lambda: chart.show(longer, WINDOW, view.now + 1, signal)) == []


async def test_words_from_outside_are_inert() -> None:
    view = hostile()
    lines = await drawn(
        ThresholdChart(), (160, 12), lambda chart: chart.show(view.series[0], view.window, view.now, view.signals[0])
    )
    text = "".join(lines)
    assert "[@click=app.quit]x" in text
    assert not set(text) & set("\x1b\x07\x00\x9b\u202e\u2066\u200b")
    assert "\x1b" in ATTACK
