"""What ``follow-up`` is told. The lists themselves are imported by the command alone."""

from __future__ import annotations

import argparse


def add_follow_up_options(parser: argparse.ArgumentParser) -> None:
    """Its own options."""
    parser.add_argument("--sign", metavar="ITEM", help="sign an item by its name, as the list shows it")
    parser.add_argument("--note", default="", metavar="WORDS", help="what was done, or where it is written down")
    parser.add_argument("--as", dest="person", default="", metavar="WHO", help="who signs (default: your user name)")
