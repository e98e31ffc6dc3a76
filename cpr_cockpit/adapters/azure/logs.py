"""Application Insights' requests behind the Telemetry port, over azure-monitor-query: one batch per reading."""

from __future__ import annotations

from collections.abc import Sequence

from azure.monitor.query import LogsQueryError, LogsTableRow

from cpr_cockpit.adapters.azure import kql
from cpr_cockpit.adapters.azure import logs_blocks as parts
from cpr_cockpit.adapters.azure.credentials import PinnedCredential
from cpr_cockpit.adapters.azure.environment import AzureEnvironment
from cpr_cockpit.adapters.azure.errors import clean
from cpr_cockpit.adapters.azure.logs_answers import Item, ask, count, moment, must, number, rows, trouble, written
from cpr_cockpit.adapters.azure.logs_client import logs_client
from cpr_cockpit.adapters.azure.transport import SharedTransport
from cpr_cockpit.core.blocks import Block, BlockQuestion
from cpr_cockpit.core.plan import Act, ActKind
from cpr_cockpit.core.ports import Clock, PlannedRequest, PortError
from cpr_cockpit.core.signals import Bin, Observation, Source

_DOING = "Reading the users' requests"
LAG_WINDOW_S = 600.0
"""How far before the asked time the delay of ingestion is measured: its newest rows alone are those that came fast."""


class LogsTelemetry:
    """The Telemetry port. Nothing is tried again here: the watch asks anew at its next turn.

    A batch of its own, shared with no other source: a slow question of another cannot delay the figures that decide.
    """

    def __init__(
        self, environment: AzureEnvironment, credential: PinnedCredential, transport: SharedTransport, clock: Clock
    ) -> None:
        self._environment = environment
        self._clock = clock
        self._client = logs_client(environment, credential, transport)

    async def requests(
        self,
        *,
        start: float,
        end: float,
        bin_s: float,
        versions: Sequence[str],
        blocks: BlockQuestion | None = None,
        flag: str = "",
    ) -> Observation:
        """Bins aligned to ``start``, one row per version for the whole time, the newest datum and the delay.

        What one of these three questions could not tell is in ``Observation.partial``; PortError where none could. The
        blocks stand apart: where they did not come whole the observation has none and its ``lines`` say why, because
        the figures of the written triggers are whole without them.
        """
        texts = self._texts(start, end, bin_s, versions, blocks, flag)
        items = await ask(self._client, self._environment.workspace_id, texts, _DOING)
        received = self._clock.now()
        grid, whole, fresh = items[:3]
        troubles = [found for found in map(trouble, (grid, whole, fresh)) if found]
        if all(isinstance(item, LogsQueryError) for item in (grid, whole, fresh)):
            raise PortError(f"{_DOING} failed: {troubles[0]}.", next_step="The next reading asks again.")
        newest, lag = next(iter(rows(fresh, _freshness, _DOING)), (None, None))
        told, words = _blocks(items[3], blocks, versions, newest) if blocks else ((), ())
        return Observation(
            Source.LOGS,
            received,
            measured_at=newest,
            bins=tuple(rows(grid, lambda row: _bin(row, must(moment(row["Start"])), bin_s), _DOING)),
            whole=tuple(rows(whole, lambda row: _bin(row, start, max(0.0, end - start)), _DOING)),
            lag_p95=lag,
            partial="; ".join(troubles) or None,
            blocks=told,
            lines=words,
        )

    def _texts(
        self, start: float, end: float, bin_s: float, versions: Sequence[str], blocks: BlockQuestion | None, flag: str
    ) -> list[str]:
        with written(_DOING):
            ours = {"versions": kql.texts(versions), "every_version": kql.truth(not versions)}
            ours["version_of"] = kql.version_of(flag)
            ours["app"] = app = kql.text(self._environment.app_insights_id)
            span = {"start": kql.moment(start), "end": kql.moment(end)}
            texts = [
                kql.question("bins", length=kql.length(bin_s), **span, **ours),
                kql.question("whole", **span, **ours),
                kql.question("freshness", since=kql.moment(start - LAG_WINDOW_S), app=app),
            ]
            if blocks is not None:
                grid = {"start": kql.moment(blocks.start), "end": kql.moment(blocks.end)}
                grid |= {"length": kql.length(blocks.length), "slow": kql.counts_above(blocks.thresholds_ms)}
                texts.append(kql.question("blocks", **grid, **ours))
        return texts

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


def _blocks(
    item: Item, asked: BlockQuestion, versions: Sequence[str], newest: float | None
) -> tuple[tuple[Block, ...], tuple[str, ...]]:
    """The blocks, or why there are none. A block is believed once and for all, so one that may lack rows is none."""
    words = trouble(item)
    if not words:
        try:
            found = rows(item, lambda row: parts.part(row, len(asked.thresholds_ms)), _DOING)
            return parts.blocks(found, asked, versions, newest), ()
        except PortError as error:
            words = error.what
        except ValueError as error:
            words = clean(str(error))
    return (), (clean(f"The early tests' figures did not come: {words}"),)


def _freshness(row: LogsTableRow) -> tuple[float | None, float | None]:
    return moment(row["Newest"]), number(row["LagS"])


def _bin(row: LogsTableRow, start: float, seconds: float) -> Bin:
    return Bin(
        start=start,
        length=seconds,
        version=str(row["AppVersion"]),
        requests=count(row["Requests"]),
        failures=count(row["Failures"]),
        p50=number(row["P50"]),
        p95=number(row["P95"]),
        p99=number(row["P99"]),
        total=number(row["Total"]),
        newest=moment(row["Newest"]),
        last_ok=moment(row["LastOk"]),
    )
