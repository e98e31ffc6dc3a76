"""After GO: the procedure's schedule as data (first hour, 24 hours, first week), and when a limit counts as crossed.

Step 9 and the monitoring plan of step 12: every 15 minutes in the first hour, hourly to 24 hours, daily to the end of
the week, all counted from T0. Times are epoch seconds, UTC; lengths are seconds of the procedure, multiplied by
``scale`` (f = window / 900 s, at most 1) as every other duration of a short window is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from cpr_cockpit.core.ports import Sighting
from cpr_cockpit.core.signals import Observation
from cpr_cockpit.core.verdict import HoldCause, Verdict, VerdictKind, clock_time

EXTENDED = "extended validation"
ROLLING_S = 900.0
"""What is judged between the checks: the newest quarter of an hour, as long as the critical window."""
LONGEST_S = 3600.0
"""The longest stretch that is judged bin by bin; a day's figures are added up by the source."""


@dataclass(frozen=True, slots=True)
class WatchStage:
    """A part of the schedule: a check every ``every_s`` until ``until_s`` after T0.

    ``poll_s``: seconds between two readings of a source; own probes of production come every ``PROBES_S``.
    """

    name: str
    until_s: float
    every_s: float
    poll_s: float


STAGES = (
    WatchStage("first hour", 3_600.0, 900.0, 60.0),
    WatchStage("first 24 hours", 86_400.0, 3_600.0, 300.0),
    WatchStage("first week", 604_800.0, 86_400.0, 300.0),
)
PROBES_S = 10.0
SLOT_S = 60.0


@dataclass(frozen=True, slots=True)
class ScheduledCheck:
    """One check: when it is due, in which stage, and since when its figures are told."""

    stage: str
    since: float
    due: float


def schedule(t0: float, scale: float) -> Iterator[ScheduledCheck]:
    """Every check of the schedule, in order."""
    done = 0.0
    for stage in STAGES:
        while done < stage.until_s:
            before, done = done, min(stage.until_s, done + stage.every_s)
            yield ScheduledCheck(stage.name, t0 + before * scale, t0 + done * scale)


def next_check(t0: float, scale: float, since: float, now: float) -> ScheduledCheck | None:
    """The check to be made next, where those due up to ``since`` lie behind us; None where the schedule is over.

    Of several that are overdue at ``now`` (no session lived) only the newest can still be made.
    """
    left = [one for one in schedule(t0, scale) if one.due > since]
    overdue = [one for one in left if one.due <= now]
    if overdue:
        return overdue[-1]
    return left[0] if left else None


def ends_at(t0: float, scale: float) -> float:
    """When the schedule is over."""
    return t0 + STAGES[-1].until_s * scale


def stage_at(t0: float, scale: float, now: float) -> WatchStage:
    """The stage at ``now``; the last one where the schedule is over."""
    return next((stage for stage in STAGES if now < t0 + stage.until_s * scale), STAGES[-1])


@dataclass(frozen=True, slots=True)
class Later:
    """What faces are shown after the window: stage, next check, and the stretch that is judged now.

    ``logs``: the newest reading of the stretch, whose bins begin at ``start``; None before the first.
    """

    stage: str
    next_due: float | None
    start: float
    length_s: float
    logs: Observation | None = None


# -- limits ------------------------------------------------------------------------------------------------------------

_NO_DATA = (HoldCause.STALE, HoldCause.INCOMPLETE)


def level(verdict: Verdict) -> tuple[int, str] | None:
    """How bad a verdict is, and what makes it another one; None where it says nothing of a limit.

    Too few requests, and a trigger that is only under way, are no limit that was crossed, nor the end of one. What a
    rule of its own found suspicious is one, whatever else is under way.
    """
    if verdict.kind is VerdictKind.ROLLBACK:
        return 3, verdict.rule or ""
    if verdict.kind is VerdictKind.GO:
        return 0, ""
    if verdict.cause is None or verdict.cause is HoldCause.THIN:
        return None
    if verdict.cause is HoldCause.SUSPICIOUS and verdict.pending and verdict.rule is None:
        return None
    return (1 if verdict.cause in _NO_DATA else 2), verdict.cause.value


@dataclass(slots=True)
class Level:
    """What was told of the verdict last. Worse is told at once, anything else when it has held for ``calm_s``.

    So a figure that hovers at its limit is told of at most twice in ``calm_s``.
    """

    calm_s: float
    told: tuple[int, str]
    _since: float | None = None
    _wanted: tuple[int, str] | None = None

    def news(self, found: tuple[int, str] | None, now: float) -> bool:
        """Whether ``found`` is to be told now; then it counts as told with `tell`."""
        if found is None:
            # It does not speak for the end of what was told: the time begins anew.
            self._since = self._wanted = None
            return False
        if found == self.told:
            self._since = self._wanted = None
            return False
        if found[0] > self.told[0]:
            return True
        if self._wanted != found or self._since is None:
            self._wanted, self._since = found, now
        return now - self._since >= self.calm_s

    def tell(self, found: tuple[int, str]) -> None:
        """It is in the journal."""
        self.told, self._since, self._wanted = found, None, None


@dataclass(frozen=True, slots=True)
class Crossing:
    """A warning's limit was crossed, and the warning ``holds``; or it does not any more."""

    what: str
    holds: bool
    sentence: str


# The last number of a warning is its figure ("CPU above 80 % for 912 s"); what is left without it names the limit.
_FIGURE = re.compile(r"(?<=\s)-?\d+(\.\d+)?(e[+-]?\d+)?(?=\s|$)(?!.*\s-?\d+(\.\d+)?(e[+-]?\d+)?(\s|$))")
_MOST_WARNINGS = 64


@dataclass(slots=True)
class Warned:
    """The warnings that hold: each told at once, and told as gone when it was absent for ``calm_s``."""

    calm_s: float
    _seen: dict[str, tuple[str, float]] = field(default_factory=dict)

    def news(self, warnings: Iterable[str], now: float) -> tuple[Crossing, ...]:
        """What is to be told at ``now``; `tell` it when it is in the journal."""
        current = {_FIGURE.sub("#", one): one for one in warnings}
        for name, words in current.items():
            if name in self._seen:
                self._seen[name] = (words, now)
        new = [Crossing(name, True, words) for name, words in current.items() if name not in self._seen]
        gone = [
            Crossing(name, False, f"no longer {words} (last seen at {clock_time(at)})")
            for name, (words, at) in self._seen.items()
            if name not in current and now - at >= self.calm_s
        ]
        return (*new[: max(0, _MOST_WARNINGS - len(self._seen))], *gone)

    def tell(self, crossing: Crossing, now: float) -> None:
        """It is in the journal."""
        if crossing.holds:
            self._seen[crossing.what] = (crossing.sentence, now)
        else:
            self._seen.pop(crossing.what, None)


# -- the way back ------------------------------------------------------------------------------------------------------


def swap_brings_back(look: Sighting | None, old: str) -> bool:
    """Whether a swap would bring ``old`` back, as far as is seen: only another version's answer says that it would not.

    A slot that does not answer just now may still hold it; the swap itself is decided by observation.
    """
    return look is None or look.version in (None, old)


def redeploy_words(look: Sighting, slot: str, old: str, warm_until: float) -> str:
    """Why ROLLBACK means a redeploy where the slot was seen to serve another version than ``old``."""
    warm = f"it was kept warm until {clock_time(warm_until)}" if look.at >= warm_until else "it is not warm any more"
    return (
        f"slot {slot} serves {look.version}, not {old} ({warm}): a swap would not bring {old} back and is refused; "
        f"rolling back now means to deploy {old} again"
    )
