"""The logs of staging: new kinds of error since the new version runs there."""

from __future__ import annotations

from azure.monitor.query import LogsTableRow

from cpr_cockpit.adapters.azure import kql
from cpr_cockpit.adapters.azure import logs_answers as answers
from cpr_cockpit.adapters.azure.credentials import PinnedCredential
from cpr_cockpit.adapters.azure.environment import AzureEnvironment
from cpr_cockpit.adapters.azure.errors import clean
from cpr_cockpit.adapters.azure.logs_client import logs_client
from cpr_cockpit.adapters.azure.transport import SharedTransport
from cpr_cockpit.core.ports import Clock
from cpr_cockpit.core.sensing import Reading, State
from cpr_cockpit.core.verdict import clock_time

ITEM = "staging-performance.logs"
LOOK_BACK_S = 3600.0
PATIENCE_S, _AGAIN_S = 5.0, 1.0
"""Seconds for which the first rows of staging are waited for: what was asked of it a moment ago is still on its way."""
_DOING = "Reading the logs of staging"
_CHECK = "Check staging_app_insights_id, and that it reports to the workspace."
_MOST_SHOWN = 3


class StagedLogs:
    """``component``: resource id of staging's application in the workspace; ``version``: the one to be deployed."""

    items = (ITEM,)
    timeout_s = 30.0

    def __init__(
        self,
        environment: AzureEnvironment,
        credential: PinnedCredential,
        transport: SharedTransport,
        clock: Clock,
        component: str,
        version: str,
    ) -> None:
        self._environment = environment
        self._client = logs_client(environment, credential, transport)
        self._clock = clock
        self._component = component
        self._version = version

    async def read(self) -> tuple[Reading, ...]:
        """Failed where there is a new kind of error; unknown where no request of the version is there. PortError."""
        until = self._clock.now() + PATIENCE_S
        rows, failures, newest, problems = await self._asked()
        while not rows and self._clock.now() < until:
            await self._clock.sleep(_AGAIN_S)
            rows, failures, newest, problems = await self._asked()
        if not rows or newest is None:
            words = f"the logs of the last hour hold no request of {self._version} in staging"
            return (Reading(ITEM, State.UNKNOWN, words),)
        seen = f"{rows} requests of {self._version} in staging's logs of the last hour, {failures} answered 5xx, "
        seen += f"the newest at {clock_time(newest)}"
        if problems:
            shown = ", ".join(f"{name} ({n} times)" for name, n in problems[:_MOST_SHOWN])
            return (Reading(ITEM, State.FAILED, f"{len(problems)} new kinds of error: {shown}; {seen}", n=rows),)
        return (Reading(ITEM, State.NOTE if failures else State.OK, f"no new kind of error; {seen}", n=rows),)

    async def _asked(self) -> tuple[int, int, float | None, list[tuple[str, int]]]:
        since = kql.moment(self._clock.now() - LOOK_BACK_S)
        with answers.written(_DOING):
            staging, version = kql.text(self._component), kql.text(self._version)
            app = kql.text(self._environment.app_insights_id)
            texts = (
                kql.question("staged_requests", since=since, staging=staging, new_version=version),
                kql.question("staged_problems", since=since, staging=staging, new_version=version, app=app),
            )
        asked, thrown = await answers.ask(self._client, self._environment.workspace_id, texts, _DOING)
        answers.refuse_a_part(asked, _DOING, _CHECK)
        told = answers.rows(asked, _requests, _DOING)
        rows, failures, newest = told[0] if told else (0, 0, None)
        if "AppExceptions" in answers.trouble(thrown):
            return rows, failures, newest, []  # nothing was ever thrown: the workspace has no such table
        answers.refuse_a_part(thrown, _DOING, _CHECK)
        return rows, failures, newest, answers.rows(thrown, _problem, _DOING)

    async def close(self) -> None:
        """Close the client; its connections are the session's."""
        await self._client.close()


def _requests(row: LogsTableRow) -> tuple[int, int, float | None]:
    return answers.count(row["Rows"]), answers.count(row["Failures"]), answers.moment(row["Newest"])


def _problem(row: LogsTableRow) -> tuple[str, int]:
    return clean(str(row["ProblemId"] or row["ExceptionType"])) or "of no name", answers.count(row["Rows"])
