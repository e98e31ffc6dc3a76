"""The lookout of a run that only looks on: waits for the switch that others make, with a baseline always at hand."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.observing import Switch, SwitchFinder
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.ports import PRODUCTION, PortError
from cpr_cockpit.core.verdict import clock_time
from cpr_cockpit.engine.baseline import UsersBefore
from cpr_cockpit.engine.ports import Ports
from cpr_cockpit.engine.recorder import Recorder
from cpr_cockpit.engine.settings import SessionSettings
from cpr_cockpit.engine.turns import pause_s

log = logging.getLogger(__name__)

# The baseline is read anew this often, in seconds of the procedure's window; at least every five seconds.
REFRESH_S = 60.0
REFRESH_FLOOR_S = 5.0
# How long the logs may take for the last reading, at the switch; the one before it stands in.
AT_SWITCH_S = 20.0


class Lookout:
    """Looks at production and the slot every second, and at production's users every minute, until the switch.

    ``settled(version)`` is called where production settles on another old version than before.
    """

    def __init__(
        self,
        settings: SessionSettings,
        scaled: Policy,
        ports: Ports,
        recorder: Recorder,
        settled: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._scaled = scaled
        self._ports = ports
        self._recorder = recorder
        self._settled = settled
        self._newest: ev.BaselineTaken | None = None
        self._silence_told = False

    async def switch(self, old: str, wanted: str) -> Switch:
        """The switch from ``old`` to ``wanted`` ("": any other version), once it is confirmed."""
        refreshing = asyncio.create_task(self._keep_baseline(lambda: finder.old))
        finder = SwitchFinder(old, wanted)
        clock, probe = self._ports.clock, self._ports.probe
        try:
            while True:
                began, before = clock.now(), finder.old
                production, slot = await asyncio.gather(probe.look(PRODUCTION), probe.look(self._settings.slot))
                found = finder.see(production, slot)
                if found is not None:
                    return found
                if finder.old != before:
                    self._newest = None
                    self._settled(finder.old)
                self._tell_silence(finder.silent_since)
                await clock.sleep(pause_s(self._scaled.poll_probes_s, began, clock.now(), 0.1))
        finally:
            refreshing.cancel()
            await asyncio.gather(refreshing, return_exceptions=True)

    def _tell_silence(self, since: float | None) -> None:
        """Once for each silence: a version that answers nobody could be switched to without being seen."""
        if since is not None and not self._silence_told:
            words = f"production tells no version since {clock_time(since)}: a switch may pass unseen"
            self._recorder.record(ev.Noted(by="cockpit", words=words))
        self._silence_told = since is not None

    # -- the baseline ------------------------------------------------------------------------------------------------

    async def _keep_baseline(self, old: Callable[[], str]) -> None:
        clock = self._ports.clock
        while True:
            version = old()
            users = self._users(version)
            try:
                taken = await users.until(clock.now() - self._settings.declared_delay_s)
            except PortError as error:
                log.warning("the baseline could not be read: %s", error.what)
            else:
                if version == old():
                    self._newest = self._better(taken, users.trouble)
            await clock.sleep(max(REFRESH_FLOOR_S, REFRESH_S * self._scaled.scale))

    def _users(self, version: str) -> UsersBefore:
        return UsersBefore(self._ports, version, self._scaled.baseline_s, self._scaled)

    async def baseline(self, old: str, t0: float) -> ev.BaselineTaken:
        """Production before T0: read once more, else the newest one; without requests where there is none at all."""
        users = self._users(old)
        end = min(t0, self._ports.clock.now() - self._settings.declared_delay_s)
        try:
            async with asyncio.timeout(AT_SWITCH_S):
                taken = await users.until(end)
        except (PortError, TimeoutError) as error:
            log.warning("the baseline could not be read at the switch: %s", error)
            taken = ev.BaselineTaken(
                start=end - self._scaled.baseline_s, end=end, requests=0, failures=0, p50=None, p95=None, p99=None
            )
        return self._better(taken, users.trouble) or taken

    def _better(self, taken: ev.BaselineTaken, trouble: str) -> ev.BaselineTaken | None:
        """The one to keep: ``taken``, unless it tells of nobody or its history did not come and the last one has it."""
        last = self._newest
        has_more = last is not None and last.yardstick is not None
        return last if not taken.requests or (trouble and has_more) else taken
