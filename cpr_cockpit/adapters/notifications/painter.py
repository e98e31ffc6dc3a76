"""A picture of the screen, drawn by a process of its own within seconds; nothing waits longer for it.

It is an SVG; where ``rsvg-convert`` (librsvg) or ``resvg`` is on this machine it is turned into a PNG, which every
service shows.
"""

from __future__ import annotations

import json
import logging
import shutil
import sys
from typing import Any

from cpr_cockpit.adapters.piped import output
from cpr_cockpit.core.notices import Attachment

log = logging.getLogger(__name__)

PICTURE = "cpr_cockpit.tui.picture"
DRAW_S, CONVERT_S = 6.0, 3.0
# Both read the SVG from standard input and write the PNG to standard output.
_CONVERTERS = (("rsvg-convert", "--format=png"), ("resvg", "-", "-c"))


class ScreenPainter:
    """The Painter port. ``draw_s``: seconds after which a picture is given up."""

    def __init__(self, draw_s: float = DRAW_S) -> None:
        self._draw_s = draw_s

    async def paint(self, view: dict[str, Any]) -> tuple[Attachment, ...]:
        """One picture; () where it could not be drawn, which the log tells."""
        svg = await output((sys.executable, "-m", PICTURE), json.dumps(view).encode(), self._draw_s)
        if not svg:
            log.warning("no picture of the screen could be drawn within %g s", self._draw_s)
            return ()
        for converter in _CONVERTERS:
            path = shutil.which(converter[0])
            png = await output((path, *converter[1:]), svg, CONVERT_S) if path else b""
            if png:
                return (Attachment("screen.png", "image/png", png),)
        return (Attachment("screen.svg", "image/svg+xml", svg),)
