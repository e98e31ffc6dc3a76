"""Builds the View of a Run: header, rail, gate, lists, plan. Figures and panel are built beside it.

Pure: what is not in the Run (the clock, the judge's latest word, the last probes) comes in a Stage.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cpr_cockpit.core import events as ev
from cpr_cockpit.core import view as vw
from cpr_cockpit.core.afterwards import Later
from cpr_cockpit.core.apps_words import rows_of
from cpr_cockpit.core.checklist import Checklist, Due, Item, Mark, Standing, complete, open_reason
from cpr_cockpit.core.merging import MergePolicy
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.ports import Sighting
from cpr_cockpit.core.readiness import ReadinessFacts, assess
from cpr_cockpit.core.rows import StepRow
from cpr_cockpit.core.run import Phase, Run
from cpr_cockpit.core.showing_flag import flag_takes
from cpr_cockpit.core.verdict import Verdict

# Happenings that a face gets; older ones are in the journal and the report.
HAPPENINGS = 60
SCREENS = (("gate", "Gate"), ("lists", "Lists"), ("plan", "Production"), ("window", "Window"), ("papers", "Papers"))
_HERE = {
    Phase.PREPARING: "gate",
    Phase.READY: "plan",
    Phase.DEPLOYING: "plan",
    Phase.WINDOW: "window",
    Phase.KEEPING: "window",
    Phase.ROLLING_BACK: "plan",
    Phase.ENDED: "papers",
}


@dataclass(frozen=True, slots=True)
class Stage:
    """What a View needs beside the Run. ``policy`` is scaled to the window; ``standings`` with what follows added.

    ``later``: after the extended validation, the schedule and the stretch that is judged now. ``back_check``: the
    newest rollback check and when it was made; ``answered_at``: when Resource Manager last gave a good answer.
    ``merge``: how the repositories are merged.
    """

    now: float
    policy: Policy
    facts: tuple[ReadinessFacts, ...]
    checklists: tuple[Checklist, ...]
    standings: Mapping[str, Standing]
    blocking: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    verdict: Verdict | None = None
    production_look: Sighting | None = None
    slot_look: Sighting | None = None
    later: Later | None = None
    back_check: tuple[float, ev.RollbackChecked] | None = None
    answered_at: float | None = None
    merge: MergePolicy = field(default_factory=MergePolicy)


def header(run: Run) -> vw.Header:
    """Who and what, with the banner of a rehearsal."""
    opened, plan = run.opened, run.plan
    if opened is None:
        return vw.Header()
    lab, new = opened.mode in ("drill", "rehearse"), opened.new_version
    banners = [("REHEARSAL", "lab, loopback only")] if lab else []
    if opened.observe:
        banners.append(("OBSERVE ONLY", "this program changes nothing"))
        new = (plan.new_version if plan else new) or "the next version"
    return vw.Header(
        feature=opened.feature,
        old_version=plan.old_version if plan else "",
        new_version=new,
        strategy=plan.course if plan else "",
        banner=" ".join(banner for banner, _ in banners),
        banner_detail="; ".join(detail for _, detail in banners),
        actor=opened.actor,
        ids=tuple(opened.environment.items()),
    )


def rail(run: Run, stage: Stage) -> tuple[vw.Stop, ...]:
    """Where the run is, and what keeps the next step from being taken."""
    here = "window" if run.on_share or run.on_gate else _HERE[run.phase]
    if run.phase is Phase.READY and stage.blocking:
        here = "lists"
    return tuple(_stop(run, stage, key, title, here) for key, title in SCREENS)


def _stop(run: Run, stage: Stage, key: str, title: str, here: str) -> vw.Stop:
    detail, blocked = {
        "gate": _gate_stop,
        "lists": _lists_stop,
        "plan": _plan_stop,
        "window": _window_stop,
        "papers": _papers_stop,
    }[key](run, stage)
    order = [name for name, _ in SCREENS]
    if blocked and key == here:
        state = "blocked"
    elif key == here:
        state = "here"
    else:
        state = "done" if order.index(key) < order.index(here) else "open"
    return vw.Stop(key, title, state, detail, blocked)


def _gate_stop(run: Run, stage: Stage) -> tuple[str, str]:
    if run.gate is None:
        return "", ""
    blockers = run.gate.blockers
    return run.gate.level, f"{len(blockers)} reasons: {blockers[0]}" if blockers else ""


def _lists_stop(run: Run, stage: Stage) -> tuple[str, str]:
    items = [item for one in stage.checklists for item in one.items if item.due <= Due.START]
    stand = sum(1 for item in items if open_reason(item, stage.standings.get(item.key), stage.now) is None)
    blocked = f"{len(stage.blocking)} items block START" if stage.blocking and run.started_at is None else ""
    return f"{stand}/{len(items)}", blocked


def _plan_stop(run: Run, stage: Stage) -> tuple[str, str]:
    row = run.open_step
    failed = next((one for one in reversed(run.steps) if one.result in ("failed", "stopped")), None)
    return (row.title if row else ""), (f"step failed: {failed.title}" if failed and run.t0 is None else "")


def _window_stop(run: Run, stage: Stage) -> tuple[str, str]:
    verdict = stage.verdict
    return (verdict.kind.value if verdict else ""), ""


def _papers_stop(run: Run, stage: Stage) -> tuple[str, str]:
    return (run.ended.decision.replace("_", " ") if run.ended else ""), ""


# -- the gate ----------------------------------------------------------------------------------------------------------


def gate(run: Run, stage: Stage) -> vw.Gate:
    """Both documents side by side, with what was taken where they disagree."""
    event, facts = run.gate, stage.facts
    found = assess(facts)
    disagree = {one.fact for one in found.contradictions}
    taken = {one.fact: one.taken for one in found.contradictions}
    rows = tuple(
        vw.FactRow(
            name, values, taken.get(name, next((value for value in values if value != "-"), "-")), name not in disagree
        )
        for name, values in _fact_values(facts)
    )
    return vw.Gate(
        level=event.level if event else "",
        score="" if event is None or event.score is None else f"{event.score:g}/100",
        sources=tuple(one.source for one in facts),
        rows=rows,
        blockers=event.blockers if event else (),
        conditions=event.conditions if event else (),
        contradictions=tuple(
            f"{one.fact}: "
            + ", ".join(f"{source} says {value}" for source, value in one.values)
            + f"; taken: {one.taken}"
            for one in found.contradictions
        ),
        findings=stage.findings,
    )


def _fact_values(facts: Sequence[ReadinessFacts]) -> list[tuple[str, tuple[str, ...]]]:
    def words(value: object, yes: str = "yes", no: str = "no") -> str:
        if value is None:
            return "-"
        if isinstance(value, bool):
            return yes if value else no
        return f"{value:g}" if isinstance(value, float) else str(value)

    return [
        ("production readiness score", tuple(words(one.score) for one in facts)),
        ("open CRITICAL issues", tuple(words(one.open_critical) for one in facts)),
        ("open HIGH issues", tuple(words(one.open_high) for one in facts)),
        ("UAT approval", tuple(words(one.uat_approved, "approved", "missing") for one in facts)),
        ("CI checks", tuple(words(one.ci_passing, "passing", "failing") for one in facts)),
        ("merge conflicts", tuple(words(one.conflicts, "found", "none") for one in facts)),
        ("documented decision", tuple(words(one.documented_decision) for one in facts)),
    ]


# -- the lists ---------------------------------------------------------------------------------------------------------


def lists(stage: Stage) -> tuple[vw.ListView, ...]:
    """Every checklist in force, each item with its mark, and whether it blocks what comes next."""
    blocking = frozenset(stage.blocking)
    return tuple(_list(one, stage, blocking) for one in stage.checklists)


def _list(one: Checklist, stage: Stage, blocking: frozenset[str]) -> vw.ListView:
    rows = tuple(_item(item, stage, blocking) for item in one.items)
    whole = complete(one, stage.standings, stage.now)
    return vw.ListView(one.key, one.title, one.step, whole, sum(row.stands for row in rows), rows)


def _item(item: Item, stage: Stage, blocking: frozenset[str]) -> vw.ItemRow:
    standing = stage.standings.get(item.key)
    reason = open_reason(item, standing, stage.now)
    mark = "open" if standing is None else str(standing.mark)
    if standing is not None and reason is not None and standing.mark not in (Mark.FAILED, Mark.DEFERRED):
        mark = "expired" if reason.startswith("expired") else "open"
    return vw.ItemRow(
        key=item.key,
        text=item.text,
        kind=str(item.kind),
        due=str(item.due),
        evidence=item.evidence,
        mark=mark,
        stands=reason is None,
        blocks=item.key in blocking,
        follows=bool(item.follows),
        by=standing.by if standing else "",
        value=standing.value if standing else "",
        note=standing.note if standing else "",
        at=standing.at if standing else None,
    )


# -- the plan ----------------------------------------------------------------------------------------------------------


def plan(run: Run) -> vw.PlanView:
    """The way forth and the way back, each step as it stands."""
    event = run.plan
    if event is None:
        return vw.PlanView()
    return vw.PlanView(
        strategy=event.course,
        old_version=event.old_version,
        new_version=event.new_version,
        slot=event.slot,
        forward=tuple(_step(run, one.key, one.title, one.undo, "forward") for one in event.forward),
        back=tuple(_step(run, one.key, one.title, one.undo, "back") for one in _back(run, event)),
        remarks=event.remarks,
        takes=takes(run),
        card=run.card.path if run.card else "",
        choices=tuple(vw.PlanChoice(one.key, one.label, one.chosen, one.why_not) for one in event.choices),
        number=run.plans,
        fixed=_fixed(run),
    )


def _fixed(run: Run) -> str:
    """Why the strategy cannot be changed any more; "" until START."""
    if run.observed:
        return "this run only looks on"
    if run.ended is not None:
        return "the run has ended"
    return f"START was pressed by {run.started_by}" if run.started_at is not None else ""


def _back(run: Run, event: ev.PlanMade) -> tuple[ev.PlannedStep, ...]:
    """The lower rungs are shown where they may be needed: once they are offered."""
    return (*event.back, *run.rungs) if run.offered and not run.flag_offered else event.back


def _step(run: Run, key: str, title: str, undo: str, way: str) -> vw.PlanStep:
    row = next((one for one in reversed(run.steps) if one.key == key and one.way == way), None)
    if row is None:
        return vw.PlanStep(key, title, way, "waiting", undo)
    return vw.PlanStep(
        key=key,
        title=title,
        way=way,
        state=row.result or "running",
        undo=undo,
        mutates=row.mutates,
        words=row.words,
        began_at=row.began_at,
        seconds=row.seconds if row.ended_at is not None else None,
        attempts=row.attempts,
        log=_log(row),
    )


def _log(row: StepRow) -> tuple[str, ...]:
    lines = [f"accepted: {row.operation}"] if row.operation else []
    return (*lines, *row.doubts, *([row.words] if row.words else []))


def takes(run: Run) -> str:
    """How long the way back takes, composed from this run's own times; said to be unknown before there are any."""
    swaps = [row.seconds for row in rows_of(run, "swap") if row.result == "done"]
    deploy = next((row.seconds for row in run.steps if row.key == "deploy" and row.result == "done"), None)
    if not swaps:
        routed = next((row.seconds for row in reversed(run.steps) if _routes(row)), None)
        if run.on_share and routed is not None:
            return f"routing off about {max(1.0, routed):.0f} s (this run's own routing); production is not switched"
        return "not measured yet in this run"
    own = "swap" if len(swaps) == 1 else f"swaps, of {len(swaps)} apps one after another"
    flag = flag_takes(run)
    words = f"{flag}; else " if flag else ""
    words += f"API about {sum(swaps):.0f} s (this run's own {own})"
    if deploy is not None and run.plan is not None and run.plan.artifact:
        words += f", then the slot about {deploy:.0f} s"
    return f"{words}; database not touched"


def _routes(row: StepRow) -> bool:
    return row.key.startswith("route-") and row.way == "forward" and row.result == "done"


def happenings(run: Run) -> tuple[vw.Happening, ...]:
    """The newest rows of the timeline, newest first."""
    newest = sorted(run.timeline, key=lambda moment: moment.at)[-HAPPENINGS:]
    return tuple(
        vw.Happening(one.at, one.status, f"{one.what}: {one.detail}" if one.detail else one.what)
        for one in reversed(newest)
    )
