"""Plan, Step, Act, Undo: what will be done, in order, shown before it is run.

An Act is what one step does, as data; the executor knows how to observe and send each kind. A step's undo is an
Act list too, so that the way back is written down before the way forth is taken.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from cpr_cockpit.core.workers import WorkerRule


class ActKind(StrEnum):
    """What a step can do."""

    ENSURE_SLOT = "ensure-slot"
    KEEP_ARTIFACT = "keep-artifact"
    DEPLOY = "deploy"
    PROVE_BUILT = "prove-built"
    PROVE_SLOT = "prove-slot"
    WARM_UP = "warm-up"
    SMOKE = "smoke"
    JOURNEYS = "journeys"
    PROVE_TELEMETRY = "prove-telemetry"
    BASELINE = "baseline"
    PROVE_ALIKE = "prove-alike"
    ROUTE = "route"
    WATCH_SHARE = "watch-share"
    WATCH_APPS = "watch-apps"
    PREVIEW = "preview"
    RESET_PREVIEW = "reset-preview"
    SWAP = "swap"
    PROVE_SERVING = "prove-serving"
    KEEP_WARM = "keep-warm"
    AWAIT_VERSION = "await-version"
    PROVE_SETTING = "prove-setting"
    PROVE_WORKERS_OFF = "prove-workers-off"
    PROVE_WORKERS = "prove-workers"
    SET_FLAG = "set-flag"
    FLAG_OFF = "flag-off"
    PROVE_FLAG = "prove-flag"
    WATCH_FLAG = "watch-flag"
    PROVE_CALM = "prove-calm"


PRODUCTION = "production"
FLAGGING = frozenset({ActKind.SET_FLAG, ActKind.FLAG_OFF})
MUTATING = FLAGGING | {
    ActKind.ENSURE_SLOT,
    ActKind.DEPLOY,
    ActKind.ROUTE,
    ActKind.PREVIEW,
    ActKind.RESET_PREVIEW,
    ActKind.SWAP,
}


@dataclass(frozen=True, slots=True)
class Act:
    """One thing to do. ``version`` is the version that must be true afterwards (of ``slot``; of production for a swap).

    ``other`` is the version that the other slot must serve where the act proves both. ``artifact`` names a file in the
    run's ``artifacts`` folder. ``seconds`` is a duration where the act has one (the baseline, the watch of a share).
    ``percent`` of new sessions go to the slot. ``names``: differences that are declared harmless; of the watch between
    two apps those that serve the new version by then; the journeys that are walked. ``app``: where it is done; "" in
    the first app, or the only one. ``by``: who lays an artifact into the slot, "" this program itself. ``flag``: the
    feature flag that is meant; it is on for ``percent`` of the users then, and for ``before`` percent when the act
    begins.
    ``workers``: the rule of background work that is to be proven.
    """

    kind: ActKind
    slot: str
    version: str = ""
    other: str = ""
    artifact: str = ""
    seconds: float = 0.0
    percent: float = 0.0
    names: tuple[str, ...] = ()
    app: str = ""
    by: str = ""
    flag: str = ""
    before: float = 0.0
    workers: WorkerRule | None = None

    @property
    def mutates(self) -> bool:
        """Whether the act changes something in the environment."""
        return self.kind in MUTATING


@dataclass(frozen=True, slots=True)
class Undo:
    """How a step is undone, in words, and by which acts (none: nothing to undo)."""

    words: str
    acts: tuple[Act, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One visible step of a plan."""

    key: str
    title: str
    act: Act
    undo: Undo
    timeout_s: float


def key_at(key: str, app: str) -> str:
    """The key of a step that is done in several apps, as it is done in ``app`` ("": the first)."""
    return f"{key}@{app}" if app else key


def key_of(key: str) -> str:
    """What a step does, whatever app it does it in: ``swap`` of ``swap@goals-eu``."""
    return key.partition("@")[0]


def app_of(key: str) -> str:
    """Which app a step is done in, by its key; "": the first, or the only one."""
    return key.partition("@")[2]


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """What was read before the plan was made; a step stops when they have changed.

    ``slot_version`` is None where the slot does not answer or does not exist.
    """

    production_version: str
    slot_version: str | None
    slot_exists: bool
    slot_host: str = ""
    production_host: str = ""

    def as_dict(self) -> dict[str, str]:
        """Plain strings for the journal."""
        return {
            "production_version": self.production_version,
            "slot_version": self.slot_version or "",
            "slot_exists": "yes" if self.slot_exists else "no",
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """The way forth and the way back of one release.

    ``after``: what is done once it was decided to keep it. ``lower``: the way back where the swap back is refused.
    ``apps``: the names of several apps in the order in which they are switched, at most ``at_once`` between two gates;
    (): there is one.
    """

    strategy: str
    old_version: str
    new_version: str
    slot: str
    forward: tuple[Step, ...]
    back: tuple[Step, ...]
    facts: PlanFacts
    remarks: tuple[str, ...] = field(default=())
    after: tuple[Step, ...] = ()
    lower: tuple[Step, ...] = ()
    apps: tuple[str, ...] = ()
    at_once: int = 1

    @property
    def places(self) -> tuple[str, ...]:
        """Where its acts are done (`Act.app`), in the order in which the apps are switched."""
        return ("", *self.apps[1:])

    def name(self, app: str) -> str:
        """The name of the app of an act; "" where there is only one."""
        return app or next(iter(self.apps), "")

    @property
    def flag_back(self) -> tuple[Step, ...]:
        """The steps of the way back that are about a feature flag: before all others."""
        return tuple(step for step in self.back if step.act.flag)

    @property
    def slots_back(self) -> tuple[Step, ...]:
        """The steps of the way back that are about the slots."""
        return tuple(step for step in self.back if not step.act.flag)

    @property
    def control_percent(self) -> float:
        """Percentage of new sessions that stay on the old version after the switch; 0: none."""
        held = (step.act for step in self.forward if step.act.kind is ActKind.ROUTE)
        return max((act.percent for act in held if act.version == self.old_version), default=0.0)

    @property
    def previews(self) -> bool:
        """Whether the swap is prepared by a preview, which the swap then completes."""
        return any(step.act.kind is ActKind.PREVIEW for step in self.forward)

    def step(self, key: str) -> Step:
        """The step of that key; KeyError where there is none."""
        for step in (*self.forward, *self.after, *self.back, *self.lower):
            if step.key == key:
                return step
        raise KeyError(key)
