"""The judge once more, over a journal: what another policy, or the written triggers alone, would have said, and when.

It is told what the journal holds, in the order and at the times of then, and asked from T0 on: after each observation
and every half second between, as the watch does. What came from outside the figures (holds for a foreign change, a
machine that slept, a step that failed, a version that nobody knows) is in the journal as a verdict only, and cannot be
told again. The watch after GO is another matter: its readings tell of the newest stretch alone, to a judge of its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.judge import Judge
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.run import Run, fold
from cpr_cockpit.core.verdict import Verdict, VerdictKind
from cpr_cockpit.core.window_end import deadline_of
from cpr_cockpit.engine.origin import origin_of, strangers_of
from cpr_cockpit.engine.telling import Told, Unread, signals_of, told
from cpr_cockpit.engine.watch import JUDGE_TICK_S

# What these ask for is in the observations already: another length would need other observations.
_LENGTHS = ("bin_s", "block_s")
# What these decided was done before or beside the judging: the run's own values stay.
_DONE = (
    "poll_probes_s",
    "poll_logs_s",
    "poll_platform_s",
    "poll_floor_s",
    "baseline_s",
    "baseline_floor_s",
    "extended_s",
    "keep_warm_s",
    "signature_s",
    "require_ready",
    "require_telemetry",
)

Word = Literal["keep", "rollback", "hold"]
Gap = tuple[float, float]


class CannotJudge(Exception):
    """The journal cannot answer what was asked; says why, and what would do."""


@dataclass(frozen=True, slots=True)
class Said:
    """A verdict that differed from the one before it, ``at`` epoch seconds.

    ``origin``: where it came from, of one that no figure gave.
    """

    at: float
    kind: str
    cause: str | None
    rule: str | None
    sentence: str
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """Verdicts as they changed and what follows from them: ``word`` None where nothing was decided."""

    said: tuple[Said, ...]
    word: Word | None
    at: float | None
    sentence: str


@dataclass(frozen=True, slots=True)
class Rejudged:
    """What was said and decided beside what would have been. Times are epoch seconds.

    ``until``: to when the journal tells of the new version in production; ``cut``: production was switched back then.
    ``changed``: field of the written policy, its value in the run, its value now. ``kept``: those of them that cannot
    be replayed, so that the run's own value was used. ``outside``: verdicts of then that no figure gave. ``unread``:
    what of the journal this program cannot read; the rest was judged. ``watched_from``: since when the run was watched
    after GO, which is not judged again; ``returned_at``: when that ended in a ROLLBACK.
    """

    t0: float
    window_s: float
    until: float
    cut: bool
    was: Answer
    would: Answer
    changed: tuple[tuple[str, object, object], ...]
    kept: tuple[str, ...]
    outside: tuple[Said, ...]
    unread: tuple[Unread, ...] = ()
    watched_from: float | None = None
    returned_at: float | None = None


# -- what the judge is told --------------------------------------------------------------------------------------------


def policy_of(opened: ev.RunOpened) -> tuple[Policy, float]:
    """The written policy of a run, and the length of its window in seconds, which the policy is scaled to.

    CannotJudge where this program does not know a field of it.
    """
    values = dict(opened.policy)
    try:
        window_s = float(values.pop("window_s"))
        return Policy.from_dict(values), window_s
    except (KeyError, TypeError, ValueError) as error:
        raise CannotJudge(f"The run's policy cannot be used by this program ({error}).") from error


def new_judge(run: Run, policy: Policy, *, early: bool = True) -> Judge | None:
    """A judge for the run that has been told nothing; None before both versions are known. ``policy`` is scaled."""
    if run.plan is None or run.opened is None or not run.plan.new_version:
        return None
    plan, delay_s = run.plan, run.opened.declared_delay_s
    # The written triggers alone know no signal but the procedure's.
    signals = signals_of(run.opened)[0] if early else []
    held = plan.control > 0.0
    return Judge(
        policy,
        plan.new_version,
        plan.old_version,
        delay_s,
        early=early,
        share=None if held else 1.0,
        control=held,
        signals=signals,
    )


# -- the answer --------------------------------------------------------------------------------------------------------


def judge_again(records: Sequence[ev.Record], written: Policy | None = None, *, early: bool = True) -> Rejudged:
    """Judge the run once more, in its own window.

    ``written``: another policy at its real length, None: the run's own. ``early`` False: the written triggers alone.
    CannotJudge where the journal has no T0, or cannot answer that policy.
    """
    end = watched_from(records)
    run = fold(record for record in records if record.at <= end)
    if run.t0 is None or run.opened is None:
        shares = " The shares of a canary are not judged again." if run.share_at is not None else ""
        why = "the flag was never on for everybody" if run.by_flag else "production was not seen to switch"
        raise CannotJudge(f"The journal has no T0: {why}, so there was no window to judge.{shares}")
    own, window_s = policy_of(run.opened)
    asked = own if written is None else replace(written, window_s=own.window_s)
    scaled, kept = _usable(own, asked, window_s, early=early)
    judge = new_judge(run, scaled, early=early)
    if judge is None:
        raise CannotJudge("The journal has no plan: nobody can tell the old version from the new one.")
    until, cut = _until(records, run, scaled)
    tale, unread = told(records)
    said = tuple(_answers(judge, _asked(judge, tale, _gaps(records), run.t0, until)))
    deadline = deadline_of(run, scaled) or run.t0
    was = _was(run, run.t0, deadline, tale)
    watched, returned_at = _afterwards(fold(records), run, end)
    return Rejudged(
        t0=run.t0,
        window_s=window_s,
        until=until,
        cut=cut,
        was=was,
        would=_would(said, deadline, until),
        changed=_changed(own, asked),
        kept=kept,
        outside=tuple(one for one in was.said if one.origin),
        unread=tuple(unread),
        watched_from=watched,
        returned_at=returned_at,
    )


def watched_from(records: Iterable[ev.Record]) -> float:
    """Since when the run was watched after GO: then readings are of the newest stretch alone. inf: it was not."""
    return min((one.at for one in records if isinstance(one.event, ev.WatchChecked)), default=math.inf)


def _afterwards(whole: Run, own: Run, end: float) -> tuple[float | None, float | None]:
    """Since when the run was watched after GO, and when production was to go back from there."""
    if math.isinf(end) or whole.opened is None or whole.opened.script is not None:
        return None, None
    return end, whole.switched_back_at if whole.decision == own.decision else whole.decided_at


def _changed(own: Policy, asked: Policy) -> tuple[tuple[str, object, object], ...]:
    before, after = own.to_dict(), asked.to_dict()
    return tuple((name, before[name], after[name]) for name in before if before[name] != after[name])


def _usable(own: Policy, asked: Policy, window_s: float, *, early: bool) -> tuple[Policy, tuple[str, ...]]:
    """The policy that is asked for, at the run's window and with what was done then; CannotJudge where it cannot be."""
    before, after = own.scaled(window_s), asked.scaled(window_s)
    for name in _LENGTHS if early else _LENGTHS[:1]:
        there, wanted = getattr(before, name), getattr(after, name)
        if not math.isclose(there, wanted, rel_tol=1e-6):
            raise CannotJudge(
                f"The journal cannot answer this policy: its observations were asked for with {name} = {there:g} s, "
                f"the policy wants {wanted:g} s (both at this run's window of {window_s:g} s). Leave {name} as it "
                "was in the run."
            )
    kept = tuple(name for name in _DONE if getattr(own, name) != getattr(asked, name))
    return replace(after, **{name: getattr(before, name) for name in _DONE}), kept


def _until(records: Sequence[ev.Record], run: Run, scaled: Policy) -> tuple[float, bool]:
    """To when it is judged: the decision or the end of the extended validation, whichever is later.

    True: production was switched back before that, so that nobody knows what would have come. A step back before T0 is
    none: then the new version came again.
    """
    t0 = run.t0 if run.t0 is not None else -math.inf
    for record in records:
        event = record.event
        if not t0 <= record.at <= run.last_at:
            continue
        back = isinstance(event, ev.TrafficSwitched) and event.way == "back"
        if back or (isinstance(event, ev.Decided) and event.word == "rollback"):
            return record.at, True
    longest = max(scaled.window_s, scaled.extended_s) + t0
    return min(run.last_at, max(longest, run.decided_at or 0.0)), False


def _gaps(records: Sequence[ev.Record]) -> tuple[Gap, ...]:
    """When no session lived, so that nobody asked the judge."""
    return tuple(
        (record.at - record.event.silent_s, record.at) for record in records if isinstance(record.event, ev.Interrupted)
    )


def _answers(judge: Judge, asked: Iterable[float]) -> Iterator[Said]:
    """The verdicts as they change, asked for at these times."""
    last: Verdict | None = None
    for now in asked:
        verdict = judge.verdict(now)
        if last is None or verdict.key != last.key:
            cause = verdict.cause.value if verdict.cause else None
            yield Said(now, verdict.kind.value, cause, verdict.rule, verdict.sentence)
        last = verdict


def _asked(judge: Judge, tale: Sequence[Told], gaps: Sequence[Gap], t0: float, until: float) -> Iterator[float]:
    """Tell the judge all of it, up to ``until``.

    Yields when it is asked, from T0 on: after each thing that it is told, and each half second between.
    """
    tick = math.inf
    for one in (*(each for each in tale if each.at <= until), Told(until, lambda judge: None)):
        while tick < one.at:
            if not any(begin < tick < end for begin, end in gaps):
                yield tick
            tick += JUDGE_TICK_S
        one.tell(judge)
        if judge.deadline is not None and one.at >= t0:
            tick = min(tick, one.at + JUDGE_TICK_S)
            yield one.at


def _was(run: Run, t0: float, deadline: float, tale: Sequence[Told]) -> Answer:
    # Of verdicts before T0 nobody here knows when their decision was due.
    strangers = strangers_of(run, tale)
    said = tuple(
        Said(
            at, one.kind, one.cause, one.rule, one.sentence, origin_of(one, run, strangers, due=not t0 <= at < deadline)
        )
        for at, one in run.verdicts
    )
    if run.decision is None:
        return Answer(said, None, None, "not decided yet" if run.ended is None else run.ended.reason)
    return Answer(said, run.decision.word, run.decided_at, f"by {run.decision.by}: {run.decision.sentence}")


def _would(said: Sequence[Said], deadline: float, until: float) -> Answer:
    """What follows from the verdicts as a drill follows them: ROLLBACK at once, GO as soon as it is said, else held."""
    answers: tuple[tuple[VerdictKind, Word], ...] = ((VerdictKind.ROLLBACK, "rollback"), (VerdictKind.GO, "keep"))
    for kind, word in answers:
        first = next((one for one in said if one.kind == kind.value), None)
        if first is not None:
            return Answer(tuple(said), word, first.at, first.sentence)
    if until < deadline or not said:
        return Answer(tuple(said), None, None, "nothing by then")
    return Answer(tuple(said), "hold", max(deadline, said[-1].at), said[-1].sentence)
