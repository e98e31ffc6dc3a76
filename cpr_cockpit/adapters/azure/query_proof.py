"""Whether the logs answer a query, and what: for sensors, which ask seldom."""

from __future__ import annotations

from datetime import timedelta

from azure.core.exceptions import AzureError
from azure.monitor.query import LogsBatchQuery

from cpr_cockpit.adapters.azure import logs_answers as answers
from cpr_cockpit.adapters.azure.credentials import PinnedCredential
from cpr_cockpit.adapters.azure.environment import AzureEnvironment
from cpr_cockpit.adapters.azure.errors import UNREAD, of_azure, unreadable
from cpr_cockpit.adapters.azure.logs_client import logs_client
from cpr_cockpit.adapters.azure.transport import SharedTransport
from cpr_cockpit.core.ports import PortError

_SERVER_S = 10


class QueryProof:
    """Questions to the workspace of the environment."""

    def __init__(self, environment: AzureEnvironment, credential: PinnedCredential, transport: SharedTransport) -> None:
        self._workspace = environment.workspace_id
        self._client = logs_client(environment, credential, transport)

    async def rows(self, text: str, *, last_s: float, doing: str) -> int:
        """How many rows the answer has over the last ``last_s`` seconds. PortError: 400 where the query is wrong."""
        query = LogsBatchQuery(self._workspace, text, timespan=timedelta(seconds=last_s), server_timeout=_SERVER_S)
        try:
            (item,) = await self._client.query_batch([query])
        except AzureError as error:
            raise of_azure(error, doing) from error
        except UNREAD as error:
            raise unreadable(doing, repr(error)) from error
        if words := answers.trouble(item):
            # What was not answered in time, or in part, says nothing against the query.
            raise PortError(f"{doing}: {words}.", status=400 if answers.is_refused(item) else None)
        return len(answers.rows(item, lambda row: row, doing))

    async def close(self) -> None:
        """Close the client; its connections are the session's."""
        await self._client.close()
