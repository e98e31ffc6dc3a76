"""Run: the whole state of a deployment, folded from its events. Nothing here is stored; all of it is derived."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from cpr_cockpit.core import annotation, code_run, noticing, others, safeguarding
from cpr_cockpit.core import events as ev
from cpr_cockpit.core.feature_flag import FLAG_STEPS
from cpr_cockpit.core.folding import HANDLERS
from cpr_cockpit.core.heard import Heard, Key
from cpr_cockpit.core.issue_events import FigureTold, RunClosed
from cpr_cockpit.core.issues import RecordedIssue
from cpr_cockpit.core.journeys_seen import JourneysSeen
from cpr_cockpit.core.plan import app_of, key_at, key_of
from cpr_cockpit.core.rows import Moment, StepRow
from cpr_cockpit.core.strategy import FEATURE_FLAG
from cpr_cockpit.core.tally import Tally
from cpr_cockpit.core.window_events import WindowExtended


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


@dataclass(slots=True)
class Run:
    """The state of a run after ``seq`` events.

    ``observations``: the newest reading of each source; ``readings``: the newest one whose figures count;
    ``decided_on``: those that the decision stood on. ``heard``: what each source, and each of the team's own signals,
    has told so far. ``share``: percentage of new sessions that go to the slot, since ``share_at`` (None: none ever
    did); of several apps the highest of their ``shares``. ``pinned_since``: when the first ones were routed there,
    ``unrouted_at``: since when no new ones are, ``routed_version``: what they met; ``pinned``: how many, as last
    counted. ``switched``: which of several apps serve the new version, since when; ``met``: which ever did. ``flag``:
    percentage of the users for whom the feature flag is on, since ``flag_at`` (None: it never was). ``switched_at``:
    when production was first seen to serve the new version, with its feature or dark, of several apps in the first of
    them. ``offered``: why the rungs below ``offered_at``, a step of the way back, may be taken; ``refused``: all such
    steps. ``back_checked``: the newest recorded rollback check. ``manager_lost``: Resource Manager does not answer.
    ``chosen``: the strategy that a person chose instead of the configured one; ``plans``: how many were made.
    ``decided_after``: how many verdicts had been given when it was decided.
    ``issues``: what persons recorded, by number; ``figures``: of the business, as they were told;
    ``closed``: that the paperwork is done, and since when.
    """

    seq: int = 0
    last_at: float = 0.0
    opened_at: float = 0.0
    opened: ev.RunOpened | None = None
    standings: dict[str, ev.ItemMarked] = field(default_factory=dict)
    marked_at: dict[str, float] = field(default_factory=dict)
    gate: ev.GateJudged | None = None
    chosen: ev.StrategyChosen | None = None
    plan: ev.PlanMade | None = None
    plans: int = 0
    card: ev.CardWritten | None = None
    started_at: float | None = None
    started_by: str = ""
    steps: list[StepRow] = field(default_factory=list)
    t0: float | None = None
    switched_back_at: float | None = None
    share: float = 0.0
    share_at: float | None = None
    shares: dict[str, float] = field(default_factory=dict)
    switched: dict[str, float] = field(default_factory=dict)
    met: dict[str, float] = field(default_factory=dict)
    pinned_since: float | None = None
    unrouted_at: float | None = None
    routed_version: str = ""
    pinned: ev.PinnedCounted | None = None
    flag: float = 0.0
    flag_at: float | None = None
    switched_at: float | None = None
    offered: str = ""
    offered_at: str = ""
    back_checked: tuple[float, ev.RollbackChecked] | None = None
    manager_lost: ev.ManagerReach | None = None
    refused: tuple[str, ...] = ()
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
    decided_after: int = 0
    interruptions: list[tuple[float, ev.Interrupted]] = field(default_factory=list)
    continued: ev.JournalContinued | None = None
    continued_at: float | None = None
    notes: list[tuple[float, ev.Noted]] = field(default_factory=list)
    observations: dict[str, dict[str, Any]] = field(default_factory=dict)
    readings: dict[str, dict[str, Any]] = field(default_factory=dict)
    decided_on: dict[str, dict[str, Any]] = field(default_factory=dict)
    heard: dict[Key, Heard] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)
    others: others.Others = field(default_factory=others.Others)
    guards: safeguarding.Guards = field(default_factory=safeguarding.Guards)
    issues: dict[int, RecordedIssue] = field(default_factory=dict)
    figures: list[tuple[float, FigureTold]] = field(default_factory=list)
    closed: tuple[float, RunClosed] | None = None
    annotations: annotation.Marks = field(default_factory=annotation.Marks)
    notices: noticing.Notices = field(default_factory=noticing.Notices)
    code: code_run.Code = field(default_factory=code_run.Code)
    journeys: JourneysSeen = field(default_factory=JourneysSeen)
    users: int = 0
    extended: WindowExtended | None = None
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
        if self.t0 is not None and (self.observed or self._kept_warm):
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
        """Whether users may have met the new version: by a share, in one of several apps, or by the switch."""
        return self.share_at is not None or self.switched_at is not None

    @property
    def part_at(self) -> float | None:
        """Since when just these of several apps serve the new version; None: none of them does."""
        return max(self.switched.values(), default=None)

    @property
    def by_flag(self) -> bool:
        """Whether the release is deployed dark and shown by a feature flag."""
        return self.plan is not None and self.plan.strategy == FEATURE_FLAG

    @property
    def went_dark(self) -> bool:
        """Whether it was rolled back by its flag alone: the new version serves, its feature off."""
        ended, plan = self.ended, self.plan
        if not self.by_flag or ended is None or plan is None or ended.decision != "rolled_back":
            return False
        return all(self.row(step.key, "back") is None for step in plan.back if not step.flag)

    @property
    def judged_since(self) -> float | None:
        """Since when the judge has judged what it judges now: the switch, a share, some of several apps, the flag."""
        if self.t0 is not None:
            return self.t0
        if self.by_flag:
            return self.flag_at if self.flag else self.switched_at
        return self.share_at if self.share else self.part_at

    @property
    def on_share(self) -> bool:
        """Whether a share of the sessions is being judged, before the switch."""
        on = self.judged_since is not None and not self.switched
        return self.t0 is None and on and self.phase is Phase.DEPLOYING

    @property
    def rung_waits(self) -> bool:
        """Whether a rung of the way back did not do, and nobody has taken the next one yet."""
        left = self.rungs_left
        taken = {app_of(step.key) for step in left if self.row(step.key, "back") is not None}
        # A swap that was refused may be done after all, by a session that resumes.
        return any(
            not self.finished(key_at("swap-back", app), "back") for app in {app_of(one.key) for one in left} - taken
        )

    @property
    def verdict_before_back(self) -> str | None:
        """The rule of the ROLLBACK that stood when going back was decided; None where it was a person's own word."""
        until = self.decided_at
        said = [one for at, one in self.verdicts if until is not None and at <= until]
        return said[-1].rule if said and said[-1].kind == "ROLLBACK" and not self.triggers else None

    @property
    def waits_for_flag(self) -> bool:
        """Whether the way back is at its flag, so that a person may say that nobody waits for what comes of it."""
        row = self.open_step
        alone = self.by_flag and self.flag_at is not None and self.phase is Phase.ROLLING_BACK
        return alone and row is not None and row.way == "back" and row.key in FLAG_STEPS

    @property
    def rungs_left(self) -> tuple[ev.PlannedStep, ...]:
        """The steps below the rung that did not do, once the next one is offered."""
        plan = self.plan
        if plan is None or self.phase is not Phase.ROLLING_BACK or not self.offered:
            return ()
        return tuple(step for step in plan.back if not step.flag) if self.flag_offered else self.rungs

    @property
    def flag_offered(self) -> bool:
        """Whether it is the flag that did not do: the swap back comes next."""
        steps = self.plan.back if self.plan else ()
        return any(step.flag and step.key == self.offered_at for step in steps)

    @property
    def proven_back(self) -> bool:
        """Whether the way back has been proven by this run, in every app; what is left is to look at their figures."""
        planned = self.plan.back if self.plan else ()
        apps = {app_of(step.key) for step in planned if key_of(step.key) == "prove-rollback"}
        return bool(apps) and all(self._proven_back_in(app) for app in apps)

    def _proven_back_in(self, app: str) -> bool:
        return any(self.finished(key_at(key, app), "back") for key in ("prove-rollback", "prove-redeployed"))

    def brought_back(self, app: str) -> bool:
        """Whether a request of this run may have brought the old version back into production of an app."""
        keys = {key_at(key, app) for key in ("swap-back", "redeploy-old")}
        return any(self.perhaps_taken(row) for row in self.steps if row.key in keys and row.way == "back")

    def perhaps_taken(self, row: StepRow | None) -> bool:
        """Whether the service may have taken a request of the step: also what was on the wire when a session died."""
        if row is None or not row.mutates:
            return False
        return row.arrived or any(row.began_at <= at <= (row.ended_at or at) for at, _ in self.interruptions)

    def was_switched(self, app: str) -> bool:
        """Whether production of an app was ever seen to serve the new version."""
        apps = self.plan.apps if self.plan else ()
        return (app or apps[0]) in self.met if apps else self.switched_at is not None

    @property
    def on_part(self) -> bool:
        """Whether some of several apps serve the new version, and the others do not yet."""
        return self.t0 is None and bool(self.switched) and self.phase is Phase.DEPLOYING

    @property
    def on_gate(self) -> bool:
        """Whether those of several apps that serve the new version are being judged, before the next one."""
        return self.on_part and bool(self.steps) and self.steps[-1].key.startswith("gate-")

    @property
    def _kept_warm(self) -> bool:
        """Whether the old version was seen to be warm in the slot, of every app."""
        planned = [step.key for step in self.plan.forward if key_of(step.key) == "keep-warm"] if self.plan else []
        return all(self.finished(key, "forward") for key in planned or ["keep-warm"])

    @property
    def rungs(self) -> tuple[ev.PlannedStep, ...]:
        """The steps below the swaps back that were refused."""
        apps = {app_of(step) for step in self.refused}
        return tuple(step for step in self.plan.lower if app_of(step.key) in apps) if self.plan else ()

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
        """How many swaps took effect: swap steps that were sent, be it in an earlier try, and seen to be done."""
        keys = {"swap": "forward", "swap-back": "back"}
        rows = [row for row in self.steps if keys.get(key_of(row.key)) == row.way]
        sent = {row.key for row in rows if row.mutates}
        return sum(1 for row in rows if row.result == "done" and row.key in sent)

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
        handler = HANDLERS.get(type(record.event))
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
