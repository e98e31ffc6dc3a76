"""What a command prints: JSON lines, or lines for a person."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from cpr_cockpit.core.flags import state_words
from cpr_cockpit.core.inert import clean

_GAP = re.compile(r"(?<=\S) {2,}(?=\S)")
_QUIET = frozenset({"observation", "item.marked", "step.accepted", "surroundings.taken", "code.looked"})
_TIMES = (
    ("detected after", "detected_after_s", ""),
    ("rollback took", "rollback_s", " from the decision to the last user's request on the bad version"),
    ("  of that Azure", "azure_s", ""),
    ("rollback proven", "proven_s", " after the decision: the old version serves"),
)
"""The times of an outcome: name, member, and from when to when."""
_BY_FLAG = {
    "rollback_s": " from the decision to the last request for which the flag was on",
    "proven_s": " after the decision: every instance has the flag off",
}
"""The same of a rollback that is a flag set off, and no more."""


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
        self._back_check: tuple[object, ...] = ()
        self._spared = _QUIET

    def event(self, record: dict[str, Any]) -> None:
        """One event; a person is spared readings, signatures and rollback checks that say what the last one said."""
        if self._json:
            self.line(record)
        elif record["type"] not in self._spared and not self._said(record):
            at = datetime.fromtimestamp(record["at"], UTC).strftime("%H:%M:%S")
            print(f"{at}  {clean(_words(record))}", flush=True)

    def spare(self, kind: str) -> None:
        """Events of this type are no news to a person here."""
        self._spared = self._spared | {kind}

    def _said(self, record: dict[str, Any]) -> bool:
        if record["type"] != "rollback.checked":
            return False
        before, self._back_check = self._back_check, tuple(record.get(name) for name in ("ready", "trouble", "rung"))
        return before == self._back_check

    def remark(self, words: str) -> None:
        """Something that is no event, for a person alone."""
        if not self._json:
            print(clean(words), flush=True)

    def line(self, message: dict[str, Any]) -> None:
        """One JSON line, flushed."""
        print(json.dumps(message, separators=(", ", ": ")), flush=True)

    def outcome(self, outcome: dict[str, Any], before_it: str = "") -> None:
        """The last line; ``before_it``: words for a person ahead of it."""
        if self._json:
            self.line(outcome)
            return
        print()
        if before_it:
            print(before_it, flush=True)
        for line in _outcome_lines(outcome):
            print(clean(line), flush=True)


def _outcome_lines(outcome: dict[str, Any]) -> Iterator[str]:
    """For a person; members that a former version of the program did not write are left out."""
    yield f"{str(outcome['decision']).replace('_', ' ').upper()}: {outcome['reason']}"
    if outcome.get("left_to_do"):
        yield f"  NOT FINISHED        {outcome['left_to_do']}"
    yield f"  production serves   {outcome['production_version']}{'  (provisional)' if outcome['provisional'] else ''}"
    others = outcome.get("swaps_by_others")
    yield f"  swaps               {outcome['swaps']}{f', and {others} by somebody else' if others else ''}"
    flag = outcome.get("flag")
    other = _BY_FLAG if flag is not None and flag["alone"] else {}
    for name, key, what in _TIMES:
        if outcome.get(key) is not None:
            yield f"  {name:<19} {outcome[key]:.1f} s{other.get(key, what)}"
    if flag is not None:
        yield f"  flag                {flag['name']} {state_words(flag['percent'])}"
    requests = outcome["requests"]
    if requests is not None:
        yield (
            f"  requests            {requests['total']} of the lab's own clients: hit by the defect (failed or slow) "
            f"{requests['failed_by_defect']},"
        )
        yield (
            f"                      failed otherwise {requests['failed_otherwise']}, on the bad version after the "
            f"rollback {requests['on_bad_version_after_rollback']}"
        )
    fault = outcome.get("telemetry_fault")
    if fault is not None:
        yield f"  telemetry fault     {fault['fault']}: {', '.join(fault['sources'])}"
    yield f"  report              {outcome['report']}"


def _words(record: dict[str, Any]) -> str:
    kind = record["type"]
    if record.get("ready") is False or record.get("reached") is True:
        kind = f"{kind}, otherwise"
    if kind == "code.checks":
        rows = ", ".join(f"{one['name']} {one['state']}" for one in record.get("rows", ()))
        return f"  checks of {record.get('repository', '')}: {rows or 'none yet'}"
    if kind in _SAYINGS:
        # A run that only looks on may not know yet what it waits for.
        unknown = {"new_version": "the next version"} if record.get("new_version") == "" else {}
        state = {"state": state_words(record.get("percent", 0.0))} if kind == "flag.seen" else {}
        if kind == "figure.told" and record.get("value") is not None:
            state = {"state": f"{record['value']:g} {record.get('unit', '')} "}
        elif kind.startswith("issue."):
            state = {"state": f"ISSUE-{record.get('number', 0):03d}"}
        said = _SAYINGS[kind].format_map(_Blank(record | _joined(record) | unknown | state))
        # What has no words, or no source, leaves nothing behind.
        return _GAP.sub(" ", said).replace(" )", ")").rstrip().removesuffix(":")
    return str(kind)


def _joined(record: dict[str, Any]) -> dict[str, str]:
    """Lists of texts as a person reads them."""
    lists = {key: value for key, value in record.items() if isinstance(value, list | tuple)}
    return {key: "; ".join(value) for key, value in lists.items() if all(isinstance(one, str) for one in value)}


class _Blank(dict[str, Any]):
    """Members that an event lacks read as nothing."""

    def __missing__(self, key: str) -> str:
        return ""


_SAYINGS = {
    "run.opened": "run {run}: {feature} {new_version}",
    "gate.judged": "gate: {level}",
    "strategy.chosen": "strategy chosen by {by}: {words}",
    "plan.made": "plan: {strategy}, {old_version} to {new_version} by slot {slot}",
    "card.written": "rollback card: {path}",
    "tags.read": "tag: {words}",
    "freeze.overridden": "freeze {name} overridden by {by}: {reason}",
    "second.asked": "{words} asked for by {by}, waiting for a second person",
    "second.given": "{words} confirmed by {by}",
    "run.started": "START by {by}",
    "step.intent": "  > {title}",
    "step.doubtful": "  ? {step}: {words}",
    "step.outcome": "  {result}: {words}",
    "traffic.switched": "traffic switched: production serves {version}",
    "app.switched": "app switched: {app} serves {version}",
    "pinned.counted": "routing cookies of slot {slot}: {users} users",
    "share.routed": "traffic routed: {percent} % of new sessions to slot {slot} {version}",
    "released.dark": "released dark: production serves {version}, its flag off",
    "flag.seen": "flag {flag}: {state}",
    "rung.offered": "the next rung of the way back: {why}",
    "rollback.checked": "rollback check: {words}",
    "rollback.checked, otherwise": "rollback check: NOT READY: {trouble}. What would work now: {rung}",
    "manager.reach": "Resource Manager does not answer: {words} The way by hand is on the rollback card",
    "manager.reach, otherwise": "Resource Manager answers again",
    "afterword.begun": "signed after the end",
    "baseline.taken": "  baseline: {failures} of {requests} requests failed",
    "verdict": "verdict {kind}: {sentence}",
    "watch.checked": "check, {stage}: {kind}: {sentence}",
    "limit.crossed": "limit: {sentence}",
    "trigger.raised": "trigger raised by {by}: {trigger}",
    "decision": "DECISION {word} by {by}: {sentence}",
    "session.interrupted": "interrupted during '{during}', {silent_s} s ago: going on by observation",
    "journal.continued": "the journal was damaged from event {first_bad}; it was set aside as {set_aside}",
    "note": "note by {by}: {words}",
    "foreign.changed": "SOMEBODY ELSE: {words}",
    "foreign.named": "  the activity log names {caller}: {operation}",
    "foreign.looked_at": "looked at by {by}: {words}",
    "lease.seen": "the lease {key} is held by {holder}",
    "lease.intent": "  > take the lease {key}",
    "lease.held": "  the lease {key} is held by this run: {holder}",
    "annotation.intent": "  > mark '{name}' in Application Insights",
    "annotation.outcome": "  release annotation: {result} {words}",
    "notice.intent": "  > notice: {title}",
    "notice.outcome": "  notice '{kind}' to {to}: {result} {words}",
    "alarm.acknowledged": "alarm acknowledged by {by}: {words}",
    "alarm.delayed": "this machine was away for {away_s} s: the time to answer the alarm counts anew",
    "lease.left": "  the lease is not held any more: {words}",
    "issue.recorded": "{state} {severity}, by {by}: {title}",
    "issue.changed": "{state}, by {by}: {status} {resolution}",
    "figure.told": "{kind}: {state}{words} (by {by} {source})",
    "run.closed": "the run was closed by {by}: {items} items stand",
    "journey.walked": "  journey {name}, {place}: {walked}: {words}",
    "window.extended": "window extended by {by}: {words}",
    "journey.told": "  journey {name} writes: {lines}",
    "merge.begun": "MERGE by {by}: {method}, tag {tag}",
    "merge.intent": "  > {repository}: {step}",
    "merge.doubtful": "  ? {repository}, {step}: {words}",
    "merge.outcome": "  {result}: {repository}: {words}",
    "merge.rested": "merge, {state}: {words}",
    "merge.chosen": "merge, chosen by {by}: {choice} {reason}",
    "run.ended": "run ended: {decision}: {reason}",
}
