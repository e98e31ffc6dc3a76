"""``resume``, ``rollback``, ``stop``: act on a run, whether its session lives or not."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
from collections.abc import Callable
from pathlib import Path

from cpr_cockpit.cli import codes
from cpr_cockpit.cli.choosing import chosen_run, no_run, run_to_roll_back
from cpr_cockpit.cli.following import conclude_ended, follow
from cpr_cockpit.cli.known import card_words, known_records, known_run, never_began, no_journal
from cpr_cockpit.cli.output import Printer, complain
from cpr_cockpit.cli.person import acting
from cpr_cockpit.core.run import Phase, Run, fold
from cpr_cockpit.documents.card import CARD
from cpr_cockpit.engine.client import Client
from cpr_cockpit.engine.greeting import SessionGone, SessionRefused
from cpr_cockpit.engine.launch import LaunchError, launch
from cpr_cockpit.engine.places import PlacesError
from cpr_cockpit.engine.writer import writer_alive, writer_pid

# Where `stop` is safe: nothing has been begun in production, or what was begun there has been decided.
_STOPPABLE = (Phase.PREPARING, Phase.READY, Phase.KEEPING)
# Seconds in which a killed process must be gone.
END_S = 5.0


def _folder(name: str | None, choose: Callable[[str | None], Path] = chosen_run) -> Path | int:
    """The run's folder; the exit code where there is none or the run in it never began, which has been said."""
    try:
        folder = choose(name)
    except PlacesError as error:
        return no_run(name, error)
    return no_journal(folder) if never_began(folder) else folder


def resume(options: argparse.Namespace) -> int:
    """Go on where the run stopped."""
    folder = _folder(options.run)
    if isinstance(folder, int):
        return folder
    return asyncio.run(_resume(folder, Printer(as_json=options.json)))


async def _resume(folder: Path, printer: Printer) -> int:
    records = known_records(folder)
    run = fold(records)
    if run.ended:
        return await conclude_ended(folder, printer)
    pid = writer_pid(folder)
    # Said at once: a new session needs its second to come up, and one that lives may say nothing for hours.
    printer.remark(_followed(folder, run, pid))
    if records:
        printer.event(records[-1].line())
    try:
        client = await (Client.connect(folder.name) if pid is not None else launch(folder, "--go-on"))
    except (LaunchError, SessionGone, SessionRefused) as error:
        return _not_reached(folder, error)
    return await follow(client, folder, printer, run.seq)


def _followed(folder: Path, run: Run, pid: int | None) -> str:
    """What is followed, where it stands, and that leaving does not end it."""
    state = "kept, checked on through the first week" if run.phase is Phase.KEEPING else str(run.phase)
    how = "Goes on with" if pid is None else f"Follows the session (process {pid}) of"
    end = f"; cpr-cockpit stop {folder.name} ends it" if run.observed or run.phase in _STOPPABLE else ""
    return f"{how} run {folder.name}: {state}. What happens is printed here. Ctrl-C leaves it running{end}."


def _not_reached(folder: Path, error: Exception) -> int:
    complain(f"{error} The environment was not changed by this command. {card_words(folder)}")
    if isinstance(error, LaunchError) and error.code == codes.DAMAGED:
        return codes.DAMAGED
    run = known_run(folder)
    return codes.FAILED if run is None or run.started_at is not None or run.continued else codes.BLOCKED


def rollback(options: argparse.Namespace) -> int:
    """Roll back now."""
    folder = _folder(options.run, run_to_roll_back)
    if isinstance(folder, int):
        return folder
    return asyncio.run(_rollback(folder, acting(options.person), Printer(as_json=options.json)))


async def _rollback(folder: Path, person: str, printer: Printer) -> int:
    run = known_run(folder)
    if run is not None and run.ended:
        complain(
            f"Run {folder.name} had ended before: this command rolled nothing back and changed nothing. "
            f"To go back by hand: {card_words(folder)}"
        )
        code = await conclude_ended(folder, printer, "this run had ended, so:")
        # A run that was kept serves on: whoever chains commands must not take that for a rollback.
        return code or codes.BLOCKED
    if run is not None and run.started_at is None and run.continued is None:
        complain(
            f"There is nothing to roll back in run {folder.name}: it did not touch production. Nothing was changed. "
            "Another run is named like this: cpr-cockpit rollback RUN (cpr-cockpit runs lists them)."
        )
        return codes.BLOCKED
    if run is not None and run.observed:
        complain(
            "This run only looks on: ROLLBACK IS BY HAND, and this command changes nothing. It records the "
            f"decision and waits until production has gone back, however long that takes. Ctrl-C leaves it waiting. "
            f"What to do: {folder / CARD}"
        )
        # Whoever goes back by hand reads what came of it, and not how the judge wavers meanwhile.
        printer.spare("verdict")
    try:
        client = await _rolling_back(folder, person)
    except (LaunchError, SessionGone, SessionRefused) as error:
        return _not_reached(folder, error)
    return await follow(client, folder, printer, run.seq if run else 0)


async def _rolling_back(folder: Path, person: str) -> Client:
    """A session that rolls back: the one that lives, or a new one where it is gone or does not answer."""
    if writer_alive(folder):
        try:
            client = await Client.connect(folder.name)
            await client.command("rollback", by=person)
        except SessionGone as error:
            await _end_hung(folder, error)
        else:
            return client
    return await launch(folder, "--rollback", person)


async def _end_hung(folder: Path, error: SessionGone) -> None:
    """Law 5: a session that hangs must not stand in the way. What it was doing is found out by observation."""
    pid = writer_pid(folder)
    if not pid:
        return
    complain(f"{error} It is ended (process {pid}); a new session rolls back.")
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    except PermissionError:
        complain(f"Process {pid} belongs to somebody else and cannot be ended. The new session rolls back beside it.")
        return
    # The lock ends with the process; nothing tells us of that moment, so it is looked for. A process that not even the
    # kernel can end (its disk hangs) does not stand in the way either: the new session does without the journal.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(END_S):
            while writer_alive(folder):  # noqa: ASYNC110
                await asyncio.sleep(0.02)


def stop(options: argparse.Namespace) -> int:
    """End a run where that is safe."""
    folder = _folder(options.run)
    if isinstance(folder, int):
        return folder
    if not writer_alive(folder):
        print(f"No session of run {folder.name} is alive: there is nothing to stop.")
        return 0
    return asyncio.run(_stop(folder))


async def _stop(folder: Path) -> int:
    """Tell the session to end, and wait until it has: with its outcome a rehearsal's lab ends, too."""
    try:
        async with await Client.connect(folder.name) as client:
            await client.command("stop")
    except (SessionGone, SessionRefused) as error:
        complain(str(error))
        return codes.BLOCKED
    print(f"Run {folder.name} ends.", flush=True)
    # The lock ends with the process, and nothing tells us of that moment.
    while writer_alive(folder):  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    run = known_run(folder)
    if run is None or run.ended is None:
        complain(f"The session of run {folder.name} died. Go on with: cpr-cockpit resume {folder.name}")
        return codes.FAILED
    await conclude_ended(folder, Printer(as_json=False))
    return 0
