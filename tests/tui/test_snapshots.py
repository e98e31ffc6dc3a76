"""Pictures of every screen, small and large, dark and light, calm and in a breach; the clock stands still.

After a wanted change: ``pytest tests/tui/test_snapshots.py --snapshot-update``, and look at the pictures.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from cpr_cockpit.core.view import View
from cpr_cockpit.tui.themes import DARK, LIGHT
from tests.tui import views
from tests.tui.faces import Hand, Script, face, settled

Compare = Callable[..., bool]
SMALL, LARGE, FLOOR = (80, 24), (160, 48), (40, 10)
# A name, its View, and the keys that lead there; a dot lets a second pass.
SCENES: dict[str, tuple[Callable[[], View], str]] = {
    "gate": (views.gate_contradictions, ""),
    "lists": (views.lists_half_done, ""),
    "plan": (views.deploying, ""),
    "strategies": (views.ready, "o"),
    "window-calm": (views.window_calm, ""),
    "window-breach": (views.window_breach, ""),
    "armed": (views.window_breach, "r ."),
    "papers": (views.rolled_back, ""),
    "log": (views.window_breach, "l"),
    "sources": (views.window_breach, "i"),
    "help": (views.window_calm, "question_mark"),
}


@pytest.fixture(autouse=True)
def a_usual_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("NO_COLOR", "COLORFGBG", "TEXTUAL_THEME", "TEXTUAL_COLOR_SYSTEM"):
        monkeypatch.delenv(name, raising=False)


def picture(compare: Compare, make: Callable[[], View], keys: str, size: tuple[int, int], theme: str) -> bool:
    """Whether the screen looks as it did."""
    clock = Hand()
    app = face(Script(make()), clock)
    app.theme = theme

    async def go(pilot: Pilot[None]) -> None:
        await settled(pilot)
        for key in keys.split():
            if key == ".":
                clock.move(1)
                app.draw()
            else:
                await pilot.press(key)
        await pilot.pause()

    return compare(app, terminal_size=size, run_before=go)


# A theme changes colours, not places: the light one is looked at where more is shown, at both sizes with --long.
LOOKS = [
    pytest.param(SMALL, DARK, id="80x24-" + DARK),
    pytest.param(LARGE, DARK, id="160x48-" + DARK),
    pytest.param(SMALL, LIGHT, id="80x24-" + LIGHT, marks=pytest.mark.long),
    pytest.param(LARGE, LIGHT, id="160x48-" + LIGHT),
]


@pytest.mark.parametrize(("size", "theme"), LOOKS)
@pytest.mark.parametrize("name", SCENES)
def test_screen(snap_compare: Compare, name: str, size: tuple[int, int], theme: str) -> None:
    assert picture(snap_compare, *SCENES[name], size, theme)


@pytest.mark.parametrize("theme", [DARK, LIGHT])
@pytest.mark.parametrize("keys", ["", "r ."], ids=["breach", "armed"])
def test_floor(snap_compare: Compare, keys: str, theme: str) -> None:
    assert picture(snap_compare, views.window_breach, keys, FLOOR, theme)
