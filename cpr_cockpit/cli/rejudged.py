"""What the judge would have said, beside what it said: as lines for a person, as one JSON object."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.verdict import clock_time
from cpr_cockpit.engine.rejudging import Answer, Rejudged, Said

WIDTH = 118
_NARROWEST = 30
# Verdicts that changed to the same within this many seconds of each other are one row: the watch looks every half one.
_SAME_S = 1.0
_OUTSIDE = (
    "holds for a foreign change or a machine that slept, a step that failed, or a version that nobody knows: "
    "the journal has them as verdicts alone, without figures that could be judged again"
)
_NOT_AGAIN = "not replayed"
_WORDS = {"keep": "GO", "rollback": "ROLLBACK", "hold": "HOLD", None: "undecided"}


def lines(title: str, result: Rejudged, asked: Mapping[str, str | None]) -> Iterator[str]:
    """The lines; ``asked``: "judge" and the file of the "policy"."""
    yield f"{title}, T0 {clock_time(result.t0)}, window {result.window_s:g} s"
    yield f"judged once more: {_asked(result, asked)}"
    if asked.get("ignored"):
        yield f"ignored: {asked['ignored']}"
    if result.kept:
        yield f"{_NOT_AGAIN}: {', '.join(result.kept)}: done then as the run's own policy says, which was used"
    for words in _left_out(result):
        yield f"{_NOT_AGAIN}: {words}"
    for one in result.unread:
        yield f"left out: event {one.seq} ({one.type}) cannot be read by this program: {one.why}"
    yield ""
    yield f"was decided:      {_decided(result.was, result.t0)}"
    yield f"would have been:  {_decided(result.would, result.t0)}"
    if result.cut and result.would.word != "rollback":
        since = result.until - result.t0
        yield f"Production was switched back {since:.1f} s after T0: what would have come then, nobody knows."
    yield ""
    yield f"{'since T0':>10}  {'verdict was':<24}  {'would have been':<24}  why"
    for since, was, would, sentence in rows(result):
        yield from _row(f"{since:>8.1f} s  {was:<24}  {would:<24}  ", sentence)


def _row(head: str, sentence: str) -> Iterator[str]:
    """One row; a long sentence goes on in its own column."""
    first, *rest = textwrap.wrap(sentence, max(_NARROWEST, WIDTH - len(head))) or [""]
    yield f"{head}{first}".rstrip()
    yield from (" " * len(head) + one for one in rest)


def _left_out(result: Rejudged) -> Iterator[str]:
    """What was said then and is not judged again, and why."""
    yield _OUTSIDE
    for one in result.outside:
        yield f"{_word(one)} {one.at - result.t0:.1f} s after T0: it came from {one.origin}"
    if any(one.at < result.t0 for one in result.was.said):
        yield "verdicts before T0: the window had not begun"
    if result.watched_from is not None:
        since = result.watched_from - result.t0
        back = (
            ""
            if result.returned_at is None
            else f"; it ended in ROLLBACK {result.returned_at - result.t0:.1f} s after T0"
        )
        yield f"the watch after GO, {since:.1f} s after T0 and later: it judges the newest stretch alone{back}"


def _asked(result: Rejudged, asked: Mapping[str, str | None]) -> str:
    changed = ", ".join(
        f"{name} {_value(name, was)} -> {_value(name, now)}"
        for name, was, now in result.changed
        if name not in result.kept
    )
    policy = "the run's own policy"
    if asked["policy"] is not None:
        policy = f"{asked['policy']} (at this run's window: {changed or 'nothing differs'})"
    return f"{policy}; {'the written triggers alone' if asked['judge'] == 'written' else 'the whole judge'}"


def _value(name: str, value: object) -> str:
    return f"{value:g} s" if name.endswith("_s") and isinstance(value, float) else repr(value)


def at_its_window(result: Rejudged, own: Policy, written: Policy) -> Rejudged:
    """With what changed as it held in the run: durations scaled to its window; what is the same there is no change."""
    before, after = own.scaled(result.window_s).to_dict(), written.scaled(result.window_s).to_dict()
    changed = ((name, before[name], after[name]) for name, *_ in result.changed if before[name] != after[name])
    return replace(result, changed=tuple(changed))


def _decided(answer: Answer, t0: float) -> str:
    when = "" if answer.at is None else f" {answer.at - t0:.1f} s after T0"
    return f"{_WORDS[answer.word]}{when}: {answer.sentence}"


def rows(result: Rejudged) -> list[tuple[float, str, str, str]]:
    """Seconds since T0, verdict of then, verdict now, sentence; both in one row where they changed to the same."""
    found: list[tuple[float, str, str, str]] = []
    rest = list(result.would.said)
    for one in result.was.said:
        twin = next((other for other in rest if _key(other) == _key(one) and abs(other.at - one.at) <= _SAME_S), None)
        if twin is not None:
            rest.remove(twin)
        word = _word(one)
        again = word if twin else _NOT_AGAIN if one.origin or one.at < result.t0 else ""
        found.append((one.at - result.t0, word, again, one.sentence))
    found += [(one.at - result.t0, "", _word(one), one.sentence) for one in rest]
    return sorted(found, key=lambda row: row[0])


def _key(one: Said) -> tuple[str, str | None, str | None]:
    return one.kind, one.cause, one.rule


def _word(one: Said) -> str:
    more = one.cause or one.rule
    return f"{one.kind} {more}" if more else one.kind


def as_json(run: str, result: Rejudged, asked: Mapping[str, str | None]) -> dict[str, Any]:
    """The same as one object; times in seconds since T0 except ``t0`` (epoch seconds)."""
    return {
        "run": run,
        "exit_code": 0,
        "t0": result.t0,
        "window_s": result.window_s,
        "judge": asked["judge"],
        "policy": asked["policy"],
        "ignored": asked.get("ignored"),
        "changed": {name: {"was": was, "now": now} for name, was, now in result.changed if name not in result.kept},
        "not_replayed": [*result.kept, *_left_out(result)],
        "unread": [{"seq": one.seq, "type": one.type, "why": one.why} for one in result.unread],
        "observed_for_s": round(result.until - result.t0, 3),
        "switched_back": result.cut,
        "was": _answer(result.was, result.t0),
        "would": _answer(result.would, result.t0),
    }


def _answer(answer: Answer, t0: float) -> dict[str, Any]:
    return {
        "decision": answer.word,
        "at_s": None if answer.at is None else round(answer.at - t0, 3),
        "sentence": answer.sentence,
        "verdicts": [
            {
                "at_s": round(one.at - t0, 3),
                "kind": one.kind,
                "cause": one.cause,
                "rule": one.rule,
                "sentence": one.sentence,
                "origin": one.origin or None,
            }
            for one in answer.said
        ],
    }
