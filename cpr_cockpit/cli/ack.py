"""``ack``: say that you have seen what you were called for, without a screen."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from cpr_cockpit.cli import codes
from cpr_cockpit.cli.choosing import chosen_run, no_run
from cpr_cockpit.cli.known import known_run
from cpr_cockpit.cli.output import complain
from cpr_cockpit.cli.person import acting
from cpr_cockpit.engine.client import Client
from cpr_cockpit.engine.greeting import SessionGone, SessionRefused
from cpr_cockpit.engine.places import PlacesError


def ack(options: argparse.Namespace) -> int:
    """Acknowledge the alarm of a run; 1 with the reason where nobody is called, or no session lives."""
    try:
        folder = chosen_run(options.run)
    except PlacesError as error:
        return no_run(options.run, error)
    return asyncio.run(_ack(folder, acting(options.person), options.note))


async def _ack(folder: Path, person: str, words: str) -> int:
    try:
        async with await Client.connect(folder.name) as client:
            reply = await client.command("ack", by=person, words=words)
    except SessionGone as error:
        run = known_run(folder)
        if run is not None and run.ended is not None:
            complain(f"Run {folder.name} has ended: nobody is called for it any more. Nothing was acknowledged.")
            return codes.BLOCKED
        complain(f"{error} Nothing was acknowledged. Go on with: cpr-cockpit resume {folder.name}")
        return codes.BLOCKED
    except SessionRefused as error:
        complain(str(error))
        return codes.BLOCKED
    what = "that nobody has decided" if reply.get("cause") == "overdue" else "the ROLLBACK verdict"
    print(
        f"Seen by {person}: {what}. Nobody is called for it any more, and nothing happens by itself. "
        f"Decide with: cpr-cockpit attach {folder.name}, or cpr-cockpit rollback {folder.name}"
    )
    return 0
