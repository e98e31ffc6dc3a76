"""Entry of the session process: takes the journal, wires a Session, hands it to the host, ends with the run."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import logging.handlers
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from cpr_cockpit.core.run import Run
from cpr_cockpit.documents.feature import read_feature
from cpr_cockpit.documents.papers.writing import feature_folder, write_papers
from cpr_cockpit.documents.report import render_report
from cpr_cockpit.engine.afterword import Afterword, write_after
from cpr_cockpit.engine.app_lock import AppBusy, hold_all
from cpr_cockpit.engine.desk import Desk
from cpr_cockpit.engine.earlier import earlier_times
from cpr_cockpit.engine.ground import Ground, take_ground
from cpr_cockpit.engine.host import Host
from cpr_cockpit.engine.journal import JournalDamaged, JournalError, read
from cpr_cockpit.engine.places import PlacesError, runs_home, socket_path
from cpr_cockpit.engine.reach import ended
from cpr_cockpit.engine.session import Session
from cpr_cockpit.engine.showing import Showing
from cpr_cockpit.wiring import ConfigError, SessionConfig, open_session, place_of, read_config

log = logging.getLogger(__name__)

EXIT_BLOCKED = 1
EXIT_FAILED = 40
EXIT_DAMAGED = 50
LOG_BYTES = 2_000_000


def main(arguments: list[str] | None = None) -> int:
    """Run the session of one run folder; errors are one sentence on standard error."""
    parser = argparse.ArgumentParser(prog="cpr_cockpit.session_main")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rollback", metavar="BY", help="roll back at once, as BY")
    parser.add_argument("--go-on", action="store_true", help="set a damaged journal aside and go on by observation")
    options = parser.parse_args(arguments)
    rollback = options.rollback is not None
    try:
        _log_to(options.folder / "cockpit.log", must_not_fail=rollback)
        config = read_config(options.folder)
        lock = _hold(config, must_not_fail=rollback)
        ground = take_ground(config.settings, time.time(), go_on=options.go_on or rollback, must_not_fail=rollback)
    except JournalDamaged as error:
        print(f"The journal is damaged from event {error.damage.first_bad}: {error.damage.why}.", file=sys.stderr)
        return EXIT_DAMAGED
    except (ConfigError, AppBusy) as error:
        print(error, file=sys.stderr)
        return EXIT_BLOCKED
    except (JournalError, PlacesError, OSError) as error:
        print(f"{error} Nothing was changed.", file=sys.stderr)
        return EXIT_BLOCKED
    with lock or ExitStack() as held:
        return asyncio.run(_serve(config, ground, options.rollback, held))


def _hold(config: SessionConfig, *, must_not_fail: bool) -> ExitStack | None:
    """The app, or all of several, for this session alone.

    A rollback goes on without: nothing blocks it, and it goes by observation.

    A run that only looks on holds nothing: it may stand beside one that deploys.
    """
    if config.settings.observe:
        return None
    try:
        return hold_all(place_of(config.target, config.ready).sites, config.settings.run)
    except (AppBusy, OSError) as error:
        if not must_not_fail:
            raise
        log.warning("%s The rollback goes on all the same.", error)
        return None


def _log_to(path: Path, *, must_not_fail: bool) -> None:
    try:
        handler: logging.Handler = logging.handlers.RotatingFileHandler(
            path, maxBytes=LOG_BYTES, backupCount=2, encoding="utf-8"
        )
        path.chmod(0o600)
    except OSError:
        if not must_not_fail:
            raise
        handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    # Requests are in the journal; the libraries' own words below a warning could carry addresses with keys.
    logging.getLogger().addHandler(handler)
    logging.getLogger().setLevel(logging.WARNING)
    logging.getLogger("cpr_cockpit").setLevel(logging.INFO)


async def _serve(config: SessionConfig, ground: Ground, rollback_by: str | None, held: ExitStack) -> int:
    task = asyncio.current_task()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if task is not None:
            loop.add_signal_handler(name, task.cancel)
    async with contextlib.AsyncExitStack() as stack:
        try:
            session = await stack.enter_async_context(open_session(config, ground.journal, ground.records))
        except OSError as error:  # an SSLError is one, too
            return _blocked(f"What the machine trusts cannot be read ({error}).")
        recorder = session.recorder
        showing = Showing(session, render_report, _findings(config))
        session.notifying.view = showing.sections
        host = Host(recorder, Desk(session).command, socket_path(config.settings.run), showing.sections)
        if rollback_by is None:
            # Beside everything else: nothing waits for it, and a rollback has no use for it.
            stack.push_async_callback(ended, asyncio.create_task(_learn(showing, config)))
        over = False
        try:
            await _open(host, must_not_fail=rollback_by is not None)
            over = await _run(session, rollback_by)
            if over:
                # Nothing is changed any more: who deploys next does not wait until the end is told.
                held.close()
                await _farewell(session, config.folder)
        except (OSError, PlacesError) as error:
            return _blocked(f"The socket for faces cannot be opened ({error}).")
        finally:
            # A socket that cannot be removed must not cost the journal its seal.
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await host.close()
            recorder.close(seal=over)
    if over:
        leave_papers(config.folder, recorder.run)
    return 0 if over else EXIT_FAILED


async def _farewell(session: Session, folder: Path) -> None:
    """Tell the end, and keep what came of it, also where this process is told to end meanwhile."""
    try:
        await session.notifying.farewell()
    finally:
        # Before the journal's lock is given up: whoever waits for that finds it all.
        _keep_late(folder, session.notifying.late)


def _keep_late(folder: Path, late: Sequence[tuple[float, Afterword]]) -> None:
    """What came of the notices that told the end, beside the sealed journal."""
    if not late:
        return
    try:
        write_after(folder, read(folder), late)
    except (JournalError, JournalDamaged, FileNotFoundError, OSError):
        # A rollback whose journal went elsewhere: its notices are in the log alone.
        log.exception("what came of the last notices could not be kept")


def leave_papers(folder: Path, run: Run) -> None:
    """The report and what goes with it, of a run that has ended, whether or not anybody looks on."""
    try:
        write_papers(folder, run, feature_folder(folder, run))
    except Exception:
        log.exception("the report could not be written; from the journal: cpr-cockpit report %s", folder.name)


async def _learn(showing: Showing, config: SessionConfig) -> None:
    """What steps took in earlier runs of the same app, for what is shown before START."""
    showing.earlier = await asyncio.to_thread(earlier_times, runs_home(), config.settings)


def _blocked(words: str) -> int:
    print(f"{words} Nothing was changed by this start. Mend that and start it again.", file=sys.stderr)
    return EXIT_BLOCKED


def _findings(config: SessionConfig) -> tuple[str, ...]:
    """What the feature's documents want watched in production."""
    folder = config.folder / "feature" / config.settings.feature
    found = read_feature(folder).findings if folder.is_dir() else ()
    return tuple(f"{one.topic.value}: {one.text}" for one in found)


async def _open(host: Host, *, must_not_fail: bool) -> None:
    try:
        await host.open()
    except (OSError, PlacesError):
        if not must_not_fail:
            raise
        log.exception("no socket for faces; the rollback goes on without them")


async def _run(session: Session, rollback_by: str | None) -> bool:
    """Whether the run came to its end."""
    try:
        await session.run(rollback_by)
    except asyncio.CancelledError:
        log.info("told to end; the run stays where it is and can be resumed")
        return False
    except Exception:
        log.exception("the session ended by a defect of this program; the run can be resumed")
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
