"""The EXCEPTIONS source: what the new version throws, and which of it the old version never did."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from azure.monitor.query import LogsTableRow

from cpr_cockpit.adapters.azure import kql
from cpr_cockpit.adapters.azure.errors import clean
from cpr_cockpit.adapters.azure.logs_answers import count, moment, number
from cpr_cockpit.adapters.azure.logs_reader import (
    HISTORY_S,
    Dated,
    LogsReader,
    before,
    beside,
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
# What came in less time than this tells no rate.
_LEAST_S = 10.0
# What the question about users needs besides the times that are read here of its answer.
_OF_USERS = ("recent", "users_before", "served", "served_before")


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


@dataclass(frozen=True, slots=True)
class Served:
    """``requests`` of the new version, and how far the logs tell of each version.

    ``dated``: the new version's last request, whatever it asked for, with rows and delay of both. ``oldest_before``:
    event time of the old version's first one before the switch (None: it had none).
    """

    requests: int
    dated: Dated
    oldest_before: float | None

    def before(self, asked: Asked) -> float | None:
        """Seconds before the switch that the old version is in the logs."""
        return None if self.oldest_before is None else asked.t0 - self.oldest_before


def served(row: LogsTableRow) -> Served:
    """The columns of the question about users that tell of versions."""
    last = Dated(count(row["Rows"]), moment(row["NewestSince"]), number(row["LagS"]))
    return Served(count(row["Requests"]), last, moment(row["OldestBefore"]))


def in_logs(asked: Asked, dates: Iterable[Dated]) -> float | None:
    """Seconds of what was asked that are in the logs: up to now less the delay of most rows, or to a newer row.

    None where no row is known. One that is dated ahead tells nothing.
    """
    known = [one for one in dates if one.newest is not None]
    lag_s = max(known, key=lambda one: one.rows).lag_s if known else None
    ends = [one.newest for one in known if one.newest is not None]
    if lag_s is not None:
        ends.append(asked.now - lag_s)
    return max((at - asked.start for at in ends if at <= asked.now), default=None)


def rate(total: float, seconds: float | None) -> float | None:
    """Per minute; None of a time that is too short to tell, or not known."""
    return None if seconds is None or seconds < _LEAST_S else 60.0 * total / seconds


def per_minute(name: str, found: Thrown, since: float | None, past: float | None, *, told: bool) -> Reading:
    """Exceptions per minute of the seconds ``since`` the switch and ``past`` before it.

    Without ``told`` nobody knows whether there were none.
    """
    value = rate(found.total, since) if told or found.rows else None
    return Reading(name, value, "events", n=found.rows, before=rate(found.total_before, past))


class ExceptionsReader(LogsReader):
    """The Reader of the server's exceptions. A problem id that neither version had before is one to look at."""

    source = Source.EXCEPTIONS

    async def read(self, asked: Asked) -> Observation:
        """Exceptions of the new version since the switch. PortError where no question was answered."""
        ours = span(asked) | versions(asked)
        since = beside(asked, scaled(HISTORY_S, asked))
        answers = await self.ask(
            {
                "exceptions": ours | since,
                "new_problems": ours | before(asked),
                "usage": ours | since | dict.fromkeys(_OF_USERS, kql.moment(asked.now)) | {"feature": kql.text("")},
            }
        )
        found = answers.first("exceptions", thrown)
        use = answers.first("usage", served)
        told = use is not None and bool(use.requests)
        readings = [] if found is None else [_rate(found, use, asked, told=told)]
        problems = answers.rows("new_problems", _problem)
        if problems is not None:
            readings += _new(problems, told=told)
        return self.observed(answers, () if found is None else (found.dated,), readings)


def _rate(found: Thrown, use: Served | None, asked: Asked, *, told: bool) -> Reading:
    """Requests tell how far the logs reach, also where few exceptions do; without any, the exceptions themselves."""
    since = in_logs(asked, (found.dated,) if use is None else (use.dated, found.dated))
    return per_minute(PER_MINUTE, found, since, None if use is None else use.before(asked), told=told)


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
