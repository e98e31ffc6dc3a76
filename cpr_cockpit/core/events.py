"""Every fact that can be recorded, as pydantic models with a version.

An event says what happened; it never says what to do. ``type`` names it in the journal and on the JSON lines, and the
type of every intent contains the word ``intent``. Times inside a body are epoch seconds, UTC; the time of the record
itself is the journal's.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from cpr_cockpit.core.annotation_events import AnnotationIntent, AnnotationOutcome
from cpr_cockpit.core.code_events import CodeEvent
from cpr_cockpit.core.event import Event
from cpr_cockpit.core.issue_events import FigureTold, IssueChanged, IssueRecorded, RunClosed
from cpr_cockpit.core.journey_events import JourneyTold, JourneyWalked
from cpr_cockpit.core.notice_events import AlarmAcknowledged, AlarmDelayed, NoticeIntent, NoticeOutcome
from cpr_cockpit.core.safeguard_events import FreezeOverridden, SecondAsked, SecondGiven, TagsRead
from cpr_cockpit.core.window_events import WindowExtended

Way = Literal["forward", "back"]


class Script(BaseModel):
    """What a drill decides by itself; ``extended``: on to the extended validation; ``merge``: step 4, too."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    decide: Literal["auto", "keep", "rollback"] = "auto"
    extended: bool = False
    merge: bool = False


class RunOpened(Event):
    """A run of a feature began. ``environment`` holds pinned ids and addresses, never a secret.

    ``signals``: the team's own signals that are judged (`core.custom_spec.SignalSpec`). ``observe``: the run looks on
    while somebody else deploys, and changes nothing; ``new_version`` may then be "" (whatever version comes next).
    ``commit``: what the artifact must have been built from, "" where nobody said.
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
    commit: str = ""
    policy: dict[str, Any]
    declared_delay_s: float
    program: str
    signals: tuple[dict[str, Any], ...] = ()
    observe: bool = False


class ItemMarked(Event):
    """A checklist item was measured, derived, signed, failed, deferred or waived, by whom and until when.

    ``check``: the team's own check that read it, "": none did.
    """

    type: Literal["item.marked"] = "item.marked"
    item: str
    mark: str
    by: str
    value: str = ""
    note: str = ""
    expires_at: float | None = None
    check: str = ""


class GateJudged(Event):
    """The readiness gate's answer."""

    type: Literal["gate.judged"] = "gate.judged"
    level: str
    score: float | None
    blockers: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()


class PlannedStep(BaseModel):
    """A step as it stood in the plan; ``requests``: what it would send ("POST https://..."), where that is known.

    ``flag``: it is about a feature flag.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    key: str
    title: str
    undo: str
    requests: tuple[str, ...] = ()
    flag: bool = False


class PlannedChoice(BaseModel):
    """A strategy, or an option of it, that could be chosen before START; ``why_not``: what was in its way, or ""."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    key: str
    label: str
    chosen: bool
    why_not: str = ""


class PlanMade(Event):
    """The plan, the way back, and the facts that both stand on. ``percents``, ``step_s``: a canary's, scaled.

    ``control``: percentage of new sessions that stay on the old version. ``apps``: several, in the order in which at
    most ``at_once`` of them are switched between two gates. ``preview``: the swap is prepared by one. ``deploy``: who
    lays the new version into the slot. ``flag``: the feature flag, "": none. ``workers``: the rule of background work.
    ``journeys``: those that are walked on the slot.
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
    apps: tuple[str, ...] = ()
    at_once: int = 1
    preview: bool = False
    deploy: str = "zip"
    flag: str = ""
    choices: tuple[PlannedChoice, ...] = ()
    workers: dict[str, str] = Field(default_factory=dict)
    journeys: tuple[str, ...] = ()
    forward: tuple[PlannedStep, ...]
    back: tuple[PlannedStep, ...]
    lower: tuple[PlannedStep, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def course(self) -> str:
        """The strategy with its options, in words."""
        preview = ("preview",) if self.preview else ()
        control = (f"{self.control:g} % control",) if self.control else ()
        pipeline = ("pipeline",) if self.deploy == "pipeline" else ()
        return " + ".join((self.strategy, *pipeline, *preview, *control))


class StrategyChosen(Event):
    """Before START a person chose how it is brought to production; a new plan follows.

    ``course``: the strategy with its options (`core.strategies.Course`), times at their real length.
    """

    type: Literal["strategy.chosen"] = "strategy.chosen"
    by: str
    strategy: str
    words: str
    course: dict[str, Any]


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
    """The answer to a change was lost or bad: what came of it is found out by observation.

    ``arrived``: the request may have reached the service and been taken.
    """

    type: Literal["step.doubtful"] = "step.doubtful"
    way: Way
    step: str
    attempt: int
    words: str
    arrived: bool = True


class StepOutcome(Event):
    """What came of a step: done; already (was so, nothing sent); failed; stopped (facts changed, nothing sent).

    left: a look of the way forth that nobody waits for any more, since ROLLBACK came first.
    """

    type: Literal["step.outcome"] = "step.outcome"
    way: Way
    step: str
    attempt: int
    result: Literal["done", "already", "failed", "stopped", "left"]
    words: str
    seconds: float
    facts: dict[str, str] = Field(default_factory=dict)


class TrafficSwitched(Event):
    """Production was seen to serve another version: ``t0`` is the first sighting of it, of several apps in the last.

    Back: in the last of those apps that had served the new version.
    """

    type: Literal["traffic.switched"] = "traffic.switched"
    way: Way
    version: str
    t0: float


class AppSwitched(Event):
    """One of several apps was seen to serve another version: ``t0`` is the first sighting of it there."""

    type: Literal["app.switched"] = "app.switched"
    way: Way
    app: str
    version: str
    t0: float


class ShareRouted(Event):
    """``percent`` of production's new sessions were seen to be routed to ``slot``.

    ``version``: what they meet there; "" where none are routed. ``app``: of which of several apps.
    """

    type: Literal["share.routed"] = "share.routed"
    slot: str
    version: str
    percent: float
    app: str = ""


class PinnedCounted(Event):
    """``users`` were routed to ``slot`` so far and keep its cookie; None: no request tells its user."""

    type: Literal["pinned.counted"] = "pinned.counted"
    slot: str
    users: int | None


class ReleasedDark(Event):
    """Production was seen to serve a new version whose feature is off for everybody: T0 is when the flag is on."""

    type: Literal["released.dark"] = "released.dark"
    version: str
    since: float


class FlagSeen(Event):
    """The feature flag was seen to be on for ``percent`` of the users; 0: off."""

    type: Literal["flag.seen"] = "flag.seen"
    flag: str
    percent: float


class RungOffered(Event):
    """The way back failed at ``step``: ``why``; the rungs below it may be taken."""

    type: Literal["rung.offered"] = "rung.offered"
    step: str
    why: str


class RollbackChecked(Event):
    """Whether the way back is there: when that changed, and at a slow pace.

    ``words``: what was seen of the old version; ``trouble``: what is wrong ("": nothing), ``rung``: what would work
    now. ``token_s``: seconds for which the sign-in's token is good, where that is known.
    """

    type: Literal["rollback.checked"] = "rollback.checked"
    ready: bool
    words: str
    trouble: str = ""
    rung: str = ""
    token_s: float | None = None


class ManagerReach(Event):
    """Resource Manager has not answered well since ``since`` (``reached`` false: why, in ``words``), or does again."""

    type: Literal["manager.reach"] = "manager.reach"
    reached: bool
    since: float
    words: str = ""


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


class AfterwordBegun(Event):
    """A chain of signatures after the run's end began; ``old_head`` is the hash of the journal's last event."""

    type: Literal["afterword.begun"] = "afterword.begun"
    old_head: str


class Noted(Event):
    """Something a person should know that changes no state (a source failed, a note was added)."""

    type: Literal["note"] = "note"
    by: str
    words: str


class SurroundingsTaken(Event):
    """What others could change, as it is taken for granted from here on; ``taken``: when each part was read.

    ``deployments``: ids of all that are known. ``settings``: a keyed hash by what it is of, never a value; ``key``
    names the key. ``last_swap``: when, as App Service tells it. ``workers`` None: not told. ``app``: a further one of
    several ("": the first, or the only one). ``flag``: percentage of the users who have the release's flag on.
    """

    type: Literal["surroundings.taken"] = "surroundings.taken"
    taken: dict[str, float]
    last_swap: str = ""
    deployments: tuple[str, ...] = ()
    shares: dict[str, float] = Field(default_factory=dict)
    settings: dict[str, str] = Field(default_factory=dict)
    key: str = ""
    plan: str = ""
    sku: str = ""
    workers: int | None = None
    app: str = ""
    flag: float | None = None


class ForeignChanged(Event):
    """Somebody else changed something, seen after ``since``. ``topic`` and ``value`` tell one change from another.

    ``stands``: until a person has looked at it; else, after GO, it is told and taken for granted. ``app``: the name of
    the one of several in which it was changed; "": there is only one.
    """

    type: Literal["foreign.changed"] = "foreign.changed"
    part: str
    topic: str
    value: str
    words: str
    since: float
    stands: bool = True
    app: str = ""


class ForeignNamed(Event):
    """The activity log named who made a foreign change, the ``number``-th of this run (from 1): who, by what, when."""

    type: Literal["foreign.named"] = "foreign.named"
    number: int
    caller: str
    operation: str
    done_at: float


class ForeignLookedAt(Event):
    """A person has looked at what others changed: as it is now it is taken for granted."""

    type: Literal["foreign.looked_at"] = "foreign.looked_at"
    by: str
    words: str


class LeaseSeen(Event):
    """The environment's lease was looked at before START: ``holder`` is another run, "" : nobody or this run."""

    type: Literal["lease.seen"] = "lease.seen"
    key: str
    holder: str
    since: float
    expires_at: float


class LeaseIntent(Event):
    """The environment's lease is about to be taken by ``by``; ``over``: whose place is taken, "" : nobody's.

    ``words``: why it is taken over.
    """

    type: Literal["lease.intent"] = "lease.intent"
    key: str
    by: str
    over: str = ""
    words: str = ""


class LeaseHeld(Event):
    """This run holds the environment's lease from here on; it is renewed until its end."""

    type: Literal["lease.held"] = "lease.held"
    key: str
    holder: str
    expires_at: float


class LeaseLeft(Event):
    """This run holds the lease no more: ``released``, or lost or left to expire (``words``)."""

    type: Literal["lease.left"] = "lease.left"
    key: str
    released: bool
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
    | StrategyChosen
    | CardWritten
    | Started
    | StepIntent
    | StepAccepted
    | StepDoubtful
    | StepOutcome
    | TrafficSwitched
    | AppSwitched
    | ShareRouted
    | PinnedCounted
    | ReleasedDark
    | FlagSeen
    | RungOffered
    | RollbackChecked
    | ManagerReach
    | BaselineTaken
    | Observed
    | VerdictGiven
    | WatchChecked
    | LimitCrossed
    | TriggerRaised
    | Decided
    | Interrupted
    | JournalContinued
    | AfterwordBegun
    | Noted
    | SurroundingsTaken
    | ForeignChanged
    | ForeignNamed
    | ForeignLookedAt
    | LeaseSeen
    | LeaseIntent
    | LeaseHeld
    | LeaseLeft
    | TagsRead
    | FreezeOverridden
    | SecondAsked
    | SecondGiven
    | IssueRecorded
    | IssueChanged
    | FigureTold
    | RunClosed
    | AnnotationIntent
    | AnnotationOutcome
    | NoticeIntent
    | NoticeOutcome
    | AlarmAcknowledged
    | AlarmDelayed
    | CodeEvent
    | JourneyWalked
    | WindowExtended
    | JourneyTold
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
