"""What a command prints: JSON lines, or lines for a person."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import Any

from cpr_cockpit.core.inert import clean

_QUIET = frozenset({"observation", "item.marked", "step.accepted"})


def say(text: str) -> None:
    """A text of several lines for a person, each of them printable."""
    print("\n".join(clean(line) for line in text.split("\n")))


def complain(words: str) -> None:
    """One message for a person, on standard error."""
    print(clean(words), file=sys.stderr)


def unchanged(error: Exception) -> str:
    """The error's words, which say that nothing was changed; many say it themselves."""
    words = str(error)
    return words if "was changed" in words else f"{words} Nothing was changed."


class Printer:
    """Prints events as they happen."""

    def __init__(self, *, as_json: bool) -> None:
        self._json = as_json

    def event(self, record: dict[str, Any]) -> None:
        """One event; a person is spared readings and signatures."""
        if self._json:
            self.line(record)
        elif record["type"] not in _QUIET:
            at = datetime.fromtimestamp(record["at"], UTC).strftime("%H:%M:%S")
            print(f"{at}  {clean(_words(record))}", flush=True)

    def line(self, message: dict[str, Any]) -> None:
        """One JSON line, flushed."""
        print(json.dumps(message, separators=(", ", ": ")), flush=True)

    def outcome(self, outcome: dict[str, Any]) -> None:
        """The last line."""
        if self._json:
            self.line(outcome)
            return
        print()
        requests = outcome["requests"]
        word = str(outcome["decision"]).replace("_", " ").upper()
        print(clean(f"{word}: {outcome['reason']}"), flush=True)
        provisional = "  (provisional)" if outcome["provisional"] else ""
        print(clean(f"  production serves   {outcome['production_version']}{provisional}"))
        print(f"  swaps               {outcome['swaps']}")
        for name, key in (
            ("detected after", "detected_after_s"),
            ("rollback took", "rollback_s"),
            ("  of that Azure", "azure_s"),
        ):
            if outcome[key] is not None:
                print(f"  {name:<19} {outcome[key]:.1f} s")
        if requests is not None:
            print(
                f"  requests            {requests['total']}, failed by the defect {requests['failed_by_defect']}, "
                f"failed otherwise {requests['failed_otherwise']}, on the bad version after the rollback "
                f"{requests['on_bad_version_after_rollback']}"
            )
        fault = outcome.get("telemetry_fault")
        if fault is not None:
            print(clean(f"  telemetry fault     {fault['fault']}: {', '.join(fault['sources'])}"))
        print(clean(f"  report              {outcome['report']}"))


def _words(record: dict[str, Any]) -> str:
    kind = record["type"]
    if kind in _SAYINGS:
        # A run that only looks on may not know yet what it waits for.
        unknown = {"new_version": "the next version"} if record.get("new_version") == "" else {}
        return _SAYINGS[kind].format_map(_Blank(record | unknown))
    return str(kind)


class _Blank(dict[str, Any]):
    """Members that an event lacks read as nothing."""

    def __missing__(self, key: str) -> str:
        return ""


_SAYINGS = {
    "run.opened": "run {run}: {feature} {new_version}",
    "gate.judged": "gate: {level}",
    "plan.made": "plan: {strategy}, {old_version} to {new_version} by slot {slot}",
    "card.written": "rollback card: {path}",
    "run.started": "START by {by}",
    "step.intent": "  > {title}",
    "step.doubtful": "  ? {step}: {words}",
    "step.outcome": "  {result}: {words}",
    "traffic.switched": "traffic switched: production serves {version}",
    "baseline.taken": "  baseline: {failures} of {requests} requests failed",
    "verdict": "verdict {kind}: {sentence}",
    "watch.checked": "check, {stage}: {kind}: {sentence}",
    "limit.crossed": "limit: {sentence}",
    "trigger.raised": "trigger raised by {by}: {trigger}",
    "decision": "DECISION {word} by {by}: {sentence}",
    "session.interrupted": "interrupted during '{during}', {silent_s} s ago: going on by observation",
    "journal.continued": "the journal was damaged from event {first_bad}; it was set aside as {set_aside}",
    "note": "note by {by}: {words}",
    "run.ended": "run ended: {decision}: {reason}",
}
