"""The log scan of staging, over the wire and a real engine of the language."""

from __future__ import annotations

from typing import Any

import pytest

from cpr_cockpit.adapters.azure.staged_logs import ITEM, PATIENCE_S, StagedLogs
from cpr_cockpit.core.sensing import State
from tests.azure.clocks import FixedClock
from tests.azure.conftest import Azure
from tests.azure.rows import request, thrown
from tests.azure.wire import Wire
from tests.azure.workspace import NOW

STAGING = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Insights/components/goals-staging"
IN_STAGING = {"_ResourceId": STAGING}
ASKED = request(NOW - 60, version="v2", SyntheticSource="cpr-cockpit", **IN_STAGING)


@pytest.mark.parametrize(
    ("requests", "exceptions", "state", "words"),
    [
        ([ASKED], [], State.OK, "no new kind of error; 1 requests of v2 in staging's logs"),
        ([], [], State.UNKNOWN, "the logs of the last hour hold no request of v2 in staging"),
        ([request(NOW - 60, version="v2")], [], State.UNKNOWN, "hold no request of v2 in staging"),
        (
            [ASKED],
            [
                thrown(NOW - 50, "System.NewError at Goals", "v2", **IN_STAGING),
                thrown(NOW - 49, "System.NewError at Goals", "v2", **IN_STAGING),
                thrown(NOW - 50, "System.OldError at Goals", "v2", **IN_STAGING),
                thrown(NOW - 500, "System.OldError at Goals", "v1"),
            ],
            State.FAILED,
            "1 new kinds of error: System.NewError at Goals (2 times); 1 requests of v2",
        ),
    ],
)
async def test_new_kinds_of_error_in_staging_are_named_and_silence_is_not_health(
    azure: Azure, wire: Wire, requests: list[Any], exceptions: list[Any], state: State, words: str
) -> None:
    wire.answer_tables({"AppRequests": requests, "AppExceptions": exceptions}, {}, NOW)
    clock = FixedClock(NOW)
    logs = StagedLogs(azure.environment, azure.credential, azure.transport, clock, STAGING, "v2")
    (told,) = await logs.read()
    await logs.close()
    assert (told.name, told.state) == (ITEM, state)
    assert words in told.words
    assert (clock.at - NOW >= PATIENCE_S) is (state is State.UNKNOWN)
