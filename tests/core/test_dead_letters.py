"""Dead letters that came since the switch keep the decision for a person; what was there before does not."""

from __future__ import annotations

import pytest

from cpr_cockpit.core.blocks import Reading
from cpr_cockpit.core.dead_letters import dead_letters_rose
from cpr_cockpit.core.signals import Observation, Source
from cpr_cockpit.core.verdict import HoldCause
from cpr_cockpit.core.workers import DEAD_LETTERS, QUEUE_DEPTH
from tests.core.observations import T0, evidence


def queue(dead: float | None, before: float | None, *, source: Source = Source.WORKERS) -> Observation:
    readings = (Reading(QUEUE_DEPTH, 500.0, limit=1.0), Reading(DEAD_LETTERS, dead, limit=before))
    return Observation(source, T0 + 60.0, measured_at=T0 + 60.0, readings=readings)


def test_more_dead_letters_than_before_are_a_doubt() -> None:
    doubt = dead_letters_rose(evidence(queue(5.0, 2.0)))
    assert doubt is not None
    assert doubt.cause is HoldCause.SUSPICIOUS
    assert doubt.sentence == "the queue has 5 dead letters, 3 more than before: workers gave messages up"


@pytest.mark.parametrize(
    "seen",
    [queue(2.0, 2.0), queue(0.0, 2.0), queue(None, 2.0), queue(5.0, None), queue(5.0, 2.0, source=Source.USAGE)],
)
def test_nothing_else_is(seen: Observation) -> None:
    assert dead_letters_rose(evidence(seen)) is None
    assert dead_letters_rose(evidence()) is None
