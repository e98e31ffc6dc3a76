"""Entry of the session process: takes the journal, wires a Session, hands it to the host, leaves when the run is over."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import logging.handlers
import signal
import sys
from pathlib import Path

from cpr_cockpit.engine.host import Host
from cpr_cockpit.engine.journal import Journal, JournalDamaged, JournalError
from cpr_cockpit.engine.places import PlacesError, socket_path
from cpr_cockpit.engine.recorder import Recorder
from cpr_cockpit.engine.salvage import salvage
from cpr_cockpit.wiring import ConfigError, SessionConfig, open_session, read_config

log = logging.getLogger(__name__)

EXIT_DAMAGED = 50
LOG_BYTES = 2_000_000


def main(arguments: list[str] | None = None) -> int:
    """Run the session of one run folder; errors are one sentence on standard error."""
    parser = argparse.ArgumentParser(prog="cpr_cockpit.session_main")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rollback", metavar="BY", help="roll back at once, as BY")
    parser.add_argument("--go-on", action="store_true", help="set a damaged journal aside and go on by observation")
    options = parser.parse_args(arguments)
    try:
        _log_to(options.folder / "cockpit.log")
        config = read_config(options.folder)
        journal = _journal(config, go_on=options.go_on or options.rollback is not None)
    except JournalDamaged as error:
        print(f"The journal is damaged from event {error.damage.first_bad}: {error.damage.why}.", file=sys.stderr)
        return EXIT_DAMAGED
    except (JournalError, PlacesError, ConfigError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return asyncio.run(_serve(config, journal, options.rollback))


def _log_to(path: Path) -> None:
    handler = logging.handlers.RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=2, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    # Requests are in the journal; the libraries' own words below a warning could carry addresses with keys.
    logging.getLogger().addHandler(handler)
    logging.getLogger().setLevel(logging.WARNING)
    logging.getLogger("cpr_cockpit").setLevel(logging.INFO)


def _journal(config: SessionConfig, *, go_on: bool) -> Journal:
    try:
        return Journal(config.folder)
    except JournalDamaged as damaged:
        if not go_on:
            raise
        return salvage(config.settings, damaged)


async def _serve(config: SessionConfig, journal: Journal, rollback_by: str | None) -> int:
    task = asyncio.current_task()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if task is not None:
            loop.add_signal_handler(name, task.cancel)
    ended = False
    async with open_session(config, journal) as session:
        recorder: Recorder = session.recorder
        host = Host(recorder, session.command, socket_path(config.settings.run))
        await host.open()
        try:
            await session.run(rollback_by)
            ended = True
        except asyncio.CancelledError:
            log.info("told to end; the run stays where it is and can be resumed")
        except Exception:
            log.exception("the session ended by a defect of this program; the run can be resumed")
        finally:
            with contextlib.suppress(asyncio.CancelledError):
                await host.close()
            recorder.close(seal=ended)
    return 0 if ended else 40


if __name__ == "__main__":
    sys.exit(main())
