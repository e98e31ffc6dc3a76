"""What ``doctor`` is told. What it looks with is imported by the command alone."""

from __future__ import annotations

import argparse

from cpr_cockpit.cli.values import file


def add_doctor_options(parser: argparse.ArgumentParser) -> None:
    """Where to look, and how it is told."""
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--environment", metavar="NAME", help="one of those in cockpit.toml (default: the only one)")
    where.add_argument("--lab", type=file, metavar="FILE", help="ready file of a running lab instead of an environment")
    parser.add_argument("--json", action="store_true", help="as one JSON object")
