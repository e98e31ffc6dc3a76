"""One look at what others could change in an app, held against what is taken for granted and what this run did."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cpr_cockpit.core import events as ev
from cpr_cockpit.core import foreign as fo
from cpr_cockpit.core.plan import Plan, key_at
from cpr_cockpit.core.preview import PREVIEW
from cpr_cockpit.core.run import Run
from cpr_cockpit.core.surroundings import Part, PlanScale, Surroundings
from cpr_cockpit.engine.flagging import flag_raised
from cpr_cockpit.engine.foreign import expected_versions, served, swapped
from cpr_cockpit.engine.serving import Serving


@dataclass(frozen=True, slots=True)
class Look:
    """``serving`` None: it could not be read.

    ``settle_s``: how long what a swap of this run moved may still move. ``app``: where it was looked (as in `Act`).
    ``before``: what was taken for granted there.
    """

    plan: Plan
    run: Run
    seen: Surroundings
    serving: Serving | None
    settle_s: float
    app: str = ""
    own: fo.OwnSteps = field(init=False)
    before: ev.SurroundingsTaken = field(init=False)

    def __post_init__(self) -> None:
        """Keep what the journal said when the look was over."""
        object.__setattr__(self, "own", fo.OwnSteps.of(self.run, self.plan, self.settle_s, self.app))
        object.__setattr__(self, "before", self._taken or ev.SurroundingsTaken(taken={}, app=self.app))

    @property
    def _taken(self) -> ev.SurroundingsTaken | None:
        return self.run.others.taken.get(self.app)

    @property
    def granted(self) -> frozenset[Part]:
        """The parts that are taken as they are: read for the first time, or looked at by a person since."""
        # What was taken before a damaged journal went on does not know all that this run has done since.
        looked_at = max(self.run.others.looked_at or 0.0, self.run.continued_at or 0.0)
        parts = {part for part in Part if (since := self.before.taken.get(part)) is None or looked_at > since}
        if self.seen.key != self.before.key:
            # Made with another key: the hashes of before cannot be compared.
            parts.add(Part.SETTINGS)
        return frozenset(part for part in parts if not self.own.moving(part, self.seen.at))

    @property
    def own_parts(self) -> frozenset[Part]:
        """The parts that a step of this run has changed since they were taken, as far as that is over."""
        found = set()
        for part in Part:
            since = self.before.taken.get(part)
            if since is None or self.own.moving(part, self.seen.at):
                continue
            settling = part is Part.SETTINGS and self.own.settling(part, self.seen.at)
            if self.own.since(part, since) or settling:
                found.add(part)
        if not self._swap_shows:
            # Of a swap the platform may tell later than users meet it.
            found.discard(Part.SWAPS)
        elif Part.SETTINGS in self.before.taken and fo.settings_changed(self.before.settings, self.seen.settings):
            # Whoever swaps moves settings: that is told as a swap.
            found.add(Part.SETTINGS)
        return frozenset(found)

    @property
    def _swap_shows(self) -> bool:
        """Whether a swap, or a preview of one, is to be seen that is not taken for granted yet."""
        if self.serving is None:
            return False
        swap = self.serving.swap
        return swap.in_flight is not None or swap.pending_preview is not None or self.another_swap

    @property
    def _previewed(self) -> bool:
        """Whether a preview that waits may be this run's own: it was begun, and no swap has completed it yet."""
        begun = any(row.key == key_at(PREVIEW, self.app) and row.mutates for row in self.run.steps)
        return begun and not self.run.finished(key_at("swap", self.app), "forward")

    @property
    def another_swap(self) -> bool:
        """Whether the last swap is another one than that which is taken for granted."""
        return self.serving is not None and (self.serving.swap.last_at or "") != self.before.last_swap

    def changes(self) -> tuple[fo.Change, ...]:
        """What others changed since it was taken for granted."""
        return (*self._of_serving(), *self.changes_around())

    def changes_around(self) -> tuple[fo.Change, ...]:
        """The same without who serves what."""
        return (*self._of_deployments(), *self._of_the_rest())

    def _compares(self, part: Part) -> bool:
        known = part in self.before.taken and part not in self.granted
        return known and not self.own.moving(part, self.seen.at)

    def _of_serving(self) -> tuple[fo.Change, ...]:
        serving = self.serving
        if serving is None:
            return ()
        found = None
        if self._compares(Part.SWAPS):
            last = serving.swap.last_at if Part.SWAPS in self.own_parts else self.before.last_swap
            found = swapped(self.plan, last, serving, previewed=self._previewed)
        if found is None and not self.own.moving(Part.SERVING, self.seen.at) and not serving.in_flight:
            found = served(*expected_versions(self.run, self.plan, self.app), serving, self.plan.slot)
        return () if found is None else (found,)

    def _of_deployments(self) -> tuple[fo.Change, ...]:
        if Part.DEPLOYMENTS not in self.before.taken or Part.DEPLOYMENTS in self.granted:
            return ()
        return tuple(self._deployed()[0])

    def _deployed(self) -> tuple[list[fo.Change], frozenset[str]]:
        since = self.before.taken.get(Part.DEPLOYMENTS, self.seen.at)
        return fo.deployed(self.own, self.before.deployments, since, self.seen)

    def _of_the_rest(self) -> tuple[fo.Change, ...]:
        before, seen, own = self.before, self.seen, self.own_parts
        changes: list[fo.Change] = []
        if self._compares(Part.ROUTING) and seen.shares is not None and self._known(Part.ROUTING):
            share = self.run.shares.get(self.plan.name(self.app), 0.0)
            ours = {self.plan.slot: share} if Part.ROUTING in own else {}
            changes += fo.routed({**before.shares, **ours}, seen.shares)
        if self._compares(Part.SETTINGS) and Part.SETTINGS not in own:
            changes += fo.settings_changed(before.settings, seen.settings)
        if self._compares(Part.PLAN) and seen.plan is not None:
            changes += fo.scaled(PlanScale(before.plan, before.sku, before.workers), seen.plan)
        if self._compares(Part.FLAG) and self._known(Part.FLAG):
            known = self.run.flag if Part.FLAG in own else before.flag
            changes += fo.flagged(flag_raised(self.plan), known, seen.flag)
        return tuple(changes)

    def _known(self, part: Part) -> bool:
        """Whether the journal tells what this run made of a part: not where its last try of it came to nothing."""
        rows = [row for row in self.run.steps if self.own.touches(row, part)]
        return not rows or rows[-1].result in ("done", "already")

    def looked_at(self, at: float) -> ev.SurroundingsTaken:
        """What is taken for granted once a person has looked, ``at`` that time, at what this look saw.

        What a step of this run has touched since is taken as the next look sees it.
        """
        steps = fo.OwnSteps.of(self.run, self.plan, self.settle_s, self.app)
        touched = {part for part in Part if steps.since(part, self.seen.at) or steps.moving(part, self.seen.at)}
        return self.taken_again(frozenset(), frozenset(Part) - touched, at)

    def taken_again(
        self, own: frozenset[Part], granted: frozenset[Part], at: float | None = None
    ) -> ev.SurroundingsTaken:
        """What is taken for granted from now on: those parts as they were read; what was not read stays as it was.

        ``at``: since when; None: since the look began.
        """
        before, seen, parts = self._taken or self.before, self.seen, own | granted
        now: dict[str, Any] = {}
        taken = dict(before.taken)
        for part, members in self._read(granted).items():
            if part in parts and members is not None:
                now |= members
                taken[part.value] = seen.at if at is None else at
        return before.model_copy(update={**now, "taken": taken})

    def _read(self, granted: frozenset[Part]) -> dict[Part, dict[str, Any] | None]:
        seen, plan = self.seen, self.seen.plan
        ids = self._deployed()[1]
        if Part.DEPLOYMENTS in granted:
            ids |= {one.id for listed in seen.deployments.values() for one in listed}
        settings = {**(self.before.settings if seen.key == self.before.key else {}), **seen.settings}
        return {
            Part.SWAPS: None if self.serving is None else {"last_swap": self.serving.swap.last_at or ""},
            Part.DEPLOYMENTS: {"deployments": tuple(sorted(ids))} if seen.deployments else None,
            Part.ROUTING: None if seen.shares is None else {"shares": dict(seen.shares)},
            Part.SETTINGS: {"settings": settings, "key": seen.key} if seen.settings else None,
            Part.PLAN: None if plan is None else {"plan": plan.name, "sku": plan.sku, "workers": plan.workers},
            Part.FLAG: None if seen.flag is None else {"flag": seen.flag},
        }
