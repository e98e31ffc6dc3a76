"""The steps of a plan that a judge decides: shares of sessions, some of several apps, a flag's users, its calm."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from cpr_cockpit.core.plan import Act, ActKind, Plan
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.engine.acts import Check
from cpr_cockpit.engine.apps_watch import AppsWatch
from cpr_cockpit.engine.flag_watch import FlagWatch, ProveCalm
from cpr_cockpit.engine.ports import Ports
from cpr_cockpit.engine.recorder import Recorder
from cpr_cockpit.engine.settings import SessionSettings
from cpr_cockpit.engine.share_watch import ShareWatch, WatchShare


@dataclass(frozen=True, slots=True)
class JudgedSteps:
    """Makes the check of each such step, with a watch of its own.

    ``speaks(watch)``: from now on it is this one that judges; it tells which did before. ``passed()``: what is judged
    from here on is production.
    ``hurried()``: whether a person waits no longer for the calm.
    """

    settings: SessionSettings
    scaled: Policy
    plan: Callable[[], Plan]
    ports: Ports
    recorder: Recorder
    speaks: Callable[[ShareWatch], ShareWatch | None]
    passed: Callable[[], Awaitable[None]]
    hurried: Callable[[], bool]

    def forth(self) -> dict[ActKind, Callable[[Act], Check]]:
        """Those of the way forth."""
        return {ActKind.WATCH_SHARE: self._share, ActKind.WATCH_FLAG: self._flag, ActKind.WATCH_APPS: self._apps}

    def back(self) -> dict[ActKind, Callable[[Act], Check]]:
        """Those of the way back."""
        return {ActKind.PROVE_CALM: self._calm}

    def _share(self, act: Act) -> Check:
        return self._watched(act, ShareWatch, self.passed)

    def _apps(self, act: Act) -> Check:
        return self._watched(act, AppsWatch, self._judged_on)

    async def _judged_on(self) -> None:
        """Some of several apps have passed: their watch goes on while the next one is switched."""

    def _flag(self, act: Act) -> Check:
        return self._watched(act, FlagWatch, self.passed)

    def _watched(self, act: Act, make: type[ShareWatch], passed: Callable[[], Awaitable[None]]) -> Check:
        watch = make(self.settings, self.scaled, self.plan(), act, self.ports, self.recorder)
        watch.begin()
        before = self.speaks(watch)
        return WatchShare(act, watch, self.ports.clock.now, passed, script=self.settings.script, before=before)

    def _calm(self, act: Act) -> Check:
        watch = FlagWatch(self.settings, self.scaled, self.plan(), act, self.ports, self.recorder)
        watch.begin()
        self.speaks(watch)
        # The newest data of the time are this late at worst.
        grace_s = 2 * self.scaled.poll_logs_s + 2 * self.settings.declared_delay_s + 4.0
        run, now = (lambda: self.recorder.run), self.ports.clock.now
        return ProveCalm(act, watch, run, now, self.hurried, grace_s, self.ports.flags)
