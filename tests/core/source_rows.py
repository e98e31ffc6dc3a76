"""A run after a few readings, and the row that one of its sources has then."""

from __future__ import annotations

from typing import Any

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.custom_spec import Limit, SignalSpec
from cpr_cockpit.core.event import Event
from cpr_cockpit.core.run import Run, fold
from cpr_cockpit.core.showing import Stage
from cpr_cockpit.core.showing_sources import sources
from cpr_cockpit.core.signals import Observation, ProbeCount, Source
from cpr_cockpit.core.source_row import SourceRow
from cpr_cockpit.core.verdict import Figure, Verdict, VerdictKind
from tests.core.a_run import OPENED, PREPARED, SWITCHED
from tests.core.observations import OLD, T0, WRITTEN

ORDERS = SignalSpec("orders", Limit.DROP, 0.5, 60.0, 60.0, delay_s=30.0)
ENDED = ev.RunEnded(
    decision="kept", provisional=False, production_version=OLD, slot_version=OLD, reason="the schedule is over"
)
KEPT = ev.Decided(word="keep", by="ana", verdict="GO", sentence="it is GO")


def run_of(*told: Observation | ev.AnyEvent, opened: ev.RunOpened = OPENED) -> Run:
    """A run whose traffic has switched, and what was recorded since."""
    events = (
        one if isinstance(one, Event) else ev.Observed(source=one.source.value, body=one.to_dict()) for one in told
    )
    made = (opened, *PREPARED[1:], ev.Started(by="ana"), SWITCHED, *events)
    return fold(ev.Record(seq=place + 1, at=T0, event=event, hash="") for place, event in enumerate(made))


def stage(now: float, spoken: Verdict | None = None, **members: Any) -> Stage:
    return Stage(now, WRITTEN, (), (), {}, verdict=spoken, **members)


def said(at: float, *figures: Figure, kind: VerdictKind = VerdictKind.WAIT) -> Verdict:
    return Verdict(kind, None, None, "so far", at, figures)


def row_of(run: Run, key: str, now: float = T0 + 60.0, **members: Any) -> SourceRow:
    [found] = [one for one in sources(run, stage(now, **members)) if one.key == key]
    return found


def seen(source: Source, at: float, **members: Any) -> Observation:
    """A reading received so many seconds after T0, whose newest datum is five seconds older."""
    return Observation(source, T0 + at, **{"measured_at": T0 + at - 5.0} | members)


def failed(source: Source, at: float, words: str = "no answer within 15 s", **members: Any) -> Observation:
    return Observation(source, T0 + at, error=words, **members)


def probed(at: float, *ok: bool) -> Observation:
    """Looks a second apart, the last of them at ``at`` seconds after T0."""
    first = T0 + at - len(ok) + 1
    counts = tuple(ProbeCount(first + place, int(good), int(not good)) for place, good in enumerate(ok))
    return Observation(Source.PROBES_SLOT, T0 + at, T0 + at, probes=counts, lag_p95=0.04)
