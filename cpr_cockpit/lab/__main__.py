"""`python -m cpr_cockpit.lab`: the lab as a process of its own."""

from __future__ import annotations

import argparse
import asyncio
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path

from cpr_cockpit.lab.models import LabSettings
from cpr_cockpit.lab.regions import MOST_APPS
from cpr_cockpit.lab.serving import LabRefused, serve
from cpr_cockpit.lab.telemetry_faults import NAMES, Fault
from cpr_cockpit.lab.troubles import checked

EXIT_REFUSED = 1
LOOK_S = 0.05
_INSTANCES = range(1, 5)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a lab to its end; 1, with one sentence on stderr, where it cannot start."""
    options = _options(arguments)
    settings = _settings(options)
    try:
        asyncio.run(_announced(settings) if options.announce else serve(settings))
    except LabRefused as refused:
        sys.stderr.write(f"{refused}\n")
        return EXIT_REFUSED
    return 0


async def _announced(settings: LabSettings) -> None:
    """Serve, and say on standard error when all of it answers and when it has ended."""
    serving = asyncio.create_task(serve(settings))
    ready = asyncio.create_task(_say_ready(settings.ready_file))
    try:
        await serving
    finally:
        ready.cancel()
    sys.stderr.write("The lab has ended: nothing of it is left running.\n")


async def _say_ready(path: Path) -> None:
    # A file has no event to wait for. What an earlier lab left under the name is gone before the first look.
    await asyncio.sleep(LOOK_S)
    while not path.exists():  # noqa: ASYNC110, ASYNC240
        await asyncio.sleep(LOOK_S)
    sys.stderr.write(f"The lab is ready; {path} names its addresses and credentials. Ctrl-C ends it.\n")
    sys.stderr.flush()


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m cpr_cockpit.lab",
        description="An App Service with slots, on loopback, with real processes and traffic, for Azure's own clients.",
        allow_abbrev=False,
    )
    parser.add_argument("--ready-file", type=Path, required=True, metavar="FILE", help="written once all of it answers")
    parser.add_argument("--fast", action="store_true", help="swaps of 2 s instead of 20 to 60 s")
    parser.add_argument("--telemetry-delay", type=_seconds, default=2.0, metavar="S", help="how late log rows arrive")
    parser.add_argument(
        "--telemetry-fault", choices=NAMES, metavar="NAME", help=f"from the switch on: {', '.join(NAMES)}"
    )
    parser.add_argument("--window", type=_positive, default=900.0, metavar="S", help="scales the lab's own times")
    parser.add_argument("--lease", type=_positive, metavar="S", help="ends by itself unless renewed in time")
    parser.add_argument("--port", type=_port, metavar="N", help="of Resource Manager (default: any free one)")
    parser.add_argument("--seed", type=int, metavar="N", help="of everything random (default: a new one)")
    parser.add_argument("--apps", type=_apps, default=1, metavar="N", help=f"in as many regions, at most {MOST_APPS}")
    parser.add_argument(
        "--instances", type=int, choices=_INSTANCES, default=1, metavar="N", help="of each slot, at most 4"
    )
    parser.add_argument(
        "--trouble",
        type=_trouble,
        action="append",
        default=[],
        metavar="NAME",
        help="in force from the start; repeatable",
    )
    parser.add_argument("--staging", action="store_true", help="an app of staging beside them, with the new version")
    parser.add_argument(
        "--requests-per-minute", type=_positive, metavar="N", help="of all users together (default: 2400)"
    )
    parser.add_argument(
        "--journeys", action=argparse.BooleanOptionalAction, default=True, help="whether the ready file tells of any"
    )
    parser.add_argument("--announce", action="store_true", help="say on standard error when it is ready and has ended")
    return parser.parse_args(arguments)


def _settings(options: argparse.Namespace) -> LabSettings:
    return LabSettings(
        ready_file=options.ready_file.absolute(),
        fast=options.fast,
        telemetry_delay=options.telemetry_delay,
        window=options.window,
        seed=secrets.randbelow(2**31) if options.seed is None else options.seed,
        port=options.port,
        lease=options.lease,
        telemetry_fault=None if options.telemetry_fault is None else Fault.parse(options.telemetry_fault),
        apps=options.apps,
        instances=options.instances,
        troubles=tuple(options.trouble),
        staging=options.staging,
        requests_per_minute=options.requests_per_minute,
        journeys=options.journeys,
    )


def _seconds(text: str) -> float:
    value = float(text)
    if not 0.0 <= value <= 86_400.0:
        raise argparse.ArgumentTypeError(f"seconds from 0 to 86400 are wanted, found {text!r}")
    return value


def _positive(text: str) -> float:
    value = _seconds(text)
    if value == 0.0:
        raise argparse.ArgumentTypeError("seconds above 0 are wanted")
    return value


def _trouble(text: str) -> str:
    try:
        return checked(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _port(text: str) -> int:
    value = int(text)
    if not 1 <= value <= 65_535:
        raise argparse.ArgumentTypeError(f"a port from 1 to 65535 is wanted, found {text!r}")
    return value


def _apps(text: str) -> int:
    value = int(text)
    if not 1 <= value <= MOST_APPS:
        raise argparse.ArgumentTypeError(f"a number from 1 to {MOST_APPS} is wanted, found {text!r}")
    return value


if __name__ == "__main__":
    sys.exit(main())
