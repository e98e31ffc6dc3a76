"""Every fact that can be recorded, as pydantic models with a version.

An event says what happened; it never says what to do. ``type`` names it in the journal and on the JSON lines, and the
type of every intent contains the word ``intent``. Times inside a body are epoch seconds, UTC; the time of the record
itself is the journal's.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

Way = Literal["forward", "back"]


class Event(BaseModel):
    """Base of all events: frozen, unknown members refused, ``v`` is the version of the shape."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    v: int = 1


class Script(BaseModel):
    """What a drill decides by itself; ``extended``: on to the extended validation."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    decide: Literal["auto", "keep", "rollback"] = "auto"
    extended: bool = False


class RunOpened(Event):
    """A run of a feature began. ``environment`` holds pinned ids and addresses, never a secret.

    ``signals``: the team's own signals that are judged (`core.custom_spec.SignalSpec`). ``observe``: the run looks on
    while somebody else deploys, and changes nothing; ``new_version`` may then be "" (whatever version comes next).
    """

    type: Literal["run.opened"] = "run.opened"
    run: str
    feature: str
    mode: Literal["drill", "rehearse", "open"]
    actor: str
    script: Script | None = None
    environment: dict[str, str]
    new_version: str
    artifact_sha256: str
    policy: dict[str, Any]
    declared_delay_s: float
    program: str
    signals: tuple[dict[str, Any], ...] = ()
    observe: bool = False


class ItemMarked(Event):
    """A checklist item was measured, derived, signed, failed, deferred or waived, by whom and until when."""

    type: Literal["item.marked"] = "item.marked"
    item: str
    mark: str
    by: str
    value: str = ""
    note: str = ""
    expires_at: float | None = None


class GateJudged(Event):
    """The readiness gate's answer."""

    type: Literal["gate.judged"] = "gate.judged"
    level: str
    score: float | None
    blockers: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()


class PlannedStep(BaseModel):
    """A step as it stood in the plan; ``requests``: what it would send ("POST https://..."), where that is known."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    key: str
    title: str
    undo: str
    requests: tuple[str, ...] = ()


class PlanMade(Event):
    """The plan, the way back, and the facts that both stand on. ``percents``, ``step_s``: a canary's, scaled.

    ``control``: percentage of new sessions that stay on the old version. ``deploy``, ``commit``: who lays the new
    version into the slot, and what its artifact must have been built from. ``workers``: the rule of background work.
    """

    type: Literal["plan.made"] = "plan.made"
    strategy: str
    old_version: str
    new_version: str
    slot: str
    artifact: bool
    baseline_s: float
    slot_exists: bool
    slot_version: str | None
    percents: tuple[float, ...] = ()
    step_s: float = 0.0
    control: float = 0.0
    harmless: tuple[str, ...] = ()
    deploy: str = "zip"
    commit: str = ""
    workers: dict[str, str] = {}
    forward: tuple[PlannedStep, ...]
    back: tuple[PlannedStep, ...]
    lower: tuple[PlannedStep, ...] = ()
    remarks: tuple[str, ...] = ()


class CardWritten(Event):
    """The rollback card was written, before START."""

    type: Literal["card.written"] = "card.written"
    path: str
    sha256: str


class Started(Event):
    """START: production begins."""

    type: Literal["run.started"] = "run.started"
    by: str


class StepIntent(Event):
    """What is about to be done, on disk before it is done; ``facts`` are what was read just before."""

    type: Literal["step.intent"] = "step.intent"
    way: Way
    step: str
    attempt: int
    title: str
    mutates: bool
    facts: dict[str, str] = Field(default_factory=dict)


class StepAccepted(Event):
    """The environment accepted the operation; ``operation`` is its URL or id."""

    type: Literal["step.accepted"] = "step.accepted"
    way: Way
    step: str
    attempt: int
    operation: str


class StepDoubtful(Event):
    """The answer to a change was lost or bad: what came of it is found out by observation."""

    type: Literal["step.doubtful"] = "step.doubtful"
    way: Way
    step: str
    attempt: int
    words: str


class StepOutcome(Event):
    """What came of a step: done; already (was so, nothing sent); failed; stopped (facts changed, nothing sent)."""

    type: Literal["step.outcome"] = "step.outcome"
    way: Way
    step: str
    attempt: int
    result: Literal["done", "already", "failed", "stopped"]
    words: str
    seconds: float
    facts: dict[str, str] = Field(default_factory=dict)


class TrafficSwitched(Event):
    """Production was seen to serve another version: ``t0`` is the first sighting of it."""

    type: Literal["traffic.switched"] = "traffic.switched"
    way: Way
    version: str
    t0: float


class ShareRouted(Event):
    """``percent`` of production's new sessions were seen to be routed to ``slot``.

    ``version``: what they meet there; "" where none are routed.
    """

    type: Literal["share.routed"] = "share.routed"
    slot: str
    version: str
    percent: float


class RungOffered(Event):
    """The way back failed at ``step``: ``why``; the rungs below it may be taken."""

    type: Literal["rung.offered"] = "rung.offered"
    step: str
    why: str


class BaselineTaken(Event):
    """Production before the switch, from users' requests: ``p50``..``p99`` in ms, None where there were too few."""

    type: Literal["baseline.taken"] = "baseline.taken"
    start: float
    end: float
    requests: int
    failures: int
    p50: float | None
    p95: float | None
    p99: float | None
    yardstick: dict[str, Any] | None = None


class Observed(Event):
    """One reading of one source, as given to the judge (``body`` is the Observation)."""

    type: Literal["observation"] = "observation"
    source: str
    body: dict[str, Any]


class VerdictGiven(Event):
    """The judge's verdict changed. ``figures``: name, value, n, age, limit, before."""

    type: Literal["verdict"] = "verdict"
    kind: Literal["WAIT", "GO", "HOLD", "ROLLBACK"]
    cause: str | None
    rule: str | None
    sentence: str
    figures: tuple[dict[str, Any], ...] = ()


class WatchChecked(Event):
    """A check of the schedule after GO (first hour, 24 hours, first week): the figures since ``since``, in a sentence.

    ``due``: when the schedule asks for it. ``kind`` and ``cause`` are the judge's word on the stretch (of a day: on its
    last hour); ``figures`` as in a verdict.
    """

    type: Literal["watch.checked"] = "watch.checked"
    stage: str
    since: float
    due: float
    kind: Literal["WAIT", "GO", "HOLD", "ROLLBACK"]
    cause: str | None
    sentence: str
    figures: tuple[dict[str, Any], ...] = ()


class LimitCrossed(Event):
    """After GO: a warning's limit was crossed and the warning ``holds``, or it does not any more.

    ``what`` names the limit; a limit of the verdict itself is told by a ``verdict``.
    """

    type: Literal["limit.crossed"] = "limit.crossed"
    what: str
    holds: bool
    sentence: str


class TriggerRaised(Event):
    """A person raised a trigger that only a person can: critical functionality, data corruption, security breach."""

    type: Literal["trigger.raised"] = "trigger.raised"
    trigger: str
    by: str


class Decided(Event):
    """GO (keep), ROLLBACK, or hold at the end of a drill; ``by`` whom, on what verdict."""

    type: Literal["decision"] = "decision"
    word: Literal["keep", "rollback", "hold"]
    by: str
    verdict: str
    sentence: str


class Interrupted(Event):
    """The session process had died; a new one goes on. ``silent_s``: from the last event to this one."""

    type: Literal["session.interrupted"] = "session.interrupted"
    silent_s: float
    during: str


class JournalContinued(Event):
    """A damaged journal was set aside; this chain begins with the hash of its last good event."""

    type: Literal["journal.continued"] = "journal.continued"
    old_head: str
    first_bad: int
    set_aside: str


class Noted(Event):
    """Something a person should know that changes no state (a source failed, a note was added)."""

    type: Literal["note"] = "note"
    by: str
    words: str


class RunEnded(Event):
    """The run is over. ``provisional``: kept at the decision, the extended validation not awaited to its end.

    ``advised``: a run that only looked on was decided as ROLLBACK, and nobody was seen to carry it out.
    """

    type: Literal["run.ended"] = "run.ended"
    decision: Literal["kept", "rolled_back", "partial", "advised", "held", "stopped", "failed"]
    provisional: bool
    production_version: str
    slot_version: str | None
    reason: str


AnyEvent = Annotated[
    RunOpened
    | ItemMarked
    | GateJudged
    | PlanMade
    | CardWritten
    | Started
    | StepIntent
    | StepAccepted
    | StepDoubtful
    | StepOutcome
    | TrafficSwitched
    | ShareRouted
    | RungOffered
    | BaselineTaken
    | Observed
    | VerdictGiven
    | WatchChecked
    | LimitCrossed
    | TriggerRaised
    | Decided
    | Interrupted
    | JournalContinued
    | Noted
    | RunEnded,
    Field(discriminator="type"),
]

_ADAPTER: TypeAdapter[AnyEvent] = TypeAdapter(AnyEvent)


class Record(BaseModel):
    """An event in its place: ``seq`` from 1, ``at`` epoch seconds UTC, ``hash`` over all of it and the one before."""

    model_config = ConfigDict(frozen=True)
    seq: int
    at: float
    event: AnyEvent
    hash: str

    def line(self) -> dict[str, Any]:
        """The flat form of the JSON lines: seq, at, type, the body, hash."""
        return {"seq": self.seq, "at": self.at, **self.event.model_dump(mode="json"), "hash": self.hash}


def record_of(line: dict[str, Any]) -> Record:
    """The record of a flat JSON line (`Record.line`); pydantic.ValidationError where it is none."""
    body = {key: value for key, value in line.items() if key not in ("seq", "at", "hash")}
    return Record(seq=line["seq"], at=line["at"], event=_ADAPTER.validate_python(body), hash=line["hash"])


def parse_event(body: str | bytes) -> AnyEvent:
    """An event from its JSON text; pydantic.ValidationError where it is none."""
    return _ADAPTER.validate_json(body)
