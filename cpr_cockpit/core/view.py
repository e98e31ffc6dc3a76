"""The View: everything a face shows, as plain strings and numbers.

A face draws a View and sends commands; it decides nothing. Times are epoch seconds, UTC; ages and lengths are seconds.
This module imports neither events nor Run: a face must start without them. `showing` builds Views from a Run,
`panel_words` chooses the panel's word, `view_json` brings Views over the socket.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from cpr_cockpit.core.code_view import CodeView
from cpr_cockpit.core.source_row import SourceRow


class State(StrEnum):
    """How a row stands; a face shows the word as well as a colour."""

    OK = "ok"
    WARN = "warn"
    FAIL = "FAIL"
    NO_DATA = "no data"
    RUNNING = "run"
    OPEN = "open"
    NONE = "-"


class Shape(StrEnum):
    """The form of the decision panel: its border and its letters change with it, hue is only the third signal."""

    CALM = "calm"
    GO = "go"
    LOOK = "look"
    NO_DATA = "no-data"
    BREACH = "breach"
    BUSY = "busy"
    FINAL = "final"


@dataclass(frozen=True, slots=True)
class Header:
    """Who and what: ``banner`` is shown always ("REHEARSAL"), ``ids`` are the pinned (name, value) pairs."""

    feature: str = ""
    old_version: str = ""
    new_version: str = ""
    target: str = "production"
    strategy: str = ""
    banner: str = ""
    banner_detail: str = ""
    actor: str = ""
    ids: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Stop:
    """One stop of the rail. ``state``: done, here, open or blocked; ``blocked_by``: what keeps it from being left."""

    key: str
    title: str
    state: str
    detail: str = ""
    blocked_by: str = ""


@dataclass(frozen=True, slots=True)
class FactRow:
    """One fact of the gate: what each document says (in the order of ``Gate.sources``), and what the gate took."""

    name: str
    values: tuple[str, ...]
    taken: str
    agree: bool


@dataclass(frozen=True, slots=True)
class Gate:
    """The readiness gate: level READY, CONDITIONAL, NOT READY, or "" before it was judged."""

    level: str = ""
    score: str = ""
    sources: tuple[str, ...] = ()
    rows: tuple[FactRow, ...] = ()
    blockers: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    contradictions: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One checklist item. ``mark``: open, measured, derived, signed, failed, deferred, waived or expired.

    ``blocks``: it keeps the point that comes next from being passed. ``follows``: it is concluded from other items.
    ``at``: when it was marked.
    """

    key: str
    text: str
    kind: str
    due: str
    evidence: str
    mark: str
    stands: bool
    blocks: bool
    follows: bool = False
    by: str = ""
    value: str = ""
    note: str = ""
    at: float | None = None


@dataclass(frozen=True, slots=True)
class ListView:
    """One checklist; ``complete`` when every item stands."""

    key: str
    title: str
    step: int
    complete: bool
    done: int
    items: tuple[ItemRow, ...]


@dataclass(frozen=True, slots=True)
class PlanStep:
    """One step of the plan. ``state``: waiting, running, or its result (`events.StepOutcome`). ``log``: as seen."""

    key: str
    title: str
    way: str
    state: str
    undo: str
    mutates: bool = False
    words: str = ""
    began_at: float | None = None
    seconds: float | None = None
    attempts: int = 0
    log: tuple[str, ...] = ()


# The time of a stage that nobody has measured on this app, and what it means.
UNMEASURED = "?"
_UNMEASURED = "not measured yet"


@dataclass(frozen=True, slots=True)
class PlanStage:
    """One stage of a strategy's diagram. ``time``: what it took or is expected to take, ``UNMEASURED``, or ""."""

    name: str
    time: str
    state: str


def stage_words(stage: PlanStage) -> str:
    """Its name and its time, in words alone."""
    return f"{stage.name} {_UNMEASURED if stage.time == UNMEASURED else stage.time}".rstrip()


def legend(stages: Iterable[PlanStage]) -> str:
    """What the sign in these stages means; "" where none has it."""
    return f"{UNMEASURED}: {_UNMEASURED}" if any(one.time == UNMEASURED for one in stages) else ""


@dataclass(frozen=True, slots=True)
class PlanChoice:
    """A strategy or an option that may be chosen until START; ``why_not``: why it cannot be now, or ""."""

    key: str
    label: str
    chosen: bool
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class PlanView:
    """The way forth and the way back; ``takes``: composed from this run's own times, never promised.

    ``stages``, ``rungs`` and ``lower``: both ways in short, with expected times. ``number``: the how-manieth plan it
    is. ``fixed``: why the strategy cannot be changed any more, or "".
    """

    strategy: str = ""
    old_version: str = ""
    new_version: str = ""
    slot: str = ""
    forward: tuple[PlanStep, ...] = ()
    back: tuple[PlanStep, ...] = ()
    remarks: tuple[str, ...] = ()
    takes: str = ""
    card: str = ""
    stages: tuple[PlanStage, ...] = ()
    rungs: tuple[PlanStage, ...] = ()
    lower: tuple[PlanStage, ...] = ()
    choices: tuple[PlanChoice, ...] = ()
    number: int = 0
    fixed: str = ""


@dataclass(frozen=True, slots=True)
class Window:
    """The clock of the critical window; None where it has not begun. ``facts``: (name, value) rows beside it.

    ``stage``: after GO, which part of the schedule it is; then ``deadline`` is the next check, and ``t0`` and
    ``length_s`` are those of the stretch that the charts show. ``on_part``: before T0, a share of the users or some of
    the apps is judged until the deadline. ``sources``: who is asked from T0 on.
    """

    length_s: float
    t0: float | None = None
    deadline: float | None = None
    facts: tuple[tuple[str, str], ...] = ()
    stage: str = ""
    sources: tuple[SourceRow, ...] = ()
    on_part: bool = False


@dataclass(frozen=True, slots=True)
class Signal:
    """One row of the signal table, already in words; ``trend``: newest last, None where there was no data.

    ``further``: of a source that rolls nothing back by itself.
    """

    key: str
    name: str
    now: str
    target: str
    trigger: str
    before: str
    n: int | None
    measured_at: float | None
    stale_after_s: float | None
    state: str
    trend: tuple[float | None, ...] = ()
    further: bool = False


@dataclass(frozen=True, slots=True)
class Point:
    """What was measured between ``start`` and ``start + length`` seconds after T0: least, most and typical value."""

    start: float
    length: float
    low: float
    high: float
    typical: float


@dataclass(frozen=True, slots=True)
class Series:
    """One chart on a fixed axis from T0 to the end of the window; ``top``: the axis ends there."""

    key: str
    title: str
    unit: str
    top: float
    points: tuple[Point, ...] = ()
    limit: float | None = None
    limit_words: str = ""
    before: float | None = None
    markers: tuple[tuple[float, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """One machine check or open item of the window; ``at``: when it was last seen."""

    state: str
    text: str
    at: float | None = None
    key: str = ""


@dataclass(frozen=True, slots=True)
class Happening:
    """One row of the event list."""

    at: float
    who: str
    text: str


@dataclass(frozen=True, slots=True)
class LogView:
    """The live log of production since T0: ``heard``: whether a stream stood; ``errors`` among ``lines``.

    ``at``: when it was last heard of; ``trouble``: what is wrong with the stream; ``newest``: error lines, the newest
    first. ``journeys``: how the newest walk of each ended; ``journey_lines``: what their commands wrote, newest first.
    """

    heard: bool = False
    lines: int = 0
    errors: int = 0
    interruptions: int = 0
    at: float | None = None
    trouble: str = ""
    newest: tuple[str, ...] = ()
    journeys: tuple[str, ...] = ()
    journey_lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Control:
    """One key of the panel: what it will do, or why it is not possible now (a blocked control stays visible).

    ``type_this``: what must be typed to confirm ("" : one different key); ``needs_reason``: with a reason beside it.
    ``details``: what the armed panel says: what runs, on what, how long, what results, what is lost, how to undo it.
    """

    key: str
    label: str
    enabled: bool
    reason: str = ""
    type_this: str = ""
    needs_reason: bool = False
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Panel:
    """The one place of the decision. ``worsened``: rises whenever the verdict gets worse, which disarms GO.

    ``back``: the rollback check in one line; ``warns``: it says that something is wrong. ``commands``: what to send
    first by hand, each whole. ``acknowledge``: that what others changed was looked at; ``take_over``: the lease that
    another run holds. ``second``: what a second person can confirm; ``ack``: that whoever is called has seen it.
    ``extend``: that the critical window is to be longer.
    ``merge``, ``revert``, ``go_on``: step 4, before START.
    """

    word: str
    shape: str
    sentence: str = ""
    detail: str = ""
    start: Control | None = None
    go: Control | None = None
    rollback: Control | None = None
    worsened: int = 0
    back: str = ""
    warns: bool = False
    commands: tuple[str, ...] = ()
    acknowledge: Control | None = None
    take_over: Control | None = None
    second: Control | None = None
    ack: Control | None = None
    extend: Control | None = None
    merge: Control | None = None
    revert: Control | None = None
    go_on: Control | None = None


@dataclass(frozen=True, slots=True)
class View:
    """All of it. ``phase`` is the Run's; ``now``: the session's clock when it was made; ``seq``: the newest event.

    ``closing``: where its closing checklist stands, "" before there is anything to close.
    """

    run: str
    seq: int
    now: float
    phase: str
    header: Header = field(default_factory=Header)
    rail: tuple[Stop, ...] = ()
    gate: Gate = field(default_factory=Gate)
    lists: tuple[ListView, ...] = ()
    plan: PlanView = field(default_factory=PlanView)
    window: Window = field(default_factory=lambda: Window(0.0))
    signals: tuple[Signal, ...] = ()
    series: tuple[Series, ...] = ()
    checks: tuple[Check, ...] = ()
    happenings: tuple[Happening, ...] = ()
    panel: Panel = field(default_factory=lambda: Panel("PREPARING", Shape.CALM))
    report: str = ""
    report_path: str = ""
    closing: str = ""
    log: LogView = field(default_factory=LogView)
    code: CodeView = field(default_factory=CodeView)
