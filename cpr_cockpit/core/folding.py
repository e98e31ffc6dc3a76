"""How each event changes a Run: the fold, one handler an event. What follows from the facts is the Run's to answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cpr_cockpit.core import (
    annotation,
    business,
    closing,
    code_run,
    issues,
    journeys_seen,
    noticing,
    others,
    safeguarding,
    window_end,
)
from cpr_cockpit.core import events as ev
from cpr_cockpit.core.armed import users_of
from cpr_cockpit.core.event import Event
from cpr_cockpit.core.heard import Heard
from cpr_cockpit.core.heard import key_of as source_of
from cpr_cockpit.core.rows import StepRow
from cpr_cockpit.core.tally import believed

if TYPE_CHECKING:
    from cpr_cockpit.core.run import Run

# The policy's default: how far ahead of its arrival a reading may be dated.
SKEW_S = 5.0


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
    run.plan, run.plans = event, run.plans + 1
    run.note_moment(at, "Plan made", f"{event.course}: {event.old_version} to {event.new_version}")


def _chosen(run: Run, at: float, event: ev.StrategyChosen) -> None:
    # The plan and the card that were there are those of another strategy.
    run.chosen, run.plan, run.card = event, None, None
    run.note_moment(at, "Strategy chosen", f"{event.words}, by {event.by}")


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
    row.operation, row.accepted = "", False


def _accepted(run: Run, at: float, event: ev.StepAccepted) -> None:
    row = run.row(event.step, event.way)
    if row is not None:
        row.operation, row.arrived, row.accepted = event.operation, True, True


def _doubtful(run: Run, at: float, event: ev.StepDoubtful) -> None:
    row = run.row(event.step, event.way)
    if row is not None:
        row.doubts.append(event.words)
        row.arrived = row.arrived or event.arrived


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
        run.switched_at = event.t0 if run.switched_at is None else run.switched_at
    else:
        run.switched_back_at = event.t0
    run.note_moment(event.t0, "Traffic switched", f"production serves {event.version}")


def _app_switched(run: Run, at: float, event: ev.AppSwitched) -> None:
    if event.way == "forward":
        run.switched[event.app] = event.t0
        run.met.setdefault(event.app, event.t0)
        run.switched_at = event.t0 if run.switched_at is None else run.switched_at
    else:
        run.switched.pop(event.app, None)
    run.note_moment(event.t0, "App switched", f"{event.app} serves {event.version}")


def _routed(run: Run, at: float, event: ev.ShareRouted) -> None:
    run.shares[event.app] = event.percent
    run.share, run.share_at = max(run.shares.values()), at
    if run.share:
        run.pinned_since, run.unrouted_at = run.pinned_since or at, None
        run.routed_version = event.version or run.routed_version
    elif run.pinned_since is not None:
        run.unrouted_at = run.unrouted_at or at
    meets = f", {event.version}" if event.version else ""
    where = f" of {event.app}" if event.app else ""
    run.note_moment(at, "Traffic routed", f"{event.percent:g} % of new sessions{where} to {event.slot}{meets}")


def _pinned(run: Run, _: float, event: ev.PinnedCounted) -> None:
    run.pinned = event


def _dark(run: Run, at: float, event: ev.ReleasedDark) -> None:
    run.switched_at = event.since
    run.note_moment(event.since, "Released dark", f"production serves {event.version}, its flag off")


def _flag(run: Run, at: float, event: ev.FlagSeen) -> None:
    run.flag = event.percent
    if event.percent:
        run.flag_at = at
    state = f"on for {event.percent:g} % of the users" if event.percent else "off"
    run.note_moment(at, "Feature flag", f"{event.flag} {state}")


def _offered(run: Run, at: float, event: ev.RungOffered) -> None:
    several = run.plan is not None and bool(run.plan.apps)
    run.offered = f"{run.offered} {event.why}".strip() if several else event.why
    run.offered_at, run.refused = event.step, (*run.refused, event.step)
    run.note_moment(at, "Next rung offered", event.why, "warning")


def _back_checked(run: Run, at: float, event: ev.RollbackChecked) -> None:
    before = run.back_checked
    run.back_checked = (at, event)
    if before is not None and before[1].ready == event.ready and before[1].trouble == event.trouble:
        return
    if event.ready:
        run.note_moment(at, "Rollback check", event.words)
    else:
        words = f"{event.trouble}. What would work now: {event.rung}"
        run.note_moment(at, "Rollback check: NOT READY", words, "warning")


def _reach(run: Run, at: float, event: ev.ManagerReach) -> None:
    run.manager_lost = None if event.reached else event
    if event.reached:
        run.note_moment(at, "Resource Manager answers again", f"it was silent for {at - event.since:.0f} s")
    else:
        run.note_moment(at, "Resource Manager does not answer", event.words, "warning")


def _baseline(run: Run, at: float, event: ev.BaselineTaken) -> None:
    run.baseline = event
    run.note_moment(at, "Baseline taken", f"{event.failures} of {event.requests} requests failed")


def _observed(run: Run, at: float, event: ev.Observed) -> None:
    run.observations[event.source] = event.body
    told = run.opened.policy.get("skew_s") if run.opened else None
    skew_s = told if isinstance(told, int | float) else SKEW_S
    run.heard.setdefault(source_of(event.body), Heard()).take(event.body, skew_s)
    if believed(event.body, skew_s):
        run.readings[event.source] = event.body
        run.tally.take(event.body, run.switched_back_at)
        run.users = max(run.users, users_of(event.body, run))


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
    run.decision, run.decided_at, run.decided_after = event, at, len(run.verdicts)
    run.decided_on = dict(run.readings)
    word = {"keep": "GO", "rollback": "ROLLBACK", "hold": "HOLD"}[event.word]
    run.note_moment(at, f"Decision {word}", f"by {event.by}: {event.sentence}", event.word)


def _interrupted(run: Run, at: float, event: ev.Interrupted) -> None:
    run.interruptions.append((at, event))
    during = f" during {event.during}" if event.during else ""
    run.note_moment(
        at, "Interrupted", f"session gone for {event.silent_s:.0f} s{during}; gone on by observation", "interrupted"
    )


def _continued(run: Run, at: float, event: ev.JournalContinued) -> None:
    run.continued, run.continued_at = event, at
    run.note_moment(at, "Journal set aside", f"damaged from event {event.first_bad}: {event.set_aside}", "damaged")


def _noted(run: Run, at: float, event: ev.Noted) -> None:
    run.notes.append((at, event))
    run.note_moment(at, "Note", f"{event.by}: {event.words}", "note")


def _ended(run: Run, at: float, event: ev.RunEnded) -> None:
    run.ended, run.ended_at = event, at
    run.note_moment(at, f"Run ended: {event.decision}", event.reason, event.decision)


HANDLERS: dict[type[Event], Callable[[Run, float, Any], None]] = {
    ev.RunOpened: _opened,
    ev.ItemMarked: _marked,
    ev.GateJudged: _gate,
    ev.PlanMade: _plan,
    ev.StrategyChosen: _chosen,
    ev.CardWritten: _card,
    ev.Started: _started,
    ev.StepIntent: _intent,
    ev.StepAccepted: _accepted,
    ev.StepDoubtful: _doubtful,
    ev.StepOutcome: _outcome,
    ev.TrafficSwitched: _switched,
    ev.AppSwitched: _app_switched,
    ev.ShareRouted: _routed,
    ev.PinnedCounted: _pinned,
    ev.ReleasedDark: _dark,
    ev.FlagSeen: _flag,
    ev.RungOffered: _offered,
    ev.RollbackChecked: _back_checked,
    ev.ManagerReach: _reach,
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
    **safeguarding.HANDLERS,
    **issues.HANDLERS,
    **closing.HANDLERS,
    **business.HANDLERS,
    **annotation.HANDLERS,
    **noticing.HANDLERS,
    **code_run.HANDLERS,
    **journeys_seen.HANDLERS,
    **window_end.HANDLERS,
}
