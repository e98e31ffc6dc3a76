"""What comes after a run has ended: a chain of its own beside the sealed journal, begun with that one's last hash.

The journal of an ended run is never written again. The afterword holds signatures, issues and figures that persons
tell, and what came of the notices that told the end; it changes no outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from cpr_cockpit.core.events import AfterwordBegun, ItemMarked, Record
from cpr_cockpit.core.issue_events import FigureTold, IssueChanged, IssueRecorded, RunClosed
from cpr_cockpit.core.notice_events import NoticeIntent, NoticeOutcome
from cpr_cockpit.engine.journal import Damage, Journal, JournalDamaged, read

FOLDER = "afterword"
Afterword = ItemMarked | IssueRecorded | IssueChanged | FigureTold | RunClosed | NoticeIntent | NoticeOutcome
"""What may be written there."""


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
    signed = (record for record in after if isinstance(record.event, Afterword))
    return (*records, *(one.model_copy(update={"seq": len(records) + at}) for at, one in enumerate(signed, start=1)))


def write_after(folder: Path, records: Sequence[Record], late: Iterable[tuple[float, Afterword]]) -> None:
    """Write what came after the end, each with its time, beside the journal. JournalError, JournalDamaged.

    ``records``: the run's own, to its end, with or without what was written after it.
    """
    write_made(folder, records, lambda _: late)


def write_made(
    folder: Path, records: Sequence[Record], make: Callable[[Sequence[Record]], Iterable[tuple[float, Afterword]]]
) -> None:
    """The same of what ``make`` makes of all that stands there by then: no other one writes between the two.

    What ``make`` raises comes through, and nothing is written.
    """
    end = next((at for at, record in enumerate(records, start=1) if record.event.type == "run.ended"), len(records))
    ended = tuple(records[:end])
    with_afterword(folder, ended)
    with Journal(folder / FOLDER) as after:
        for at, event in tuple(make(with_afterword(folder, ended))):
            if not after.records:
                after.begin_after(ended[-1].hash)
                after.append(AfterwordBegun(old_head=ended[-1].hash), at)
            after.append(event, at)
