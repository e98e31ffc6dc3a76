"""How many users a share has reached, at the wire."""

from __future__ import annotations

from typing import Any

import pytest

from cpr_cockpit.adapters.azure.logs_pinned import LogsUserCount
from cpr_cockpit.core.ports import PortError
from tests.azure.conftest import Azure
from tests.azure.wire import Wire

COLUMNS = [{"name": name, "type": "long"} for name in ("Users", "Named", "Rows")]


def answered(*rows: list[int]) -> dict[str, Any]:
    return {"tables": [{"name": "PrimaryResult", "columns": COLUMNS, "rows": list(rows)}]}


async def ask(azure: Azure, wire: Wire, body: Any) -> int | None:
    wire.answer_batch([body])
    count = LogsUserCount(azure.environment, azure.credential, azure.transport)
    try:
        return await count.users(version="v2", since=1_700_000_000.0, until=1_700_000_060.0)
    finally:
        await count.close()


@pytest.mark.parametrize(("row", "users"), [([42, 300, 310], 42), ([0, 0, 0], 0), ([0, 0, 310], None)])
async def test_users_are_counted_where_requests_tell_them(
    azure: Azure, wire: Wire, row: list[int], users: int | None
) -> None:
    assert await ask(azure, wire, answered(row)) == users


@pytest.mark.parametrize(
    "body",
    [answered(), {"error": {"code": "BadArgumentError", "message": "invalid"}}],
    ids=["nothing", "refused"],
)
async def test_what_is_no_answer_is_no_number(azure: Azure, wire: Wire, body: Any) -> None:
    with pytest.raises(PortError, match="Counting the users of a share"):
        await ask(azure, wire, body)
