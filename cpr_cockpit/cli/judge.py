"""``judge``: the judge alone, speaking its protocol on standard input and output."""

from __future__ import annotations

import argparse
import json
import sys


def judge(options: argparse.Namespace) -> int:
    """For each line on standard input one line on standard output, flushed; a line that is none gets its error."""
    from cpr_cockpit.core.protocol import ProtocolError, ProtocolJudge

    judging = ProtocolJudge()
    encode = json.JSONEncoder(separators=(",", ":")).encode
    out = sys.stdout
    for line in sys.stdin.buffer:
        if not line.strip():
            continue
        try:
            answer = judging.answer(json.loads(line))
        except (ProtocolError, ValueError, RecursionError) as error:
            answer = {"error": str(error)[:500]}
        out.write(encode(answer) + "\n")
        out.flush()
    return 0
