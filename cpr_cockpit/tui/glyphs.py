"""Which characters a terminal can draw: braille, blocks, or nothing but ASCII."""

from __future__ import annotations

import codecs
import os
import sys
from collections.abc import Mapping
from enum import IntEnum


class Glyphs(IntEnum):
    """The finest kind of characters that can be drawn; each includes the coarser ones."""

    ASCII = 0
    BLOCKS = 1
    BRAILLE = 2


def glyphs_of(environment: Mapping[str, str], encoding: str | None) -> Glyphs:
    """What a terminal of that environment and output encoding can draw.

    The Linux console has half blocks and lines in its fonts, but no braille; whatever is not UTF-8 gets ASCII.
    """
    try:
        utf8 = codecs.lookup(encoding or "ascii").name == "utf-8"
    except LookupError:
        utf8 = False
    if not utf8:
        return Glyphs.ASCII
    return Glyphs.BLOCKS if environment.get("TERM", "") in ("linux", "fbterm") else Glyphs.BRAILLE


def here() -> Glyphs:
    """What this process's terminal can draw."""
    stream = sys.__stdout__
    return glyphs_of(os.environ, stream.encoding if stream is not None else None)
