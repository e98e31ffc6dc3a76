"""What the logs answered, item by item of a batch: its trouble in words, its rows, and their values."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar

from azure.core.exceptions import AzureError
from azure.monitor.query import LogsBatchQuery, LogsQueryError, LogsQueryPartialResult, LogsQueryResult, LogsTableRow
from azure.monitor.query.aio import LogsQueryClient

from cpr_cockpit.adapters.azure.errors import UNREAD, clean, of_azure, unreadable
from cpr_cockpit.adapters.azure.times import epoch
from cpr_cockpit.core.ports import PortError

# Seconds that reading an answer may take beyond those that the service may work on it.
_WAY_S = 10.0
# Error codes of a query that cannot be understood (Azure Monitor logs API, "Errors").
_REFUSALS = frozenset({"BadArgumentError", "SemanticError", "SyntaxError", "QueryValidationError"})

Row = TypeVar("Row")
Item = LogsQueryResult | LogsQueryPartialResult | LogsQueryError


@contextmanager
def written(doing: str) -> Iterator[None]:
    """While a question is written: a value that cannot stand in one (ValueError) is a PortError."""
    try:
        yield
    except ValueError as error:
        raise PortError(f"{doing} is not possible: {clean(str(error))}.") from error


async def ask(
    client: LogsQueryClient, workspace_id: str, texts: Sequence[str], doing: str, *, server_s: int = 30
) -> list[Item]:
    """One batch of questions; an item for each, in their order. PortError where the batch itself failed.

    ``server_s``: seconds that the service may work on each of them; what takes longer is that item's error.
    """
    batch = [LogsBatchQuery(workspace_id, text, timespan=None, server_timeout=server_s) for text in texts]
    try:
        return list(await client.query_batch(batch, read_timeout=server_s + _WAY_S))
    except AzureError as error:
        raise of_azure(error, doing) from error
    except UNREAD as error:
        # The SDK puts the batch back in order without looking: an item that is missing or no object ends here.
        raise unreadable(doing, repr(error)) from error


def trouble(item: Item) -> str:
    """What the service says is wrong with an item, "" where nothing is."""
    error = item.partial_error if isinstance(item, LogsQueryPartialResult) else item
    if isinstance(error, LogsQueryError):
        return clean(f"{error.message or 'no reason given'} ({error.code or 'no code'})")
    return "" if isinstance(item, LogsQueryResult) else "the answer is incomplete, without a reason"


def is_refused(item: Item) -> bool:
    """Whether the service cannot make anything of the query itself."""
    return isinstance(item, LogsQueryError) and item.code in _REFUSALS


def refuse_a_part(item: Item, doing: str, next_step: str) -> None:
    """An item that brought nothing, or not all, is a PortError."""
    words = trouble(item)
    if words:
        verb = "failed" if isinstance(item, LogsQueryError) else "was answered in part"
        raise PortError(f"{doing} {verb}: {words}.", next_step=next_step)


def rows(item: Item, read: Callable[[LogsTableRow], Row], doing: str) -> list[Row]:
    """What ``read`` makes of each row of the item's table; PortError for one that it cannot read.

    A partial answer keeps its tables under another name.
    """
    if isinstance(item, LogsQueryError):
        return []
    tables = item.partial_data if isinstance(item, LogsQueryPartialResult) else item.tables
    try:
        return [read(row) for row in (tables[0].rows if tables else ())]
    except (KeyError, IndexError, TypeError, ValueError, OverflowError) as error:
        raise unreadable(doing, repr(error)) from error


def must(value: float | None) -> float:
    """A figure that has to be there; ValueError for None."""
    if value is None:
        raise ValueError("a figure is missing")
    return value


def number(value: Any) -> float | None:
    """A number, which some answers of the service write as text; None for null and for no number at all."""
    if value is None or value == "":
        return None
    found = float(value)
    return found if math.isfinite(found) else None


def count(value: Any) -> int:
    """A whole number that has to be there; ValueError for null."""
    return int(must(number(value)))


def moment(value: Any) -> float | None:
    """Epoch seconds of a time, which the SDK leaves as text where it cannot read it; None for null."""
    if value is None or value == "":
        return None
    return epoch(value if isinstance(value, datetime) else str(value))
