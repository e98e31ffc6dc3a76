"""The newest points of a resource's metrics, and what they were before the switch; a metric it lacks is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import fmean

from cpr_cockpit.adapters.azure.manager import Manager
from cpr_cockpit.adapters.azure.metrics_api import Measured, measure
from cpr_cockpit.core.ports import Asked, Clock, PortError

# Points that one question covers: the newest ones may come minutes late.
_POINTS = 10
# Seconds that the first question covers in a window of full length; from then on the answer's own grain tells.
_FIRST_S = 600.0
# A metric whose newest point is so many points older than the newest of all tells nothing of now.
_BEHIND = 5


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest point of each metric that has one, by name: ``now``; and the mean of those before T0: ``before``.

    ``at``: event time of the newest of all; ``troubles``: what may pass; ``missing``: metrics that this resource does
    not have, in the service's words.
    """

    now: Mapping[str, float]
    before: Mapping[str, float]
    at: float | None
    grain: float | None
    troubles: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(slots=True)
class _Kept:
    """What need not be asked again: the resource's missing metrics in words, its grain, its figures before ``t0``."""

    missing: dict[str, str] = field(default_factory=dict)
    grain: float | None = None
    t0: float | None = None
    before: dict[str, float] = field(default_factory=dict)


class NewestPoints:
    """Asks one resource for ``metrics`` (name to aggregation); ``doing`` begins the sentence of an error."""

    def __init__(self, manager: Manager, clock: Clock, doing: str, metrics: Mapping[str, str]) -> None:
        self._manager = manager
        self._clock = clock
        self._doing = doing
        self._metrics = metrics
        self._kept = _Kept()

    async def read(self, resource_id: str, asked: Asked) -> Newest:
        """The newest points now. PortError where none of the metrics could be asked for."""
        kept = self._kept
        span = _POINTS * kept.grain if kept.grain else _FIRST_S * asked.scale
        found = await self._ask(resource_id, asked.now - span, asked.now)
        kept.grain = found.grain
        if kept.t0 != asked.t0:
            past = await self._ask(resource_id, asked.t0 - _POINTS * found.grain, asked.t0)
            kept.before = {name: fmean(of) for name in past.points if (of := past.ended(name, asked.t0).values())}
            kept.t0 = asked.t0
        received = self._clock.now()
        now, at = _newest(found, received)
        return Newest(now, kept.before, at, found.grain, found.troubles, tuple(kept.missing.values()))

    async def _ask(self, resource_id: str, start: float, end: float) -> Measured:
        """One question for all metrics; where the resource refuses it, one for each, so that one cannot hide the rest.

        Resource Manager answers 400 to the whole question where it does not know one of its names.
        """
        wanted = {name: how for name, how in self._metrics.items() if name not in self._kept.missing}
        if not wanted:
            raise PortError(f"{self._doing} was refused: {next(iter(self._kept.missing.values()))}.")
        try:
            return await measure(self._manager, self._doing, resource_id, wanted, start=start, end=end)
        except PortError as error:
            if error.status != 400 or len(wanted) == 1:
                raise
        parts: list[Measured] = []
        for name, how in wanted.items():
            try:
                parts.append(await measure(self._manager, self._doing, resource_id, {name: how}, start=start, end=end))
            except PortError as error:
                if error.status != 400:
                    raise
                self._kept.missing[name] = f"{name}: {error.what}"
        if not parts:
            # Nothing is kept: what was wrong was the question, and the next one may be answered.
            refusal = next(iter(self._kept.missing.values()))
            self._kept.missing.clear()
            raise PortError(refusal, status=400)
        points = {name: of for part in parts for name, of in part.points.items()}
        return Measured(parts[0].grain, points, tuple(words for part in parts for words in part.troubles))


def _newest(found: Measured, received: float) -> tuple[dict[str, float], float | None]:
    """The newest ended point of each metric; and when the newest of all ended, or begins where it is of the future."""
    last = {name: max(ended) for name in found.points if (ended := found.ended(name, received))}
    ends = [at + found.grain for at in last.values()]
    newest = max(ends, default=None)
    ahead = [at for points in found.points.values() for at in points if at > received]
    if newest is None:
        return {}, max(ahead, default=None)
    edge = newest - _BEHIND * found.grain
    now = {name: found.points[name][at] for name, at in last.items() if at + found.grain >= edge}
    return now, max([newest, *ahead])
