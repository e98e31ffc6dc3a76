"""What comes after a run has ended: a chain of its own beside the sealed journal, begun with that one's last hash.

The journal of an ended run is never written again. The afterword holds signatures, and what came of the notices that
told its end; it changes no outcome.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from cpr_cockpit.core.events import AfterwordBegun, AnyEvent, ItemMarked, Record
from cpr_cockpit.core.notice_events import NoticeIntent, NoticeOutcome
from cpr_cockpit.engine.journal import Damage, Journal, JournalDamaged, read

FOLDER = "afterword"


def with_afterword(folder: Path, records: Sequence[Record]) -> tuple[Record, ...]:
    """The run's events, then what came after its end. JournalDamaged where that does not belong to them."""
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
    signed = (record for record in after if isinstance(record.event, ItemMarked | NoticeIntent | NoticeOutcome))
    return (*records, *(one.model_copy(update={"seq": len(records) + at}) for at, one in enumerate(signed, start=1)))


def sign_after(folder: Path, records: Sequence[Record], mark: ItemMarked, now: float) -> None:
    """Write a signature beside the journal of an ended run; ``now`` epoch seconds. JournalError, JournalDamaged."""
    write_after(folder, records, [(now, mark)])


def write_after(folder: Path, records: Sequence[Record], late: Iterable[tuple[float, AnyEvent]]) -> None:
    """Write what came after the end, each with its time, beside the journal. JournalError, JournalDamaged."""
    with_afterword(folder, records)
    with Journal(folder / FOLDER) as after:
        for at, event in late:
            if not after.records:
                after.begin_after(records[-1].hash)
                after.append(AfterwordBegun(old_head=records[-1].hash), at)
            after.append(event, at)
