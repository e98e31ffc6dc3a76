"""What ``issue`` is told. Severities and their like are read by the command alone, in whatever case."""

from __future__ import annotations

import argparse


def add_issue_options(parser: argparse.ArgumentParser) -> None:
    """Its own options; without any the issues are listed."""
    parser.add_argument("--severity", metavar="WORD", default="", help="CRITICAL, HIGH, MEDIUM or LOW")
    parser.add_argument("--title", metavar="WORDS", default="", help="what happened, in one line")
    words = "deployment, performance, functional, security or infrastructure (default: deployment)"
    parser.add_argument("--category", metavar="WORD", default="", help=words)
    parser.add_argument("--impact", metavar="WORDS", default="", help="what users or systems met of it")
    parser.add_argument("--resolution", metavar="WORDS", default="", help="what was done, or is done meanwhile")
    parser.add_argument("--status", metavar="WORD", default="", help="OPEN, MONITORING or RESOLVED (default: OPEN)")
    parser.add_argument("--update", metavar="ISSUE", default="", help="what is new of one, such as ISSUE-001")
    parser.add_argument("--list", action="store_true", help="only list them")
    parser.add_argument("--json", action="store_true", help="the list as JSON")
    parser.add_argument("--as", dest="person", default="", metavar="WHO", help="who says so (default: your user name)")
