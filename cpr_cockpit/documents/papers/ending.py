"""How a run ended, in honest words: status, rollback, and the sentences of the summary."""

from __future__ import annotations

from collections.abc import Callable

from cpr_cockpit.core.events import PlanMade
from cpr_cockpit.core.flags import state_words
from cpr_cockpit.core.run import Run
from cpr_cockpit.documents.papers.figures import back_seconds, new_version, old_version, users_back_seconds
from cpr_cockpit.documents.papers.text import clock, span, stamp

LAB_MODES = frozenset({"drill", "rehearse"})


def rehearsal(run: Run) -> str:
    """Says that it was none of the real thing; "" where it was."""
    opened = run.opened
    if opened is None or opened.mode not in LAB_MODES:
        return ""
    kind = "drill" if opened.mode == "drill" else "rehearsal"
    return f"a {kind} on the embedded lab, by {opened.actor}; no production was touched"


def looked_on(run: Run) -> str:
    """Says that the run only looked on; "" where it deployed."""
    return "others deployed; the cockpit changed nothing, it watched and judged" if run.observed else ""


def switched(run: Run) -> bool:
    """Whether production was seen to serve the new version; of several apps whether any of them was."""
    return run.switched_at is not None


def of_a_share(run: Run) -> str:
    """Whom the new version met where production was never switched but some were routed to it; "" where nobody was."""
    if switched(run) or not run.exposed:
        return ""
    users = run.pinned.users if run.pinned is not None else None
    who = "an unknown number of users were" if users is None else "1 user was" if users == 1 else f"{users} users were"
    verdict = f"; the verdict on them: {run.verdict.sentence}" if run.verdict is not None else ""
    return f"{who} routed to {new_version(run)} in the slot{verdict}"


def ordered_back(run: Run) -> bool:
    """Whether ROLLBACK was decided."""
    return run.decision is not None and run.decision.word == "rollback"


def slot_words(run: Run) -> str:
    """Who served at the end, as observed."""
    ended = run.ended
    if ended is None:
        return ""
    slot = run.plan.slot if run.plan else "the other slot"
    other = f"slot {slot}: {ended.slot_version}" if ended.slot_version else f"slot {slot}: version not read"
    return f"production {ended.production_version}, {other}"


def left_to_do(run: Run) -> str:
    """What others still have to do after production went back; "" where nothing is left.

    A run that only looks on does not put the slot back. A rollback is finished when no slot that a user can reach
    serves the bad version.
    """
    ended = run.ended
    if ended is None or not run.observed or ended.decision not in ("rolled_back", "partial"):
        return ""
    slot = run.plan.slot if run.plan else "the other slot"
    if ended.slot_version == old_version(run):
        return ""
    held = f"slot {slot} still holds {ended.slot_version}"
    if ended.slot_version is None:
        held = f"which version slot {slot} holds was not read"
    return f"{held}: whoever deploys has to put {old_version(run)} into it, and until then the rollback is not finished"


def _kept(run: Run) -> str:
    provisional = run.ended is not None and run.ended.provisional
    tail = ", provisionally: the extended validation was not awaited" if provisional else ""
    return f"SUCCESS: KEPT {new_version(run)}{tail}"


def _rolled_back(run: Run) -> str:
    left = left_to_do(run)
    if left:
        return f"PARTIAL: ROLLED BACK to {old_version(run)} in production, NOT FINISHED: {left}"
    if run.went_dark and run.plan is not None:
        return f"FAILED: ROLLED BACK by the feature flag {run.plan.flag}: off; {new_version(run)} stays dark"
    tail = "" if switched(run) else " before production was switched"
    if run.t0 is None and run.plan is not None and run.met:
        tail = f" when {len(run.met)} of {len(run.plan.apps)} apps were switched"
    return f"FAILED: ROLLED BACK to {old_version(run)}{tail}"


def _partial(run: Run) -> str:
    left = left_to_do(run)
    return f"PARTIAL: ROLLED BACK in part: {slot_words(run)}: SKEW{f'; {left}' if left else ''}"


def _advised(run: Run) -> str:
    return f"FAILED: ROLLBACK ADVISED, not seen to be carried out ({slot_words(run)}): go back by hand"


def _held(run: Run) -> str:
    return f"PARTIAL: HELD, nobody decided ({slot_words(run)}): a person must look"


def _stopped(run: Run) -> str:
    when = "before START" if run.started_at is None else "before anything was changed"
    return f"NOT DEPLOYED: STOPPED {when}, nothing was changed"


def _failed(run: Run) -> str:
    if run.started_at is None:
        return "FAILED before START, nothing was changed"
    if ordered_back(run):
        return f"FAILED: THE ROLLBACK DID NOT SUCCEED ({slot_words(run)}): look at once"
    if not switched(run):
        return f"FAILED after START, production was not switched ({slot_words(run)}): look"
    return f"FAILED after the switch ({slot_words(run)}): look at once"


_STATUS: dict[str, Callable[[Run], str]] = {
    "kept": _kept,
    "rolled_back": _rolled_back,
    "partial": _partial,
    "advised": _advised,
    "held": _held,
    "stopped": _stopped,
    "failed": _failed,
}


def status(run: Run) -> str:
    """The deployment status: the procedure's word first, then what it was."""
    return _STATUS[run.ended.decision](run) if run.ended else f"NOT ENDED: {run.phase}"


def rollback_executed(run: Run) -> str:
    """YES or NO, and how far it came."""
    left = "; NOT FINISHED: " + left_to_do(run) if left_to_do(run) else ""
    if not ordered_back(run):
        return f"YES, by others: this program only looked on{left}" if run.switched_back_at is not None else "NO"
    if looked_on(run):
        went = run.switched_back_at is not None
        return f"YES, by others{left}" if went else "NO: advised, not seen to be carried out"
    decision = run.ended.decision if run.ended else ""
    if decision == "failed":
        return "YES, and it did not succeed"
    if decision == "partial":
        return "YES, in part"
    if not run.ended:
        return "YES, not finished yet"
    return "YES" if switched(run) else "YES, though production had not been switched"


def serves_new(run: Run) -> bool:
    """Whether the run ended with the new version in production, as observed."""
    return run.ended is not None and run.ended.production_version == new_version(run)


def summary(run: Run) -> list[str]:
    """What happened, a sentence each, all of it from the journal."""
    lines = [_course(run)]
    if run.decision is not None:
        word = {"keep": "GO", "rollback": "ROLLBACK", "hold": "HOLD"}[run.decision.word]
        verdict = f"on the verdict {_verdict_words(run)}"
        lines.append(f"{word} at {clock(run.decided_at)} by {run.decision.by}, {verdict}: {run.decision.sentence}")
    if ordered_back(run) and (took := rollback_times(run)):
        lines.append(f"The rollback took {took}.")
    if run.ended is not None:
        lines.append(f"The run ended at {clock(run.ended_at)}: {run.ended.reason}")
        lines.append(f"Serving at the end: {slot_words(run)}.")
        left = left_to_do(run)
        lines += [f"Left to do: {left}."] if left else []
    else:
        lines.append(f"The run has not ended; it is {run.phase}.")
    return lines


def _verdict_words(run: Run) -> str:
    """The verdict that the decision was taken on, with its own sentence and when it was given."""
    decision, until = run.decision, run.decided_at
    if decision is None or until is None:
        return "not told"
    said = [(at, one.sentence) for at, one in run.verdicts if at <= until and one.kind == decision.verdict]
    # The drill decides in the verdict's own words: they need not stand there twice.
    if not said or said[-1][1] in decision.sentence:
        return decision.verdict
    at, sentence = said[-1]
    return f"{decision.verdict} (given at {clock(at)}: {sentence.rstrip('.')})"


def rollback_times(run: Run) -> str:
    """The two lengths of a rollback, by their names; "" where none was measured."""
    old, users, proof = old_version(run), users_back_seconds(run), back_seconds(run)
    said = [] if users is None else [f"{span(users)} from the decision until production was seen to serve {old} again"]
    proven = "every instance has the flag off" if run.went_dark else f"{old} serves"
    said += [] if proof is None else [f"{span(proof)} from the decision to the proof that {proven}"]
    return ", ".join(said)


def _course(run: Run) -> str:
    opened, plan = run.opened, run.plan
    feature = opened.feature if opened else "the feature"
    if run.started_at is None:
        return f"{feature} {new_version(run)} was not deployed: START was not pressed."
    strategy = plan.strategy if plan else "a plan that the journal does not hold"
    begun = f"{feature} {new_version(run)}: watched from {stamp(run.started_at)} on, deployed by others."
    if not run.observed:
        begun = f"{feature} {new_version(run)}: START at {stamp(run.started_at)} by {run.started_by}, by {strategy}."
    if run.switched_at is None:
        return f"{begun} Production was not seen to serve {new_version(run)}."
    tail = (
        f" It was seen to serve {old_version(run)} again at {clock(run.switched_back_at)}."
        if run.switched_back_at
        else ""
    )
    if plan is not None and plan.apps:
        return f"{begun} {_apps(run, plan)}{tail}"
    served = f"{begun} Production served {new_version(run)} from {clock(run.switched_at)}"
    if run.by_flag and run.plan is not None:
        served += f", its feature off; flag {run.plan.flag}: {_flag_course(run)}"
    return f"{served}.{tail}"


def _apps(run: Run, plan: PlanMade) -> str:
    """Which of several apps served the new version, since when."""
    since = ", ".join(f"{app} from {clock(at)}" for app, at in run.met.items())
    return f"{len(run.met)} of {len(plan.apps)} apps served {plan.new_version}: {since}."


def _flag_course(run: Run) -> str:
    """How the flag was raised, and what it was at the end."""
    if run.flag_at is None:
        return "never raised"
    everybody = f", for everybody from {clock(run.t0)}" if run.t0 is not None else ""
    return f"raised share by share{everybody}; at the end {state_words(run.flag)}"
