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
        except ProtocolError as error:
            answer = {"error": str(error)[:500]}
        except (ValueError, RecursionError) as error:
            answer = {"error": _no_json(error)}
        out.write(encode(answer) + "\n")
        out.flush()
    return 0


def _no_json(error: Exception) -> str:
    """Why a line is no message, without the words of a parser."""
    if isinstance(error, json.JSONDecodeError):
        return f"this line is no JSON (from its character {error.pos + 1} on): a message is one JSON object in one line"
    if isinstance(error, UnicodeDecodeError):
        return "this line is no UTF-8 text: a message is one JSON object in one line"
    if isinstance(error, RecursionError):
        return "this line is nested too deeply: a message is one JSON object in one line"
    return str(error)[:500]
