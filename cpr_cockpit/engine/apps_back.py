"""The way back of several apps: in reverse of what was done, each decided by what is seen there.

An app that refuses keeps no other from being rolled back; its own next rung comes when they are switched back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from functools import partial

from cpr_cockpit.core.ladder import ROUTE_OLD
from cpr_cockpit.core.plan import Plan, Step, app_of, key_at, key_of
from cpr_cockpit.core.run import Run
from cpr_cockpit.engine.executor import NO_OTHERS, Executor
from cpr_cockpit.engine.pursuit import MADE_WAY, Turn

# How long a swap that is under way, forth or back, is waited for before the other apps are rolled back.
LANDING_S = 60.0
# How much longer than the swaps of this run so far one may take.
_SLOWER = 1.5
# Every slot first, for a routing cookie may lead there, then the proofs.
_CLEANING = ("replace-bad", "prove-rollback")


@dataclass(slots=True)
class AppsBack:
    """Rolls every app back; ``left`` says in words what is left, by app (`Act.app`), and ``bad`` where it is served.

    ``now``: the clock; ``unread_s``: how long an app of which nothing can be read keeps the others waiting.
    ``offer``: whether the rungs below a step that failed may be taken now; they are then offered. ``taken``: awaits
    that somebody takes them; ``asks``: whether that is a person, so that it may last.
    """

    plan: Plan
    executor: Executor
    run: Callable[[], Run]
    now: Callable[[], float]
    unread_s: float
    offer: Callable[[Step], Awaitable[bool]]
    taken: Callable[[], Awaitable[None]]
    asks: bool
    left: dict[str, str] = field(default_factory=dict)
    bad: set[str] = field(default_factory=set)
    _offered: list[str] = field(default_factory=list)
    _pressed: asyncio.Future[list[str]] | None = None

    async def go(self) -> None:
        """All of it: production of every app, the rungs of those that refuse, every slot, the proof."""
        order = self._order()
        refused: list[str] = []
        for app in order:
            turn = self._turn(others_wait=len(order) > 1)
            if app is order[-1] and not refused:
                # The others are back: its swap has the time that it takes.
                turn = replace(turn, under_way_at=None)
            if not await self._switched_back(app, turn):
                refused.append(app)
        try:
            offered = [app for app in refused if await self._refused(app)]
            await self._gone_down([app for app in offered if self._taken_before(app)])
            others = [app for app in order if app not in refused]
            await self._meanwhile(others, [app for app in refused if app not in offered])
            await self._pressed_or_not()
        finally:
            if self._pressed is not None:
                self._pressed.cancel()

    def _turn(self, *, others_wait: bool) -> Turn:
        """Soon it is the next app's, and this one is looked at again after them. A swap has the time that it takes.

        A rung that is pressed comes before every app.
        """
        if not others_wait:
            return Turn(called=self._called)
        took = max(
            (row.seconds for row in self.run().steps if row.result == "done" and row.key in self._swaps), default=0
        )
        now = self.now()
        return Turn(now + self.unread_s, now + max(LANDING_S, _SLOWER * took), self._called)

    @property
    def _swaps(self) -> set[str]:
        return {key_at("swap", app) for app in self.plan.places}

    async def _meanwhile(self, others: list[str], unread: list[str]) -> None:
        """A person may take long to press it: what can be finished meanwhile is, and makes way once it is pressed."""
        until = self.now() + max((self._step("swap-back", app).timeout_s for app in unread), default=0.0)
        while unread:
            # They take turns, for the time of one of them; whoever is left alone has all of its own.
            alone, over = len(unread) == 1, self.now() >= until
            back, unread = await self._looked_at_again(unread)
            others = [*others, *back]
            if alone or over:
                break
        for key in _CLEANING:
            for app in others:
                if not await self._making_way(partial(self._clean, key, app)):
                    self._leave(app, self._step(key, app))

    async def _looked_at_again(self, unread: list[str]) -> tuple[list[str], list[str]]:
        """Apps that could not be read, or whose swap was under way: which are back now, and which are as before."""
        back: list[str] = []
        refused: list[str] = []
        taken: list[str] = []
        for app in unread:
            if await self._making_way(partial(self._switched_back, app), others_wait=len(unread) > 1):
                self.left.pop(app)
                self.bad.discard(app)
                back.append(app)
            elif await self._refused(app):
                refused.append(app)
                taken += [app] if self._taken_before(app) else []
        await self._gone_down(taken)
        return back, [app for app in unread if app not in back and app not in refused and self._unknown(app)]

    def _unknown(self, app: str) -> bool:
        """Whether its swap back was left under way, or nothing was read of it; a plain answer is taken as it is."""
        row = self.run().row(key_at("swap-back", app), "back")
        unknown = row is not None and (not row.facts or bool(row.facts.get(MADE_WAY)))
        return unknown and not self._went_down(app)

    def _wait_for_press(self) -> None:
        """A person may press the next rung of those that are offered."""
        if self._offered and self._pressed is None:
            self._pressed = asyncio.ensure_future(self._press())

    async def _press(self) -> list[str]:
        """The apps that were offered when it was pressed: what is offered later waits for a press of its own."""
        await self.taken()
        pressed, self._offered = self._offered, []
        return pressed

    async def _making_way(self, do: Callable[[Turn], Awaitable[bool]], *, others_wait: bool = False) -> bool:
        """Whether it was done; a rung that is pressed comes first, and it is gone on with after that."""
        while True:
            if self._pressed is not None and self._called():
                await self._rungs_taken(self._pressed)
            if await do(self._turn(others_wait=others_wait)):
                return True
            if not self._called():
                return False

    def _called(self) -> bool:
        return self._pressed is not None and self._pressed.done()

    async def _rungs_taken(self, pressed: asyncio.Future[list[str]]) -> None:
        await self._gone_down(await pressed)
        self._pressed = None
        self._wait_for_press()

    async def _pressed_or_not(self) -> None:
        """The rungs that are left, once they are pressed."""
        while self._pressed is not None:
            await self._rungs_taken(self._pressed)

    async def _gone_down(self, apps: list[str]) -> None:
        for app in apps:
            await self._down(app)

    async def _refused(self, app: str) -> bool:
        """Note that the app was not switched back, and whether its next rung may be taken."""
        step = self._step("swap-back", app)
        self._leave(app, step)
        if not self._begun(app):
            return False
        self.bad.add(app)
        row = self.run().row(step.key, "back")
        if row is not None and row.facts.get(MADE_WAY):
            # It is under way: the others come first, and nobody has refused it.
            return False
        if not await self.offer(step):
            return False
        if not self._taken_before(app):
            self._offered.append(app)
            self._wait_for_press()
        return True

    def _taken_before(self, app: str) -> bool:
        """Whether nobody needs to press its next rung: what a session that died had begun was taken by then."""
        return not self.asks or self._went_down(app)

    def _went_down(self, app: str) -> bool:
        """Whether a lower rung of the app was begun."""
        return any(self.run().row(step.key, "back") for step in self.plan.lower if app_of(step.key) == app)

    def _order(self) -> list[str]:
        """Those where a swap was begun first, the last of them at the head; one whose swap hangs, at the end."""
        reverse = self.plan.places[::-1]
        begun = [app for app in reverse if self._begun(app)]
        hanging = [app for app in begun if self._hangs(app)]
        rest = [app for app in reverse if app not in begun]
        return [*(app for app in begun if app not in hanging), *rest, *hanging]

    def _begun(self, app: str) -> bool:
        """Whether the swap of an app was begun; after a damaged journal nobody knows that it was not."""
        run = self.run()
        row = run.row(key_at("swap", app), "forward")
        return run.continued is not None or (row is not None and row.mutates)

    def _hangs(self, app: str) -> bool:
        """Whether its swap was given up while it was under way, or while nothing could be read of it."""
        row = self.run().row(key_at("swap", app), "forward")
        return row is not None and row.result == "stopped" and (not row.facts or bool(row.facts.get("in_flight")))

    def _step(self, key: str, app: str) -> Step:
        return self.plan.step(key_at(key, app))

    async def _done(self, step: Step, turn: Turn = NO_OTHERS) -> bool:
        return self.run().finished(step.key, "back") or await self.executor.run_step("back", step, turn)

    def _leave(self, app: str, step: Step) -> None:
        row = self.run().row(step.key, "back")
        self.left[app] = f"step '{step.title}' did not succeed: {row.words if row else 'it was not begun'}"

    async def _switched_back(self, app: str, turn: Turn) -> bool:
        """Whether production of the app serves the old version by a swap, or was never switched.

        Where its users were routed to the slot with the old version, a swap would hand them the new one.
        """
        routed, home = (self.run().row(key_at(key, app), "back") for key in (ROUTE_OLD, "route-home"))
        if routed is not None and (home is None or home.result not in ("done", "already")):
            return False
        return await self._done(self._step("swap-back", app), turn)

    async def _down(self, app: str) -> None:
        """The rungs in order; that traffic cannot be routed keeps nobody from redeploying."""
        self.left.pop(app, None)
        for step in (one for one in self.plan.lower if app_of(one.key) == app):
            if await self._done(step):
                if key_of(step.key) == "redeploy-old":
                    self.bad.discard(app)
                continue
            self._leave(app, step)
            if key_of(step.key) != ROUTE_OLD:
                return
        if app not in self.bad:
            self.left.pop(app, None)
        elif app not in self.left:
            self.left[app] = (
                f"new sessions meet {self.plan.old_version}, but production still holds {self.plan.new_version}"
            )

    async def _clean(self, key: str, app: str, turn: Turn) -> bool:
        """Whether one of the last steps of an app is done, or there is none: it is left, or the plan has no such."""
        step = next((one for one in self.plan.back if one.key == key_at(key, app)), None)
        return app in self.left or step is None or await self._done(step, turn)
