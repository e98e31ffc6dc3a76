"""The options that spoil the lab's telemetry from the switch to the new version on."""

from __future__ import annotations

import argparse

from cpr_cockpit.cli.values import seconds

FAULTS = ("lossy", "ahead", "frozen", "cut", "late", "duplicated")


def add_fault_name(parser: argparse.ArgumentParser) -> None:
    """Which fault."""
    words = (
        "what goes wrong with the telemetry from the switch on: lossy (half of it is lost), ahead (dated 90 s ahead), "
        "frozen (the same answer again and again), cut (no answer), late (by a minute), duplicated"
    )
    parser.add_argument("--telemetry-fault", choices=FAULTS, help=words)


def add_fault_options(parser: argparse.ArgumentParser) -> None:
    """Which fault, of which source, for how long."""
    add_fault_name(parser)
    parser.add_argument(
        "--fault-source", choices=("logs", "platform", "all"), default="all", help="of which source (default: all)"
    )
    parser.add_argument(
        "--fault-seconds", type=seconds, metavar="60s", help="for how long (default: to the end of the lab)"
    )
