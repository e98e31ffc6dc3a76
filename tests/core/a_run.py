"""The events of a whole run, as a session writes them: a deployment, a doubtful swap, a crash, a rollback."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cpr_cockpit.core import code_events as ce
from cpr_cockpit.core import events as ev
from cpr_cockpit.core.annotation_events import AnnotationIntent, AnnotationOutcome
from cpr_cockpit.core.issue_events import FigureTold, IssueChanged, IssueRecorded, RunClosed
from cpr_cockpit.core.journey_events import JourneyTold, JourneyWalked, StepWalked
from cpr_cockpit.core.merging import MUTATES
from cpr_cockpit.core.notice_events import AlarmAcknowledged, AlarmDelayed, NoticeIntent, NoticeOutcome
from cpr_cockpit.core.plan import PlanFacts
from cpr_cockpit.core.safeguard_events import FreezeOverridden, SecondAsked, SecondGiven, TagsRead
from cpr_cockpit.core.strategy import blue_green
from cpr_cockpit.core.window_events import WindowExtended
from tests.core.observations import BEFORE, NEW, OLD, T0, WRITTEN, logs, probes, user_bin

PLAN = blue_green("green", NEW, PlanFacts(OLD, OLD, True), baseline_s=20.0, artifact=True)
OPENED = ev.RunOpened(
    run="r1",
    feature="0001-goals",
    mode="drill",
    actor="drill",
    script=ev.Script(decide="auto"),
    environment={"app": "cpr-api"},
    new_version=NEW,
    artifact_sha256="ab" * 32,
    policy=WRITTEN.to_dict(),
    declared_delay_s=2.0,
    program="1.0",
)
PLANNED = ev.PlanMade(
    strategy=PLAN.strategy,
    old_version=OLD,
    new_version=NEW,
    slot=PLAN.slot,
    artifact=True,
    baseline_s=20.0,
    slot_exists=True,
    slot_version=OLD,
    forward=tuple(ev.PlannedStep(key=step.key, title=step.title, undo=step.undo.words) for step in PLAN.forward),
    back=tuple(ev.PlannedStep(key=step.key, title=step.title, undo=step.undo.words) for step in PLAN.back),
    remarks=PLAN.remarks,
)
CHOSEN = ev.StrategyChosen(
    by="ana", strategy="blue-green", words="blue-green: everybody at once, by a swap", course={"strategy": "blue-green"}
)


def intent(step: str, way: ev.Way = "forward", attempt: int = 1, *, mutates: bool = False) -> ev.StepIntent:
    """What is about to be done."""
    return ev.StepIntent(way=way, step=step, attempt=attempt, title=PLAN.step(step).title, mutates=mutates, facts={})


def outcome(step: str, result: str = "done", way: ev.Way = "forward", attempt: int = 1) -> ev.StepOutcome:
    """What came of it."""
    return ev.StepOutcome.model_validate(
        {"way": way, "step": step, "attempt": attempt, "result": result, "words": f"{step}: {result}", "seconds": 1.0}
    )


BASELINE = ev.BaselineTaken(**BEFORE.to_dict())
SWITCHED = ev.TrafficSwitched(way="forward", version=NEW, t0=T0)
SWITCHED_BACK = ev.TrafficSwitched(way="back", version=OLD, t0=T0 + 300)
BREACH = ev.TriggerRaised(trigger="security breach", by="anna")


def verdict(kind: str, cause: str | None = None, rule: str | None = None) -> ev.VerdictGiven:
    """The judge's word."""
    figures = ({"name": "p95", "value": 120.0},)
    return ev.VerdictGiven.model_validate(
        {"kind": kind, "cause": cause, "rule": rule, "sentence": f"it is {kind}", "figures": figures}
    )


PREPARED: tuple[ev.AnyEvent, ...] = (
    OPENED,
    ev.ItemMarked(item="smoke-health", mark="measured", by="cockpit", value="200", expires_at=T0 + 60),
    ev.GateJudged(level="READY", score=92.0),
    PLANNED,
    ev.CardWritten(path="rollback-card.md", sha256="cd" * 32),
)
BEFORE_THE_SWAP: tuple[ev.AnyEvent, ...] = (
    ev.Started(by="drill"),
    outcome("ensure-slot", "already", attempt=0),
    intent("keep-old"),
    outcome("keep-old"),
    intent("deploy", mutates=True),
    ev.StepAccepted(way="forward", step="deploy", attempt=1, operation="https://kudu/api/deployments/1"),
    outcome("deploy"),
    *(event for step in ("prove-slot", "warm-up", "smoke") for event in (intent(step), outcome(step))),
    intent("baseline"),
    BASELINE,
    outcome("baseline"),
)
A_DOUBTFUL_SWAP: tuple[ev.AnyEvent, ...] = (
    intent("swap", mutates=True),
    ev.StepDoubtful(way="forward", step="swap", attempt=1, words="The connection was lost."),
    ev.Interrupted(silent_s=12.0, during="swap"),
    SWITCHED,
    outcome("swap"),
)
WATCHED: tuple[ev.AnyEvent, ...] = (
    *(event for step in ("prove-production", "keep-warm") for event in (intent(step), outcome(step))),
    verdict("WAIT"),
    ev.Observed(source="logs", body=logs([user_bin(0, 100, 30)]).to_dict()),
    ev.Observed(source="probes_production", body=probes(1.0, 2.0).to_dict()),
    ev.Noted(by="anna", words="the checkout looks slow"),
)
ROLLED_BACK: tuple[ev.AnyEvent, ...] = (
    verdict("ROLLBACK", rule="error rate"),
    BREACH,
    ev.Decided(word="rollback", by="drill", verdict="ROLLBACK", sentence="it is ROLLBACK"),
    intent("swap-back", "back", mutates=True),
    ev.StepAccepted(way="back", step="swap-back", attempt=1, operation="https://arm/operations/2"),
    SWITCHED_BACK,
    outcome("swap-back", way="back"),
    intent("replace-bad", "back", mutates=True),
    outcome("replace-bad", way="back"),
    intent("prove-rollback", "back"),
    outcome("prove-rollback", way="back"),
    ev.RunEnded(decision="rolled_back", provisional=False, production_version=OLD, slot_version=OLD, reason="errors"),
)
A_RUN: tuple[ev.AnyEvent, ...] = (*PREPARED, *BEFORE_THE_SWAP, *A_DOUBTFUL_SWAP, *WATCHED, *ROLLED_BACK)
CHECKED = ev.WatchChecked(
    stage="first hour",
    since=T0 + 1800,
    due=T0 + 2700,
    kind="GO",
    cause=None,
    sentence="0.2 % of 5400 requests failed; 90 of 90 own probes answered",
    figures=({"name": "p95", "value": 143.0},),
)
CROSSED = ev.LimitCrossed(what="CPU above # % for # s", holds=True, sentence="CPU above 80 % for 912 s")
ROUTED = ev.ShareRouted(slot="green", version=NEW, percent=5.0)
PINNED = ev.PinnedCounted(slot="green", users=42)
API, UI = "acme/cpr-api", "acme/cpr-ui"
BRANCH, MAIN_HEAD, BRANCH_HEAD, MERGE_COMMIT = "feature/0001-goals", "a" * 40, "b" * 40, "c" * 40


def looked_at(repository: str, **told: Any) -> ce.CodeLooked:
    """A repository with nothing in the way, but for what is told."""
    usual = {"into": "main", "source": BRANCH, "main": MAIN_HEAD, "branch": BRANCH_HEAD, "methods": ("squash",)}
    return ce.CodeLooked.model_validate({"repository": repository, **usual, **told})


def merge_step(repository: str, step: str, result: str, words: str, **facts: str) -> tuple[ev.AnyEvent, ev.AnyEvent]:
    """The intent and the outcome of one step of the merge."""
    told = {"repository": repository, "step": step, "attempt": 1}
    intent = ce.MergeIntent.model_validate({**told, "mutates": step in MUTATES})
    return intent, ce.MergeOutcome.model_validate(
        {**told, "result": result, "words": words, "seconds": 1.5, "facts": facts}
    )


A_MERGE: tuple[ev.AnyEvent, ...] = (
    looked_at(API, workflows=({"path": ".github/workflows/deploy.yml", "on": "merge", "why": "azure/webapps-deploy"},)),
    looked_at(UI),
    ce.MergeBegun(by="anna", method="squash", tag=NEW, repositories=(API, UI)),
    *merge_step(API, "look", "done", "bbbbbbbbbb merges into aaaaaaaaaa", head=BRANCH_HEAD),
    *merge_step(UI, "look", "done", "bbbbbbbbbb merges into aaaaaaaaaa", head=BRANCH_HEAD),
    *merge_step(API, "pull-request", "done", "#7 created", number="7", url="https://git.test/acme/cpr-api/pull/7"),
    *merge_step(UI, "pull-request", "already", "#9 is there", number="9", url="https://git.test/acme/cpr-ui/pull/9"),
    ce.ChecksSeen(
        repository=API,
        commit=BRANCH_HEAD,
        rows=(
            ce.SeenCheck(name="build", state="passed", required=True),
            ce.SeenCheck(name="e2e", state="running", required=True),
        ),
    ),
    *merge_step(API, "checks", "done", "2 checks passed"),
    *merge_step(UI, "checks", "done", "2 checks passed"),
    *merge_step(API, "merge", "done", "#7 merged by squash as cccccccccc", commit=MERGE_COMMIT, number="7"),
    *merge_step(UI, "merge", "failed", "#9 was not merged, the host refuses: protected branch"),
    ce.MergeDoubtful(repository=UI, step="merge", attempt=1, words="No answer came back."),
    ce.MergeRested(state="half", words="merged: acme/cpr-api as cccccccccc. acme/cpr-ui: protected branch"),
)
"""A merge that ends half merged."""

EVERY_EVENT: tuple[ev.AnyEvent, ...] = (
    *A_RUN,
    ROUTED,
    ev.AppSwitched(way="forward", app="goals-2", version=NEW, t0=T0),
    PINNED,
    CHOSEN,
    ev.ReleasedDark(version=NEW, since=T0 - 400),
    ev.FlagSeen(flag="goal-suggestions", percent=5.0),
    ev.RungOffered(step="swap-back", why="step 'Swap back' did not succeed: refused"),
    ev.RollbackChecked(ready=True, words="slot green v1.2.0, 200 on 3 of 3", token_s=3000.0),
    ev.ManagerReach(reached=False, since=T0, words="The service cannot be reached."),
    CHECKED,
    CROSSED,
    ev.AfterwordBegun(old_head="ef" * 32),
    ev.SurroundingsTaken(
        taken={"swaps": 1.0, "plan": 2.0}, last_swap="2026-11-29", deployments=("a",), shares={"green": 5.0}, workers=1
    ),
    ev.ForeignChanged(part="plan", topic="plan p", value="P1v3 x 3", words="the plan was scaled", since=1.0),
    ev.ForeignNamed(number=1, caller="eve@example.com", operation="Microsoft.Web/serverfarms/write", done_at=2.0),
    ev.ForeignLookedAt(by="anna", words="it was me"),
    ev.LeaseSeen(key="cpr-cockpit/lease/goals", holder="ben on host (run other)", since=1.0, expires_at=2.0),
    AnnotationIntent(id="6f8a", way="forward", name="Release v1.3.0", moment=1_760_000_000.0),
    AnnotationOutcome(id="6f8a", way="forward", result="failed", words="The component does not answer."),
    NoticeIntent(notice="start", kind="start", to=("on call",), title="START of v1.3.0", line="v1.3.0 on goals: ready"),
    NoticeOutcome(notice="start", kind="start", to="on call", result="sent", attempt=1),
    AlarmAcknowledged(by="anna", words="I look"),
    AlarmDelayed(away_s=1800.0),
    ev.LeaseIntent(key="cpr-cockpit/lease/goals", by="anna", over="ben on host (run other)", words="he is asleep"),
    ev.LeaseHeld(key="cpr-cockpit/lease/goals", holder="anna on host (run this)", expires_at=2.0),
    TagsRead(matches=True, words="cpr-environment is production"),
    FreezeOverridden(name="year end", until=1_760_000_000.0, by="ML", reason="security fix"),
    SecondAsked(act="start", by="ML", words="START", until=1_760_000_000.0, others=("JW",)),
    SecondGiven(act="start", words="START", by="JW", asked_by="ML"),
    IssueRecorded(number=1, by="ML", severity="LOW", title="logo cut"),
    FigureTold(kind="adoption", by="ML", value=12.0, n=340, unit="%", words="dashboard"),
    RunClosed(by="ML", items=32, waived=1, words="done"),
    IssueChanged(number=1, by="ML", status="RESOLVED", resolution="as designed"),
    ev.LeaseLeft(key="cpr-cockpit/lease/goals", released=True, words="at the end of the run"),
    *A_MERGE,
    ce.MergeChosen(by="anna", choice="go-on", reason="the API is compatible"),
    JourneyWalked(
        place="production",
        name="goals",
        account="check@goals.example",
        critical=True,
        walked="passed",
        words="1 of 1 steps as expected",
        ended_at=T0,
        ms=84.0,
        steps=(StepWalked(name="login", walked="passed", words="200 in 84 ms", ms=84.0, proves=("login",)),),
        shown={"goal_id": "17"},
    ),
    WindowExtended(by="ana", until=1_750_000_900.0, words="users come at six"),
    JourneyTold(place="green", name="browser", lines=("1 passed",)),
    ev.JournalContinued(old_head="ef" * 32, first_bad=7, set_aside="journal.damaged.db"),
)


def records(events: Sequence[ev.AnyEvent]) -> list[ev.Record]:
    """The events in their places, ten seconds apart, the first at T0 - 1000."""
    return [
        ev.Record(seq=place + 1, at=T0 - 1000 + 10.0 * place, event=event, hash=f"{place:064x}")
        for place, event in enumerate(events)
    ]
