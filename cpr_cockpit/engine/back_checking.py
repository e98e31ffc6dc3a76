"""The rollback check at work: looks every 30 s whether the way back is there, and keeps what it looks with warm.

It only looks and tells. Nothing waits for it, and a rollback that begins ends it.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Sequence

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.back_check import FLOOR_S, Looked, concluded, every_s, same
from cpr_cockpit.core.checklist import Mark
from cpr_cockpit.core.plan import Plan
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.ports import PRODUCTION, PortError, Sighting, SwapStatus
from cpr_cockpit.core.rights import Permission, missing
from cpr_cockpit.core.run import Phase, Run
from cpr_cockpit.core.standings import PROGRAM
from cpr_cockpit.engine.journal import JournalError
from cpr_cockpit.engine.ports import Ports
from cpr_cockpit.engine.preparing import plan_of
from cpr_cockpit.engine.pursuit import MAY_NOT
from cpr_cockpit.engine.recorder import Recorder

log = logging.getLogger(__name__)

ITEM = "deployment-safety.rollback-ready"
# A check that changes nothing is recorded this often; seconds of the procedure's window, and after GO.
_SLOW_S, _SLOW_KEPT_S = 300.0, 3600.0
_LONGEST_S = 20.0
# Fresh connections: so many at once, and for each instance that is listed so many in all, before one is given up.
_AT_ONCE, _LOOKS_EACH = 3, 6


class BackChecking:
    """Checks while there is something to go back from; ``newest``: the last check and when it was made."""

    def __init__(self, scaled: Policy, ports: Ports, recorder: Recorder) -> None:
        self._scaled = scaled
        self._ports = ports
        self._recorder = recorder
        self.newest: tuple[float, ev.RollbackChecked] | None = recorder.run.back_checked

    async def go_on(self) -> None:
        """Never returns; cancel it."""
        pause_s = every_s(self._scaled.scale)
        while True:
            run, now = self._recorder.run, self._ports.clock.now()
            if run.plan is None or not _wanted(run, now, self._scaled):
                await self._recorder.wait_news()
                continue
            found = await self._check(plan_of(run.plan), run)
            # What was seen while a rollback began says nothing of it.
            if _wanted(self._recorder.run, now, self._scaled):
                self.newest = (self._ports.clock.now(), found)
                self._tell(found)
            await self._ports.clock.sleep(max(FLOOR_S, pause_s - (self._ports.clock.now() - now)))

    async def _check(self, plan: Plan, run: Run) -> ev.RollbackChecked:
        where = _where_old(run, plan.slot)
        try:
            looks = await asyncio.gather(*(self._in_time(plan, where, app) for app in _apps_to_leave(plan, run)))
            return concluded(plan, looks, foreign=self._recorder.run.others.words)
        except Exception as error:
            log.exception("the rollback check met a defect")
            words = f"the check met a defect of this program ({type(error).__name__})"
            return ev.RollbackChecked(ready=False, words="", trouble=words, rung="ROLL BACK, which needs no check")

    async def _in_time(self, plan: Plan, where: str, app: str) -> Looked:
        """One look in ``app`` (as in `Act`); an app that does not answer keeps no other from being told of."""
        try:
            async with asyncio.timeout(_LONGEST_S):
                return await self._look(plan, where, app)
        except TimeoutError:
            words = f"no whole answer within {_LONGEST_S:.0f} s"
            return Looked(where, None, 0, 0, manager=words, app=plan.name(app))

    async def _look(self, plan: Plan, where: str, app: str) -> Looked:
        there = self._ports.at(app)
        instances, swaps, (granted, token_s) = await asyncio.gather(
            _instances(there, where), _swaps(there), _rights(there)
        )
        listed = instances if isinstance(instances, int) else None
        good, other = await _looks(there, plan, where, listed)
        errors = [one for one in (instances, swaps) if isinstance(one, PortError)]
        refused = [one for one in (*errors, granted) if isinstance(one, PortError) and one.status in MAY_NOT]
        steps = [step for step in (*plan.back, *plan.lower) if step.act.app == app]
        return Looked(
            where=where,
            listed=listed,
            met=len({look.instance for look in good if look.instance}),
            answers=len(good),
            other=other,
            in_flight=swaps.in_flight or "" if isinstance(swaps, SwapStatus) else "",
            preview=swaps.pending_preview or "" if isinstance(swaps, SwapStatus) else "",
            manager=errors[0].what if errors else "",
            ended=refused[0].what if refused else "",
            lacking=missing(granted, steps) if isinstance(granted, Sequence) else (),
            unread=granted.what if isinstance(granted, PortError) and not refused else "",
            token_s=token_s,
            app=plan.name(app),
        )

    # -- telling -----------------------------------------------------------------------------------------------------

    def _tell(self, found: ev.RollbackChecked) -> None:
        """Into the journal where it is news, or the last word there is old."""
        run, now = self._recorder.run, self._ports.clock.now()
        slow_s = (_SLOW_KEPT_S if run.phase is Phase.KEEPING else _SLOW_S) * self._scaled.scale
        told = run.back_checked
        if told is not None and same(told[1], found) and now - told[0] < max(10.0, slow_s):
            return
        try:
            self._recorder.record(found)
            self._mark(run, found, now + 3.0 * max(10.0, slow_s))
        except JournalError:
            log.exception("the rollback check could not be recorded")

    def _mark(self, run: Run, found: ev.RollbackChecked, until: float) -> None:
        """The checklist's item; a person's mark is left alone."""
        before = run.standings.get(ITEM)
        if before is not None and before.by != PROGRAM:
            return
        mark, value = (Mark.MEASURED, found.words) if found.ready else (Mark.FAILED, found.trouble)
        self._recorder.record(ev.ItemMarked(item=ITEM, mark=mark, by=PROGRAM, value=value, expires_at=until))


async def _instances(there: Ports, where: str) -> int | PortError:
    try:
        return len(await there.web_apps.instances(where))
    except PortError as error:
        return error


async def _swaps(there: Ports) -> SwapStatus | PortError:
    try:
        return await there.web_apps.swap_status()
    except PortError as error:
        return error


async def _rights(there: Ports) -> tuple[Sequence[Permission] | PortError | None, float | None]:
    """What is granted (None: nothing tells), and how long the token is good."""
    if there.rights is None:
        return None, None
    try:
        token_s = await there.rights.warm()
        return await there.rights.granted(), token_s
    except PortError as error:
        return error, None


async def _looks(there: Ports, plan: Plan, where: str, listed: int | None) -> tuple[list[Sighting], str]:
    """Healthy answers of the old version until every listed instance was met; and what else was answered."""
    good, other = list[Sighting](), ""
    most = max(1, math.ceil(_LOOKS_EACH * max(1, listed or 1) / _AT_ONCE))
    for _ in range(most):
        for look in await asyncio.gather(*(there.probe.look(where) for _ in range(_AT_ONCE))):
            if look.ok and look.version == plan.old_version:
                good.append(look)
            elif look.version not in (None, plan.old_version):
                other = str(look.version)
        met = {look.instance for look in good if look.instance}
        if other or (good and len(met) >= (listed or 0)):
            break
    return good, other


def _apps_to_leave(plan: Plan, run: Run) -> tuple[str, ...]:
    """Where the new version serves, or gets a share: of several apps before T0 those that are switched already."""
    if not plan.apps or run.t0 is not None:
        return plan.places
    return tuple(app for app in plan.places if plan.name(app) in run.switched)


def _where_old(run: Run, slot: str) -> str:
    """Where the old version waits: production while a share goes to the slot, and the slot once production switched."""
    return PRODUCTION if run.on_share and run.switched_at is None else slot


def _wanted(run: Run, now: float, scaled: Policy) -> bool:
    """Whether there is something to go back from by this run.

    A share, some of several apps, or the switch until the slot may be changed.
    """
    if run.observed or run.ended is not None or run.phase in (Phase.ROLLING_BACK, Phase.ENDED):
        return False
    step = run.open_step
    if step is not None and step.mutates:
        # Our own change is under way: that is no trouble.
        return False
    if run.on_share or run.on_part:
        return True
    return run.t0 is not None and (run.phase is not Phase.KEEPING or now < run.t0 + scaled.keep_warm_s)
