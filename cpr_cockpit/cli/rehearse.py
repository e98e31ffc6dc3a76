"""``rehearse``: the whole deployment on the embedded lab, on the screen, by hand."""

from __future__ import annotations

import argparse
import asyncio

from cpr_cockpit.cli import codes
from cpr_cockpit.cli.attach import no_screen, shown
from cpr_cockpit.cli.lab_run import LabRun, begin, choose_scenario, end_lab, new_folder
from cpr_cockpit.cli.output import complain, unchanged
from cpr_cockpit.cli.person import acting
from cpr_cockpit.engine.face import FaceSource, SocketFace
from cpr_cockpit.engine.greeting import SessionGone, SessionRefused
from cpr_cockpit.engine.launch import LaunchError, launch
from cpr_cockpit.engine.places import PlacesError
from cpr_cockpit.lab_client import LabError


def rehearse(options: argparse.Namespace) -> int:
    """The face comes first; lab and session are started behind it."""
    person = acting(options.person)
    if no_screen(plain=options.plain):
        return codes.BLOCKED
    try:
        folder = new_folder()
    except (PlacesError, OSError) as error:
        complain(unchanged(error))
        return codes.BLOCKED
    begun = False

    async def source() -> FaceSource:
        nonlocal begun
        if not begun:
            begun = True
            run: LabRun | None = None
            try:
                run = await asyncio.to_thread(begin, options, folder, mode="rehearse", actor=person, script=None)
                await choose_scenario(run, options)
                await (await launch(folder)).close()
            except (LabError, LaunchError, SessionGone, SessionRefused, OSError) as error:
                if run is not None:
                    await end_lab(run.ready)
                raise SessionGone(f"The rehearsal could not be started: {unchanged(error)}") from error
        return await SocketFace.connect(folder.name)

    return shown(folder, source, person, plain=options.plain, read_only=False)
