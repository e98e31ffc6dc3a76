"""What ``close`` is told. The lists themselves are imported by the command alone."""

from __future__ import annotations

import argparse

from cpr_cockpit.cli.values import feature_folder


def add_close_options(parser: argparse.ArgumentParser) -> None:
    """Its own options."""
    words = "the feature's own folder: its papers, progress.md and the CHANGELOG.md above it are read there"
    parser.add_argument("--feature", type=feature_folder, metavar="FEATURE_DIR", help=words)
    words = "sign an item by its name, as the list shows it (repeatable)"
    parser.add_argument("--sign", action="append", default=[], metavar="ITEM", help=words)
    words = "waive an item (repeatable); --note says why"
    parser.add_argument("--waive", action="append", default=[], metavar="ITEM", help=words)
    parser.add_argument("--note", default="", metavar="WORDS", help="what was done or seen, or why it is waived")
    parser.add_argument("--list", action="store_true", help="only show what is open: close nothing")
    parser.add_argument("--as", dest="person", default="", metavar="WHO", help="who closes (default: your user name)")
