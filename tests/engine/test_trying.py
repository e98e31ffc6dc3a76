from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

import pytest

from cpr_cockpit.core.blocks import Reading as Figure
from cpr_cockpit.core.ports import Asked, PortError
from cpr_cockpit.core.sensing import Reading, State
from cpr_cockpit.core.signals import Observation, Source
from cpr_cockpit.engine.trying import BACK_S, try_signals
from tests.engine.virtual import VirtualLoop
from tests.engine.world import World


@dataclass
class Stand:
    """A reader that answers, fails or hangs as it is told."""

    name: str
    answer: Figure | PortError | None
    source: Source = Source.CUSTOM
    hangs: bool = False
    poll_s: float = 15.0
    timeout_s: float = 45.0
    asked: Asked | None = None

    async def read(self, asked: Asked) -> Observation:
        self.asked = asked
        if self.hangs:
            await asyncio.Event().wait()
        if isinstance(self.answer, PortError):
            raise self.answer
        readings = () if self.answer is None else (self.answer,)
        return Observation(self.source, asked.now, measured_at=asked.now, name=self.name, readings=readings)


def _tried(*readers: Stand) -> tuple[Reading, ...]:
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(try_signals(replace(World(loop).ports(), readers=readers)))
    finally:
        loop.close()


def test_each_custom_signal_is_tried_once_in_its_order_and_no_other_source() -> None:
    readers = (
        Stand("logins", Figure("logins", 41.23, "events", before=60.0)),
        Stand("", Figure("CPU", 12.0, "%"), Source.PLAN),
        Stand("checkout", Figure("checkout", 0.025, "share", before=0.01)),
        Stand("queue", Figure("queue", 7.0)),
    )
    assert [(one.name, one.state, one.words) for one in _tried(*readers)] == [
        ("signal logins", State.OK, "tells 41.2 per minute, in the hour before 60 per minute"),
        ("signal checkout", State.OK, "tells 2.5 %, in the hour before 1 %"),
        ("signal queue", State.OK, "tells 7"),
    ]
    assert readers[1].asked is None
    asked = readers[0].asked
    assert asked is not None
    assert asked.now - asked.t0 == BACK_S


@pytest.mark.parametrize(
    ("stand", "state", "words"),
    [
        (Stand("x", None), State.UNKNOWN, "silence cannot be told from health"),
        (Stand("x", Figure("x", None, "share")), State.UNKNOWN, "silence cannot be told from health"),
        (Stand("x", None, hangs=True), State.UNKNOWN, "no answer within 45 s"),
        (Stand("x", PortError("Refused.", status=400)), State.FAILED, "Refused. Nothing was changed."),
        (Stand("x", PortError("No column.", code="columns")), State.FAILED, "No column."),
        (Stand("x", PortError("No number.", code="pointer")), State.FAILED, "No number."),
        (Stand("x", PortError("Not there.", status=404)), State.FAILED, "Not there."),
        (Stand("x", PortError("May not read.", status=403)), State.UNKNOWN, "May not read."),
        (Stand("x", PortError("Busy.", status=503)), State.UNKNOWN, "Busy."),
        (Stand("x", PortError("Gone.")), State.UNKNOWN, "Gone."),
    ],
)
def test_what_can_never_tell_anything_has_failed_and_the_rest_is_unknown(
    stand: Stand, state: State, words: str
) -> None:
    (told,) = _tried(stand)
    assert told.state is state
    assert words in told.words
