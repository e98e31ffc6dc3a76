"""What somebody else has changed: a reading of the surroundings held against what this run knows and has done itself.

Pure. What a run has done is in its journal: the steps that changed something, with their times. While one of them is
under way, and until the first reading after it, what it touches says nothing of others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from cpr_cockpit.core.flags import state_words
from cpr_cockpit.core.plan import ActKind, Plan, app_of
from cpr_cockpit.core.rows import StepRow
from cpr_cockpit.core.run import Run
from cpr_cockpit.core.surroundings import Deployment, Part, PlanScale, Surroundings

_TOUCHES: Mapping[ActKind, frozenset[Part]] = {
    ActKind.ENSURE_SLOT: frozenset({Part.SETTINGS, Part.SERVING}),
    ActKind.DEPLOY: frozenset({Part.DEPLOYMENTS, Part.SERVING}),
    ActKind.ROUTE: frozenset({Part.ROUTING}),
    ActKind.PREVIEW: frozenset({Part.SWAPS, Part.SERVING, Part.SETTINGS}),
    ActKind.RESET_PREVIEW: frozenset({Part.SWAPS, Part.SERVING, Part.SETTINGS}),
    ActKind.SET_FLAG: frozenset({Part.FLAG}),
    ActKind.FLAG_OFF: frozenset({Part.FLAG}),
    ActKind.SWAP: frozenset({Part.SWAPS, Part.SERVING, Part.SETTINGS}),
}
# What an act touches that this list does not know: everything, so that it is never taken for somebody else's.
_EVERYTHING = frozenset(Part) - {Part.LEASE, Part.PLAN}


@dataclass(frozen=True, slots=True)
class Change:
    """Something that somebody else changed. ``topic`` and ``value`` tell one change from another; ``words`` say it."""

    part: Part
    topic: str
    value: str
    words: str


@dataclass(frozen=True, slots=True)
class OwnSteps:
    """The steps by which this run changes something in one app, as its journal has them.

    Each with what it touches, its slot, and whether it is the team's pipeline that acts.
    """

    rows: tuple[tuple[StepRow, frozenset[Part], str, bool], ...]
    settle_s: float

    @classmethod
    def of(cls, run: Run, plan: Plan, settle_s: float, app: str = "") -> OwnSteps:
        """``settle_s``: how long what a swap moved may still move after it. ``app``: as in `Act`."""
        acts = {step.key: step.act for step in (*plan.forward, *plan.after, *plan.back, *plan.lower)}
        found = []
        for row in run.steps:
            act = acts.get(row.key)
            if not row.mutates or app_of(row.key) != app or (act is not None and not act.mutates):
                continue
            touched = _EVERYTHING if act is None else _TOUCHES.get(act.kind, _EVERYTHING)
            found.append((row, touched, act.slot if act is not None else "", act is not None and bool(act.by)))
        return cls(tuple(found), settle_s)

    def moving(self, part: Part, began: float) -> bool:
        """Whether a reading begun then may show a step of this run half done."""
        return any(
            part in touched and (row.ended_at is None or row.ended_at >= began) for row, touched, *_ in self.rows
        )

    def settling(self, part: Part, began: float) -> bool:
        """Whether what a step of this run moved may still move in a reading begun then."""
        return any(
            part in touched and row.ended_at is not None and began < row.ended_at + self.settle_s
            for row, touched, *_ in self.rows
        )

    def since(self, part: Part, at: float) -> bool:
        """Whether a step of this run has touched that part after ``at``."""
        return any(part in touched and (row.ended_at or row.began_at) > at for row, touched, *_ in self.rows)

    def touches(self, row: StepRow, part: Part) -> bool:
        """Whether that step touches that part."""
        return any(one is row and part in touched for one, touched, *_ in self.rows)

    def deployments(self) -> Iterator[tuple[StepRow, str, bool]]:
        """This run's own, each with its slot, and whether the team's pipeline makes it.

        ``operation`` is the deployment's id, "" where it was not told; of a pipeline it is that of its run.
        """
        return ((row, slot, by) for row, touched, slot, by in self.rows if Part.DEPLOYMENTS in touched)


def routed(known: Mapping[str, float], seen: Mapping[str, float]) -> list[Change]:
    """Whose share is another one than this run knows."""
    changes = []
    for slot in sorted({*known, *seen}):
        before, now = known.get(slot, 0.0), seen.get(slot, 0.0)
        if before != now:
            words = f"{now:g} % of new sessions are routed to {slot}, {before:g} % by what this run knows"
            changes.append(Change(Part.ROUTING, f"share of {slot}", f"{now:g}", words))
    return changes


def settings_changed(known: Mapping[str, str], seen: Mapping[str, str]) -> list[Change]:
    """Whose hash is another one; what was read the first time is no change."""
    return [
        Change(Part.SETTINGS, what, seen[what], f"{what} changed")
        for what in sorted(known)
        if what in seen and seen[what] != known[what]
    ]


def flagged(name: str, known: float | None, seen: float | None) -> list[Change]:
    """Whether the flag is on for another share of the users than this run knows; None: not known, or not read."""
    if known is None or seen is None or known == seen:
        return []
    words = f"the flag {name} is {state_words(seen)}, {state_words(known)} by what this run knows"
    return [Change(Part.FLAG, f"flag {name}", f"{seen:g}", words)]


def scaled(known: PlanScale, seen: PlanScale) -> list[Change]:
    """Whether the plan is another one, or runs on more or fewer workers, or on others."""
    if (known.sku, known.workers) == (seen.sku, seen.workers):
        return []
    if known.sku != seen.sku:
        words = f"the plan was changed from {known.sku} to {seen.sku}"
    else:
        words = f"the plan was scaled from {_count(known.workers)} to {_count(seen.workers)} workers"
    return [Change(Part.PLAN, f"plan {seen.name}", f"{seen.sku} x {_count(seen.workers)}", words)]


def _count(workers: int | None) -> str:
    return "an unknown number of" if workers is None else str(workers)


def deployed(
    own: OwnSteps, known: Iterable[str], since: float, seen: Surroundings
) -> tuple[list[Change], frozenset[str]]:
    """The deployments that somebody else made, and the ids that are this run's own or were there before.

    ``known`` were listed at ``since``. An id that this run was not told (the answer was lost) is found by what its step
    left: the newest new one in its slot. While a step deploys, new ones in its slot are not judged. A pipeline may make
    several: what is new in the slot when it has ended is its own.
    """
    ids, listed = set(known), [one for slot in seen.deployments.values() for one in slot]
    ids.update(row.operation for row, *_ in own.deployments() if row.operation)
    for row, slot, by_pipeline in own.deployments():
        unknown = [one.id for one in seen.deployments.get(slot, ()) if one.id not in ids]
        if row.ended_at is None or row.ended_at >= seen.at:
            ids.update(unknown)
        elif unknown and row.ended_at > since and row.operation not in {one.id for one in listed}:
            ids.update(unknown if by_pipeline else unknown[:1])
    foreign = [one for one in listed if one.id not in ids]
    changes = [Change(Part.DEPLOYMENTS, f"deployment {one.id}", one.id, _deployed_words(one)) for one in foreign]
    return changes, frozenset(ids)


def _deployed_words(one: Deployment) -> str:
    where = one.slot if one.slot == "production" else f"slot {one.slot}"
    by = f" by {one.deployer}" if one.deployer else ""
    at = f", at {one.at.partition('.')[0].replace('T', ' ').rstrip('Z')} UTC" if one.at else ""
    return f"somebody deployed to {where}: deployment {one.id}{by}{at}"
