"""The options that say what is wrong on a lab: with the new version, and with the telemetry from its switch on."""

from __future__ import annotations

import argparse

from cpr_cockpit.cli.values import factor, seconds, share
from cpr_cockpit.core.strategy import FEATURE_FLAG

FAULTS = ("lossy", "ahead", "frozen", "cut", "late", "duplicated")

# A lab's troubles by name; it tells what each is.
TROUBLES = (
    *("expired-certificate", "missing-setting", "sticky-difference", "red-check", "merge-conflict", "stale-backup"),
    *("disabled-alert", "tag-exists", "wrong-dns", "cold-slot"),
    *("merge-refused", "repository-renamed", "weak-token", "check-pending", "rate-limited"),
    "notification-refused",
)


def add_defect_options(parser: argparse.ArgumentParser) -> None:
    """How bad the scenario's defect is, how late telemetry is, and what spoils it: which of it, for how long."""
    parser.add_argument("--share", type=share, metavar="0.2", help="share of requests that the defect hits")
    parser.add_argument("--factor", type=factor, metavar="3", help="how much slower 'slow' is")
    parser.add_argument(
        "--telemetry-delay", type=seconds, default=2.0, metavar="2s", help="how late telemetry arrives (default: 2s)"
    )
    add_fault_name(parser)
    parser.add_argument(
        "--fault-source", choices=("logs", "platform", "all"), help="which telemetry the fault hits (default: all)"
    )
    parser.add_argument(
        "--fault-seconds", type=_length, metavar="60s", help="how long the fault lasts (default: to the end of the lab)"
    )


def add_fault_name(parser: argparse.ArgumentParser) -> None:
    """Which fault."""
    words = (
        "what goes wrong with the telemetry from the switch on: lossy (half of it is lost), ahead (dated 90 s ahead), "
        "frozen (the same answer again and again), cut (no answer), late (by a minute), duplicated"
    )
    parser.add_argument("--telemetry-fault", choices=FAULTS, help=words)


def add_trouble_names(parser: argparse.ArgumentParser) -> None:
    """What the lab is given to be found by ``check``, by name."""
    words = f"what is wrong before a deployment, for check to find: {', '.join(TROUBLES)}; repeatable"
    parser.add_argument("--trouble", choices=TROUBLES, action="append", default=[], metavar="NAME", help=words)


def add_staging(parser: argparse.ArgumentParser, *, usual: bool) -> None:
    """Whether the lab has an app of staging; ``usual``: where nobody says."""
    words = "an app of staging with the new version: step 6 is measured there, journeys and all"
    action, shown = argparse.BooleanOptionalAction, "with it" if usual else "without it"
    parser.add_argument("--staging", action=action, default=usual, help=f"{words} (default: {shown})")


def wrong_fault(options: argparse.Namespace) -> str:
    """What is wrong with options that do not go together; "" where nothing is."""
    details = (getattr(options, "fault_source", None), getattr(options, "fault_seconds", None))
    if any(detail is not None for detail in details) and options.telemetry_fault is None:
        return "--fault-source and --fault-seconds belong to a fault: name it with --telemetry-fault"
    if getattr(options, "control", None) and getattr(options, "strategy", None) == FEATURE_FLAG:
        return "--control belongs to another strategy: with feature-flag those who have the flag off are the control"
    return ""


def _length(text: str) -> float:
    value = seconds(text)
    if value == 0.0:
        raise argparse.ArgumentTypeError(f"a fault lasts longer than 0 seconds, found {text!r}")
    return value
