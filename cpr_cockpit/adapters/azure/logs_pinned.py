"""The UserCount port over the logs: how many users one version has served in a stretch of time."""

from __future__ import annotations

from azure.monitor.query import LogsTableRow

from cpr_cockpit.adapters.azure import kql, logs_answers
from cpr_cockpit.adapters.azure.credentials import PinnedCredential
from cpr_cockpit.adapters.azure.environment import AzureEnvironment
from cpr_cockpit.adapters.azure.errors import unreadable
from cpr_cockpit.adapters.azure.logs_client import logs_client
from cpr_cockpit.adapters.azure.transport import SharedTransport

_DOING = "Counting the users of a share"


class LogsUserCount:
    """The UserCount port. Nothing is tried again here: whoever asks asks anew."""

    def __init__(self, environment: AzureEnvironment, credential: PinnedCredential, transport: SharedTransport) -> None:
        self._environment = environment
        self._client = logs_client(environment, credential, transport)

    async def users(self, *, version: str, since: float, until: float) -> int | None:
        """Distinct users; None where requests were told of and none tells its user. PortError."""
        with logs_answers.written(_DOING):
            text = kql.question(
                "pinned",
                start=kql.moment(since),
                end=kql.moment(until),
                version=kql.text(version),
                app=kql.text(self._environment.app_insights_id),
            )
        (item,) = await logs_answers.ask(self._client, self._environment.workspace_id, (text,), _DOING)
        logs_answers.refuse_a_part(item, _DOING, "It is asked again.")
        told = logs_answers.rows(item, _counts, _DOING)
        if not told:
            raise unreadable(_DOING, "no row where one was asked for")
        users, named, rows = told[0]
        return None if rows and not named else users

    async def close(self) -> None:
        """Close the client; its connections are the session's."""
        await self._client.close()


def _counts(row: LogsTableRow) -> tuple[int, int, int]:
    return logs_answers.count(row["Users"]), logs_answers.count(row["Named"]), logs_answers.count(row["Rows"])
