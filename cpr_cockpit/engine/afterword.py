"""What persons write after a run has ended: a chain of its own beside the sealed journal, begun with its last hash.

The journal of an ended run is never written again. The afterword holds signatures and issues only; it changes no
outcome.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cpr_cockpit.core.events import AfterwordBegun, ItemMarked, Record
from cpr_cockpit.core.issue_events import FigureTold, IssueChanged, IssueRecorded, RunClosed
from cpr_cockpit.engine.journal import Damage, Journal, JournalDamaged, read

FOLDER = "afterword"
Afterword = ItemMarked | IssueRecorded | IssueChanged | FigureTold | RunClosed
"""What may be written there."""


def with_afterword(folder: Path, records: Sequence[Record]) -> tuple[Record, ...]:
    """The run's events, then what was written after its end. JournalDamaged where that does not belong to them."""
    place = folder / FOLDER
    if not records or records[-1].event.type != "run.ended" or not place.exists():
        return tuple(records)
    try:
        after = read(place)
    except FileNotFoundError:
        return tuple(records)
    first = after[0].event if after else None
    if first is not None and (not isinstance(first, AfterwordBegun) or first.old_head != records[-1].hash):
        raise JournalDamaged(Damage(len(records) + 1, f"{place} is the afterword of another run"), tuple(records))
    signed = (record for record in after if isinstance(record.event, Afterword))
    return (*records, *(one.model_copy(update={"seq": len(records) + at}) for at, one in enumerate(signed, start=1)))


def write_after(folder: Path, records: Sequence[Record], event: Afterword, now: float) -> None:
    """Write beside the journal of an ended run; ``now`` epoch seconds. JournalError, JournalDamaged.

    ``records``: the run's own, to its end, with or without what was written after it.
    """
    end = next(at for at, record in enumerate(records, start=1) if record.event.type == "run.ended")
    ended = tuple(records[:end])
    with_afterword(folder, ended)
    with Journal(folder / FOLDER) as after:
        if not after.records:
            after.begin_after(ended[-1].hash)
            after.append(AfterwordBegun(old_head=ended[-1].hash), now)
        after.append(event, now)
