"""Custom signals that are asked of the workspace, each by its own query, stretch by stretch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from azure.core.exceptions import AzureError, HttpResponseError
from azure.monitor.query import LogsQueryPartialResult, LogsTable

from cpr_cockpit.adapters.azure import kql
from cpr_cockpit.adapters.azure.credentials import PinnedCredential
from cpr_cockpit.adapters.azure.custom_rows import Counted, counted, figures_of
from cpr_cockpit.adapters.azure.environment import AzureEnvironment
from cpr_cockpit.adapters.azure.errors import UNREAD, clean, of_azure, unreadable
from cpr_cockpit.adapters.azure.logs_answers import moment, number
from cpr_cockpit.adapters.azure.logs_client import logs_client
from cpr_cockpit.adapters.azure.transport import SharedTransport
from cpr_cockpit.core.blocks import Block
from cpr_cockpit.core.custom import SignalSpec
from cpr_cockpit.core.custom_kql import column_in, filled
from cpr_cockpit.core.ports import Asked, Clock, PortError
from cpr_cockpit.core.signals import Observation, Source

_SERVER_S = 30
_READ_S = 40.0
_HISTORY_S = 3600.0
_VALUE_S = 60.0
"""A plain figure is asked over so long: shorter stretches may hold nothing to measure."""
_LAG_S = 600.0
"""How far back the delay of ingestion is measured."""
_LEAST_S = 0.5
_KEPT = 60


class SignalLogs:
    """The workspace, as all signals ask it. Nothing is tried again here: each asks anew at its next turn."""

    def __init__(
        self, environment: AzureEnvironment, credential: PinnedCredential, transport: SharedTransport, clock: Clock
    ) -> None:
        self._environment = environment
        self._client = logs_client(environment, credential, transport)
        self.clock = clock

    async def ask(self, doing: str, text: str) -> LogsTable | None:
        """The first table of the answer. PortError, caused by the SDK's own; a partial answer is one too."""
        try:
            answer = await self._client.query_workspace(
                self._environment.workspace_id, text, timespan=None, server_timeout=_SERVER_S, read_timeout=_READ_S
            )
        except AzureError as error:
            raise of_azure(error, doing) from error
        except UNREAD as error:
            raise unreadable(doing, repr(error)) from error
        if isinstance(answer, LogsQueryPartialResult):
            words = clean(str(answer.partial_error.message)) if answer.partial_error else "no reason given"
            raise PortError(f"{doing} was answered in part: {words}.", next_step="The next reading asks again.")
        return answer.tables[0] if answer.tables else None

    async def pipeline(self, now: float) -> tuple[float | None, float | None]:
        """Event time of the newest row of all, and the delay (p99, s); None: no row. PortError."""
        doing = "Reading how far the logs have come"
        since, app = kql.moment(now - _LAG_S), kql.text(self._environment.app_insights_id)
        table = await self.ask(doing, kql.question("pipeline", since=since, app=app))
        try:
            row = table.rows[0] if table is not None and table.rows else None
            return (None, None) if row is None else (moment(row["Newest"]), number(row["LagS"]))
        except (KeyError, IndexError, TypeError, ValueError, OverflowError) as error:
            raise unreadable(doing, repr(error)) from error

    async def close(self) -> None:
        """Close the client; its connections are the session's."""
        await self._client.close()


class KqlSignal:
    """One signal as a Reader. ``least_delay_s``: how late its data is even where the logs are quicker.

    Each reading tells the stretch since the last one that has settled: rows that are still on their way are waited for,
    and where the logs stand still the stretch ends there, so that silence of the logs is never silence of the users.
    """

    source = Source.CUSTOM
    timeout_s = 45.0

    def __init__(self, logs: SignalLogs, spec: SignalSpec, text: str, least_delay_s: float = 0.0) -> None:
        self._logs, self._spec, self._text, self._least_delay_s = logs, spec, text, least_delay_s
        self.name = spec.name
        self.poll_s = spec.every_s
        self._before: Counted | None = None
        self._told: list[Counted] = []
        self._until: float | None = None

    async def read(self, asked: Asked) -> Observation:
        """The hour before the switch, once, and what came since the last reading. PortError."""
        newest, lag = await self._logs.pipeline(asked.now)
        wait = max(self._least_delay_s, self._spec.delay_s if lag is None else lag + 1.0)
        edge = asked.now - wait if newest is None else min(asked.now - wait, newest)
        blocks = await self._blocks(asked, edge) if newest is not None else []
        received = self._logs.clock.now()
        ahead = newest is not None and newest > received
        return Observation(
            Source.CUSTOM,
            received,
            measured_at=newest if ahead else self._until,
            lag_p95=wait,
            name=self.name,
            blocks=tuple(blocks),
            readings=figures_of(self._spec, self._told, self._before),
        )

    async def _blocks(self, asked: Asked, edge: float) -> list[Block]:
        """The hour before the switch with every reading (one may be lost), and what has settled since the last."""
        if self._before is None:
            self._before = await self._count(asked.t0 - _HISTORY_S, min(asked.t0, edge))
        before = [self._before.block] if self._before.is_count else []
        start = asked.start if self._until is None else max(asked.start, self._until)
        if edge - start < _LEAST_S:
            return before
        if not self._before.is_count:
            start = max(asked.t0, edge - _VALUE_S)
        counted = await self._count(start, edge)
        if not counted.is_count and counted.value is None:
            # A stretch without a figure tells nothing, and the signal ages.
            return before
        self._until = edge
        self._told = [*self._told[-_KEPT:], counted]
        return [*before, counted.block] if counted.is_count else before

    async def _count(self, start: float, end: float) -> Counted:
        doing = f"Reading the signal {self.name}"
        first, last = kql.moment(start), kql.moment(end)
        try:
            table = await self._logs.ask(doing, filled(self._text, first, last))
        except PortError as error:
            raise _placed(error, self._text, first, last) from error.__cause__
        return counted(self._spec, doing, table, start, end)


def _placed(error: PortError, text: str, first: str, last: str) -> PortError:
    """The error with the place in the query as its author wrote it, where the service told one."""
    cause = error.__cause__
    if error.status != 400 or not isinstance(cause, HttpResponseError) or cause.response is None:
        return error
    where = ""
    place = _place(cause.response.text())
    if place is not None:
        line, column = place
        where = f" At line {line}, column {column_in(text, line, column, first, last)} of the query."
    hint = "Correct the query in cockpit.toml; tables and columns are named as the workspace shows them."
    return PortError(error.what + where, next_step=hint, code=error.code, status=error.status)


def _place(body: str) -> tuple[int, int] | None:
    """Line and column, both from 1, of the innermost error that tells them (``pos`` counts from 0)."""
    found = None
    try:
        inner: Any = json.loads(body).get("error")
        while isinstance(inner, Mapping):
            line, pos = inner.get("line"), inner.get("pos")
            if isinstance(line, int) and isinstance(pos, int):
                found = (line, pos + 1)
            inner = inner.get("innererror")
    except (ValueError, AttributeError, RecursionError):
        return None
    return found
