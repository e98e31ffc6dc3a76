"""The View: everything a face shows, as plain strings and numbers, and the total table of the panel's words.

A face draws a View and sends commands; it decides nothing. Times are epoch seconds, UTC; ages and lengths are seconds.
This module imports neither events nor Run: a face must start without them. `showing` builds Views from a Run.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from cpr_cockpit.core.source_row import SourceRow

T = TypeVar("T")


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
    """One step of the plan. ``state``: waiting, running, done, already, failed or stopped; ``log``: what was seen."""

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


# The time of a stage that nobody has measured on this app.
UNMEASURED = "?"


@dataclass(frozen=True, slots=True)
class PlanStage:
    """One stage of a strategy's diagram. ``time``: what it took or is expected to take, ``UNMEASURED``, or ""."""

    name: str
    time: str
    state: str


def legend(stages: Iterable[PlanStage]) -> str:
    """What the sign in these stages means; "" where none has it."""
    return f"{UNMEASURED}: not measured yet" if any(one.time == UNMEASURED for one in stages) else ""


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
    first.
    """

    heard: bool = False
    lines: int = 0
    errors: int = 0
    interruptions: int = 0
    at: float | None = None
    trouble: str = ""
    newest: tuple[str, ...] = ()


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
    another run holds.
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


@dataclass(frozen=True, slots=True)
class View:
    """All of it. ``phase`` is the Run's; ``now``: the session's clock when it was made; ``seq``: the newest event."""

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
    log: LogView = field(default_factory=LogView)


# -- the table of words ------------------------------------------------------------------------------------------------

PREPARING = ("PREPARING", Shape.CALM)
_NO_DATA = frozenset({"stale", "incomplete"})
_SHARES = ("share", "part", "flag", "dark")
_GOING_BACK = frozenset({"rolling back", "refused", "flag failed", "by hand", "proven back"})
_ENDED = {
    "kept": ("KEPT", Shape.FINAL),
    "rolled_back": ("ROLLED BACK", Shape.FINAL),
    "partial": ("SKEW", Shape.LOOK),
    "advised": ("BACK BY HAND", Shape.BREACH),
    "held": ("HELD", Shape.LOOK),
    "stopped": ("STOPPED", Shape.FINAL),
    "failed": ("FAILED", Shape.BREACH),
}
_BY_PHASE = {
    "foreign": ("LOOK", Shape.LOOK),
    "preparing": PREPARING,
    "checking": ("CHECKLISTS OPEN", Shape.CALM),
    "ready": ("READY TO START", Shape.CALM),
    "deploying": ("DEPLOYING", Shape.BUSY),
    "switching": ("SWITCHING", Shape.BUSY),
    "share": ("CANARY", Shape.CALM),
    "part": ("ROLLING", Shape.CALM),
    "flag": ("FLAG", Shape.CALM),
    "dark": ("DARK", Shape.CALM),
    "waiting": ("WAITING", Shape.CALM),
    "by hand": ("BACK BY HAND", Shape.BREACH),
    "rolling back": ("ROLLING BACK", Shape.BUSY),
    "refused": ("SWAP REFUSED", Shape.BREACH),
    "flag failed": ("NEXT RUNG", Shape.BREACH),
    "proven back": ("ROLLED BACK", Shape.FINAL),
    "keeping": ("KEPT", Shape.GO),
}


def panel_word(
    phase: str, *, decision: str | None, verdict: str | None, cause: str | None, overdue: bool, early: bool
) -> tuple[str, Shape]:
    """The panel's word and shape: total over phase, decision of an ended run, verdict, cause and the clock.

    ``overdue``: the window's end has passed without a decision; ``early``: policy allows GO before it.
    """
    if decision is not None:
        return _ENDED.get(decision, ("FAILED", Shape.BREACH))
    # Too few requests are no reason to look at what was kept; data that stopped are one, and so is a missed target.
    calm = phase == "keeping" and (verdict not in ("HOLD", "ROLLBACK") or cause == "thin")
    if phase not in (*_SHARES, "window", "keeping") or calm:
        return _BY_PHASE.get(phase, PREPARING) if verdict != "ROLLBACK" or phase in _GOING_BACK else _BREACH
    if verdict == "ROLLBACK":
        return _BREACH
    if verdict == "HOLD":
        return ("NO DATA", Shape.NO_DATA) if cause in _NO_DATA else ("LOOK", Shape.LOOK)
    if phase in _SHARES:
        return _BY_PHASE[phase]
    if verdict == "GO" and (overdue or early):
        return ("GO POSSIBLE", Shape.GO)
    if overdue:
        # The window is over and its last seconds' data is on the way; without any verdict nobody knows that.
        return ("DECIDING", Shape.CALM) if verdict == "WAIT" else ("OVERDUE", Shape.LOOK)
    return ("KEEP WATCHING", Shape.CALM)


_BREACH = ("ROLL BACK NOW", Shape.BREACH)


# -- over the socket ---------------------------------------------------------------------------------------------------


def sections(view: View) -> dict[str, Any]:
    """The View as JSON values, a member for each field, so that a session can send only what has changed."""
    return asdict(view)


def view_of(body: dict[str, Any]) -> View:
    """The View of those values; unknown members are passed over. TypeError or ValueError where it is none."""
    found: View = _decode(View, body)
    return found


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _decode(kind: Any, value: Any) -> Any:
    if is_dataclass(kind) and isinstance(kind, type) and isinstance(value, dict):
        hints = _hints(kind)
        known = {one.name for one in fields(kind)}
        return kind(**{name: _decode(hints[name], member) for name, member in value.items() if name in known})
    if get_origin(kind) is tuple and isinstance(value, list):
        inner = get_args(kind)
        if len(inner) == 2 and inner[1] is Ellipsis:
            return tuple(_decode(inner[0], member) for member in value)
        return tuple(_decode(one, member) for one, member in zip(inner, value, strict=True))
    if value is not None and type(None) in get_args(kind):
        return _decode(next(one for one in get_args(kind) if one is not type(None)), value)
    return value
