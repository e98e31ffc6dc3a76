"""The lab's App Configuration store, met by the SDK's own clients, and by plain HTTP where those never go."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
import pytest_asyncio
from azure.appconfiguration import (
    ConfigurationSetting,
    FeatureFlagConfigurationSetting,
    ResourceReadOnlyError,
)
from azure.core import MatchConditions
from azure.core.exceptions import (
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)

from cpr_cockpit.lab import flags
from cpr_cockpit.lab.key_values import Content
from tests.lab.configuration import API, Place, place

Answer = TypeVar("Answer")


@pytest_asyncio.fixture
async def here(tmp_path: Path) -> AsyncIterator[Place]:
    async with place(tmp_path) as made:
        yield made


async def _thread(ask: Callable[[], Answer]) -> Answer:
    return await asyncio.to_thread(ask)


async def test_the_flag_is_there_from_the_start_and_switched_off(here: Place) -> None:
    async with here.bearer() as client:
        flag = await client.get_configuration_setting(flags.KEY)
    assert isinstance(flag, FeatureFlagConfigurationSetting)
    assert (flag.feature_id, flag.enabled, flag.read_only) == ("goal-suggestions", False, False)
    assert flag.content_type == "application/vnd.microsoft.appconfig.ff+json;charset=utf-8"
    assert flag.filters == [
        {
            "name": "Microsoft.Targeting",
            "parameters": {"Audience": {"Users": [], "Groups": [], "DefaultRolloutPercentage": 0}},
        }
    ]
    assert set(json.loads(flag.value)) >= {"owner"}


@pytest.mark.parametrize("form", ["bearer", "signed_aio"])
async def test_a_flag_is_changed_and_what_nobody_knows_in_it_survives(here: Place, form: str) -> None:
    async with getattr(here, form)() as client:
        flag = await client.get_configuration_setting(flags.KEY)
        flag.enabled = True
        flag.filters[0]["parameters"]["Audience"]["DefaultRolloutPercentage"] = 25
        changed = await client.set_configuration_setting(flag, match_condition=MatchConditions.IfNotModified)
        assert changed.etag not in (None, flag.etag)
        again = await client.get_configuration_setting(flags.KEY)
    assert again.etag == changed.etag
    stored = json.loads(again.value)
    assert stored["enabled"] is True
    assert stored["owner"] == "team-goals"
    assert stored["conditions"]["client_filters"][0]["parameters"]["Audience"]["DefaultRolloutPercentage"] == 25


async def test_the_blocking_client_signs_its_requests_too(here: Place) -> None:
    with here.signed() as client:
        made = await _thread(
            lambda: client.add_configuration_setting(
                ConfigurationSetting(key="a/b c+d%?*", label="Übung", value="é", tags={"t": "1"})
            )
        )
        found = await _thread(lambda: client.get_configuration_setting("a/b c+d%?*", "Übung"))
    assert found is not None
    assert (found.value, found.tags, found.etag) == ("é", {"t": "1"}, made.etag)


async def test_who_knows_an_old_version_changes_nothing(here: Place) -> None:
    async with here.bearer() as client:
        old = await client.get_configuration_setting(flags.KEY)
        assert old is not None
        await client.set_configuration_setting(old)
        before = await client.get_configuration_setting(flags.KEY)
        with pytest.raises(ResourceModifiedError):
            await client.set_configuration_setting(old, match_condition=MatchConditions.IfNotModified)
        with pytest.raises(ResourceModifiedError):
            await client.delete_configuration_setting(
                flags.KEY, etag=old.etag, match_condition=MatchConditions.IfNotModified
            )
        with pytest.raises(ResourceExistsError):
            await client.add_configuration_setting(old)
        with pytest.raises(ResourceNotFoundError):
            await client.set_configuration_setting(
                ConfigurationSetting(key="new", value="1"), match_condition=MatchConditions.IfPresent
            )
        after = await client.get_configuration_setting(flags.KEY)
        assert before is not None
        assert after is not None
        assert after.etag == before.etag
        unchanged = await client.get_configuration_setting(
            flags.KEY, etag=after.etag, match_condition=MatchConditions.IfModified
        )
        assert unchanged is None


async def test_a_locked_key_is_not_changed_until_it_is_unlocked(here: Place) -> None:
    async with here.bearer() as client:
        flag = await client.get_configuration_setting(flags.KEY)
        assert flag is not None
        assert (await client.set_read_only(flag)).read_only is True
        with pytest.raises(ResourceReadOnlyError) as refused:
            await client.set_configuration_setting(flag)
        assert "read-only" in str(refused.value)
        with pytest.raises(ResourceReadOnlyError):
            await client.delete_configuration_setting(flags.KEY)
        await client.set_read_only(flag, read_only=False)
        await client.set_configuration_setting(flag)
        with pytest.raises(ResourceNotFoundError):
            await client.set_read_only(ConfigurationSetting(key="nowhere"))


async def test_a_deleted_key_is_gone_and_deleting_it_again_is_harmless(here: Place) -> None:
    async with here.bearer() as client:
        gone = await client.delete_configuration_setting(flags.KEY)
        assert gone is not None
        assert gone.key == flags.KEY
        with pytest.raises(ResourceNotFoundError):
            await client.get_configuration_setting(flags.KEY)
        assert await client.delete_configuration_setting(flags.KEY) is None


async def _fill(client: Any) -> None:
    for key, label in (("app/a", None), ("app/a", "green"), ("app/b", "blue"), ("x,y", None)):
        await client.set_configuration_setting(ConfigurationSetting(key=key, label=label, value="1", tags={"l": "2"}))


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, [flags.KEY, "app/a", "app/a green", "app/b blue", "x,y"]),
        ({"key_filter": "*", "label_filter": "*"}, [flags.KEY, "app/a", "app/a green", "app/b blue", "x,y"]),
        ({"key_filter": "app/*"}, ["app/a", "app/a green", "app/b blue"]),
        ({"key_filter": "app/a,app/b"}, ["app/a", "app/a green", "app/b blue"]),
        ({"key_filter": "app/*", "label_filter": "\0"}, ["app/a"]),
        ({"label_filter": "\0,g*"}, [flags.KEY, "app/a", "app/a green", "x,y"]),
        ({"key_filter": "x\\,y"}, ["x,y"]),
        ({"key_filter": "app"}, []),
        ({"tags_filter": ["l=2"], "key_filter": "x*"}, ["x,y"]),
        ({"tags_filter": ["l=3"]}, []),
    ],
)
async def test_filters(here: Place, asked: dict[str, Any], found: list[str]) -> None:
    async with here.signed_aio() as client:
        await _fill(client)
        listed = [one async for one in client.list_configuration_settings(**asked)]
    assert [" ".join(filter(None, (one.key, one.label))) for one in listed] == found


async def test_a_filter_that_cannot_be_is_refused(here: Place) -> None:
    async with here.bearer() as client:
        for wrong in ("*a", "a*b", "a,b,c,d,e,f"):
            with pytest.raises(HttpResponseError) as refused:
                [one async for one in client.list_configuration_settings(key_filter=wrong)]
            assert refused.value.status_code == 400


async def test_long_lists_come_in_pages_and_pages_have_versions(here: Place) -> None:
    async with here.bearer() as client:
        for number in range(130):
            here.world.key_values.put(f"k{number:03}", "a/b", Content(str(number)))
        pages = client.list_configuration_settings(key_filter="k*", fields=["key", "value"]).by_page()
        keys, etags = [], []
        async for page in pages:
            keys.append([(one.key, one.value, one.etag) async for one in page])
            etags.append(pages.etag)
        assert [len(page) for page in keys] == [100, 30]
        assert [found for page in keys for found in page] == [(f"k{n:03}", str(n), None) for n in range(130)]
        again = client.list_configuration_settings(key_filter="k*").by_page(match_conditions=etags)
        assert [[one async for one in page] async for page in again] == []
        here.world.key_values.put("k110", "a/b", Content("new"))
        changed = client.list_configuration_settings(key_filter="k*").by_page(match_conditions=etags)
        assert [len([one async for one in page]) async for page in changed] == [30]
        assert [page async for page in client.check_configuration_settings(key_filter="k*").by_page()]


async def test_labels_keys_and_revisions(here: Place) -> None:
    async with here.signed_aio() as client:
        await _fill(client)
        assert [one.name async for one in client.list_labels()] == [None, "blue", "green"]
        assert [one.name async for one in client.list_labels(name="g*")] == ["green"]
        for value in ("2", "3"):
            await client.set_configuration_setting(ConfigurationSetting(key="app/b", label="blue", value=value))
        await client.delete_configuration_setting("app/b", "blue")
        assert [one.value async for one in client.list_revisions("app/b")] == ["3", "2", "1"]
    token, asked = await here.token("https://appconfig.azure.com"), API | {"Name": "app*"}
    async with here.plain(token) as plain, plain.get("/keys", params=asked) as answer:
        assert (await answer.json(content_type=None))["items"] == [{"name": "app/a"}]


async def test_members_may_be_selected(here: Place) -> None:
    async with here.plain(await here.token("https://appconfig.azure.com")) as plain:
        for names, members in (("Key,etag", {"key", "etag"}), ("key,nonsense", {"key"}), ("", None)):
            for path in ("/kv", f"/kv/{flags.KEY}", "/revisions"):
                async with plain.get(path, params=API | {"$Select": names}) as answer:
                    body = await answer.json(content_type=None)
                    found = body["items"][0] if "items" in body else body
                    assert set(found) == (
                        members or {*found, "key", "value", "label", "content_type", "etag", "locked"}
                    )


async def test_every_answer_says_how_far_the_store_is(here: Place) -> None:
    async with here.plain(await here.token("https://appconfig.azure.com")) as plain:
        numbers = []
        for method, path in (("GET", "/kv"), ("PUT", "/kv/a"), ("GET", "/kv/nowhere"), ("PUT", "/kv/a")):
            async with plain.request(method, path, params=API, json={} if method == "PUT" else None) as answer:
                numbers.append(int(answer.headers["Sync-Token"].rpartition(";sn=")[2]))
        assert numbers == [1, 2, 2, 3]
        async with plain.get(f"/kv/{flags.KEY.replace('/', '%2F')}", params=API) as answer:
            body = await answer.json(content_type=None)
            assert answer.headers["ETag"] == f'"{body["etag"]}"'
            assert answer.headers["Last-Modified"].endswith("GMT")
        for version in (answer.headers["ETag"], f"W/{answer.headers['ETag']}", f'"other", {answer.headers["ETag"]}'):
            async with plain.get(f"/kv/{flags.KEY}", params=API, headers={"If-None-Match": version}) as answer:
                assert answer.status == 304


@pytest.mark.parametrize(
    ("body", "params"),
    [(b"{", API), (b"[]", API), (b'{"value": 1}', API), (b'{"tags": {"a": 1}}', API), (b"{}", {})],
)
async def test_what_is_no_key_value_is_refused(here: Place, body: bytes, params: dict[str, str]) -> None:
    async with here.plain(await here.token("https://appconfig.azure.com")) as plain:
        async with plain.put("/kv/a", params=params, data=body) as answer:
            assert (answer.status, answer.content_type) == (400, "application/problem+json")
            assert (await answer.json(content_type=None))["status"] == 400
        async with plain.post("/kv/a", params=API) as answer:
            assert answer.status == 405
        async with plain.get("/snapshots", params=API) as answer:
            assert answer.status == 404
    assert here.world.key_values.find("a", None) is None


async def test_changes_are_written_to_the_operation_log(here: Place) -> None:
    async with here.bearer() as client:
        flag = await client.get_configuration_setting(flags.KEY)
        assert flag is not None
        assert here.world.log.entries == []
        await client.set_configuration_setting(flag)
    kinds = [(one["kind"], one.get("method"), one.get("status")) for one in here.world.log.entries]
    assert kinds == [("request.mutating", "PUT", None), ("configuration.changed", None, None), ("request", "PUT", 200)]
