"""The questions to the logs, as KQL texts.

A row of AppRequests is one piece of evidence; ItemCount is how many requests it stands for. A failure is a 5xx, or 0
(aborted or timed out); where the code is no number, the row's own Success tells. Synthetic rows (the cockpit's probes,
availability tests, warm-up) are left out. Keyed on AppVersion: after a swap the role name still tells the old slot.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

LAG_WINDOW = timedelta(minutes=10)
"""How far before the asked time the delay of ingestion is measured: its newest rows alone are those that came fast."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_FIGURES = """\
| extend Code = toint(ResultCode)
| extend Failed = iff(isnull(Code), Success == false, Code >= 500 or Code == 0)
| summarize Requests = count(), Failures = countif(Failed), Total = sum(ItemCount), Newest = max(TimeGenerated),
    LastOk = maxif(TimeGenerated, not(Failed)), (P50, P95, P99) = percentilesw(DurationMs, ItemCount, 50, 95, 99)"""


def text(value: str) -> str:
    """A string literal; ValueError for a control character, which no version or id has."""
    if not value.isprintable():
        raise ValueError(f"kql: {value!r} holds a control character")
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def moment(at: float) -> str:
    """A datetime literal of epoch seconds, to the microsecond."""
    when = _EPOCH + timedelta(seconds=at)
    return f"datetime({when.strftime('%Y-%m-%dT%H:%M:%S.%f')}Z)"


def length(seconds: float) -> str:
    """A timespan literal, to the tick of 100 ns; ValueError for one that is not above zero."""
    ticks = round(seconds * 10_000_000)
    if ticks <= 0:
        raise ValueError(f"kql: a length is above zero, found {seconds}")
    whole, rest = divmod(ticks, 10_000_000)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    return f"timespan({days}.{hour:02d}:{minute:02d}:{second:02d}.{rest:07d})"


def _rows(start: float, end: float | None, app_insights_id: str, versions: Sequence[str] = ()) -> str:
    upper = "" if end is None else f" and TimeGenerated < {moment(end)}"
    lines = ["AppRequests", f"| where TimeGenerated >= {moment(start)}{upper}", "| where isempty(SyntheticSource)"]
    if versions:
        lines.append(f"| where AppVersion in ({', '.join(text(version) for version in versions)})")
    if app_insights_id:
        # A workspace may hold many applications. Where the column is filled, the row must be of this one.
        lines.append(f"| where isempty(_ResourceId) or _ResourceId =~ {text(app_insights_id)}")
    return "\n".join(lines)


def bins(start: float, end: float, bin_s: float, versions: Sequence[str], app_insights_id: str) -> str:
    """Figures per version and bin of ``bin_s`` seconds, aligned to ``start``."""
    grid = f"Start = bin_at(TimeGenerated, {length(bin_s)}, {moment(start)})"
    return f"{_rows(start, end, app_insights_id, versions)}\n{_FIGURES}\n    by {grid}, AppVersion"


def whole(start: float, end: float, versions: Sequence[str], app_insights_id: str) -> str:
    """Figures per version over the whole time: percentiles of parts do not add up to those of the whole."""
    return f"{_rows(start, end, app_insights_id, versions)}\n{_FIGURES}\n    by AppVersion"


def freshness(start: float, app_insights_id: str) -> str:
    """The newest row there is, without an upper bound, so that one dated in the future shows; and the delay, p95."""
    rows = _rows(start - LAG_WINDOW.total_seconds(), None, app_insights_id)
    lag = "LagS = percentile((ingestion_time() - TimeGenerated) / 1s, 95)"
    return f"{rows}\n| summarize Newest = max(TimeGenerated), {lag}"
