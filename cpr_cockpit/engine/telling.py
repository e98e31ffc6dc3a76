"""What a judge was told, read from a journal: each thing at its own time, and what of it cannot be read.

An event that this program cannot read is left out and named, as a session that goes on leaves it out: to the judge it
was never told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.custom_spec import SignalSpec
from cpr_cockpit.core.journey_events import JourneyWalked
from cpr_cockpit.core.judge import Judge
from cpr_cockpit.core.own_steps import walk_of
from cpr_cockpit.core.ports import PRODUCTION
from cpr_cockpit.core.signals import Baseline, Observation, ProbeCount, Source
from cpr_cockpit.core.verdict import PersonTrigger, Verdict, VerdictKind
from cpr_cockpit.core.window_events import WindowExtended
from cpr_cockpit.core.yardstick import Yardstick

_PROBES = (Source.PROBES_PRODUCTION, Source.PROBES_SLOT)
# What a body of another shape raises where it is read: members that are no table, no list, no number, none at all.
_SHAPES = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError)


@dataclass(frozen=True, slots=True)
class Told:
    """Something that the judge was told ``at`` a time (epoch seconds); ``seen``: the observation, where it is one."""

    at: float
    tell: Callable[[Judge], object]
    seen: Observation | None = None


@dataclass(frozen=True, slots=True)
class Unread:
    """Event number ``seq``, or a part of it, which this program cannot read; ``why`` in words."""

    seq: int
    type: str
    why: str


def told(records: Sequence[ev.Record]) -> tuple[list[Told], list[Unread]]:
    """All that the judge was told, in order of time, and what cannot be read.

    Own probes come at their own times, not at that of their recording.
    """
    found: list[Told] = []
    unread: list[Unread] = []
    for record in records:
        try:
            for one in _told_by(record):
                if isinstance(one, Told):
                    found.append(one)
                else:
                    unread.append(one)
        except ValueError as error:
            unread.append(Unread(record.seq, record.event.type, str(error)))
    return sorted(found, key=lambda one: one.at), unread


def _told_by(record: ev.Record) -> Iterator[Told | Unread]:
    event = record.event
    if isinstance(event, ev.BaselineTaken):
        yield from _before(record, event)
    elif isinstance(event, ev.TrafficSwitched) and event.way == "forward":
        t0 = event.t0
        yield Told(record.at, lambda judge: judge.t0(t0))
    elif isinstance(event, ev.TriggerRaised):
        yield from _raised(record, event)
    elif isinstance(event, ev.Observed):
        for at, observation in _looks(observation_of(event.body), record.at):
            yield Told(at, partial(Judge.observe, observation=observation), observation)
    elif isinstance(event, JourneyWalked) and event.place == PRODUCTION:
        yield Told(record.at, partial(Judge.walked, walk=walk_of(event)))
    elif isinstance(event, WindowExtended):
        yield Told(record.at, partial(Judge.extend, until=event.until))
    elif isinstance(event, ev.RunOpened):
        yield from (Unread(record.seq, event.type, why) for why in signals_of(event)[1])


def _raised(record: ev.Record, event: ev.TriggerRaised) -> Iterator[Told | Unread]:
    """A trigger of a person; one that this program does not know is still that person's ROLLBACK."""
    by, name = event.by, event.trigger
    if name in set(PersonTrigger):
        yield Told(record.at, lambda judge: judge.raise_trigger(name, by))
        return
    stands = Verdict(VerdictKind.ROLLBACK, None, name, f"{name}: raised by {by}", record.at)
    yield Told(record.at, lambda judge: judge.restore(stands))
    yield Unread(record.seq, event.type, f"there is no trigger {name!r} here; that it was raised was enough")


def _looks(seen: Observation, recorded_at: float) -> Iterator[tuple[float, Observation]]:
    """An observation as the judge got it: the journal gathers own probes, the judge was given each as it ended."""
    if seen.source not in _PROBES or not seen.probes:
        yield recorded_at, seen
        return
    for probe in seen.probes:
        yield min(probe.at, recorded_at), _alone(seen, probe)


def _alone(seen: Observation, probe: ProbeCount) -> Observation:
    second = seen.second_host if probe.failed else None
    return replace(seen, at=probe.at, measured_at=probe.at, probes=(probe,), second_host=second)


# -- readers -----------------------------------------------------------------------------------------------------------


def signals_of(opened: ev.RunOpened) -> tuple[list[SignalSpec], list[str]]:
    """The team's own signals, and in words what of them cannot be read."""
    found: list[SignalSpec] = []
    wrong: list[str] = []
    for body in opened.signals:
        try:
            found.append(SignalSpec.from_dict(body))
        except _SHAPES as error:
            wrong.append(f"signal {body.get('name', '')!r}: {error}")
    return found, wrong


def observation_of(body: Mapping[str, Any]) -> Observation:
    """The observation of a journal body; ValueError says what is wrong with it, whatever its shape."""
    try:
        seen = Observation.from_dict(body)
        names: list[object] = [seen.name, seen.error or "", seen.partial or ""]
        names += [row.version for row in (*seen.bins, *seen.whole)]
        names += [name for probe in seen.probes for name in probe.versions]
        names += [name for one in seen.readings for name in (one.name, one.unit)]
    except ValueError:
        raise
    except _SHAPES as error:
        raise ValueError(f"observation: a member has a shape that this program does not know ({error})") from error
    # Types are not checked where they are read, and a judge would stumble over them later.
    odd = next((name for name in names if not isinstance(name, str)), None)
    if odd is not None:
        raise ValueError(f"observation: a name is a text, found {odd!r}")
    return seen


def _before(record: ev.Record, event: ev.BaselineTaken) -> Iterator[Told | Unread]:
    """The baseline; without its yardstick where only that cannot be read."""
    stick = None
    if event.yardstick is not None:
        try:
            stick = Yardstick.from_dict(event.yardstick)
        except ValueError as error:
            yield Unread(record.seq, event.type, f"{error}; the baseline was used without it")
    before = Baseline(event.requests, event.failures, event.p50, event.p95, event.p99, event.start, event.end, stick)
    yield Told(record.at, lambda judge: judge.baseline(before))
