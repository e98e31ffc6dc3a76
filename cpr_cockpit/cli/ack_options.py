"""What ``ack`` is told."""

from __future__ import annotations

import argparse


def add_ack_options(parser: argparse.ArgumentParser) -> None:
    """Its own options."""
    parser.add_argument("--note", default="", metavar="WORDS", help="what you will do")
    parser.add_argument("--as", dest="person", default="", metavar="WHO", help="who you are (default: your user name)")
