"""The tables of the workspace, with the columns and types that Azure Monitor publishes for them.

Sources: the reference of the tables of Azure Monitor Logs, and the published example of a batch query. A column that
the telemetry of the lab does not fill is empty, or null where it is no string.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cpr_cockpit.lab.kql.frame import Frame
from cpr_cockpit.lab.kql.functions import INGESTION


def _typed(names: str, **types: str) -> dict[str, str]:
    """A schema of `names` in order: strings, but for those with a type of their own."""
    return {name: types.get(name, "string") for name in names.split()}


_CLIENT = (
    "ClientType ClientModel ClientOS ClientIP ClientCity ClientStateOrProvince ClientCountryOrRegion ClientBrowser"
)
_USER = "SyntheticSource SessionId UserId UserAuthenticatedId UserAccountId AppVersion AppRoleName AppRoleInstance"
_END = "ResourceGUID IKey SDKVersion ItemCount SourceSystem Type _ResourceId"
_TAIL = "ResourceGUID IKey SDKVersion ItemCount ReferencedItemId ReferencedType SourceSystem Type _ResourceId"

TABLES: dict[str, dict[str, str]] = {
    "AppRequests": _typed(
        "TenantId TimeGenerated Id Source Name Url Success ResultCode DurationMs PerformanceBucket Properties "
        f"Measurements OperationName OperationId OperationLinks ParentId {_USER} {_CLIENT} {_TAIL}",
        TimeGenerated="datetime",
        Success="bool",
        DurationMs="real",
        Properties="dynamic",
        Measurements="dynamic",
        OperationLinks="dynamic",
        ItemCount="int",
    ),
    "AppExceptions": _typed(
        "TenantId TimeGenerated ProblemId HandledAt ExceptionType Assembly Method Message OuterType OuterMessage "
        "OuterAssembly OuterMethod InnermostType InnermostMessage InnermostAssembly InnermostMethod SeverityLevel "
        f"Details Properties Measurements OperationName OperationId ParentId {_USER} {_CLIENT} {_TAIL}",
        TimeGenerated="datetime",
        SeverityLevel="int",
        Details="dynamic",
        Properties="dynamic",
        Measurements="dynamic",
        ItemCount="int",
    ),
    "AppDependencies": _typed(
        "TenantId TimeGenerated Id Target DependencyType Name Data Success ResultCode DurationMs "
        f"Properties Measurements OperationName OperationId ParentId {_USER} {_CLIENT} {_TAIL}",
        TimeGenerated="datetime",
        Success="bool",
        DurationMs="real",
        Properties="dynamic",
        Measurements="dynamic",
        ItemCount="int",
    ),
    "AppEvents": _typed(
        "TenantId TimeGenerated Name Properties Measurements OperationName OperationId ParentId "
        f"{_USER} {_CLIENT} {_END}",
        TimeGenerated="datetime",
        Properties="dynamic",
        Measurements="dynamic",
        ItemCount="int",
    ),
    "AppPageViews": _typed(
        "TenantId TimeGenerated Id Name Url DurationMs Properties Measurements OperationName "
        f"OperationId ParentId {_USER} {_CLIENT} {_END}",
        TimeGenerated="datetime",
        DurationMs="real",
        Properties="dynamic",
        Measurements="dynamic",
        ItemCount="int",
    ),
    "AppBrowserTimings": _typed(
        "TenantId TimeGenerated Name Url NetworkDurationMs SendDurationMs ReceiveDurationMs ProcessingDurationMs "
        "TotalDurationMs Properties Measurements OperationName OperationId ParentId "
        f"{_USER} {_CLIENT} {_END}",
        TimeGenerated="datetime",
        NetworkDurationMs="real",
        SendDurationMs="real",
        ReceiveDurationMs="real",
        ProcessingDurationMs="real",
        TotalDurationMs="real",
        Properties="dynamic",
        Measurements="dynamic",
        ItemCount="int",
    ),
}


def table(name: str, rows: Sequence[Mapping[str, Any]], same: Mapping[str, str]) -> Frame:
    """The table `name`, a key of TABLES, over rows of telemetry (times as epoch seconds).

    `same` holds the strings that all rows have alike, by column; a row that has its own keeps it. A row's hidden
    `_ingestion` is when it came in.
    """
    frame = Frame.of_rows(TABLES[name], {INGESTION: "datetime"}, rows)
    alike = {**same, "Type": name}
    return frame.extended(
        {column: ("string", [row.get(column, value) for row in rows]) for column, value in alike.items()}
    )
