"""Dead letters when the decision is due: messages that the workers gave up since the switch are no good news."""

from __future__ import annotations

from cpr_cockpit.core.doubt import Doubt
from cpr_cockpit.core.evidence import Evidence
from cpr_cockpit.core.signals import Source
from cpr_cockpit.core.verdict import HoldCause
from cpr_cockpit.core.workers import DEAD_LETTERS


def dead_letters_rose(evidence: Evidence) -> Doubt | None:
    """A person must look where there are more of them than before: no request of a user shows what was not done."""
    seen = evidence.further.get((Source.WORKERS, ""))
    told = next((one for one in seen.readings if one.name == DEAD_LETTERS), None) if seen is not None else None
    if told is None or told.value is None or told.limit is None or told.value <= told.limit:
        return None
    more = told.value - told.limit
    sentence = f"the queue has {told.value:.0f} dead letters, {more:.0f} more than before: workers gave messages up"
    return Doubt(HoldCause.SUSPICIOUS, sentence)
