from __future__ import annotations

from itertools import combinations

import pytest
from textual.theme import Theme

from cpr_cockpit.tui.themes import COCKPIT_DARK, COCKPIT_LIGHT, DARK, LIGHT
from cpr_cockpit.tui.widgets.panel import DecisionPanel
from tests.tui.stage import Around
from tests.tui.views import window_breach

Linear = tuple[float, float, float]
THEMES = (COCKPIT_DARK, COCKPIT_LIGHT)
GROUNDS = ("background", "surface", "panel")
STATES = ("text-success", "text-warning", "text-error")
TEXTS = ("foreground", "text", "text-muted", "foreground-muted", "text-primary", "text-accent", *STATES)
# Machado, Oliveira and Fernandes (2009), severity 1, for linear RGB.
BLINDNESS = {
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
}


def linear(colour: str) -> Linear:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return red, green, blue


def ratio(one: str, other: str) -> float:
    """WCAG 2 contrast of two colours."""
    dark, light = sorted(
        sum(part * weight for part, weight in zip(linear(colour), (0.2126, 0.7152, 0.0722), strict=True))
        for colour in (one, other)
    )
    return (light + 0.05) / (dark + 0.05)


def seen(colour: str, blindness: str) -> Linear:
    if blindness == "none":
        return linear(colour)
    red, green, blue = (
        max(0.0, min(1.0, sum(weight * part for weight, part in zip(row, linear(colour), strict=True))))
        for row in BLINDNESS[blindness]
    )
    return red, green, blue


def lab(colour: Linear) -> Linear:
    red, green, blue = colour
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883
    fx, fy, fz = (part ** (1 / 3) if part > 0.008856 else 7.787 * part + 16 / 116 for part in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def colours(theme: Theme) -> dict[str, str]:
    """What an app's style sheet gets, as Textual puts it together."""
    return {**theme.to_color_system().generate(), **theme.variables}


def test_the_formula_is_that_of_wcag() -> None:
    assert ratio("#000000", "#ffffff") == pytest.approx(21.0)
    assert ratio("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("text", TEXTS)
def test_every_text_is_readable_on_every_ground(theme: Theme, ground: str, text: str) -> None:
    found = colours(theme)
    assert ratio(found[text], found[ground]) >= 4.5


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_chips_borders_and_cursors_are_readable(theme: Theme) -> None:
    found = colours(theme)
    # A chip is the ground's colour on the colour of its state.
    for chip in ("text-error", "foreground", "text-primary"):
        assert ratio(found["background"], found[chip]) >= 4.5
    assert ratio(found["block-cursor-foreground"], found["block-cursor-background"]) >= 4.5
    assert ratio(found["input-selection-foreground"], found["input-selection-background"]) >= 4.5
    for graphic in ("border", "border-blurred", "primary", "success", "warning", "error"):
        assert all(ratio(found[graphic], found[ground]) >= 3.0 for ground in GROUNDS)


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
@pytest.mark.parametrize("blindness", ["none", *BLINDNESS])
def test_states_stay_apart_for_colour_blind_eyes(theme: Theme, blindness: str) -> None:
    found = colours(theme)
    for one, other in combinations(STATES, 2):
        apart = sum(
            (a - b) ** 2
            for a, b in zip(lab(seen(found[one], blindness)), lab(seen(found[other], blindness)), strict=True)
        )
        # A CIE76 distance of 2.3 is just noticeable; ten times that is told at a glance.
        assert apart**0.5 >= 23.0, (one, other)


def test_green_against_red_would_not_pass() -> None:
    apart = [
        (a - b) ** 2
        for a, b in zip(lab(seen("#4ebf71", "deuteranopia")), lab(seen("#d08060", "deuteranopia")), strict=True)
    ]
    assert sum(apart) ** 0.5 < 23.0


@pytest.mark.parametrize(("light", "name"), [(False, DARK), (True, LIGHT)])
async def test_an_app_wears_them(*, light: bool, name: str) -> None:
    app = Around(DecisionPanel(), light=light)
    async with app.run_test():
        assert app.theme == name
        assert {DARK, LIGHT} <= set(app.available_themes)


async def test_without_colours_a_breach_is_told_by_reverse_and_border(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    panel = DecisionPanel()
    app = Around(panel)
    async with app.run_test(size=(80, 24)) as pilot:
        panel.show(window_breach().panel)
        await pilot.pause()
        word = next(segment for segment in panel.render_line(1) if "ROLL BACK NOW" in segment.text)
        assert word.style is not None
        assert word.style.reverse
        assert panel.words.startswith("╔")


async def test_with_the_terminals_own_colours_too() -> None:
    panel = DecisionPanel()
    app = Around(panel)
    async with app.run_test(size=(80, 24)) as pilot:
        app.theme = "ansi-dark"
        panel.show(window_breach().panel)
        await pilot.pause()
        word = next(segment for segment in panel.render_line(1) if "ROLL BACK NOW" in segment.text)
        assert word.style is not None
        assert word.style.reverse
