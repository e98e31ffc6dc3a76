"""Values of options: durations, shares, factors, speeds, moments, paths; each refuses what it cannot be."""

from __future__ import annotations

import argparse
import math
import re
from pathlib import Path

from cpr_cockpit.core.strategy import BLUE_GREEN


def feature_folder(text: str) -> str:
    """A folder that is there."""
    if not Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"{text} is {'a file, not a folder' if Path(text).exists() else 'not there'}")
    return text


def file(text: str) -> str:
    """A file that is there; what is in it is told by whoever reads it."""
    if not Path(text).is_file():
        raise argparse.ArgumentTypeError(f"{text} is {'a folder, not a file' if Path(text).is_dir() else 'not there'}")
    return text


def seconds(text: str) -> float:
    """``90``, ``90s``, ``15m``, ``1h``, ``250ms`` as seconds; ArgumentTypeError otherwise."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|h)?", text.strip())
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration: write 30s, 15m or 1h")
    return float(match[1]) * {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}[match[2] or "s"]


def window(text: str) -> float:
    """A window of at least 10 seconds: shorter ones hold too few observations to judge."""
    value = seconds(text)
    if not 10.0 <= value <= 86_400.0:
        raise argparse.ArgumentTypeError(f"a window lasts from 10s to 24h, found {text!r}")
    return value


def control(text: str) -> float:
    """``5`` or ``5%``: percent of new sessions, up to 50."""
    try:
        value = float(text.strip().removesuffix("%"))
    except ValueError:
        value = -1.0
    if not 0.0 <= value <= 50.0:
        raise argparse.ArgumentTypeError(f"a control is 0 to 50 percent of the new sessions, found {text!r}")
    return value


def speed(text: str) -> float:
    """``10``, ``x10``, or ``max`` (inf): journal seconds for one second."""
    if text.strip() == "max":
        return math.inf
    try:
        value = float(text.strip().removeprefix("x"))
    except ValueError:
        value = 0.0
    if not 0.1 <= value <= 1000.0:
        raise argparse.ArgumentTypeError(f"a speed is 0.1 to 1000, or max, found {text!r}")
    return value


def moment(text: str) -> float:
    """``T0``, ``T0+90s``, ``-30``, ``2m`` as seconds since T0."""
    match = re.fullmatch(r"(?:[Tt]0)?(?:([+-]?)(\d.*))?", text.strip())
    if match is None or not text.strip():
        raise argparse.ArgumentTypeError(f"{text!r} is no moment: write T0, T0+90s, or seconds since T0")
    return 0.0 if match[2] is None else seconds(match[2]) * (-1.0 if match[1] == "-" else 1.0)


def share(text: str) -> float:
    """A share of requests, 0 to 1."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 < value <= 1.0:
        raise argparse.ArgumentTypeError(f"a share is above 0 and at most 1, found {text!r}")
    return value


def factor(text: str) -> float:
    """A factor above 1."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 1.0 < value <= 100.0:
        raise argparse.ArgumentTypeError(f"a factor is above 1 and at most 100, found {text!r}")
    return value


def wrong_preview(options: argparse.Namespace) -> str:
    """What is wrong with ``--preview`` beside another strategy; "" where nothing is."""
    strategy = getattr(options, "strategy", None)
    if not getattr(options, "preview", None) or strategy in (None, BLUE_GREEN):
        return ""
    return f"--preview belongs to --strategy {BLUE_GREEN}, not to {strategy}"
