"""The USAGE and BROWSER sources: who uses the application, who cannot sign in, and what users' browsers tell."""

from __future__ import annotations

from dataclasses import dataclass

from azure.monitor.query import LogsTableRow

from cpr_cockpit.adapters.azure import kql
from cpr_cockpit.adapters.azure.logs_answers import count, number
from cpr_cockpit.adapters.azure.logs_exceptions import Thrown, per_minute, thrown
from cpr_cockpit.adapters.azure.logs_reader import (
    HISTORY_S,
    Dated,
    LogsReader,
    before,
    dated,
    scaled,
    share,
    span,
    versions,
)
from cpr_cockpit.core.blocks import Reading
from cpr_cockpit.core.ports import Asked
from cpr_cockpit.core.signals import Observation, Source

USERS, SIGN_IN = "active users", "sign-in failures (401, 403)"
BROWSER_EXCEPTIONS, PAGE_LOAD = "browser exceptions per minute", "page load p75"
NO_BROWSER, NO_NAMES = "no browser telemetry", "no request tells its user"
_RECENT_S = 300.0


class UsageReader(LogsReader):
    """The Reader of users: how many there are, and the share of requests that was refused for want of a sign-in."""

    source = Source.USAGE

    async def read(self, asked: Asked) -> Observation:
        """Users of the last five minutes (at full length) beside the same before the switch; refusals since then."""
        recent = scaled(_RECENT_S, asked)
        stretches = {"recent": kql.moment(asked.now - recent), "users_before": kql.moment(asked.t0 - recent)}
        answers = await self.ask({"usage": span(asked) | versions(asked) | before(asked) | stretches})
        found = answers.first("usage", _usage)
        if found is None:
            return self.observed(answers, (), ())
        users = (found.users, found.users_before) if found.named else (None, None)
        readings = (
            Reading(USERS, users[0], "users", before=users[1]),
            Reading(
                SIGN_IN,
                share(found.refusals, found.requests),
                "share",
                n=found.requests,
                before=share(found.refusals_before, found.requests_before),
            ),
        )
        nameless = found.dated.rows and not found.named
        return self.observed(answers, (found.dated,), readings, (NO_NAMES,) if nameless else ())


@dataclass(frozen=True, slots=True)
class _Usage:
    """``named``: rows that tell their user."""

    users: float
    users_before: float
    named: int
    requests: int
    refusals: int
    requests_before: int
    refusals_before: int
    dated: Dated


def _usage(row: LogsTableRow) -> _Usage:
    return _Usage(
        float(count(row["Users"])),
        float(count(row["UsersBefore"])),
        count(row["Named"]),
        count(row["Requests"]),
        count(row["Refusals"]),
        count(row["RequestsBefore"]),
        count(row["RefusalsBefore"]),
        dated(row),
    )


class BrowserReader(LogsReader):
    """The Reader of what pages report; an application whose pages report nothing has no readings, and no error."""

    source = Source.BROWSER

    async def read(self, asked: Asked) -> Observation:
        """Exceptions in browsers per minute and page load p75, since the switch and before."""
        since = {"before": kql.moment(asked.t0 - scaled(HISTORY_S, asked))}
        answers = await self.ask({"browser_exceptions": span(asked) | since, "page_loads": span(asked) | before(asked)})
        found = answers.first("browser_exceptions", thrown)
        told = answers.rows("page_loads", _load)
        loads = {one.part: one for one in told or ()}
        dates = [*(() if found is None else (found.dated,)), *(one.dated for one in loads.values())]
        if all(one.newest is None for one in dates) and not answers.troubles:
            return self.observed(answers, (), (), (NO_BROWSER,))
        readings = [] if told is None else [_page_load(loads)]
        if found is not None:
            readings.insert(0, _exceptions(found, loads, asked))
        return self.observed(answers, dates, readings)


@dataclass(frozen=True, slots=True)
class _Load:
    part: str
    p75: float | None
    dated: Dated


def _load(row: LogsTableRow) -> _Load:
    return _Load(str(row["Part"]), number(row["P75"]), dated(row))


def _page_load(loads: dict[str, _Load]) -> Reading:
    since, past = loads.get("since"), loads.get("before")
    value, n = (since.p75, since.dated.rows) if since else (None, None)
    return Reading(PAGE_LOAD, value, "ms", n=n, before=past.p75 if past else None)


def _exceptions(found: Thrown, loads: dict[str, _Load], asked: Asked) -> Reading:
    """None at all is a figure only where pages were loaded since."""
    return per_minute(BROWSER_EXCEPTIONS, found, asked, told="since" in loads)
