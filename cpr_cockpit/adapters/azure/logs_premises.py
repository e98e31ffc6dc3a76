"""The Premises port over the logs: lag, sampling, daily cap, and under which versions' names rows come."""

from __future__ import annotations

from collections.abc import Sequence

from azure.monitor.query import LogsTableRow

from cpr_cockpit.adapters.azure import kql_premises as kql
from cpr_cockpit.adapters.azure import logs_answers as answers
from cpr_cockpit.adapters.azure.credentials import PinnedCredential
from cpr_cockpit.adapters.azure.environment import AzureEnvironment
from cpr_cockpit.adapters.azure.errors import clean, unreadable
from cpr_cockpit.adapters.azure.logs_client import logs_client
from cpr_cockpit.adapters.azure.transport import SharedTransport
from cpr_cockpit.core.plan import Act, ActKind
from cpr_cockpit.core.ports import Arrived, LogFacts, PlannedRequest, Stretch

_DOING = "Reading what the logs tell of themselves"
# The cap is lifted once a day: what the workspace said before that no longer holds.
_CAP_S = 25 * 3600.0
_CHECK = "Check the workspace's id and the right to read it."


class LogsPremises:
    """The Premises port. Nothing is tried again here: whoever asks decides."""

    def __init__(self, environment: AzureEnvironment, credential: PinnedCredential, transport: SharedTransport) -> None:
        self._environment = environment
        self._client = logs_client(environment, credential, transport)

    async def facts(self, *, since: float) -> LogFacts:
        """Users' rows since then. Whether the workspace takes rows in may be unknown: the rest stands without it."""
        app = self._environment.app_insights_id
        users, status = await self._ask((kql.users(since, app), kql.ingestion(since - _CAP_S)))
        answers.refuse_a_part(users, _DOING, _CHECK)
        told = answers.rows(users, _users, _DOING)
        if not told:
            raise unreadable(_DOING, "no row where one was asked for")
        rows, requests, newest, lag = told[0]
        if answers.trouble(status):
            # Most workspaces never reached their cap and have no table of operations.
            return LogFacts(rows, requests, newest, lag)
        stopped, resumed = next(iter(answers.rows(status, _ingestion, _DOING)), (None, None))
        holds = stopped is not None and (resumed is None or resumed < stopped)
        return LogFacts(rows, requests, newest, lag, stopped if holds else None, cap_known=True)

    async def arrived(self, *, since: float) -> tuple[Arrived, ...]:
        """Which versions' rows came with event times since then; the twenty with most rows."""
        (answer,) = await self._ask((kql.arrived(since, self._environment.app_insights_id),))
        answers.refuse_a_part(answer, _DOING, _CHECK)
        return tuple(answers.rows(answer, _arrived, _DOING))

    async def by_hour(self, *, since: float) -> tuple[Stretch, ...]:
        """Users' rows by stretches of time since then."""
        (answer,) = await self._ask((kql.hours(since, self._environment.app_insights_id),))
        answers.refuse_a_part(answer, _DOING, _CHECK)
        return tuple(answers.rows(answer, _stretch, _DOING))

    async def _ask(self, texts: Sequence[str]) -> list[answers.Item]:
        return await answers.ask(self._client, self._environment.workspace_id, texts, _DOING)

    def planned(self, act: Act) -> tuple[PlannedRequest, ...]:
        """The request of the step that proves the telemetry."""
        if act.kind is not ActKind.PROVE_TELEMETRY:
            return ()
        url = self._environment.logs.rstrip("/").removesuffix("/v1") + "/v1/$batch"
        return (PlannedRequest("POST", url, f"workspace {self._environment.workspace_id}: rows by version, newest"),)

    async def close(self) -> None:
        """Close the client; its connections are the session's."""
        await self._client.close()


def _users(row: LogsTableRow) -> tuple[int, float, float | None, float | None]:
    rows = answers.count(row["Rows"])
    return rows, answers.number(row["Requests"]) or 0.0, answers.moment(row["Newest"]), answers.number(row["LagS"])


def _ingestion(row: LogsTableRow) -> tuple[float | None, float | None]:
    return answers.moment(row["Stopped"]), answers.moment(row["Resumed"])


def _arrived(row: LogsTableRow) -> Arrived:
    newest = answers.must(answers.moment(row["Newest"]))
    return Arrived(clean(str(row["AppVersion"])), answers.count(row["Rows"]), newest, answers.number(row["LagS"]))


def _stretch(row: LogsTableRow) -> Stretch:
    start, oldest = (answers.must(answers.moment(row[name])) for name in ("Start", "Oldest"))
    return Stretch(start, answers.count(row["Rows"]), oldest)
