"""Tones as styles: a tone is a meaning, the theme gives it colours, and without colours there are shape and weight.

The styles come from the theme's variables once a theme, not as component classes of every widget: a screen of twenty
widgets would make Textual match three hundred more style rules before the first paint.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from rich.style import Style
from textual.app import App
from textual.color import Color, ColorParseError


class Tone(NamedTuple):
    """A tone's variables of the theme, and what stays of it where there are no colours to rely on."""

    color: str = ""
    ground: str = ""
    weight: str = ""
    bare: str = ""


_CHIP = "bold reverse"
TONES: Mapping[str, Tone] = {
    "dim": Tone("text-muted"),
    "strong": Tone(weight="bold", bare="bold"),
    "ok": Tone("text-success"),
    "good": Tone("text-success", weight="bold", bare="bold"),
    "warn": Tone("text-warning", bare="bold"),
    "over": Tone("text-error", weight="bold", bare="bold"),
    "fail": Tone("background", "text-error", "bold", _CHIP),
    "run": Tone("text-primary"),
    "key": Tone("text-accent", weight="bold", bare="bold underline"),
    "here": Tone("background", "foreground", "bold", _CHIP),
    "brand": Tone("background", "text-primary", "bold", _CHIP),
    "axis": Tone("text-muted"),
    "limit": Tone("text-warning"),
    "data": Tone("text-primary"),
}


# By theme, and whether there are colours: the variables of a theme never change.
_known: dict[tuple[str, bool, bool], Mapping[str, Style]] = {}


def tone_styles(app: App[Any]) -> Mapping[str, Style]:
    """Every tone's style under the app's theme; only what the tone sets."""
    key = (app.theme, app.native_ansi_color, app.no_color)
    if key not in _known:
        variables, (_, ansi, colorless) = app.theme_variables, key
        _known[key] = {name: _style(tone, variables, ansi=ansi, colorless=colorless) for name, tone in TONES.items()}
    return _known[key]


def _style(tone: Tone, variables: Mapping[str, str], *, ansi: bool, colorless: bool) -> Style:
    if colorless or (ansi and tone.ground):
        return Style.parse(tone.bare) if tone.bare else Style(dim=tone.color == "text-muted")
    weight = Style.parse(tone.bare if ansi and tone.bare else tone.weight) if tone.weight or ansi else Style()
    return _colored(variables.get(tone.color, ""), variables.get(tone.ground, "")) + weight


def _colored(color: str, ground: str) -> Style:
    """A variable may fade the terminal's own colour ("ansi_default 50%"): then it is dim."""
    name, _, faded = color.partition(" ")
    return Style(color=_parsed(name), bgcolor=_parsed(ground), dim=True if faded else None)


def _parsed(name: str) -> Any:
    try:
        return Color.parse(name).rich_color if name else None
    except ColorParseError:
        return None
