"""The way back of several apps: in reverse of what was done, each decided by what is seen there.

An app that refuses keeps no other from being rolled back; its own next rung comes when they are switched back.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from cpr_cockpit.core.ladder import ROUTE_OLD
from cpr_cockpit.core.plan import Plan, Step, app_of, key_at, key_of
from cpr_cockpit.core.run import Run
from cpr_cockpit.engine.executor import Executor

# How long a swap that was under way when ROLLBACK came is waited for before the other apps are rolled back.
LANDING_S = 60.0


@dataclass(slots=True)
class AppsBack:
    """Rolls every app back; ``left`` says in words what is left, by app (`Act.app`), and ``bad`` where it is served.

    ``offer``: whether the rungs below a step that failed may be taken now; they are then offered. ``taken``: awaits
    that somebody takes them; ``asks``: whether that is a person, so that it may last.
    """

    plan: Plan
    executor: Executor
    run: Callable[[], Run]
    offer: Callable[[Step], Awaitable[bool]]
    taken: Callable[[], Awaitable[None]]
    asks: bool
    left: dict[str, str] = field(default_factory=dict)
    bad: set[str] = field(default_factory=set)

    async def go(self) -> None:
        """All of it: production of every app, the rungs of those that refuse, every slot, the proof."""
        order = self._order()
        refused = [app for app in order if not await self._switched_back(app, others_wait=len(order) > 1)]
        offered = [app for app in refused if await self._refused(app)]
        others = [app for app in order if app not in refused]
        if not self.asks:
            await self._all_down(offered)
        # A person may take long to press it: what can be finished meanwhile is.
        await self._clean(others)
        if self.asks:
            await self._all_down(offered)
        for app in (one for one in refused if one not in offered):
            # It could not be read, or a swap was under way: now nobody waits for it any more.
            if await self._switched_back(app):
                self.left.pop(app)
                self.bad.discard(app)
                await self._clean([app])
            elif await self._refused(app):
                await self._all_down([app])

    async def _refused(self, app: str) -> bool:
        """Note that the app was not switched back, and whether its next rung may be taken."""
        step = self._step("swap-back", app)
        self._leave(app, step)
        if not self._begun(app):
            return False
        self.bad.add(app)
        return await self.offer(step)

    async def _all_down(self, apps: list[str]) -> None:
        if apps:
            await self.taken()
        for app in apps:
            await self._down(app)

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

    async def _done(self, step: Step, *, others_wait: bool = False) -> bool:
        if self.run().finished(step.key, "back"):
            return True
        return await self.executor.run_step("back", step, others_wait=others_wait)

    def _leave(self, app: str, step: Step) -> None:
        row = self.run().row(step.key, "back")
        self.left[app] = f"step '{step.title}' did not succeed: {row.words if row else 'it was not begun'}"

    async def _switched_back(self, app: str, *, others_wait: bool = False) -> bool:
        """Whether production of the app serves the old version by a swap, or was never switched.

        Where its users were routed to the slot with the old version, a swap would hand them the new one.
        """
        routed, home = (self.run().row(key_at(key, app), "back") for key in (ROUTE_OLD, "route-home"))
        if routed is not None and (home is None or home.result not in ("done", "already")):
            return False
        return await self._done(self._step("swap-back", app), others_wait=others_wait)

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

    async def _clean(self, apps: list[str]) -> None:
        """Every slot first, for a routing cookie may lead there, then the proofs."""
        for key in ("replace-bad", "prove-rollback"):
            for app in (one for one in apps if one not in self.left):
                step = next((one for one in self.plan.back if one.key == key_at(key, app)), None)
                if step is not None and not await self._done(step):
                    self._leave(app, step)
