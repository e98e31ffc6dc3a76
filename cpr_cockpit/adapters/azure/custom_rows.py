"""What the rows of a signal's query add up to: a count, good ones of a total, or a plain figure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from azure.monitor.query import LogsTable

from cpr_cockpit.adapters.azure.errors import clean, unreadable
from cpr_cockpit.core.blocks import Block, Reading
from cpr_cockpit.core.custom import Limit, SignalSpec
from cpr_cockpit.core.ports import PortError

COLUMNS = "columns"
"""Code of the error of a query that is valid and answers other columns than its limit needs."""
_SHOWN_S = 300.0
_COUNT, _GOOD, _TOTAL, _VALUE = "Count", "Good", "Total", "Value"
_WANTED: dict[Limit, tuple[tuple[str, ...], ...]] = {
    Limit.DROP: ((_COUNT,), (_GOOD,)),
    Limit.RISE: ((_COUNT,), (_GOOD,)),
    Limit.SHARE_ABOVE: ((_GOOD, _TOTAL),),
    Limit.ABOVE: ((_COUNT,), (_VALUE,)),
    Limit.BELOW: ((_COUNT,), (_VALUE,)),
}


@dataclass(frozen=True, slots=True)
class Counted:
    """One stretch: ``count`` events (for a share: requests) with ``failures`` among them, or a plain ``value``."""

    start: float
    end: float
    is_count: bool
    count: int = 0
    failures: int = 0
    value: float | None = None

    @property
    def block(self) -> Block:
        """The stretch for the judge."""
        return Block(self.start, self.end - self.start, "", self.count, self.failures)


def counted(spec: SignalSpec, doing: str, table: LogsTable | None, start: float, end: float) -> Counted:
    """The rows of one answer, added up; of plain figures the last. PortError where a column is missing or no number.

    No row is no event, and no figure.
    """
    names = {str(name).lower(): str(name) for name in (table.columns if table is not None else ())}
    wanted = next((kind for kind in _WANTED[spec.limit] if all(name.lower() in names for name in kind)), None)
    if table is None or wanted is None:
        raise _strange(spec, doing, list(names.values()))
    columns = [[_number(row[names[name.lower()]], doing, name) for row in table.rows] for name in wanted]
    if wanted == (_VALUE,):
        told = [value for value in columns[0] if value is not None]
        return Counted(start, end, is_count=False, value=told[-1] if told else None)
    sums = [round(math.fsum(value or 0.0 for value in column)) for column in columns]
    if wanted != (_GOOD, _TOTAL):
        sums = [sums[0], sums[0]]
    good, total = sums
    if not 0 <= good <= total:
        raise unreadable(doing, f"{' and '.join(wanted)} are {good} of {total}")
    return Counted(start, end, is_count=True, count=total, failures=total - good)


def _strange(spec: SignalSpec, doing: str, found: Sequence[str]) -> PortError:
    needed = " or ".join(" and ".join(kind) for kind in _WANTED[spec.limit])
    seen = clean(", ".join(found)) or "none"
    return PortError(
        f"{doing}: the answer has no column {needed}, which {spec.limit} needs; it has {seen}.",
        next_step="Name the column in the query, such as: | summarize Count = count().",
        code=COLUMNS,
    )


def _number(value: Any, doing: str, name: str) -> float | None:
    """A figure, which some answers of the service write as text; None for null."""
    if value is None or value == "":
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise unreadable(doing, f"{name} is no number: {value!r}") from error
    if isinstance(value, bool) or not math.isfinite(number):
        raise unreadable(doing, f"{name} is no number: {value!r}")
    return number


def figures_of(spec: SignalSpec, told: Sequence[Counted], before: Counted | None) -> tuple[Reading, ...]:
    """The signal as a figure: events per minute or the failed share of the last five minutes, or the last value."""
    if not told:
        return ()
    edge = told[-1].end - _SHOWN_S
    recent = [one for one in told if one.start >= edge] or [told[-1]]
    value, n = _figure(spec, recent)
    usual = _figure(spec, [before])[0] if before is not None else None
    limit = spec.bound if spec.limit in (Limit.SHARE_ABOVE, Limit.ABOVE) else None
    if spec.limit is Limit.RISE and usual is not None:
        limit = usual * (1.0 + spec.bound)
    unit = "share" if spec.limit is Limit.SHARE_ABOVE else "events" if told[-1].is_count else ""
    return (Reading(spec.name, value, unit, n, limit, usual),)


def _figure(spec: SignalSpec, stretches: Sequence[Counted]) -> tuple[float | None, int | None]:
    if not stretches[-1].is_count:
        return stretches[-1].value, None
    count = sum(one.count for one in stretches)
    if spec.limit is Limit.SHARE_ABOVE:
        return (sum(one.failures for one in stretches) / count if count else None), count
    seconds = sum(one.end - one.start for one in stretches)
    return 60.0 * count / seconds, count
