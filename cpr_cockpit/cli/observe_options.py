"""The options of ``open --observe``, and what does not go together."""

from __future__ import annotations

import argparse
from collections.abc import Callable


def add_observe_options(parser: argparse.ArgumentParser, window: Callable[[str], float]) -> None:
    """``window`` reads a window's length."""
    words = "Look on while your own pipeline deploys: gate, lists, window, verdict and report; nothing is changed."
    group = parser.add_argument_group("looking on", words)
    group.add_argument("--observe", action="store_true", help="change nothing, wait for the switch that others make")
    group.add_argument(
        "--new-version",
        metavar="V",
        help="the version to wait for (default: that of [artifacts], else whatever version production serves next)",
    )
    group.add_argument(
        "--decide",
        choices=("auto", "keep", "rollback"),
        help="without a screen, in a pipeline: auto takes the verdict; the exit code tells it (12: roll back)",
    )
    group.add_argument("--extended", action="store_true", help="with --decide: to the end of the extended validation")
    group.add_argument("--window", type=window, metavar="60s", help="with --lab: length of the critical window")
    group.add_argument("--json", action="store_true", help="with --decide: events as JSON lines, the outcome last")


def misused(options: argparse.Namespace) -> str:
    """What does not go together, in words; "" where all does."""
    given = {name for name in ("new_version", "decide", "extended", "window", "json") if getattr(options, name)}
    if given and not options.observe:
        return f"--{min(given).replace('_', '-')} belongs to --observe."
    if options.decide is None and given & {"extended", "json"}:
        return f"--{min(given & {'extended', 'json'})} belongs to --decide."
    if options.window is not None and options.lab is None:
        return "--window belongs to --lab: the window of an environment is that of its policy."
    return ""
