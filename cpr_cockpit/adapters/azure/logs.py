"""Application Insights' requests behind the Telemetry port, over azure-monitor-query: one batch per reading."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from azure.core.exceptions import AzureError
from azure.core.pipeline.policies import (
    AsyncBearerTokenCredentialPolicy,
    ContentDecodePolicy,
    RequestIdPolicy,
    UserAgentPolicy,
)
from azure.monitor.query import LogsBatchQuery, LogsQueryError, LogsQueryPartialResult, LogsQueryResult, LogsTableRow
from azure.monitor.query.aio import LogsQueryClient

from cpr_cockpit.adapters.azure import kql
from cpr_cockpit.adapters.azure.credentials import PinnedCredential
from cpr_cockpit.adapters.azure.environment import AzureEnvironment
from cpr_cockpit.adapters.azure.errors import clean, of_azure, unreadable
from cpr_cockpit.adapters.azure.transport import SharedTransport
from cpr_cockpit.adapters.connections import USER_AGENT
from cpr_cockpit.core.plan import Act, ActKind
from cpr_cockpit.core.ports import Clock, PlannedRequest, PortError
from cpr_cockpit.core.signals import Bin, Observation, Source

_DOING = "Reading the users' requests"
# Seconds that the service may work on a batch, and a little more for the way.
_SERVER_S = 30
_READ_S = 40.0

Row = TypeVar("Row")
_Item = LogsQueryResult | LogsQueryPartialResult | LogsQueryError


class LogsTelemetry:
    """The Telemetry port. Nothing is tried again here: the watch asks anew at its next turn."""

    def __init__(
        self, environment: AzureEnvironment, credential: PinnedCredential, transport: SharedTransport, clock: Clock
    ) -> None:
        self._environment = environment
        self._clock = clock
        scope = environment.logs_audience.rstrip("/") + "/.default"
        self._client = LogsQueryClient(
            credential,
            endpoint=environment.logs,
            audience=environment.logs_audience,
            transport=transport,
            policies=[
                RequestIdPolicy(),
                UserAgentPolicy(user_agent=USER_AGENT, user_agent_overwrite=True),
                ContentDecodePolicy(),
                AsyncBearerTokenCredentialPolicy(credential, scope),
            ],
        )

    async def requests(self, *, start: float, end: float, bin_s: float, versions: Sequence[str]) -> Observation:
        """Bins aligned to ``start``, one row per version for the whole time, the newest datum and the delay.

        What one of the three questions could not tell is in ``Observation.partial``; PortError where none could.
        """
        texts = self._texts(start, end, bin_s, versions)
        batch = [
            LogsBatchQuery(self._environment.workspace_id, text, timespan=None, server_timeout=_SERVER_S)
            for text in texts
        ]
        try:
            items = await self._client.query_batch(batch, read_timeout=_READ_S)
        except AzureError as error:
            raise of_azure(error, _DOING) from error
        except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
            # The SDK puts the batch back in order without looking: an item that is missing or no object ends here.
            raise unreadable(_DOING, repr(error)) from error
        received = self._clock.now()
        troubles = [found for found in map(_trouble, items) if found]
        if all(isinstance(item, LogsQueryError) for item in items):
            raise PortError(f"{_DOING} failed: {troubles[0]}.", next_step="The next reading asks again.")
        grid, whole, fresh = items
        newest, lag = next(iter(_rows(fresh, _freshness)), (None, None))
        return Observation(
            Source.LOGS,
            received,
            measured_at=newest,
            bins=tuple(_rows(grid, lambda row: _bin(row, _must(_moment(row["Start"])), bin_s))),
            whole=tuple(_rows(whole, lambda row: _bin(row, start, max(0.0, end - start)))),
            lag_p95=lag,
            partial="; ".join(troubles) or None,
        )

    def _texts(self, start: float, end: float, bin_s: float, versions: Sequence[str]) -> tuple[str, str, str]:
        app = self._environment.app_insights_id
        try:
            return (
                kql.bins(start, end, bin_s, versions, app),
                kql.whole(start, end, versions, app),
                kql.freshness(start, app),
            )
        except ValueError as error:
            raise PortError(f"{_DOING} is not possible: {clean(str(error))}.") from error

    def planned(self, act: Act) -> tuple[PlannedRequest, ...]:
        """The request of the step that takes the baseline, with the text of its longest question."""
        if act.kind is not ActKind.BASELINE:
            return ()
        url = self._environment.logs.rstrip("/").removesuffix("/v1") + "/v1/$batch"
        body = f"workspace {self._environment.workspace_id}: AppRequests of the last {act.seconds:.0f} s, by version"
        return (PlannedRequest("POST", url, body),)

    async def close(self) -> None:
        """Close the client; its connections are the session's."""
        await self._client.close()


def _trouble(item: _Item) -> str:
    """What the service says is wrong with an item, "" where nothing is."""
    error = item.partial_error if isinstance(item, LogsQueryPartialResult) else item
    if isinstance(error, LogsQueryError):
        return clean(f"{error.message or 'no reason given'} ({error.code or 'no code'})")
    return "" if isinstance(item, LogsQueryResult) else "the answer is incomplete, without a reason"


def _rows(item: _Item, read: Callable[[LogsTableRow], Row]) -> list[Row]:
    """What ``read`` makes of each row of the item's table. A partial answer keeps its tables under another name."""
    if isinstance(item, LogsQueryError):
        return []
    tables = item.partial_data if isinstance(item, LogsQueryPartialResult) else item.tables
    try:
        return [read(row) for row in (tables[0].rows if tables else ())]
    except (KeyError, IndexError, TypeError, ValueError, OverflowError) as error:
        raise unreadable(_DOING, repr(error)) from error


def _freshness(row: LogsTableRow) -> tuple[float | None, float | None]:
    return _moment(row["Newest"]), _number(row["LagS"])


def _bin(row: LogsTableRow, start: float, seconds: float) -> Bin:
    return Bin(
        start=start,
        length=seconds,
        version=str(row["AppVersion"]),
        requests=int(_must(_number(row["Requests"]))),
        failures=int(_must(_number(row["Failures"]))),
        p50=_number(row["P50"]),
        p95=_number(row["P95"]),
        p99=_number(row["P99"]),
        total=_number(row["Total"]),
        newest=_moment(row["Newest"]),
        last_ok=_moment(row["LastOk"]),
    )


def _must(value: float | None) -> float:
    if value is None:
        raise ValueError("a figure is missing")
    return value


def _number(value: Any) -> float | None:
    """A number, which some answers of the service write as text; None for null and for no number at all."""
    if value is None or value == "":
        return None
    number = float(value)
    return number if math.isfinite(number) else None


def _moment(value: Any) -> float | None:
    """Epoch seconds of a time, which the SDK leaves as text where it cannot read it; None for null."""
    if value is None or value == "":
        return None
    if not isinstance(value, datetime):
        # Seven digits of a second are one more than Python reads.
        value = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", str(value)))
    return float((value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp())
