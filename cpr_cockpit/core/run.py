"""Run: the whole state of a deployment, folded from its events. Nothing here is stored; all of it is derived."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from cpr_cockpit.core import events as ev
from cpr_cockpit.core import others
from cpr_cockpit.core.heard import Heard, Key, key_of
from cpr_cockpit.core.tally import Tally, believed


class Phase(StrEnum):
    """Where a run stands."""

    PREPARING = "preparing"
    READY = "ready"
    DEPLOYING = "deploying"
    WINDOW = "window"
    KEEPING = "keeping"
    ROLLING_BACK = "rolling back"
    ENDED = "ended"


# Exit codes of the command line, by the decision of an ended run (product.md, "Exit codes").
EXIT_CODES = {"kept": 0, "rolled_back": 10, "partial": 11, "advised": 12, "held": 20, "stopped": 30, "failed": 40}
EXIT_BLOCKED = 1
# The policy's default: how far ahead of its arrival a reading may be dated.
SKEW_S = 5.0


@dataclass(slots=True)
class StepRow:
    """One step as it went: ``result`` None while it runs; times epoch seconds; ``seconds`` over all attempts.

    ``facts``: what was read with the outcome (of a smoke test: each test's name and what came of it).
    """

    way: ev.Way
    key: str
    title: str
    mutates: bool
    attempts: int
    began_at: float
    operation: str = ""
    doubts: list[str] = field(default_factory=list)
    result: str | None = None
    words: str = ""
    ended_at: float | None = None
    seconds: float = 0.0
    facts: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Moment:
    """One row of the timeline."""

    at: float
    what: str
    detail: str
    status: str


@dataclass(slots=True)
class Run:
    """The state of a run after ``seq`` events.

    ``observations``: the newest reading of each source; ``readings``: the newest one whose figures count; ``heard``:
    what each source, and each of the team's own signals, has told so far. ``share``: percentage of new sessions that
    go to the slot, since ``share_at`` (None: none ever did). ``offered``: why the rungs below the swap back may be
    taken.
    """

    seq: int = 0
    last_at: float = 0.0
    opened_at: float = 0.0
    opened: ev.RunOpened | None = None
    standings: dict[str, ev.ItemMarked] = field(default_factory=dict)
    marked_at: dict[str, float] = field(default_factory=dict)
    gate: ev.GateJudged | None = None
    plan: ev.PlanMade | None = None
    card: ev.CardWritten | None = None
    started_at: float | None = None
    started_by: str = ""
    steps: list[StepRow] = field(default_factory=list)
    t0: float | None = None
    switched_back_at: float | None = None
    share: float = 0.0
    share_at: float | None = None
    offered: str = ""
    baseline: ev.BaselineTaken | None = None
    verdict: ev.VerdictGiven | None = None
    verdict_at: float | None = None
    verdicts: list[tuple[float, ev.VerdictGiven]] = field(default_factory=list)
    first_rollback_verdict_at: float | None = None
    worsened: int = 0
    checks: list[tuple[float, ev.WatchChecked]] = field(default_factory=list)
    crossings: list[tuple[float, ev.LimitCrossed]] = field(default_factory=list)
    triggers: list[ev.TriggerRaised] = field(default_factory=list)
    decision: ev.Decided | None = None
    decided_at: float | None = None
    interruptions: list[tuple[float, ev.Interrupted]] = field(default_factory=list)
    continued: ev.JournalContinued | None = None
    notes: list[tuple[float, ev.Noted]] = field(default_factory=list)
    observations: dict[str, dict[str, Any]] = field(default_factory=dict)
    readings: dict[str, dict[str, Any]] = field(default_factory=dict)
    heard: dict[Key, Heard] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)
    others: others.Others = field(default_factory=others.Others)
    ended: ev.RunEnded | None = None
    ended_at: float | None = None
    timeline: list[Moment] = field(default_factory=list)

    @property
    def phase(self) -> Phase:
        """Derived from what has happened so far."""
        if self.ended:
            return Phase.ENDED
        if self.decision and self.decision.word == "rollback":
            return Phase.ROLLING_BACK
        if self.decision:
            return Phase.KEEPING
        if self.t0 is not None and (self.observed or self.finished("keep-warm", "forward")):
            return Phase.WINDOW
        if self.started_at is not None:
            return Phase.DEPLOYING
        return Phase.READY if self.card else Phase.PREPARING

    @property
    def observed(self) -> bool:
        """Whether the run only looks on: somebody else deploys, and this program changes nothing."""
        return self.opened is not None and self.opened.observe

    @property
    def exposed(self) -> bool:
        """Whether users may have met the new version: by a share, or by the switch."""
        return self.share_at is not None or self.t0 is not None

    @property
    def judged_since(self) -> float | None:
        """Since when the judge has judged what it judges now: the share that is routed, or the switch."""
        return self.t0 if self.t0 is not None else self.share_at if self.share else None

    @property
    def on_share(self) -> bool:
        """Whether a share of the sessions is being judged, before the switch."""
        return self.t0 is None and self.share > 0.0 and self.phase is Phase.DEPLOYING

    @property
    def voided(self) -> str:
        """What others have changed and nobody has looked at, while the plan still counts; "" where it holds."""
        return self.others.words if self.decision is None else ""

    @property
    def open_step(self) -> StepRow | None:
        """The step whose intent has no outcome yet."""
        return next((row for row in reversed(self.steps) if row.result is None), None)

    @property
    def swaps(self) -> int:
        """How many swaps took effect: swap steps that were sent and seen to be done."""
        keys = {"swap": "forward", "swap-back": "back"}
        return sum(1 for row in self.steps if keys.get(row.key) == row.way and row.mutates and row.result == "done")

    def row(self, key: str, way: ev.Way) -> StepRow | None:
        """The newest row of a step."""
        return next((row for row in reversed(self.steps) if row.key == key and row.way == way), None)

    def finished(self, key: str, way: ev.Way) -> bool:
        """Whether a step has been done (or was so already)."""
        row = self.row(key, way)
        return row is not None and row.result in ("done", "already")

    def title(self, key: str, way: ev.Way) -> str:
        """A step's title in the plan; its key where the plan does not know it."""
        plan = self.plan
        planned = () if plan is None else plan.forward if way == "forward" else (*plan.back, *plan.lower)
        return next((step.title for step in planned if step.key == key), key)

    def exit_code(self) -> int:
        """The code that a command of an ended run returns; 3 while it has not ended."""
        if self.ended is None:
            return 3
        if self.ended.decision == "failed" and self.started_at is None and self.continued is None:
            # After a damaged journal nobody knows whether START was pressed: then it is for a person to look.
            return EXIT_BLOCKED
        return EXIT_CODES[self.ended.decision]

    def apply(self, record: ev.Record) -> None:
        """Take one record in; records must come in order."""
        self.seq, self.last_at = record.seq, record.at
        handler = _HANDLERS.get(type(record.event))
        if handler is not None:
            handler(self, record.at, record.event)

    def note_moment(self, at: float, what: str, detail: str = "", status: str = "done") -> None:
        """Add a row to the timeline."""
        self.timeline.append(Moment(at, what, detail, status))


def fold(records: Iterable[ev.Record]) -> Run:
    """The Run of these records."""
    run = Run()
    for record in records:
        run.apply(record)
    return run


def _opened(run: Run, at: float, event: ev.RunOpened) -> None:
    run.opened, run.opened_at = event, at
    run.note_moment(at, "Run opened", f"{event.feature} {event.new_version} by {event.actor}")


def _marked(run: Run, at: float, event: ev.ItemMarked) -> None:
    run.standings[event.item] = event
    run.marked_at[event.item] = at


def _gate(run: Run, at: float, event: ev.GateJudged) -> None:
    run.gate = event
    score = "no score" if event.score is None else f"score {event.score:g}"
    run.note_moment(at, "Readiness gate", f"{event.level}, {score}", event.level.lower())


def _plan(run: Run, at: float, event: ev.PlanMade) -> None:
    run.plan = event
    run.note_moment(at, "Plan made", f"{event.strategy}: {event.old_version} to {event.new_version}")


def _card(run: Run, at: float, event: ev.CardWritten) -> None:
    run.card = event
    run.note_moment(at, "Rollback card written", event.path)


def _started(run: Run, at: float, event: ev.Started) -> None:
    run.started_at, run.started_by = at, event.by
    run.note_moment(at, "START", f"by {event.by}")


def _intent(run: Run, at: float, event: ev.StepIntent) -> None:
    row = run.row(event.step, event.way)
    if row is None or row.result is not None:
        run.steps.append(StepRow(event.way, event.step, event.title, event.mutates, event.attempt, at))
        return
    row.attempts = event.attempt
    row.mutates = row.mutates or event.mutates
    row.operation = ""


def _accepted(run: Run, at: float, event: ev.StepAccepted) -> None:
    row = run.row(event.step, event.way)
    if row is not None:
        row.operation = event.operation


def _doubtful(run: Run, at: float, event: ev.StepDoubtful) -> None:
    row = run.row(event.step, event.way)
    if row is not None:
        row.doubts.append(event.words)


def _outcome(run: Run, at: float, event: ev.StepOutcome) -> None:
    row = run.row(event.step, event.way)
    if row is None or row.result is not None:
        row = StepRow(event.way, event.step, run.title(event.step, event.way), False, event.attempt, at)
        run.steps.append(row)
    row.result, row.words, row.ended_at = event.result, event.words, at
    row.facts = dict(event.facts)
    row.seconds = at - row.began_at
    run.note_moment(at, row.title, event.words, event.result)


def _switched(run: Run, at: float, event: ev.TrafficSwitched) -> None:
    if event.way == "forward":
        run.t0 = event.t0
    else:
        run.switched_back_at = event.t0
    run.note_moment(event.t0, "Traffic switched", f"production serves {event.version}")


def _routed(run: Run, at: float, event: ev.ShareRouted) -> None:
    run.share, run.share_at = event.percent, at
    meets = f", {event.version}" if event.version else ""
    run.note_moment(at, "Traffic routed", f"{event.percent:g} % of new sessions to {event.slot}{meets}")


def _offered(run: Run, at: float, event: ev.RungOffered) -> None:
    run.offered = event.why
    run.note_moment(at, "Next rung offered", event.why, "warning")


def _baseline(run: Run, at: float, event: ev.BaselineTaken) -> None:
    run.baseline = event
    run.note_moment(at, "Baseline taken", f"{event.failures} of {event.requests} requests failed")


def _observed(run: Run, at: float, event: ev.Observed) -> None:
    run.observations[event.source] = event.body
    told = run.opened.policy.get("skew_s") if run.opened else None
    skew_s = told if isinstance(told, int | float) else SKEW_S
    run.heard.setdefault(key_of(event.body), Heard()).take(event.body, skew_s)
    if believed(event.body, skew_s):
        run.readings[event.source] = event.body
        run.tally.take(event.body, run.switched_back_at)


_WORSE = ("GO", "WAIT", "HOLD", "ROLLBACK")


def _verdict(run: Run, at: float, event: ev.VerdictGiven) -> None:
    before = run.verdict.kind if run.verdict else "WAIT"
    if _WORSE.index(event.kind) > _WORSE.index(before):
        run.worsened += 1
    run.verdict, run.verdict_at = event, at
    run.verdicts.append((at, event))
    if event.kind == "ROLLBACK" and run.first_rollback_verdict_at is None:
        run.first_rollback_verdict_at = at
    cause = f" ({event.cause})" if event.cause else ""
    run.note_moment(at, f"Verdict {event.kind}{cause}", event.sentence, event.kind.lower())


def _checked(run: Run, at: float, event: ev.WatchChecked) -> None:
    run.checks.append((at, event))
    cause = f" ({event.cause})" if event.cause else ""
    run.note_moment(at, f"Check, {event.stage}: {event.kind}{cause}", event.sentence, event.kind.lower())


def _crossed(run: Run, at: float, event: ev.LimitCrossed) -> None:
    run.crossings.append((at, event))
    what = "Limit crossed" if event.holds else "Within the limit again"
    run.note_moment(at, what, event.sentence, "warning" if event.holds else "done")


def _trigger(run: Run, at: float, event: ev.TriggerRaised) -> None:
    run.triggers.append(event)
    run.note_moment(at, "Trigger raised", f"{event.trigger} by {event.by}", "rollback")


def _decided(run: Run, at: float, event: ev.Decided) -> None:
    run.decision, run.decided_at = event, at
    word = {"keep": "GO", "rollback": "ROLLBACK", "hold": "HOLD"}[event.word]
    run.note_moment(at, f"Decision {word}", f"by {event.by}: {event.sentence}", event.word)


def _interrupted(run: Run, at: float, event: ev.Interrupted) -> None:
    run.interruptions.append((at, event))
    during = f" during {event.during}" if event.during else ""
    run.note_moment(
        at, "Interrupted", f"session gone for {event.silent_s:.0f} s{during}; gone on by observation", "interrupted"
    )


def _continued(run: Run, at: float, event: ev.JournalContinued) -> None:
    run.continued = event
    run.note_moment(at, "Journal set aside", f"damaged from event {event.first_bad}: {event.set_aside}", "damaged")


def _noted(run: Run, at: float, event: ev.Noted) -> None:
    run.notes.append((at, event))
    run.note_moment(at, "Note", f"{event.by}: {event.words}", "note")


def _ended(run: Run, at: float, event: ev.RunEnded) -> None:
    run.ended, run.ended_at = event, at
    run.note_moment(at, f"Run ended: {event.decision}", event.reason, event.decision)


_HANDLERS: dict[type[ev.Event], Callable[[Run, float, Any], None]] = {
    ev.RunOpened: _opened,
    ev.ItemMarked: _marked,
    ev.GateJudged: _gate,
    ev.PlanMade: _plan,
    ev.CardWritten: _card,
    ev.Started: _started,
    ev.StepIntent: _intent,
    ev.StepAccepted: _accepted,
    ev.StepDoubtful: _doubtful,
    ev.StepOutcome: _outcome,
    ev.TrafficSwitched: _switched,
    ev.ShareRouted: _routed,
    ev.RungOffered: _offered,
    ev.BaselineTaken: _baseline,
    ev.Observed: _observed,
    ev.VerdictGiven: _verdict,
    ev.WatchChecked: _checked,
    ev.LimitCrossed: _crossed,
    ev.TriggerRaised: _trigger,
    ev.Decided: _decided,
    ev.Interrupted: _interrupted,
    ev.JournalContinued: _continued,
    ev.Noted: _noted,
    ev.RunEnded: _ended,
    **others.HANDLERS,
}
