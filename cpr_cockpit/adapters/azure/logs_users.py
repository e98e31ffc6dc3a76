"""The USAGE and BROWSER sources: who uses the application, who cannot sign in, and what users' browsers tell."""

from __future__ import annotations

from dataclasses import dataclass

from azure.monitor.query import LogsTableRow

from cpr_cockpit.adapters.azure import kql
from cpr_cockpit.adapters.azure.logs_answers import count, number, written
from cpr_cockpit.adapters.azure.logs_batch import DOING, SharedBatch
from cpr_cockpit.adapters.azure.logs_exceptions import Served, Thrown, in_logs, per_minute, rate, served, thrown
from cpr_cockpit.adapters.azure.logs_reader import (
    HISTORY_S,
    Dated,
    LogsReader,
    beside,
    dated,
    scaled,
    share,
    span,
    versions,
)
from cpr_cockpit.core.blocks import Reading
from cpr_cockpit.core.ports import Asked, Clock
from cpr_cockpit.core.signals import Observation, Source

USERS, SIGN_IN = "active users", "sign-in failures (401, 403)"
FEATURE_USE, FEATURE_USERS = "use of the new feature", "users of the new feature"
BROWSER_EXCEPTIONS, PAGE_LOAD = "browser exceptions per minute", "page load p75"
NO_BROWSER, NO_NAMES = "no browser telemetry", "no request tells its user"
_RECENT_S = 300.0


class UsageReader(LogsReader):
    """The Reader of users: how many there are, how many are refused for want of a sign-in, who uses the new feature."""

    source = Source.USAGE

    def __init__(self, batch: SharedBatch, clock: Clock, feature_operation: str = "") -> None:
        """``feature_operation``: the new feature's operation, as requests name it; "": nobody said which it is."""
        super().__init__(batch, clock)
        self._feature_operation = feature_operation

    async def read(self, asked: Asked) -> Observation:
        """Users of the last five minutes (at full length) beside the same before the switch; refusals since then.

        The feature's users are those of the last five minutes too, and never of a time before the switch.
        """
        literals = span(asked) | versions(asked) | beside(asked) | _stretches(asked) | self._feature()
        answers = await self.ask({"usage": literals})
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
        of_feature = _of_feature(found, asked) if self._feature_operation else []
        return self.observed(answers, (found.dated,), (*readings, *of_feature), (NO_NAMES,) if nameless else ())

    def _feature(self) -> dict[str, kql.Literal]:
        """The feature's operation; PortError for a name that cannot be one."""
        with written(DOING):
            return {"feature": kql.text(self._feature_operation)}


def _stretches(asked: Asked) -> dict[str, kql.Literal]:
    """Where each stretch of users begins: two that end now, two that end at the switch."""
    recent = scaled(_RECENT_S, asked)
    served = min(recent, asked.now - asked.start)
    return {
        "recent": kql.moment(asked.now - recent),
        "users_before": kql.moment(asked.t0 - recent),
        "served": kql.moment(asked.now - served),
        "served_before": kql.moment(asked.t0 - served),
    }


@dataclass(frozen=True, slots=True)
class _Use:
    """Requests of the new feature: ``rows`` since the switch, and what rows stand for since then and before.

    ``users`` and ``users_before``: those of the feature, and all.
    """

    rows: int
    total: float
    total_before: float
    users: tuple[int, int]
    users_before: tuple[int, int]


def _use(row: LogsTableRow) -> _Use:
    return _Use(
        count(row["Uses"]),
        number(row["UsesTotal"]) or 0.0,
        number(row["UsesTotalBefore"]) or 0.0,
        (count(row["FeatureUsers"]), count(row["ServedUsers"])),
        (count(row["FeatureUsersBefore"]), count(row["ServedUsersBefore"])),
    )


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
    use: _Use
    served: Served
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
        _use(row),
        served(row),
        dated(row),
    )


def _of_feature(found: _Usage, asked: Asked) -> list[Reading]:
    """Requests of the feature per minute; where requests tell their user, also the share of the users that sent one.

    A rate is over the time that is in the logs: up to now less their delay, from the old version's first request.
    """
    use = found.use
    value = rate(use.total, in_logs(asked, (found.served.dated,)))
    past = rate(use.total_before, found.served.before(asked))
    readings = [Reading(FEATURE_USE, value, "/min", n=use.rows, before=past)]
    if found.named:
        part, n = use.users
        readings.append(Reading(FEATURE_USERS, share(part, n), "share", n=n, before=share(*use.users_before)))
    return readings


class BrowserReader(LogsReader):
    """The Reader of what pages report; an application whose pages report nothing has no readings, and no error."""

    source = Source.BROWSER

    async def read(self, asked: Asked) -> Observation:
        """Exceptions in browsers per minute and page load p75, since the switch and before."""
        whole = span(asked)
        since = whole | beside(asked, scaled(HISTORY_S, asked))
        loads = {"end": whole["end"]} | beside(asked)
        answers = await self.ask({"browser_exceptions": since, "page_loads": loads})
        found = answers.first("browser_exceptions", thrown)
        told = answers.rows("page_loads", _load)
        parts = {one.part: one for one in told or ()}
        dates = [*(() if found is None else (found.dated,)), *(one.dated for one in parts.values())]
        if all(one.newest is None for one in dates) and not answers.troubles:
            return self.observed(answers, (), (), (NO_BROWSER,))
        readings = [] if told is None else [_page_load(parts)]
        if found is not None:
            readings.insert(0, _exceptions(found, parts, asked))
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
    since = in_logs(asked, (found.dated, *(one.dated for one in loads.values())))
    # Pages tell no version, so that what they told before the switch is of the whole stretch before it.
    return per_minute(BROWSER_EXCEPTIONS, found, since, scaled(HISTORY_S, asked), told="since" in loads)
