"""A workspace of an application's tables, and the readers that ask it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cpr_cockpit.adapters.azure.logs_batch import SharedBatch
from cpr_cockpit.core.blocks import Reading
from cpr_cockpit.core.ports import Asked, Clock, Reader
from cpr_cockpit.core.signals import Observation
from tests.azure.clocks import FixedClock
from tests.azure.wire import Wire

T0 = 1_700_000_000.0
NOW = T0 + 120.0
ASKED = Asked(NOW, T0, "v1", "v2", 900.0, 1.0)
TABLES = ("AppRequests", "AppExceptions", "AppDependencies", "AppBrowserTimings")

Rows = Sequence[Mapping[str, Any]]
Kind = Callable[[SharedBatch, Clock], Reader]


class Logs:
    """The readers, and the workspace that answers them."""

    def __init__(self, batch: SharedBatch, wire: Wire) -> None:
        self.batch = batch
        self.wire = wire

    def hold(self, **tables: Rows) -> None:
        """The workspace has the tables of the application, with these rows."""
        self.wire.answer_tables({name: tables.get(name, ()) for name in TABLES}, same={}, now=NOW + 1.0)

    async def read(self, kind: Kind, asked: Asked = ASKED) -> Observation:
        return await kind(self.batch, FixedClock(NOW + 1.0)).read(asked)


def named(seen: Observation) -> dict[str, Reading]:
    found = {one.name: one for one in seen.readings}
    assert len(found) == len(seen.readings)
    return found
