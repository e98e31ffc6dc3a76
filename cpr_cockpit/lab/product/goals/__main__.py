"""The process of the Goals service: from its settings to a clean end."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from aiohttp import web

from .configuration import Configuration
from .defects import Defect, Defects
from .flags import Flags
from .log import Log
from .parent import Parent, die_with_the_parent
from .pipeline import Pipeline
from .service import application
from .settings import Settings, SettingsError, read
from .store import Store
from .telemetry import Reporter
from .worker import Worker

LOOPBACK = "127.0.0.1"
EXIT_SETTINGS = 1
EXIT_OUTAGE = 70
_BACKLOG = 512
# Longer than any proxy keeps an idle connection: a connection is closed by the side that sends requests into it, so
# that no request meets one that is just being closed.
_KEEPALIVE = 3600.0
_FINISH = 4.0  # seconds that requests under way may take after SIGTERM


def main(folder: Path) -> int:
    """Serve the release in `folder` until SIGTERM; the exit code."""
    die_with_the_parent()
    try:
        settings = read(os.environ, folder)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_SETTINGS
    asyncio.run(_serve(settings))
    return 0


async def _serve(settings: Settings) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    parent = await Parent.meet()
    reporter = Reporter(parent.say)
    defects = Defects(settings.built_in, settings.seed, die=lambda: _die(reporter))
    defects.tell(settings.told)
    log = Log(parent.write)
    flags = _flags(settings, log)
    parent.listen(lambda message: _told(defects, flags, message))
    store = Store(settings.database)
    pipeline = Pipeline(settings, defects, flags, reporter, log)
    worker = Worker(settings, store.queue, log)
    runner = web.AppRunner(
        application(settings, store, defects, flags, pipeline, worker),
        access_log=None,
        handle_signals=False,
        keepalive_timeout=_KEEPALIVE,
        shutdown_timeout=_FINISH,
    )
    await flags.load()
    await runner.setup()
    await web.TCPSite(runner, LOOPBACK, settings.port, backlog=_BACKLOG).start()
    log.say("INFO", f"{settings.version} serves as {settings.role}")
    worker.start()
    built_in = None if settings.built_in is None else settings.built_in.kind
    parent.say({"ready": {"port": runner.addresses[0][1], "version": settings.version, "defect": built_in}})
    await stop.wait()
    log.say("INFO", f"{settings.version} is asked to end")
    await worker.stop()
    await runner.cleanup()
    await flags.close()
    store.close()
    reporter.flush()
    await parent.close()


def _flags(settings: Settings, log: Log) -> Flags:
    configuration = None if settings.configuration is None else Configuration(settings.configuration)
    return Flags(configuration, settings.flag_refresh, lambda text: log.say("WARN", text))


def _told(defects: Defects, flags: Flags, message: dict[str, object]) -> None:
    if "defect" in message:
        before = defects.current
        defects.tell(Defect.parse(message["defect"]))
        if defects.current != before:
            flags.forget()


def _die(reporter: Reporter) -> None:
    """What the outage does in the end: no request is finished, nothing is tidied up."""
    reporter.flush()
    os._exit(EXIT_OUTAGE)


if __name__ == "__main__":
    sys.exit(main(Path.cwd()))
