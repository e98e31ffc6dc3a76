from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from rich.cells import cell_len
from textual.strip import Strip

from cpr_cockpit.core.view import Control, Panel, Shape, View
from cpr_cockpit.tui.arming import Act, Arming
from cpr_cockpit.tui.glyphs import Glyphs
from cpr_cockpit.tui.toned import row_text
from cpr_cockpit.tui.widgets.frame import ARMED, border_of
from cpr_cockpit.tui.widgets.panel import DecisionPanel, armed_rows, panel_rows
from tests.tui.faces import until
from tests.tui.stage import Around, drawn, refreshed
from tests.tui.view_controls import BY_HAND
from tests.tui.views import (
    ALL,
    gate_contradictions,
    go_possible,
    hostile,
    lists_half_done,
    overdue,
    ready,
    rolled_back,
    window_breach,
    window_calm,
)

SIZES = [(160, 48), (120, 40), (80, 24), (60, 15), (40, 10), (20, 5)]


class Time:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def armed(panel: Panel, act: Act, key: str, *, wait: float = 1.0) -> Arming:
    time = Time()
    arming = Arming(time)
    assert arming.arm(act, panel, key)
    time.now = wait
    return arming


async def lines_of(panel: Panel, size: tuple[int, int], arming: Arming | None = None, *, inert: str = "") -> list[str]:
    glyphs = Glyphs.BRAILLE
    lines = await drawn(DecisionPanel(glyphs=glyphs), size, lambda one: one.show(panel, arming, inert=inert))
    return [line.rstrip() for line in lines if line.strip()]


@pytest.mark.parametrize("name", sorted(set(ALL) - {"hostile"}))
async def test_the_word_is_there_at_80x24_and_every_key_with_it(name: str) -> None:
    panel = ALL[name]().panel
    lines = await lines_of(panel, (80, 24))
    text = "\n".join(lines)
    assert panel.word in text or "█" in text
    for control in (panel.start, panel.go, panel.rollback):
        if control is None:
            continue
        assert control.label in text
        assert (f"({control.key})" in text) is not control.enabled
        if not control.enabled:
            assert control.reason in text


@pytest.mark.parametrize("name", sorted(ALL))
async def test_it_lives_in_every_size_and_never_overflows(name: str) -> None:
    widget = DecisionPanel(glyphs=Glyphs.BRAILLE)
    app = Around(widget)
    async with app.run_test(size=SIZES[0]) as pilot:
        widget.show(ALL[name]().panel)
        for size in SIZES:
            await pilot.resize_terminal(*size)
            await until(pilot, lambda: {cell_len(line) for line in app.shown()} == {size[0]})  # noqa: B023 - awaited
            lines = [line.rstrip() for line in app.shown() if line.strip()]
            assert len({line[-1] for line in lines[1:-1]}) == 1, lines
            assert {cell_len(line) for line in lines} == {size[0]}, lines


async def test_block_letters_where_there_is_room_and_a_line_where_not() -> None:
    panel = window_breach().panel
    assert sum("█" in line for line in await lines_of(panel, (160, 48))) == 5
    small = await lines_of(panel, (80, 24))
    assert not any("█" in line for line in small)
    assert "!! ROLL BACK NOW !!" in small[1]


async def test_a_breach_has_rollback_first() -> None:
    breach = await lines_of(window_breach().panel, (160, 48))
    calm = await lines_of(window_calm().panel, (160, 48))
    keys = next(line for line in breach if "ROLL BACK to" in line)
    assert keys.index("ROLL BACK to") < keys.index("GO keep")
    keys = next(line for line in calm if "ROLL BACK to" in line)
    assert keys.index("ROLL BACK to") > keys.index("GO keep")


@pytest.mark.parametrize("glyphs", list(Glyphs))
def test_every_shape_has_a_border_of_its_own(glyphs: Glyphs) -> None:
    borders = [border_of(shape, glyphs) for shape in (*Shape, ARMED)]
    assert len(set(borders)) == len(borders)
    assert all("".join(border).isascii() for border in borders) is (glyphs is Glyphs.ASCII)
    assert border_of("unheard of", glyphs) == border_of(Shape.CALM, glyphs)


@pytest.mark.parametrize("shape", list(Shape))
async def test_the_shape_is_drawn_around_the_word(shape: Shape) -> None:
    lines = await lines_of(replace(window_calm().panel, shape=shape), (80, 24))
    border = border_of(shape, Glyphs.BRAILLE)
    assert lines[0].startswith(border.upper_left + border.level)
    assert lines[1].startswith(border.upright)
    assert lines[-1].endswith(border.lower_right)


async def test_details_and_confirmation_of_an_armed_rollback() -> None:
    panel = window_breach().panel
    assert panel.rollback is not None
    for size in ((160, 48), (80, 24)):
        text = " ".join(line[3:-3].strip() for line in await lines_of(panel, size, armed(panel, Act.ROLLBACK, "r")))
        assert "ARMED  ROLL BACK NOW" in text
        assert "ROLL BACK to v1.2.0" in text
        # All of it: what runs, on what, how long, what results, what is lost, what if it is refused.
        assert all(detail in text for detail in panel.rollback.details)
        assert "y   sends it" in text
        assert "n   sends nothing" in text
        assert "expires in 19 s" in text


@pytest.mark.parametrize("make", [window_breach, ready])
async def test_in_the_room_of_80x24_an_armed_control_still_says_how_every_detail_ends(make: Callable[[], View]) -> None:
    panel = make().panel
    control = panel.rollback if panel.rollback is not None and panel.rollback.enabled else panel.start
    assert control is not None
    arming = armed(panel, Act.START if control is panel.start else Act.ROLLBACK, control.key)
    made = armed_rows(arming.armed, arming, 74, 10) if arming.armed is not None else []
    text = " ".join(row_text(one).strip() for one in made)
    assert len(made) <= 10
    for detail in control.details:
        assert detail[:20] in text
        assert detail[-20:] in text
    assert "sends nothing" in text


@pytest.mark.parametrize("make", [ready, lists_half_done, gate_contradictions])
def test_in_three_lines_no_label_and_no_reason_is_cut(make: Callable[[], View]) -> None:
    panel = make().panel
    made = panel_rows(panel, "", 74, 3, Glyphs.BRAILLE)
    text = " ".join(row_text(one) for one in made)
    assert len(made) == 3
    assert panel.word in text
    assert panel.sentence in text
    for one in (panel.start, panel.rollback):
        if one is not None:
            assert one.label in text
            assert one.enabled or f"{one.label}: {one.reason}" in text


class Watched(DecisionPanel):
    """Remembers what was painted, and in which height."""

    painted: tuple[tuple[int, str], ...] = ()

    def render_line(self, y: int) -> Strip:
        """The line, remembered."""
        strip = super().render_line(y)
        self.painted += ((self.size.height, strip.text),)
        return strip


async def test_what_was_composed_for_another_size_is_never_painted() -> None:
    widget = Watched(glyphs=Glyphs.BRAILLE)
    async with Around(widget).run_test(size=(80, 48)) as pilot:
        widget.show(ready().panel)
        await until(pilot, lambda: any(height == 11 and "█" in text for height, text in widget.painted))
        widget.styles.height = 5
        await until(pilot, lambda: any(height == 5 and "READY TO START" in text for height, text in widget.painted))
        assert not any(height == 5 and "█" in text for height, text in widget.painted)


async def test_armed_it_still_leaves_room_for_what_fails() -> None:
    panel = window_breach().panel
    lines = await lines_of(panel, (80, 24), armed(panel, Act.ROLLBACK, "r"))
    assert len(lines) <= 16


async def test_what_must_be_typed_and_what_was_typed() -> None:
    panel = overdue().panel
    arming = armed(panel, Act.GO, "g")
    for key in "v1.3.0":
        arming.press(key, key)
    arming.press("tab")
    arming.press("x", "x")
    text = "\n".join(await lines_of(panel, (80, 24), arming))
    assert "type v1.3.0: v1.3.0  fits" in text
    assert "> and a reason: x_" in text
    assert "Enter sends it" in text


async def test_the_guard_is_told() -> None:
    panel = window_breach().panel
    text = "\n".join(await lines_of(panel, (80, 24), armed(panel, Act.ROLLBACK, "r", wait=0.2)))
    assert "keys are ignored for a moment" in text
    assert "sends it" not in text


async def test_why_it_was_disarmed_stands_in_the_panel() -> None:
    panel = go_possible().panel
    arming = armed(panel, Act.GO, "g")
    arming.follow(replace(panel, worsened=1))
    text = "\n".join(await lines_of(panel, (80, 24), arming))
    assert "the verdict got worse and disarmed it: nothing was sent" in text


async def test_read_only_is_told_in_the_border() -> None:
    lines = await lines_of(window_calm().panel, (80, 24), inert="READ ONLY")
    assert "READ ONLY" in lines[0]


async def test_words_that_must_not_be_lost_are_cut_visibly() -> None:
    panel = replace(window_breach().panel, sentence="very long " * 60)
    lines = await lines_of(panel, (80, 24))
    assert any(line.rstrip(" ║").endswith("..") for line in lines)
    assert any("ROLL BACK to v1.2.0" in line for line in lines)


async def test_a_second_of_an_armed_panel_changes_one_line_and_an_unchanged_one_none() -> None:
    panel, time = window_breach().panel, Time()
    arming = Arming(time)
    widget = DecisionPanel(glyphs=Glyphs.BRAILLE)
    async with Around(widget).run_test(size=(80, 24)) as pilot:
        widget.show(panel, arming)
        await pilot.pause()
        assert refreshed(widget, lambda: widget.show(panel, arming)) == []
        arming.arm(Act.ROLLBACK, panel, "r")
        time.now = 1.0
        widget.show(panel, arming)
        await pilot.pause()
        await pilot.pause()
        time.now = 2.0
        regions = refreshed(widget, lambda: widget.show(panel, arming))
        assert [region.height for region in regions] == [1]
        assert regions[0].width <= 2


@pytest.mark.parametrize("size", [(160, 48), (80, 24), (40, 10)])
@pytest.mark.parametrize("arm", [False, True])
async def test_words_from_outside_are_inert(size: tuple[int, int], *, arm: bool) -> None:
    panel = hostile().panel
    arming = armed(panel, Act.ROLLBACK, "r") if arm else None
    text = "".join(await lines_of(panel, size, arming))
    assert "[@click" in text
    assert not set(text) & set("\x1b\x07\x00\x9b\u202e\u2066\u200b")


async def test_no_style_carries_an_action() -> None:
    widget = DecisionPanel()
    async with Around(widget).run_test(size=(160, 48)) as pilot:
        widget.show(hostile().panel)
        await pilot.pause()
        for y in range(widget.size.height):
            assert all(not (segment.style and segment.style.meta) for segment in widget.render_line(y))


async def test_unknown_shapes_and_empty_panels_are_drawn() -> None:
    assert await lines_of(Panel("SOMETHING NEW", "unheard of", start=Control("s", "START", enabled=True)), (80, 24))
    assert await lines_of(Panel("", Shape.CALM), (80, 24))
    assert "READY" in ready().panel.word


@pytest.mark.parametrize("size", [(160, 48), (120, 40), (80, 24)])
async def test_a_command_for_the_hand_is_whole_and_the_card_is_named(size: tuple[int, int]) -> None:
    lines = await lines_of(BY_HAND, size)
    told = " ".join(" ".join(line[1:-1] for line in lines).split())
    assert " ".join(BY_HAND.commands[0].split()) in told
    assert "The whole way by hand: /home/ana/" in told
    assert "NO ANSWER OF RESOURCE MANAGER for 34 s. Production answers v1.3.0, slot green v1.2.0." in told


@pytest.mark.parametrize("size", [(160, 48), (120, 40), (80, 24)])
async def test_what_is_wrong_with_the_way_back_has_its_place_beside_a_long_sentence(size: tuple[int, int]) -> None:
    panel = replace(window_calm().panel, sentence="errors " * 60, back="rollback NOT READY 3 s ago: rights", warns=True)
    lines = await lines_of(panel, size)
    assert any("rollback NOT READY 3 s ago: rights" in line for line in lines)
    assert any("ROLL BACK" in line for line in lines)


async def test_where_nothing_can_be_pressed_any_more_every_word_is_there() -> None:
    detail = (
        "Production serves v1.2.0; the other slot: v1.2.0. An unknown number of users keep the cookie of slot green, "
        "until 09:53:48 UTC at the latest. 7 of 8 follow-ups are open: cpr-cockpit follow-up 20260101-goal"
    )
    panel = replace(rolled_back().panel, detail=detail)
    told = " ".join(" ".join(line[1:-1] for line in await lines_of(panel, (80, 24))).split())
    assert detail in told
