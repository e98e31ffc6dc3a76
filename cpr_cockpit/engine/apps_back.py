"""The way back of several apps: in reverse of what was done, each decided by what is seen there.

An app that refuses keeps no other from being rolled back; its own next rung comes when they are switched back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
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
    _pressed: asyncio.Future[None] | None = None

    async def go(self) -> None:
        """All of it: production of every app, the rungs of those that refuse, every slot, the proof."""
        order = self._order()
        refused = [app for app in order if not await self._switched_back(app, self._first_turn(len(order) > 1))]
        offered = [app for app in refused if await self._refused(app)]
        others = [app for app in order if app not in refused]
        # What a session that died had begun was taken by then.
        begun = [app for app in offered if not self.asks or self._went_down(app)]
        await self._gone_down(begun)
        unread = [app for app in refused if app not in offered]
        try:
            self._wait_for([app for app in offered if app not in begun])
            await self._meanwhile(others, unread)
            await self._pressed_or_not()
        finally:
            if self._pressed is not None:
                self._pressed.cancel()

    def _first_turn(self, others_wait: bool) -> Turn:
        """Soon it is the next app's, and this one is looked at again after them. A swap has the time that it takes."""
        if not others_wait:
            return NO_OTHERS
        took = max(
            (row.seconds for row in self.run().steps if row.result == "done" and row.key in self._swaps), default=0
        )
        now = self.now()
        return Turn(now + self.unread_s, now + max(LANDING_S, _SLOWER * took))

    @property
    def _swaps(self) -> set[str]:
        return {key_at("swap", app) for app in self.plan.places}

    async def _meanwhile(self, others: list[str], unread: list[str]) -> None:
        """A person may take long to press it: what can be finished meanwhile is, and makes way once it is pressed."""
        for app in unread:
            # It could not be read, or a swap was under way: now nobody else waits for it.
            if await self._making_way(partial(self._switched_back, app)):
                self.left.pop(app)
                self.bad.discard(app)
                others = [*others, app]
            elif await self._refused(app):
                self._wait_for([app])
        for key in _CLEANING:
            for app in others:
                if not await self._making_way(partial(self._clean, key, app)):
                    self._leave(app, self._step(key, app))

    def _wait_for(self, offered: list[str]) -> None:
        """From now on a person may press the next rung of these."""
        self._offered += offered
        if self.asks and offered and self._pressed is None:
            self._pressed = asyncio.ensure_future(self.taken())

    async def _making_way(self, do: Callable[[Turn], Awaitable[bool]]) -> bool:
        """Whether it was done; a rung that is pressed comes first, and it is gone on with after that."""
        while True:
            if self._called():
                await self._rungs_taken()
            if await do(Turn(called=self._called)):
                return True
            if not self._called():
                return False

    def _called(self) -> bool:
        return self._pressed is not None and self._pressed.done()

    async def _rungs_taken(self) -> None:
        offered, self._offered, self._pressed = self._offered, [], None
        await self._gone_down(offered)

    async def _pressed_or_not(self) -> None:
        """The rungs that are left: a person's, once they are pressed; those of a script at once."""
        if self._pressed is not None:
            await self._pressed
        await self._rungs_taken()

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
        return await self.offer(step)

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
