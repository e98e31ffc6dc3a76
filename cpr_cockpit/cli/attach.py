"""``attach``: another face on a running session; also how every other command shows one."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from cpr_cockpit.cli import codes
from cpr_cockpit.cli.choosing import chosen_run, no_run
from cpr_cockpit.cli.output import Printer, complain
from cpr_cockpit.cli.person import acting
from cpr_cockpit.engine.face import FaceSource, SocketFace
from cpr_cockpit.engine.greeting import SessionGone, SessionRefused
from cpr_cockpit.engine.places import PlacesError
from cpr_cockpit.engine.writer import FILE, writer_alive


def attach(options: argparse.Namespace) -> int:
    """Show a run that lives; of one that has ended its outcome, of one whose session died how to go on."""
    try:
        folder = chosen_run(options.run)
    except PlacesError as error:
        return no_run(options.run, error)
    if not writer_alive(folder):
        return _without_session(folder)
    if no_screen(plain=options.plain):
        return codes.BLOCKED
    return face(folder, acting(options.person), plain=options.plain, read_only=options.read_only)


def _without_session(folder: Path) -> int:
    from cpr_cockpit.cli.following import conclude_ended
    from cpr_cockpit.cli.known import known_run, never_began, no_journal

    if never_began(folder):
        return no_journal(folder)
    run = known_run(folder)
    if run is not None and run.ended:
        return asyncio.run(conclude_ended(folder, Printer(as_json=False)))
    complain(f"No session of run {folder.name} is alive. Go on with: cpr-cockpit resume {folder.name}")
    began = (folder / FILE).exists() if run is None else run.started_at is not None
    return codes.FAILED if began else codes.BLOCKED


def _has_ended(folder: Path) -> bool:
    from cpr_cockpit.cli.known import known_run

    run = known_run(folder)
    return run is not None and run.ended is not None


def _goes_on(folder: Path, *, plain: bool) -> str:
    """What goes on without the face, and what ends it; "" where there is no more to say than the screen has said."""
    from cpr_cockpit.cli.known import known_run
    from cpr_cockpit.lab_client import READY_FILE

    run = known_run(folder)
    if run is None:
        return ""
    lab = " and its lab go" if (folder / READY_FILE).exists() else " goes"
    back, end = f"cpr-cockpit attach {folder.name}", f"cpr-cockpit stop {folder.name}"
    if run.phase == "keeping":
        return (
            f"It is kept, and the session{lab} on to check it through the first week. Look with: {back}; "
            f"end the watch with: {end}; its report until now: cpr-cockpit report {folder.name}"
        )
    if run.started_at is None:
        return f"START was not pressed: production is as it was. The session{lab} on until it is ended with: {end}"
    return f"The session{lab} on without this face. Come back with: {back}" if plain else ""


def face(folder: Path, actor: str, *, plain: bool, read_only: bool) -> int:
    """Show the session of the run in ``folder``; the run's exit code once it has ended, 0 where it goes on."""

    async def source() -> FaceSource:
        return await SocketFace.connect(folder.name)

    return shown(folder, source, actor, plain=plain, read_only=read_only)


def shown(
    folder: Path, source: Callable[[], Awaitable[FaceSource]], actor: str, *, plain: bool, read_only: bool
) -> int:
    """A face on whatever ``source`` connects to, then the outcome of a run that has ended, or where it is now."""
    code = _plain(source, actor, read_only=read_only) if plain else _screen(folder, source, actor, read_only=read_only)
    if _has_ended(folder) or (code == 0 and not writer_alive(folder)):
        return _without_session(folder)
    if code == 0 and (words := _goes_on(folder, plain=plain)):
        print(words)
    return code


def no_screen(*, plain: bool) -> bool:
    """Whether the screen cannot be shown here, which is then said; asked before anything is begun."""
    from cpr_cockpit.tui.hygiene import check_terminal

    trouble = None if plain else check_terminal()
    if trouble:
        complain(f"{trouble} Nothing was changed. Use --plain for a face of lines.")
    return bool(trouble)


def _screen(folder: Path, source: Callable[[], Awaitable[FaceSource]], actor: str, *, read_only: bool) -> int:
    from cpr_cockpit.tui.app import CockpitApp
    from cpr_cockpit.tui.hygiene import run_face

    log = folder / "cockpit.log"
    return run_face(CockpitApp(source, actor, read_only=read_only, log=log, ended=partial(_ended, folder)))


async def _ended(folder: Path) -> FaceSource:
    """What a person may still write of the run, now that it has ended; SessionRefused where that cannot be."""
    from cpr_cockpit.cli.known import known_run
    from cpr_cockpit.documents.report import render_report
    from cpr_cockpit.engine.ended_face import EndedFace
    from cpr_cockpit.engine.journal import JournalDamaged, JournalError
    from cpr_cockpit.engine.rejudging import CannotJudge
    from cpr_cockpit.wiring.run_config import findings_of, readiness_of

    try:
        run = known_run(folder)
        findings = findings_of(folder, run) if run is not None else ()
        return await asyncio.to_thread(EndedFace, folder, render_report, readiness_of(folder), findings)
    except (JournalDamaged, JournalError, CannotJudge, FileNotFoundError) as error:
        raise SessionRefused(str(error)) from error


def _plain(source: Callable[[], Awaitable[FaceSource]], actor: str, *, read_only: bool) -> int:
    from cpr_cockpit.plain import run_plain

    async def run() -> int:
        try:
            connected = await source()
        except (SessionGone, SessionRefused) as error:
            complain(str(error))
            return codes.BLOCKED
        try:
            await run_plain(connected, actor, read_only=read_only)
        except SessionGone as error:
            complain(
                f"{error} The deployment does not depend on it. To roll back: cpr-cockpit rollback {connected.run}"
            )
        finally:
            await connected.close()
        return 0

    return asyncio.run(run())
