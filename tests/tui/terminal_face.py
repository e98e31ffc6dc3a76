"""A face on a scripted source, for a real terminal: ``python -m tests.tui.terminal_face [crash]``."""

from __future__ import annotations

import sys
import time

from cpr_cockpit.engine.face import FaceSource
from cpr_cockpit.tui.app import CockpitApp
from cpr_cockpit.tui.hygiene import check_terminal, run_face
from tests.tui import views
from tests.tui.faces import Script


async def _source() -> FaceSource:
    if "crash" in sys.argv:
        raise RuntimeError("the machine room is on fire")
    return await Script(views.window_breach())()


if __name__ == "__main__":
    if (why := check_terminal()) is not None:
        raise SystemExit(why)
    raise SystemExit(run_face(CockpitApp(_source, "ana", monotonic=time.monotonic)))
