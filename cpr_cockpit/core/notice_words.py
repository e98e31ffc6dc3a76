"""Which notices a run asks for at a moment, and what they say.

Derived from the Run alone, so that a resumed session finds what an earlier one has not told.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cpr_cockpit.core.alarm import Cause, alarm, looked_for, page_due, rolls_back_at
from cpr_cockpit.core.notices import NoticeKind, told
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.run import Phase, Run
from cpr_cockpit.core.verdict import VerdictKind, clock_time

# Seconds of a window of 15 minutes: how long a verdict must have stood, and between two notices of verdicts.
SETTLED_S, APART_S = 15.0, 60.0
# After GO, when nobody stands by for the next word: a week of them is no flood.
APART_KEPT_S = 900.0
LOOK_ID = "look-"
"""How the id of a notice begins that calls somebody to look at a HOLD."""
_WORDS = {"keep": "GO", "rollback": "ROLLBACK", "hold": "HOLD"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A notice that is due; ``about``: as in `NoticeIntent`. ``kinds``: a channel that has one of them gets it."""

    id: str
    kind: NoticeKind
    at: float
    title: str
    words: tuple[str, ...] = ()
    about: str = ""
    kinds: frozenset[NoticeKind] = frozenset()


def wanted(run: Run, policy: Policy, now: float) -> tuple[Wanted, ...]:
    """What is due at ``now`` and was not told yet; ``policy`` is scaled to the window."""
    known = run.notices.sendings
    found = (
        *_start(run),
        *_verdict(run, policy, now),
        *_pages(run, policy, now),
        *_look(run, policy, now),
        *_decision(run),
        *_end(run),
    )
    return tuple(one for one in found if one.id not in known)


def _start(run: Run) -> Iterator[Wanted]:
    if run.started_at is None:
        return
    steps = len(run.plan.forward) if run.plan else 0
    course = f"{run.plan.course}, {steps} steps" if run.plan else ""
    words = (
        f"START by {run.started_by} at {clock_time(run.started_at)}: {course}.",
        "The rollback card goes with this notice." if run.card else "No rollback card was written.",
    )
    yield _one(run, "start", NoticeKind.START, run.started_at, f"START of {_what(run)} by {run.started_by}", words)


def _verdict(run: Run, policy: Policy, now: float) -> Iterator[Wanted]:
    """A change of the verdict, once it stands; ROLLBACK at once. On the way back nobody waits for the judge."""
    verdict, since = run.verdict, run.verdict_at
    if verdict is None or since is None or run.phase is Phase.ROLLING_BACK or run.ended is not None:
        return
    about = f"{verdict.kind} {verdict.cause or ''}".strip()
    before = run.notices.about or VerdictKind.WAIT
    # Once it was kept, a verdict that is no worse than what was told is no news.
    fine = run.decision is not None and {about, before} <= {"WAIT", "GO"}
    if about == before or fine:
        return
    if verdict.kind != VerdictKind.ROLLBACK:
        last = run.notices.about_at
        pause = APART_S if run.decision is None else APART_KEPT_S
        apart = last is None or now >= last + pause * policy.scale
        if now < since + SETTLED_S * policy.scale or not apart:
            return
    title = f"Verdict {about} for {_what(run)}"
    yield _one(run, f"verdict-{len(run.verdicts)}", NoticeKind.VERDICT, since, title, (verdict.sentence,), about)


def _pages(run: Run, policy: Policy, now: float) -> Iterator[Wanted]:
    found = alarm(run, policy, now)
    number = page_due(found, policy, now)
    if found is None or number is None:
        return
    name = run.opened.run if run.opened else ""
    answer = f"Answer: cpr-cockpit attach {name}, or cpr-cockpit ack {name} to say that you have seen it."
    if found.cause is Cause.OVERDUE:
        title = f"OVERDUE: nobody has decided {_what(run)}"
        why = f"The window ended at {clock_time(found.since)}. Nothing happens by itself."
    else:
        title = f"ROLL BACK NOW? {_what(run)}"
        at = rolls_back_at(run, policy, now)
        then = f"without an answer it is rolled back by itself at {clock_time(at)}" if at else "a person decides"
        why = f"ROLLBACK since {clock_time(found.since)}; {then}."
    first = found.cause is Cause.OVERDUE and number == 0
    kind = NoticeKind.OVERDUE if first else NoticeKind.PAGE
    kinds = frozenset({kind, NoticeKind.PAGE})
    yield _one(run, f"{found.cause}-{found.since:.0f}-{number}", kind, now, title, (why, answer), kinds=kinds)


def _look(run: Run, policy: Policy, now: float) -> Iterator[Wanted]:
    """A HOLD that stands calls once: the procedure wants a person to look at it."""
    since = looked_for(run, policy, now)
    if since is None or run.verdict is None:
        return
    called = [one.at for id, one in run.notices.sendings.items() if id.startswith(LOOK_ID)]
    # A HOLD that comes and goes is no flood.
    if called and now < called[-1] + policy.page_every_s:
        return
    name = run.opened.run if run.opened else ""
    words = (run.verdict.sentence, f"HOLD since {clock_time(since)}: look, then decide: cpr-cockpit attach {name}.")
    yield _one(run, f"{LOOK_ID}{since:.0f}", NoticeKind.PAGE, now, f"HOLD, LOOK: {_what(run)}", words)


def _decision(run: Run) -> Iterator[Wanted]:
    one, at = run.decision, run.decided_at
    if one is None or at is None:
        return
    title = f"{_WORDS[one.word]} decided for {_what(run)} by {one.by}"
    words = (f"{_WORDS[one.word]} decided by {one.by} at {clock_time(at)}. {one.sentence}",)
    yield _one(run, f"decision-{one.word}", NoticeKind.DECISION, at, title, words)


def _end(run: Run) -> Iterator[Wanted]:
    ended, at = run.ended, run.ended_at
    # Of a run that was never started nobody was told that it began.
    if ended is None or at is None or run.started_at is None:
        return
    title = f"{ended.decision.replace('_', ' ').upper()}: {_what(run)}"
    yield _one(run, "end", NoticeKind.END, at, title, (ended.reason, f"Production serves {ended.production_version}."))


def _one(
    run: Run,
    name: str,
    kind: NoticeKind,
    at: float,
    title: str,
    words: tuple[str, ...],
    about: str = "",
    kinds: frozenset[NoticeKind] = frozenset(),
) -> Wanted:
    lab = run.opened is not None and run.opened.mode in ("drill", "rehearse")
    whole = f"{'REHEARSAL: ' if lab else ''}{title}"
    return Wanted(name, kind, at, told(whole), tuple(told(one) for one in words), about, kinds or frozenset({kind}))


def _what(run: Run) -> str:
    opened = run.opened
    version = run.plan.new_version if run.plan else opened.new_version if opened else ""
    app = opened.environment.get("app", "the app") if opened else "the app"
    return f"{version or 'the next version'} on {app}"
