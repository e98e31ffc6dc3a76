"""The acts that only read: each is tried until it holds or its time is over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cpr_cockpit.core.commits import same_commit, wrong_commit
from cpr_cockpit.core.plan import Act, ActKind
from cpr_cockpit.core.ports import PRODUCTION
from cpr_cockpit.core.strategy import NEW_ARTIFACT
from cpr_cockpit.engine.acts import Check, Context, Reading, State
from cpr_cockpit.engine.background import ProveSetting, ProveWorkers, ProveWorkersOff
from cpr_cockpit.engine.flagging import ProveFlag
from cpr_cockpit.engine.piping import ProveBuilt
from cpr_cockpit.engine.serving import exists
from cpr_cockpit.engine.zips import BUILD, ZipError, commit_of, examine

WARM_REQUESTS = 6
PROOF_LOOKS = 5
MOST_NAMES = 8


@dataclass(frozen=True, slots=True)
class KeepArtifact:
    """The old version's zip is at hand: configured, or read from production's Kudu."""

    context: Context
    act: Act

    async def look(self) -> Reading:
        """Done when the file is a whole zip; its SHA-256 goes to the journal. The plan said so where there is none."""
        path = self.context.artifacts / self.act.artifact
        if not any(step.act.artifact == self.act.artifact for step in self.context.plan.back):
            return Reading(State.DONE, "rollback by swap only: no artifact could be had")
        try:
            sha256 = await asyncio.to_thread(examine, path)
        except ZipError as error:
            return Reading(State.REFUSED, str(error))
        return Reading(State.DONE, f"at hand, {path.stat().st_size:,} bytes, sha256 {sha256[:12]}", {"sha256": sha256})


@dataclass(frozen=True, slots=True)
class ProveSlot:
    """Every instance of the slot serves the version, healthy."""

    context: Context
    act: Act

    async def look(self) -> Reading:
        """Several fresh looks; all must be healthy and of the version, and meet every instance that is listed."""
        instances = await self.context.ports.web_apps.instances(self.act.slot)
        probe = self.context.ports.probe
        looks = await asyncio.gather(*(probe.look(self.act.slot) for _ in range(max(PROOF_LOOKS, 3 * len(instances)))))
        good = [look for look in looks if look.ok and look.version == self.act.version]
        wrong = self._wrong([look.commit for look in good]) if good else ""
        if wrong:
            return Reading(State.REFUSED, wrong)
        met = {look.instance for look in good if look.instance}
        words = f"{len(good)} of {len(looks)} answers 200 from {self.act.version}"
        words += f", {len(met)} of {len(instances)} instances met"
        enough = len(good) == len(looks) and len(met) >= len(instances)
        return Reading(State.DONE if enough else State.TO_DO, words)

    def _wrong(self, told: Sequence[str | None]) -> str:
        """Why what answers is not what the tag points to; "" where it is, or where nobody said what that is."""
        wanted, slot = self.context.commit, f"what slot {self.act.slot} serves"
        if not wanted or self.act.version != self.context.plan.new_version:
            return ""
        nothing = f"Production was not switched, it serves {self.context.plan.old_version}."
        other = next((one for one in told if one is not None and not same_commit(one, wanted)), None)
        if other is not None:
            return f"{wrong_commit(slot, other, wanted)} {nothing} Build the tag again, then begin a new run."
        # A pipeline has told itself what it ran on, which has been proven before.
        piped = any(step.act.kind is ActKind.PROVE_BUILT for step in self.context.plan.forward)
        if None in told and not piped and commit_of(self.context.artifacts / NEW_ARTIFACT) is None:
            return (
                f"nothing tells from which commit {slot} was built: its health answer has no commit, and the zip no "
                f"{BUILD}. {nothing} Have one of them tell it, or take commit out of [artifacts]."
            )
        return ""


@dataclass(frozen=True, slots=True)
class ProveAlike:
    """Sessions that are routed to the slot meet the settings that they would meet in production."""

    context: Context
    act: Act

    async def look(self) -> Reading:
        """Refused where anything differs that nobody has declared harmless; its name is told, never its value."""
        found = await self.context.ports.web_apps.differences(self.act.slot)
        words = undeclared(self.act.slot, found, self.act.names)
        if words:
            return Reading(State.REFUSED, words)
        return Reading(State.DONE, f"{len(found)} differences, all declared harmless" if found else "no difference")


def undeclared(slot: str, found: Sequence[str], harmless: Sequence[str]) -> str:
    """What is wrong with differences that nobody has declared harmless, and what to do; "" where there are none."""
    declared = {name.casefold() for name in harmless}
    left = [name for name in found if name.casefold() not in declared]
    if not left:
        return ""
    more = f" and {len(left) - MOST_NAMES} more" if len(left) > MOST_NAMES else ""
    words = f"slot {slot} differs from production in: {', '.join(left[:MOST_NAMES])}{more}"
    return f"{words}. Make them alike, or declare them harmless in [strategy]."


@dataclass(frozen=True, slots=True)
class WarmUp:
    """The slot's pages have been asked often enough to be warm."""

    context: Context
    act: Act

    async def look(self) -> Reading:
        """Done when every request was answered below 500."""
        times = await self.context.ports.probe.warm(self.act.slot, WARM_REQUESTS)
        if len(times) < WARM_REQUESTS:
            return Reading(State.TO_DO, f"{len(times)} of {WARM_REQUESTS} warm-up requests were answered")
        return Reading(
            State.DONE, f"{len(times)} requests, the slowest {max(times):.0f} ms, the last {times[-1]:.0f} ms"
        )


@dataclass(frozen=True, slots=True)
class Smoke:
    """The smoke tests hold on the slot."""

    context: Context
    act: Act

    async def look(self) -> Reading:
        """Done when all passed; the words name those that did not."""
        results = await self.context.ports.probe.smoke(self.act.slot)
        failed = [f"{result.name}: {result.words}" for result in results if not result.passed]
        facts = {result.name: f"{'passed' if result.passed else 'failed'}, {result.words}" for result in results}
        if failed:
            return Reading(State.TO_DO, "; ".join(failed), facts)
        return Reading(State.DONE, f"{len(results)} of {len(results)} passed", facts)


@dataclass(frozen=True, slots=True)
class ProveServing:
    """Production serves one version everywhere, and the slot the other.

    Production: fresh connections, with and without a routing cookie, every instance; the slot: by its own host and by
    its cookie.
    """

    context: Context
    act: Act

    async def look(self) -> Reading:
        """Versions prove who serves; whether the answers are healthy is for the judge."""
        ports, slot = self.context.ports, self.act.slot
        instances = await ports.web_apps.instances(PRODUCTION)
        status = await ports.web_apps.swap_status()
        production = await asyncio.gather(
            *(ports.probe.look(PRODUCTION, as_new=True) for _ in range(max(PROOF_LOOKS, 3 * len(instances))))
        )
        pinned = await ports.probe.look(PRODUCTION)
        by_host, by_cookie = await asyncio.gather(ports.probe.look(slot), ports.probe.look(slot, by_cookie=True))
        right = sum(1 for look in (*production, pinned) if look.version == self.act.version)
        total = len(production) + 1
        met = {look.instance for look in production if look.version == self.act.version and look.instance}
        words = (
            f"{right} of {total} fresh answers from {self.act.version}, {len(met)} of {len(instances)} instances met"
        )
        holds = right == total and len(met) >= len(instances) and status.in_flight is None
        if self.act.other and (by_host.version is not None or await exists(ports.web_apps, slot)):
            others = [look.version for look in (by_host, by_cookie)]
            words += f"; slot {slot}: {others[0] or 'no version'} by host, {others[1] or 'no version'} by cookie"
            holds = holds and all(version == self.act.other for version in others)
        return Reading(State.DONE if holds else State.TO_DO, words)


@dataclass(frozen=True, slots=True)
class KeepWarm:
    """The old version answers in the slot: the way back is warm."""

    context: Context
    act: Act

    async def look(self) -> Reading:
        """One healthy answer of the old version."""
        seen = await self.context.ports.probe.look(self.act.slot)
        if seen.ok and seen.version == self.act.version:
            return Reading(State.DONE, f"slot {self.act.slot} {seen.version}, 200 in {seen.ms:.0f} ms")
        return Reading(
            State.TO_DO, f"slot {self.act.slot}: {seen.version or 'no version'}, {seen.status or seen.error}"
        )


_CHECKS: dict[ActKind, Callable[[Context, Act], Check]] = {
    ActKind.KEEP_ARTIFACT: KeepArtifact,
    ActKind.PROVE_ALIKE: ProveAlike,
    ActKind.PROVE_BUILT: ProveBuilt,
    ActKind.PROVE_SLOT: ProveSlot,
    ActKind.WARM_UP: WarmUp,
    ActKind.SMOKE: Smoke,
    ActKind.PROVE_SERVING: ProveServing,
    ActKind.KEEP_WARM: KeepWarm,
    ActKind.PROVE_SETTING: ProveSetting,
    ActKind.PROVE_WORKERS_OFF: ProveWorkersOff,
    ActKind.PROVE_WORKERS: ProveWorkers,
    ActKind.PROVE_FLAG: ProveFlag,
}


def check_for(context: Context, act: Act) -> Check:
    """The doer of an act that only reads; KeyError for a mutating one, and for those that need more than a Context."""
    return _CHECKS[act.kind](context, act)
