"""``python -m``: the screen of one View as an SVG, for those who do not see it. The View comes on standard input.

A process of its own: drawing costs a second of this machine, which belongs to the deployment, so it is the last to get
any of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator

from cpr_cockpit.core.view import View
from cpr_cockpit.core.view_json import view_of
from cpr_cockpit.engine.face import FaceSource
from cpr_cockpit.tui.app import CockpitApp

SIZE = (120, 36)
_PATIENCE_S = 10.0


class _OneView:
    """A FaceSource of one View, which never ends."""

    def __init__(self, view: View) -> None:
        self.run = view.run
        self._view = view

    async def views(self) -> AsyncIterator[View]:
        """That one."""
        yield self._view
        await asyncio.Event().wait()

    async def command(self, name: str, **arguments: str) -> None:
        """Nothing is sent from a picture."""

    async def close(self) -> None:
        """Nothing is open."""


async def picture_of(view: View) -> str:
    """The window's screen once there is a window, else the screen where the run is; SVG."""

    async def source() -> FaceSource:
        return _OneView(view)

    app = CockpitApp(source, "", read_only=True)
    async with app.run_test(size=SIZE) as pilot, asyncio.timeout(_PATIENCE_S):
        while app.view is None:
            await pilot.pause(0.02)
        if view.window.t0 is not None:
            await pilot.press("4")
        await pilot.pause()
        return app.export_screenshot(title=f"cpr-cockpit, run {view.run}")


def main() -> int:
    """Write the picture to standard output; 1 where none can be made."""
    with contextlib.suppress(OSError):
        os.nice(10)
    try:
        view = view_of(json.load(sys.stdin))
        sys.stdout.write(asyncio.run(picture_of(view)))
    except Exception as error:  # noqa: BLE001  # whoever asked goes on without a picture
        sys.stderr.write(f"{type(error).__name__}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
