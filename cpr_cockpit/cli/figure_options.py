"""What ``figure`` is told."""

from __future__ import annotations

import argparse


def add_figure_options(parser: argparse.ArgumentParser) -> None:
    """Its own options; without any the figures are listed."""
    parser.add_argument("--kind", default="", help="tickets, adoption, engagement, conversion or feedback")
    words = "the figure, of how many, and where it was read: '12 %% of 340 dashboard'; of feedback its words alone"
    parser.add_argument("--told", metavar="LINE", default="", help=words)
    parser.add_argument("--as", dest="person", default="", metavar="WHO", help="who says so (default: your user name)")
