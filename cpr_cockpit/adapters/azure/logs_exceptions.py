"""The EXCEPTIONS source: what the new version throws, and which of it the old version never did."""

from __future__ import annotations

from dataclasses import dataclass

from azure.monitor.query import LogsTableRow

from cpr_cockpit.adapters.azure import kql
from cpr_cockpit.adapters.azure.errors import clean
from cpr_cockpit.adapters.azure.logs_answers import count, number
from cpr_cockpit.adapters.azure.logs_reader import (
    HISTORY_S,
    Dated,
    LogsReader,
    before,
    dated,
    scaled,
    span,
    versions,
)
from cpr_cockpit.core.blocks import Reading
from cpr_cockpit.core.ports import Asked
from cpr_cockpit.core.signals import Observation, Source

PER_MINUTE, NEW_PROBLEMS, NEW = "exceptions per minute", "new exceptions", "new exception: "
"""Names of the readings; the last is followed by the problem's own."""
MOST_SHOWN = 5
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Thrown:
    """``rows`` since the switch, the exceptions that rows stand for since then and before, and the table's date."""

    rows: int
    total: float
    total_before: float
    dated: Dated


def thrown(row: LogsTableRow) -> Thrown:
    """The columns of a count of exceptions."""
    total, past = number(row["Total"]) or 0.0, number(row["TotalBefore"]) or 0.0
    return Thrown(count(row["Rows"]), total, past, dated(row))


def per_minute(name: str, found: Thrown, asked: Asked, *, told: bool) -> Reading:
    """Exceptions per minute since the switch and before; without ``told`` nobody knows whether there were none."""
    minutes, past = max(asked.now - asked.t0, 1.0) / 60.0, scaled(HISTORY_S, asked) / 60.0
    value = found.total / minutes if told or found.rows else None
    return Reading(name, value, "events", n=found.rows, before=found.total_before / past)


class ExceptionsReader(LogsReader):
    """The Reader of the server's exceptions. A problem id that neither version had before is one to look at."""

    source = Source.EXCEPTIONS

    async def read(self, asked: Asked) -> Observation:
        """Exceptions of the new version since the switch. PortError where no question was answered."""
        ours = span(asked) | versions(asked)
        since = {"before": kql.moment(asked.t0 - scaled(HISTORY_S, asked))}
        answers = await self.ask(
            {
                "exceptions": ours | since,
                "new_problems": ours | before(asked),
                "served": span(asked) | {"new_version": ours["new_version"]},
            }
        )
        found = answers.first("exceptions", thrown)
        told = bool(answers.first("served", lambda row: count(row["Requests"])))
        readings = [] if found is None else [per_minute(PER_MINUTE, found, asked, told=told)]
        problems = answers.rows("new_problems", _problem)
        if problems is not None:
            readings += _new(problems, told=told)
        return self.observed(answers, () if found is None else (found.dated,), readings)


def _problem(row: LogsTableRow) -> tuple[str, int, float]:
    """Problem, rows, and exceptions that they stand for."""
    name = clean(str(row["ProblemId"] or row["ExceptionType"])) or "of no name"
    return name, count(row["Rows"]), number(row["Total"]) or 0.0


def _new(problems: list[tuple[str, int, float]], *, told: bool) -> list[Reading]:
    """How many there are, and the newest of them by name."""
    together: dict[str, tuple[int, float]] = {}
    for name, n, total in problems:
        rows, sum_of = together.get(name, (0, 0.0))
        together[name] = (rows + n, sum_of + total)
    value = float(len(together)) if told or together else None
    shown = list(together.items())[:MOST_SHOWN]
    return [
        Reading(NEW_PROBLEMS, value, "", n=sum(rows for rows, _ in together.values()), limit=0.0),
        *(Reading((NEW + name)[:_LONGEST].rstrip(), total, "events", n=rows) for name, (rows, total) in shown),
    ]
