"""What the readers of the logs' further tables share: their pace, their questions, and what an answer may lack."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from azure.monitor.query import LogsTableRow

from cpr_cockpit.adapters.azure import kql
from cpr_cockpit.adapters.azure.logs_answers import Item, count, moment, number, rows, trouble, written
from cpr_cockpit.adapters.azure.logs_batch import DOING, TIMEOUT_S, SharedBatch
from cpr_cockpit.core.blocks import Reading
from cpr_cockpit.core.ports import Asked, Clock, PortError
from cpr_cockpit.core.signals import Observation, Source

POLL_S = 15.0
HISTORY_S = 3600.0
"""How long before the switch is compared with what came since."""
_LEAST_S = 10.0
_NO_TABLE = re.compile(r"Failed to resolve table (?:or column )?expression named '(\w+)'")

Row = TypeVar("Row")
Questions = Mapping[str, Mapping[str, kql.Literal]]
"""The literals of each question by its name."""


@dataclass(frozen=True, slots=True)
class Dated:
    """How new a row of an answer says that its table is: event time of the newest of so many rows, delay p95 (s)."""

    rows: int
    newest: float | None
    lag_s: float | None


def dated(row: LogsTableRow) -> Dated:
    """The columns Rows, Newest and LagS."""
    return Dated(count(row["Rows"]), moment(row["Newest"]), number(row["LagS"]))


class Answers:
    """The whole answers to one reader's questions; what came in part counts as not come: it may lack any row."""

    def __init__(self, items: Mapping[str, Item]) -> None:
        """PortError where no question was answered."""
        self.absent: list[str] = []
        self.troubles: list[str] = []
        self._whole: dict[str, Item] = {}
        for name, item in items.items():
            words = trouble(item)
            table = _NO_TABLE.search(words)
            if not words:
                self._whole[name] = item
            elif table:
                self.absent.append(table[1])
            else:
                self.troubles.append(words)
        if not self._whole and not self.absent:
            raise PortError(f"{DOING} failed: {self.troubles[0]}.", next_step="The next reading asks again.")

    def rows(self, name: str, read: Callable[[LogsTableRow], Row]) -> list[Row] | None:
        """What ``read`` makes of each row; None where the question was not answered. PortError for an odd row.

        A table that the workspace does not have, because nothing ever wrote to it, has no rows.
        """
        return rows(self._whole[name], read, DOING) if name in self._whole else None

    def first(self, name: str, read: Callable[[LogsTableRow], Row]) -> Row | None:
        """The one row of a question that has one; None where there is none."""
        return next(iter(self.rows(name, read) or ()), None)


class LogsReader:
    """The shared part of a Reader: ``source``, questions and readings are each reader's own."""

    source: Source
    name = ""
    poll_s = POLL_S
    timeout_s = TIMEOUT_S

    def __init__(self, batch: SharedBatch, clock: Clock) -> None:
        self._batch = batch
        self._clock = clock

    async def ask(self, questions: Questions) -> Answers:
        """The answers to the reader's questions. PortError where none came."""
        app = kql.text(self._batch.app_insights_id)
        with written(DOING):
            texts = [kql.question(name, app=app, **literals) for name, literals in questions.items()]
        items = await self._batch.ask(texts)
        return Answers(dict(zip(questions, items, strict=True)))

    def observed(
        self, answers: Answers, dates: Iterable[Dated], readings: Iterable[Reading], lines: Iterable[str] = ()
    ) -> Observation:
        """The reading; its delay is that of most rows."""
        known = [one for one in dates if one.newest is not None]
        absent = (f"the workspace has no table {table}" for table in dict.fromkeys(answers.absent))
        return Observation(
            self.source,
            self._clock.now(),
            measured_at=max((one.newest for one in known if one.newest is not None), default=None),
            lag_p95=max(known, key=lambda one: one.rows).lag_s if known else None,
            partial="; ".join(answers.troubles) or None,
            readings=tuple(readings),
            lines=(*absent, *lines),
        )


def span(asked: Asked) -> dict[str, kql.Literal]:
    """What is counted as the new version's: from the switch to now, after GO from the newest stretch's beginning."""
    return {"start": kql.moment(asked.start), "end": kql.moment(asked.now)}


def versions(asked: Asked) -> dict[str, kql.Literal]:
    """The two versions; PortError for a name that cannot be one."""
    with written(DOING):
        return {"old_version": kql.text(asked.old_version), "new_version": kql.text(asked.new_version)}


def before(asked: Asked) -> dict[str, kql.Literal]:
    """An hour before the switch."""
    return {"before": kql.moment(asked.t0 - HISTORY_S)}


def beside(asked: Asked, history_s: float = HISTORY_S) -> dict[str, kql.Literal]:
    """The switch, up to which all is before, and which rows are read: days that belong to neither side are not."""
    gap = (asked.t0, asked.start)
    return {"switch": kql.moment(asked.t0), "reach": kql.reach(asked.t0 - history_s, gap)}


def scaled(seconds: float, asked: Asked) -> float:
    """A stretch whose length follows the window's, and is never too short to hold anything."""
    return max(_LEAST_S, seconds * asked.scale)


def share(part: int, of: int) -> float | None:
    """A share; None of nothing."""
    return part / of if of else None
