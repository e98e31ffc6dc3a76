"""A host as a process of its own, where a session of the run in the given folder would be."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from cpr_cockpit.engine.places import socket_path
from tests.engine.children import tell
from tests.engine.hosting import Hosted


async def main(folder: Path) -> None:
    one = Hosted(folder, socket_path(folder.name))
    await one.host.open()
    tell("ready")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
