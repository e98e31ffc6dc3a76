"""The options that make a lab's night: few users, and journeys that may stand in for them."""

from __future__ import annotations

import argparse

from cpr_cockpit.core.policy import FASTEST_STEPS, SLOWEST_STEPS, Policy

_MOST = 6000.0


def add_rate(parser: argparse.ArgumentParser) -> None:
    """How many users there are."""
    words = "requests a minute of all users together, such as 1 at night (default: 2400)"
    parser.add_argument("--requests-per-minute", type=_rate, default=None, metavar="N", help=words)


def add_night_options(parser: argparse.ArgumentParser) -> None:
    """How many users there are, and what journeys may carry."""
    add_rate(parser)
    parser.add_argument(
        "--synthetic-go",
        type=_steps,
        default=None,
        metavar="STEPS",
        help=f"where users are too few, so many steps of journeys a minute may carry a GO ({SLOWEST_STEPS} to "
        f"{FASTEST_STEPS}; default: they may not)",
    )
    parser.add_argument(
        "--journeys", action=argparse.BooleanOptionalAction, default=True, help="with the lab's journeys (default: yes)"
    )


def policy_of(options: argparse.Namespace) -> Policy:
    """The policy of a lab's run."""
    steps = options.synthetic_go
    return Policy() if steps is None else Policy(synthetic_go=True, synthetic_steps=steps)


def _rate(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.0 < value <= _MOST:
        raise argparse.ArgumentTypeError(f"requests a minute, above 0 and at most {_MOST:g}, found {text!r}")
    return value


def _steps(text: str) -> int:
    value = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
    if not SLOWEST_STEPS <= value <= FASTEST_STEPS:
        raise argparse.ArgumentTypeError(f"steps a minute, {SLOWEST_STEPS} to {FASTEST_STEPS}, found {text!r}")
    return value
