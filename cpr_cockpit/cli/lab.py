"""``lab``: the lab alone, in the foreground."""

from __future__ import annotations

import argparse
import os
import sys


def lab(options: argparse.Namespace) -> int:
    """Become the lab's process, so that it ends with this command."""
    command = [sys.executable, "-m", "cpr_cockpit.lab", "--announce", "--ready-file", options.ready_file]
    command += ["--telemetry-delay", str(options.telemetry_delay), "--window", str(options.window)]
    command += ["--fast"] if options.fast else []
    command += ["--apps", str(options.apps)] if options.apps > 1 else []
    command += ["--instances", str(options.instances)] if options.instances > 1 else []
    rate = options.requests_per_minute
    command += ["--requests-per-minute", str(rate)] if rate is not None else []
    command += ["--port", str(options.port)] if options.port is not None else []
    command += ["--telemetry-fault", options.telemetry_fault] if options.telemetry_fault is not None else []
    command += ["--staging"] if options.staging else []
    for trouble in options.trouble:
        command += ["--trouble", trouble]
    os.execv(sys.executable, command)  # noqa: S606  # our own interpreter with a list of words
