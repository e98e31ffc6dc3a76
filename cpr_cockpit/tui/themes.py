"""The cockpit's own themes, dark and light, and what they fall back to.

The state colours are blue (ok), yellow (warn) and a red that leans to pink (fail): these stay apart for the common
kinds of colour blindness, where green and red do not. Every one of them is readable as text on every ground
(WCAG 2: 4.5 to 1); tests/tui/test_themes.py computes both. A state is never told by its colour alone.
"""

from __future__ import annotations

from typing import Any

from textual.app import App
from textual.theme import Theme

DARK, LIGHT = "cockpit-dark", "cockpit-light"
# The terminal's own sixteen colours, by Textual: for terminals and palettes that a person has set up.
ANSI = ("ansi-dark", "ansi-light")


def _theme(
    name: str, *, dark: bool, grounds: tuple[str, str, str], text: str, muted: str, blue: str, ok: str, warn: str,
    fail: str, key: str,
) -> Theme:  # fmt: skip
    background, surface, panel = grounds
    return Theme(
        name=name,
        dark=dark,
        primary=blue,
        secondary=muted,
        accent=key,
        success=ok,
        warning=warn,
        error=fail,
        foreground=text,
        background=background,
        surface=surface,
        panel=panel,
        variables={
            # Textual derives the colours of text by tinting and transparency; ours are chosen and tested.
            "text": text,
            "text-muted": muted,
            "text-disabled": muted,
            "foreground-muted": muted,
            "foreground-disabled": muted,
            "text-primary": blue,
            "text-secondary": muted,
            "text-success": ok,
            "text-warning": warn,
            "text-error": fail,
            "text-accent": key,
            "block-cursor-foreground": background,
            "block-cursor-background": blue,
            "block-cursor-blurred-foreground": text,
            "block-cursor-blurred-background": panel,
            "border": blue,
            "border-blurred": muted,
            "input-cursor-background": text,
            "input-cursor-foreground": background,
            "input-selection-background": blue,
            "input-selection-foreground": background,
            "footer-background": surface,
            "footer-key-foreground": key,
            "footer-description-foreground": text,
            "button-color-foreground": background,
        },
    )


COCKPIT_DARK = _theme(
    DARK,
    dark=True,
    grounds=("#0c1016", "#12171f", "#19202a"),
    text="#dfe6ee",
    muted="#93a1b3",
    blue="#8ab4f8",
    ok="#5cc4e0",
    warn="#f2d266",
    fail="#ff6470",
    key="#ffb65c",
)
COCKPIT_LIGHT = _theme(
    LIGHT,
    dark=False,
    grounds=("#f7f8fa", "#eef1f5", "#e3e8ee"),
    text="#15202c",
    muted="#515d6c",
    blue="#1d4fa8",
    ok="#00628f",
    warn="#7a5a00",
    fail="#b1004e",
    key="#8f4300",
)


def register_themes(app: App[Any], *, light: bool = False) -> None:
    """Make both themes known to the app and choose one."""
    app.register_theme(COCKPIT_DARK)
    app.register_theme(COCKPIT_LIGHT)
    app.theme = LIGHT if light else DARK
