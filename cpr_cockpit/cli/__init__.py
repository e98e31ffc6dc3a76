"""The command line. What a command needs is imported inside that command: start-up time is a feature."""

from __future__ import annotations

import io
import os
import sys


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code (the codes are in ``cpr-cockpit --help``)."""
    from cpr_cockpit.cli import codes
    from cpr_cockpit.cli.parser import parse

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that cannot write a sign shows "?": no message is lost for it.
            stream.reconfigure(errors="replace")
    options = parse(sys.argv[1:] if arguments is None else arguments)
    try:
        code: int = options.call(options)
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("Interrupted. What was begun goes on: cpr-cockpit runs", file=sys.stderr)
        return codes.SIGNAL + 2
    except BrokenPipeError:
        # Whoever read our output has gone; the session does not care.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return codes.SIGNAL + 13
    return code
