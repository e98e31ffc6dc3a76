"""What a face is shown of the way back: the rollback check, and the way by hand where Resource Manager is silent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cpr_cockpit.core import back_check, by_hand
from cpr_cockpit.core import events as ev
from cpr_cockpit.core import view as vw
from cpr_cockpit.core.checklist import Item, Mark, open_reason
from cpr_cockpit.core.checklists.rollback import ROLLBACK_FOLLOW_UP
from cpr_cockpit.core.feature_flag import FLAG_OFF
from cpr_cockpit.core.naming import brief
from cpr_cockpit.core.ports import Sighting
from cpr_cockpit.core.run import Phase, Run
from cpr_cockpit.core.showing import Stage
from cpr_cockpit.core.strategy import OLD_ARTIFACT
from cpr_cockpit.core.told_by_journal import dead_letters_more

_BEFORE = (Phase.PREPARING, Phase.READY, Phase.ENDED)


def unreached(run: Run) -> bool:
    """Whether Resource Manager has been silent for so long that the way by hand is told."""
    return run.manager_lost is not None and run.phase not in _BEFORE


def rolling_back_unreached(run: Run) -> bool:
    """Whether the way back waits for Resource Manager."""
    return run.phase is Phase.ROLLING_BACK and unreached(run) and not run.proven_back


def silence(run: Run, stage: Stage) -> str:
    """For how long, why, and what answers meanwhile; "" where Resource Manager answers."""
    lost = run.manager_lost
    if lost is None or not unreached(run):
        return ""
    seconds = max(0.0, stage.now - lost.since)
    return f"NO ANSWER OF RESOURCE MANAGER for {seconds:.0f} s. {_serves(run, stage)} ({lost.words.rstrip('.')})"


def sentence(run: Run, stage: Stage) -> str:
    """The panel's sentence on a way back that is proven, or that waits for Resource Manager; "" on any other."""
    if run.phase is Phase.ROLLING_BACK and run.proven_back and run.plan is not None:
        return (
            f"{run.plan.old_version} serves, proven. Now its users' errors are held against the baseline. {undone(run)}"
        ).rstrip()
    if rolling_back_unreached(run):
        return f"{silence(run, stage)} What is done by hand is taken up as soon as it answers."
    return ""


def _serves(run: Run, stage: Stage) -> str:
    production, slot = (_version(look, stage) for look in (stage.production_look, stage.slot_look))
    where = f"slot {run.plan.slot}" if run.plan is not None else "the slot"
    return f"Production answers {production or 'no version'}, {where} {slot or 'no version'}."


def _version(look: Sighting | None, stage: Stage) -> str | None:
    """What was answered, where that is not too old to speak for now."""
    if look is None or stage.now - look.at > back_check.stale_s(stage.policy.scale):
        return None
    return look.version


def by_hand_line(run: Run) -> str:
    """Where the whole way by hand stands."""
    return f"The whole way by hand: {run.card.path}" if run.card is not None else ""


def commands(run: Run, stage: Stage) -> tuple[str, ...]:
    """What to send first by hand, for what answers now; () where Resource Manager answers, or nothing is decided."""
    plan, opened = run.plan, run.opened
    if plan is None or opened is None or run.observed or not rolling_back_unreached(run):
        return ()
    first = by_hand.flag_off(opened.environment, plan.flag) if plan.flag and not run.finished(FLAG_OFF, "back") else ()
    if run.waits_for_flag:
        # Whether the slots need anything shows once the flag is off.
        return tuple(first)
    return (*first, *_of_further_apps(run, plan, opened.environment), *_of_first_app(run, stage, plan))


def _of_further_apps(run: Run, plan: ev.PlanMade, environment: Mapping[str, str]) -> Iterator[str]:
    """In those that were last seen to serve the new version: who serves what there is not shown here, so look first."""
    for app in reversed(plan.apps[1:]):
        if app in run.switched:
            own = by_hand.of_app(environment, app)
            yield by_hand.look(own)
            yield by_hand.swap_back(own, plan.slot)


def _of_first_app(run: Run, stage: Stage, plan: ev.PlanMade) -> Sequence[str]:
    """In the first app, or the only one."""
    environment, card = run.opened.environment if run.opened else {}, run.card
    name = next(iter(plan.apps), "")
    seen = (_version(stage.production_look, stage), _version(stage.slot_look, stage))
    folder = card.path.rpartition("/")[0] if card is not None else ""
    package = f"{folder}/artifacts/{OLD_ARTIFACT}" if plan.artifact and folder else ""
    return by_hand.first_commands(
        by_hand.of_app(environment, name) if name else environment,
        plan.slot,
        (plan.old_version, plan.new_version),
        seen,
        routed=run.shares.get(name, 0.0),
        package=package,
        sent=_sent(run),
    )


def _sent(run: Run) -> bool:
    """Whether this run has sent a swap back that may be under way unseen."""
    row = run.row("swap-back", "back")
    return row is not None and row.mutates and row.result is None


def checked(run: Run, stage: Stage) -> tuple[str, bool]:
    """The rollback check in one line, and whether it warns; "" where there is nothing to go back from, or no check."""
    words = silence(run, stage)
    if words:
        return f"{words} {by_hand_line(run)}", True
    if run.observed or run.ended is not None or run.judged_since is None or run.phase is Phase.ROLLING_BACK:
        return "", False
    if stage.back_check is None:
        return "", False
    at, found = stage.back_check
    if run.phase is Phase.KEEPING and run.t0 is not None and stage.now >= run.t0 + stage.policy.keep_warm_s:
        return "", False
    if stage.now - at > back_check.stale_s(stage.policy.scale):
        return f"rollback NOT CHECKED for {stage.now - at:.0f} s: ROLL BACK looks by itself", True
    took = swap_took(run)
    return f"rollback {back_check.line(found, at, stage.now)}{took if found.ready else ''}", not found.ready


def swap_took(run: Run) -> str:
    """How long this run's own swap took: the way back takes about as long."""
    seconds = next((row.seconds for row in run.steps if row.key == "swap" and row.result == "done"), None)
    return f"; swap {seconds:.0f} s" if seconds is not None else ""


def fact(run: Run, stage: Stage) -> tuple[str, str] | None:
    """The check as a fact beside the clock: what it says of itself begins with its name."""
    words, _ = checked(run, stage)
    if not words:
        return None
    # How long the swap took stands in a fact of its own.
    return "rollback", words.removeprefix("rollback ").removesuffix(swap_took(run))


def answered(stage: Stage) -> tuple[str, str] | None:
    """How old the last good answer of Azure is; None where that is not known."""
    if stage.answered_at is None:
        return None
    return "azure", f"last good answer {max(0.0, stage.now - stage.answered_at):.0f} s ago"


def follow_ups(run: Run, stage: Stage) -> list[vw.Check]:
    """What is left to do after a rollback, each open or as it was proven or signed; () while none was decided."""
    if run.observed or run.decision is None or run.decision.word != "rollback":
        return []
    return [_follow_up(item, stage) for one in ROLLBACK_FOLLOW_UP for item in one.items]


def _follow_up(item: Item, stage: Stage) -> vw.Check:
    standing = stage.standings.get(item.key)
    reason = open_reason(item, standing, stage.now)
    if standing is None:
        return vw.Check(vw.State.OPEN, item.text, None, item.key)
    failed = standing.mark is Mark.FAILED
    state = vw.State.FAIL if failed else vw.State.OK if reason is None else vw.State.OPEN
    told = standing.value or (f"signed by {standing.by}" if standing.mark is Mark.SIGNED else standing.note)
    return vw.Check(state, f"{item.text}: {told}" if told else item.text, standing.at, item.key)


def undone(run: Run) -> str:
    """Messages that workers gave up since the switch, where there are any; "" else."""
    told = dead_letters_more(run)
    if told is None or not told[2]:
        return ""
    return f"{told[2]:.0f} messages became dead letters since the switch ({told[1]:.0f} in all): see to them."


def left_words(run: Run, stage: Stage) -> str:
    """Of an ended run that was rolled back: how much is left to do, and where it is signed; "" where nothing is."""
    rows = follow_ups(run, stage)
    left = sum(1 for row in rows if row.state != vw.State.OK)
    name = brief(run.opened.run) if run.opened else "RUN"
    return f"{left} of {len(rows)} follow-ups are open: cpr-cockpit follow-up {name}" if left else ""
