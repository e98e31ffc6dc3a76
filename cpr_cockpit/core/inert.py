"""Text from outside, made inert for a line that is printed."""

from __future__ import annotations


def clean(text: str) -> str:
    """The text as one printable line: control, escape and bidi characters become spaces."""
    return "".join(char if char.isprintable() else " " for char in text)
