"""A session's end of the socket as a process of its own, which shows a View of the critical window to every face."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

from cpr_cockpit.core.view_json import sections
from cpr_cockpit.engine.host import Host
from cpr_cockpit.engine.places import socket_path
from tests.engine.children import tell
from tests.engine.hosting import Hosted
from tests.tui import views


async def main(folder: Path) -> None:
    hosted = Hosted(folder, socket_path(folder.name))

    async def nothing(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        return {}

    await Host(hosted.recorder, nothing, hosted.path, lambda: sections(views.window_breach())).open()
    tell("ready")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
