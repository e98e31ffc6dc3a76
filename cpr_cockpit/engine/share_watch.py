"""A share of a canary under watch: the new version's users beside the old one's, in the same minutes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from cpr_cockpit.core.canary import PATIENCE, THIN_S
from cpr_cockpit.core.events import Script
from cpr_cockpit.core.flags import state_words
from cpr_cockpit.core.judge import Judge
from cpr_cockpit.core.plan import Act, Plan
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.signals import Source
from cpr_cockpit.engine.acts import Reading, State
from cpr_cockpit.engine.ports import Ports
from cpr_cockpit.engine.recorder import Recorder
from cpr_cockpit.engine.settings import SessionSettings
from cpr_cockpit.engine.watch import Watch


class ShareWatch(Watch):
    """The sources from the moment of the share on; its judge has a control, and nobody knows the exact share.

    Cookies outlive a change of the share, so how many requests should come is not told by the rule.
    """

    def __init__(
        self, settings: SessionSettings, scaled: Policy, plan: Plan, act: Act, ports: Ports, recorder: Recorder
    ) -> None:
        # Production's platform metrics count the old version's requests: they say nothing of the share.
        self._judged = (Source.LOGS, Source.PROBES_PRODUCTION)
        # Journeys stand in for users in the critical window alone.
        part = replace(scaled, window_s=max(act.seconds, scaled.bin_s), synthetic_go=False)
        super().__init__(settings, part, plan, ports, recorder)

    def _made_judge(self) -> Judge:
        plan, settings = self._plan, self._settings
        return Judge(
            self._scaled,
            plan.new_version,
            plan.old_version,
            settings.declared_delay_s,
            sources=self._judged,
            share=None,
            control=True,
            signals=settings.signals,
        )

    @property
    def where(self) -> str:
        """What is judged, in words; "": what the act says."""
        return ""

    @property
    def lost(self) -> str:
        """What it means that there is nothing to judge any more; "": what the act says."""
        return ""

    @property
    def began(self) -> float | None:
        """Since when the share is routed; None: it is not."""
        return self._began()

    def _began(self) -> float | None:
        return self._recorder.run.share_at if self._recorder.run.share else None


class WatchShare:
    """The check of the step: done when the judge says GO at the end of its time, and never before.

    A person decides on anything else. A ``script`` rolls back by itself where it may, and gives up where nothing else
    can be said.
    ``passed`` is awaited when it is done; ``before``: the watch that it comes in the place of.
    """

    def __init__(
        self,
        act: Act,
        watch: ShareWatch,
        now: Callable[[], float],
        passed: Callable[[], Awaitable[None]],
        *,
        script: Script | None,
        before: ShareWatch | None = None,
    ) -> None:
        self._before = before
        self._passed = passed
        self._act = act
        self._watch = watch
        self._now = now
        self._script = script

    async def look(self) -> Reading:
        """The judge's word, and how long it still watches."""
        before, self._before = self._before, None
        if before is not None:
            await before.close()
        began = self._watch.began
        if began is None:
            return Reading(State.REFUSED, self._watch.lost or self._changed())
        lasted, words = self._now() - began, self._watch.verdict_sentence
        if lasted < self._act.seconds:
            return Reading(State.TO_DO, words)
        if self._watch.may_keep():
            await self._passed()
            return Reading(State.DONE, f"GO after {lasted:.0f} s {self._where()}: {words}")
        script = self._script
        rolls_back = script is not None and script.decide == "auto" and self._watch.kind == "ROLLBACK"
        if script is not None and lasted >= self._patience_s() and not rolls_back:
            return Reading(State.REFUSED, f"{self._watch.kind} after {lasted:.0f} s {self._where()}: {words}")
        return Reading(State.TO_DO, words)

    def _patience_s(self) -> float:
        return max(PATIENCE * self._act.seconds, THIN_S if self._act.flag else 0.0)

    def _where(self) -> str:
        if self._watch.where:
            return self._watch.where
        flag, percent = self._act.flag, self._act.percent
        return f"with the flag {flag} {state_words(percent)}" if flag else f"on {percent:g} %"

    def _changed(self) -> str:
        if self._act.flag:
            return f"the flag {self._act.flag} is not {state_words(self._act.percent)}: somebody else changed it"
        return f"no session is routed to slot {self._act.slot}: somebody else changed it"
