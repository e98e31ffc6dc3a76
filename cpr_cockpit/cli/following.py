"""Follow a session to its end, print what happens, and say how it ended."""

from __future__ import annotations

from pathlib import Path

from cpr_cockpit.cli import codes
from cpr_cockpit.cli.outcome import conclude, stored
from cpr_cockpit.cli.output import Printer, complain
from cpr_cockpit.core.events import record_of
from cpr_cockpit.core.run import Run, fold
from cpr_cockpit.engine.client import Client
from cpr_cockpit.engine.greeting import SessionGone
from cpr_cockpit.engine.journal import JournalDamaged, JournalError, read


async def follow(client: Client, folder: Path, printer: Printer, after: int = 0) -> int:
    """Print events after number ``after`` until the run ends, then its outcome.

    Returns the run's exit code, 40 where the session dies before. All events are taken, so that the outcome does not
    hang on a journal that somebody may have damaged meanwhile.
    """
    run = Run()
    try:
        async for line in client.follow():
            record = record_of(line)
            run.apply(record)
            if record.seq > after:
                printer.event(line)
    except SessionGone:
        complain(
            f"The session of run {folder.name} died. Nothing that was printed is lost, and the environment stays as it "
            f"is. Go on with: cpr-cockpit resume {folder.name}"
        )
        return codes.FAILED
    finally:
        await client.close()
    return await conclude(folder, run, printer)


async def conclude_ended(folder: Path, printer: Printer, before_it: str = "") -> int:
    """The outcome of a run that has ended already, from its own file or, where that is missing, from its journal.

    ``before_it``: what a person reads ahead of its first line, that nobody takes it for what was just done.
    """
    try:
        run = fold(read(folder))
    except (JournalDamaged, JournalError, FileNotFoundError) as error:
        complain(f"The journal of run {folder.name} cannot be trusted: {error}. Its outcome is not shown.")
        return codes.DAMAGED
    before = stored(folder)
    if before is None:
        return await conclude(folder, run, printer, before_it)
    printer.outcome(before, before_it)
    return run.exit_code()
