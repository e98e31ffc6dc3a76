"""The lease over the wire: conditional writes, and what an answer means for whose it is."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import pytest

from cpr_cockpit.adapters.azure.app_configuration import store_client
from cpr_cockpit.adapters.azure.store_lease import FOREVER, StoreLease
from cpr_cockpit.core.lease import Lease, LeaseLost
from cpr_cockpit.core.ports import PortError
from tests.azure.conftest import Azure
from tests.azure.wire import Answer, Wire

KEY = "cpr-cockpit/lease/goals"
# The test server takes a path apart as it was meant.
PATH = f"/kv/{KEY}"
LEASE = Lease("ana", "host", "run-1", 100.0, 220.0)


@pytest.fixture
async def store(azure: Azure, wire: Wire) -> AsyncIterator[StoreLease]:
    client = store_client(replace(azure.environment, app_configuration=wire.url), azure.credential, azure.transport)
    yield StoreLease(client, "Goals")
    await client.close()


def kept(value: Any, etag: str = "e1") -> Answer:
    text = value if isinstance(value, str) else json.dumps(value)
    body = {"key": KEY, "value": text, "etag": etag, "content_type": "application/json"}
    return Answer(body=body, headers={"ETag": f'"{etag}"'})


async def test_it_is_created_only_where_there_is_none(store: StoreLease, wire: Wire) -> None:
    wire.on("PUT", PATH, kept("", "e7"))
    assert await store.write(LEASE, None) == replace(LEASE, etag="e7")
    [put] = wire.of("PUT")
    assert (unquote(put.path), put.headers["If-None-Match"]) == (PATH, "*")
    assert json.loads(put.json["value"]) == {
        "person": "ana",
        "host": "host",
        "run": "run-1",
        "since": 100.0,
        "expires_at": 220.0,
    }


async def test_it_is_renewed_and_removed_only_in_the_state_that_is_known(store: StoreLease, wire: Wire) -> None:
    wire.on("PUT", PATH, kept("", "e2"))
    wire.on("DELETE", PATH, kept("", "e2"))
    assert (await store.write(LEASE, "e1")).etag == "e2"
    await store.remove("e2")
    assert wire.of("PUT")[0].headers["If-Match"] == '"e1"'
    assert wire.of("DELETE")[0].headers["If-Match"] == '"e2"'


@pytest.mark.parametrize("over", [None, "e1"])
async def test_what_is_anothers_by_now_is_lost_and_asked_once(store: StoreLease, wire: Wire, over: str | None) -> None:
    wire.on("PUT", PATH, Answer(412, {"title": "Precondition failed"}))
    wire.on("DELETE", PATH, Answer(412, {"title": "Precondition failed"}))
    with pytest.raises(LeaseLost):
        await store.write(LEASE, over)
    with pytest.raises(LeaseLost):
        await store.remove("e1")
    assert (wire.count("PUT"), wire.count("DELETE")) == (1, 1)


@pytest.mark.parametrize("over", [None, "e1"])
async def test_a_locked_key_is_told_as_locked_and_not_as_anothers(
    store: StoreLease, wire: Wire, over: str | None
) -> None:
    refused = Answer(409, {"title": f"Modifying key '{KEY}' is not allowed", "status": 409})
    wire.on("PUT", PATH, refused)
    wire.on("DELETE", PATH, refused)
    for asking in (store.write(LEASE, over), store.remove("e1")):
        with pytest.raises(PortError, match="was refused") as caught:
            await asking
        assert not isinstance(caught.value, LeaseLost)
        assert (caught.value.status, caught.value.unchanged) == (409, "Nothing was changed.")
        assert "is locked: unlock it" in caught.value.next_step


async def test_a_refusal_names_the_role_of_the_store(store: StoreLease, wire: Wire) -> None:
    wire.on("GET", PATH, Answer(403, "no"))
    with pytest.raises(PortError) as caught:
        await store.read()
    assert "App Configuration Data Owner" in caught.value.next_step


@pytest.mark.parametrize(
    ("answer", "ambiguous"), [(Answer(503, "busy"), True), (Answer(cut=True), True), (Answer(403, "no"), False)]
)
async def test_any_other_fault_says_whether_it_may_have_taken_effect_and_is_sent_once(
    store: StoreLease, wire: Wire, answer: Answer, ambiguous: bool
) -> None:
    wire.on("PUT", PATH, answer)
    with pytest.raises(PortError) as caught:
        await store.write(LEASE, "e1")
    assert not isinstance(caught.value, LeaseLost)
    assert caught.value.ambiguous is ambiguous
    assert wire.count("PUT") == 1


async def test_it_is_read_as_it_was_written(store: StoreLease, wire: Wire) -> None:
    body = {"person": "ana\x1b[2J", "host": "host", "run": "run-1", "since": 100.0, "expires_at": 220.0}
    wire.on("GET", PATH, kept(body))
    assert await store.read() == replace(LEASE, person="ana [2J", etag="e1")


async def test_where_there_is_none_nobody_holds_it(store: StoreLease, wire: Wire) -> None:
    wire.on("GET", PATH, Answer(404))
    assert await store.read() is None


@pytest.mark.parametrize(
    "value", ["", "7", "[]", "{", {"person": "x"}, '{"person":"x","host":"h","run":"r","since":0,"expires_at":1e999}']
)
async def test_what_is_no_lease_is_somebodys_all_the_same(store: StoreLease, wire: Wire, value: Any) -> None:
    wire.on("GET", PATH, kept(value))
    found = await store.read()
    assert found is not None
    assert (found.holder, found.expires_at, found.etag) == ("somebody unknown", FOREVER, "e1")
