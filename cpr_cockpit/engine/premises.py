"""The premises of a verdict: what must hold of the logs, read before START and proven for the new version in its slot.

A premise that does not hold is a warning that says what it means. One alone stops: telemetry that does not come under
the new version's name, for then nobody could judge the release. Nothing here is asked on the way back.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from cpr_cockpit.core.plan import Act
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.ports import Arrived, LogFacts, PortError, Premises
from cpr_cockpit.core.verdict import clock_time
from cpr_cockpit.engine.acts import Reading, State
from cpr_cockpit.engine.ports import Ports
from cpr_cockpit.engine.recorder import Recorder
from cpr_cockpit.engine.settings import SessionSettings

LOOK_BACK_S = 3600.0
# Requests per row from which on rows are called sampled: below it ItemCount is rounding.
_SAMPLED = 1.05
# A delay is called longer than declared from here on (and a second): p95 of what is declared as usual.
_LATER = 1.25
# A look at the logs costs one query of the 200 that a person may send in 30 s.
_LEAST_ASK_S, _MOST_ASK_S = 1.0, 5.0


@dataclass(frozen=True, slots=True)
class Told:
    """The premises in words: ``summary`` of what was read, ``warnings``; ``sound``: production's rows come in time."""

    summary: str
    warnings: tuple[str, ...]
    sound: bool = False

    @property
    def remarks(self) -> tuple[str, ...]:
        """All of it, for the plan."""
        return tuple(words for words in (self.summary, *self.warnings) if words)


async def read_premises(premises: Premises, now: float, policy: Policy, declared_delay_s: float) -> Told:
    """Delay, sampling and daily cap of the last hour; what could not be read is a warning too."""
    try:
        facts = await premises.facts(since=now - LOOK_BACK_S)
    except PortError as error:
        words = f"{error.what} Delay, sampling and daily cap are not known; if it stays so, the judge is blind."
        return Told("", (f"logs: {words}",))
    return told(facts, now, policy, declared_delay_s)


def told(facts: LogFacts, now: float, policy: Policy, declared_delay_s: float) -> Told:
    """The facts of the last hour at ``now``, in words."""
    cap, warnings = _cap(facts)
    if not facts.rows or facts.newest is None:
        nobody = "no request of users in the last hour: delay and sampling are not known"
        return Told(f"logs: {nobody}; daily cap {cap}", tuple(warnings))
    ratio, lag = facts.requests / facts.rows, facts.lag_p95
    sampled = ratio >= _SAMPLED
    if sampled:
        warnings.append(
            f"sampling: one row stands for {ratio:.3g} requests: the judge needs about {ratio:.2g} times as long"
        )
    sound = facts.stopped_at is None
    if lag is not None and lag > _LATER * declared_delay_s + 1.0:
        sound = False
        warnings.append(
            f"delay: telemetry comes {lag:.0f} s late (p95) and {declared_delay_s:.0f} s are declared: "
            "every verdict comes that much later"
        )
    age = now - facts.newest
    if age > 2.0 * max(declared_delay_s, lag or 0.0) + 2.0 * policy.poll_logs_s + policy.skew_s:
        sound = False
        warnings.append(f"the newest request of users in the logs is {age:.0f} s old: no traffic, or no telemetry")
    delay = "not told" if lag is None else f"{lag:.1f} s (p95)"
    each = f"for {ratio:.3g} requests" if sampled else "for one request"
    summary = f"logs: {facts.rows} rows of users in the last hour, each {each}; delay {delay}; daily cap {cap}"
    return Told(summary, tuple(warnings), sound)


def _cap(facts: LogFacts) -> tuple[str, list[str]]:
    """The daily cap in words, and what it means where it was reached."""
    if not facts.cap_known:
        return "not known, the workspace tells nothing of it", []
    if facts.stopped_at is None:
        return "not reached", []
    since = clock_time(facts.stopped_at)
    blind = "the judge is blind until that is lifted"
    return f"REACHED at {since}", [f"daily cap: the workspace takes no rows in since {since}: {blind}"]


def must_arrive(settings: SessionSettings) -> bool:
    """Whether a run stops where the new version's telemetry does not come.

    Where a person runs a production deployment and the policy says so. A drill or a rehearsal goes on, and says it.
    """
    return settings.script is None and settings.mode == "open" and settings.policy.require_telemetry


class ProveTelemetry:
    """The plan's step: rows of the new version, made by our own probes of the slot, come under its very name."""

    def __init__(
        self, ports: Ports, recorder: Recorder, scaled: Policy, act: Act, declared_delay_s: float, *, must: bool
    ) -> None:
        self._ports = ports
        self._recorder = recorder
        self._poll_s = scaled.poll_logs_s
        self._skew_s = scaled.skew_s
        self._act = act
        self._declared_s = declared_delay_s
        self._must = must
        self._began = ports.clock.now()
        self._patience_s: float | None = None
        self._asked_at = -math.inf
        self._trouble = ""
        self._others: tuple[str, ...] = ()

    async def look(self) -> Reading:
        """Done once a row has come; after twice the delay of the logs and one poll, blind: refused or said."""
        premises = self._ports.premises
        if premises is None:
            return Reading(State.DONE, "not checked: nothing tells of the logs")
        if self._recorder.run.switched_at is not None:
            return Reading(State.DONE, "not checked: production is switched already")
        if self._patience_s is None:
            self._patience_s = 2.0 * await self._delay(premises) + self._poll_s
        now = self._ports.clock.now()
        last = now - self._began >= self._patience_s
        every = min(_MOST_ASK_S, max(_LEAST_ASK_S, self._poll_s))
        if now - self._asked_at < every and not last:
            return Reading(State.TO_DO, f"no row of {self._act.version} yet")
        self._asked_at = now
        # A request of our own, marked synthetic: the slot has no users whose rows could come.
        await self._ports.probe.look(self._act.slot)
        found = await self._look_for(premises)
        if found is not None:
            return self._come(found)
        return self._blind() if last else Reading(State.TO_DO, f"no row of {self._act.version} yet")

    async def _delay(self, premises: Premises) -> float:
        """Seconds by which rows come late: as measured on production's users, else as declared."""
        try:
            facts = await premises.facts(since=self._ports.clock.now() - LOOK_BACK_S)
        except PortError:
            return self._declared_s
        return self._declared_s if facts.lag_p95 is None else max(0.0, facts.lag_p95)

    async def _look_for(self, premises: Premises) -> Arrived | None:
        try:
            rows = await premises.arrived(since=self._since())
        except PortError as error:
            self._trouble = error.what
            return None
        self._trouble = ""
        plan = self._recorder.run.plan
        usual = {self._act.version, plan.old_version if plan else ""}
        self._others = tuple(row.version or "no version" for row in rows if row.version not in usual)
        return next((row for row in rows if row.version == self._act.version), None)

    def _since(self) -> float:
        """Rows of this run's slot: from the first look at what was deployed, by the service's clock."""
        row = self._recorder.run.row("prove-slot", "forward")
        return (self._began if row is None else row.began_at) - self._skew_s

    def _come(self, found: Arrived) -> Reading:
        age = max(0.0, self._ports.clock.now() - found.newest)
        delay = "" if found.lag_p95 is None else f", delay {found.lag_p95:.1f} s (p95)"
        words = f"{found.rows} rows of {found.version}, the newest {age:.0f} s old{delay}"
        return Reading(State.DONE, words, {"rows": str(found.rows)})

    def _blind(self) -> Reading:
        version, waited = self._act.version, self._ports.clock.now() - self._began
        words = f"NO TELEMETRY of {version} came within {waited:.0f} s"
        if self._trouble:
            words += f" ({self._trouble.rstrip('. ')})"
        if self._others:
            words += f"; rows came under other names: {', '.join(self._others[:3])}"
        words += ": the judge would be blind to it, and no data could say GO"
        if not self._must:
            return Reading(State.DONE, f"{words}. Gone on all the same", {"rows": "0"})
        words += (
            ". Production was not switched. Look at the slot's connection string, and at the version that its "
            "telemetry tells; with require_telemetry = false in [policy] a run goes on without"
        )
        return Reading(State.REFUSED, words, {"rows": "0"})
