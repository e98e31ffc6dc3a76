"""Swapping with preview, what a swap would change, and the settings of authentication, by Azure's own client."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.mgmt.web.aio import WebSiteManagementClient
from azure.mgmt.web.models import ConnectionStringDictionary, CsmSlotEntity, SlotConfigNamesResource

from tests.lab import running
from tests.lab.running import RunningLab

INTO_PRODUCTION = CsmSlotEntity(target_slot="production", preserve_vnet=True)
OUT_OF_PRODUCTION = CsmSlotEntity(target_slot="green", preserve_vnet=True)
PREPARED = "The slot cannot be changed because its configuration settings have been prepared for swap."


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    with running.running(tmp_path_factory.mktemp("previews"), "--telemetry-delay", "0.2", "--seed", "11") as started:
        good = Path(started.ready["packages"]["good"]).read_bytes()
        assert started.deploy(good).status_code == 200
        yield started


@dataclass(frozen=True, slots=True)
class Azure:
    """Azure's own client with the names that its methods begin with."""

    client: WebSiteManagementClient
    app: tuple[str, str]
    slot: tuple[str, str, str]

    async def prepare(self) -> None:
        """Begin a swap of the slot into production with preview."""
        await self.client.web_apps.apply_slot_configuration_slot(*self.slot, slot_swap_entity=INTO_PRODUCTION)

    async def reset(self) -> None:
        """Undo it, as asked of the slot."""
        await self.client.web_apps.reset_slot_configuration_slot(*self.slot)

    async def target(self) -> str | None:
        """The slot with which a swap of the slot is prepared."""
        found = await self.client.web_apps.get_slot(*self.slot)
        return None if found.properties is None else found.properties.target_swap_slot

    async def differences(self, *, of_production: bool) -> list[tuple[str | None, ...]]:
        """Name, rule and both values of each difference."""
        found = (
            self.client.web_apps.list_slot_differences_from_production(*self.app, slot_swap_entity=OUT_OF_PRODUCTION)
            if of_production
            else self.client.web_apps.list_slot_differences_slot(*self.slot, slot_swap_entity=INTO_PRODUCTION)
        )
        listed = [one async for one in found]
        kinds = {(one.setting_type, one.setting_name in ("Main", "Own")) for one in listed}
        assert kinds <= {("AppSetting", False), ("ConnectionString", True)}
        assert all(one.level in ("Information", "Warning") and one.description for one in listed)
        return [
            (one.setting_name, one.diff_rule, one.value_in_current_slot, one.value_in_target_slot) for one in listed
        ]


@pytest.fixture
async def azure(lab: RunningLab) -> AsyncIterator[Azure]:
    ready = lab.ready
    app = (ready["resource_group"], ready["app"])
    async with running.sdk(lab) as client:
        yield Azure(client, app, (*app, ready["slot"]))


def _served(lab: RunningLab) -> tuple[str, str]:
    """The versions in production and in the slot."""
    return lab.version(lab.ready["production_url"]), lab.version(lab.ready["slot_url"])


def _settings(lab: RunningLab, place: str) -> dict[str, str]:
    with lab.manager() as manager:
        found: dict[str, str] = manager.post(f"{place}/config/appsettings/list").raise_for_status().json()["properties"]
    return found


def _put(lab: RunningLab, place: str, settings: dict[str, str]) -> httpx.Response:
    with lab.manager() as manager:
        return manager.put(f"{place}/config/appsettings", json={"properties": settings})


def _instances(lab: RunningLab) -> tuple[str, str]:
    """Of production and of the slot."""
    slots = lab.control("GET", "/state")["slots"]
    return slots["production"]["instance"], slots["green"]["instance"]


async def test_slots_that_differ_by_what_stays_alone_have_no_differences(lab: RunningLab, azure: Azure) -> None:
    assert _settings(lab, lab.site) != _settings(lab, lab.slot)
    assert await azure.differences(of_production=True) == []
    assert await azure.differences(of_production=False) == []


async def test_a_preview_runs_the_slot_with_the_settings_of_production_and_a_reset_undoes_it(
    lab: RunningLab, azure: Azure
) -> None:
    served, instances, own = _served(lab), _instances(lab), _settings(lab, lab.slot)
    await azure.prepare()
    assert await azure.target() == "production"
    assert _settings(lab, lab.slot) == _settings(lab, lab.site) != own
    prepared = _instances(lab)
    assert (prepared[0], prepared[1] == instances[1]) == (instances[0], False)
    # The same once more changes nothing, and neither does it look like a difference.
    await azure.prepare()
    assert _instances(lab) == prepared
    assert await azure.differences(of_production=False) == []
    await azure.reset()
    assert await azure.target() is None
    assert _settings(lab, lab.slot) == own
    assert _instances(lab)[1] not in (prepared[1], instances[1])
    assert _served(lab) == served
    await azure.reset()
    assert len(lab.log("preview.reset")) == 1


async def test_a_reset_may_be_asked_of_production(lab: RunningLab, azure: Azure) -> None:
    own = _settings(lab, lab.slot)
    await azure.prepare()
    await azure.client.web_apps.reset_production_slot_config(*azure.app)
    assert await azure.target() is None
    assert _settings(lab, lab.slot) == own


async def test_nothing_else_is_changed_while_a_swap_is_prepared(lab: RunningLab, azure: Azure) -> None:
    await azure.prepare()
    for place in (lab.site, lab.slot):
        refused = _put(lab, place, {"A": "1"})
        assert (refused.status_code, refused.json()["Message"]) == (409, PREPARED)
    with lab.manager() as manager:
        names = manager.put(f"{lab.site}/config/slotConfigNames", json={"properties": {"appSettingNames": []}})
        assert (names.status_code, names.json()["Message"]) == (409, PREPARED)
        back = manager.post(f"{lab.site}/slotsswap", json=running.SWAP | {"targetSlot": "green"})
        assert (back.status_code, back.json()["Message"]) == (409, PREPARED)
    with pytest.raises(ResourceExistsError, match="prepared for swap"):
        await azure.client.web_apps.apply_slot_config_to_production(*azure.app, slot_swap_entity=OUT_OF_PRODUCTION)
    await azure.reset()


async def test_a_swap_completes_a_preview_with_the_process_that_was_previewed(lab: RunningLab, azure: Azure) -> None:
    served, own = _served(lab), _settings(lab, lab.slot)
    production = _settings(lab, lab.site)
    await azure.prepare()
    previewed = _instances(lab)[1]
    swapping = await azure.client.web_apps.begin_swap_slot(*azure.slot, slot_swap_entity=INTO_PRODUCTION)
    await swapping.result()
    assert _served(lab) == served[::-1]
    assert _instances(lab)[0] == previewed
    assert await azure.target() is None
    assert (_settings(lab, lab.site), _settings(lab, lab.slot)) == (production, own)


async def test_differences_are_what_a_swap_changes_and_sticky_settings_that_look_forgotten(
    lab: RunningLab, azure: Azure
) -> None:
    with lab.manager() as manager:
        names = {"appSettingNames": ["SLOT_ENVIRONMENT", "WORKERS_ENABLED", "KEY", "LEVEL"]}
        manager.put(f"{lab.site}/config/slotConfigNames", json={"properties": names}).raise_for_status()
    production, slot = _settings(lab, lab.site), _settings(lab, lab.slot)
    _put(lab, lab.site, production | {"FEATURE": "off", "OLD": "x", "LEVEL": "2"}).raise_for_status()
    _put(lab, lab.slot, slot | {"FEATURE": "on", "NEW": "y", "KEY": "k", "LEVEL": "2"}).raise_for_status()
    assert await azure.differences(of_production=False) == [
        ("FEATURE", "SettingsWillBeModifiedInDestination", "on", "off"),
        ("KEY", "SlotSettingsMissing", "k", None),
        ("LEVEL", "SlotSettingsSameValue", "2", "2"),
        ("NEW", "SettingsWillBeAddedToDestination", "y", None),
        ("OLD", "SettingsNotInSource", None, "x"),
    ]
    rules = {name: rule for name, rule, *_ in await azure.differences(of_production=True)}
    assert rules["NEW"] == "SettingsNotInSource"
    assert rules["OLD"] == "SettingsWillBeAddedToDestination"
    # A preview takes the sticky settings of the target, brings its own others, and gives all of it back.
    before = _settings(lab, lab.slot)
    await azure.prepare()
    assert _settings(lab, lab.slot) == production | {"FEATURE": "on", "NEW": "y", "LEVEL": "2"}
    assert len(await azure.differences(of_production=False)) == 5
    await azure.reset()
    assert _settings(lab, lab.slot) == before


@pytest.mark.long
async def test_connection_strings_travel_unless_they_are_sticky(lab: RunningLab, azure: Azure) -> None:
    apps, before = azure.client.web_apps, _settings(lab, lab.slot)

    async def strings() -> list[dict[str, Any]]:
        found = (
            await apps.list_connection_strings(*azure.app),
            await apps.list_connection_strings_slot(*azure.slot),
        )
        return [(one.as_dict().get("properties") or {}) for one in found]

    main, other = {"value": "Server=a", "type": "SQLAzure"}, {"value": "Server=b", "type": "Custom"}
    asked = ConnectionStringDictionary({"properties": {"Main": main, "Own": other}})
    told = await apps.update_connection_strings_slot(*azure.slot, asked)
    assert (told.as_dict()["properties"], await strings()) == (
        {"Main": main, "Own": other},
        [{}, {"Main": main, "Own": other}],
    )
    # They are no settings, and those that are put later leave them alone.
    assert _settings(lab, lab.slot) == before
    _put(lab, lab.slot, before).raise_for_status()
    sticky = SlotConfigNamesResource({"properties": {"connectionStringNames": ["Own"]}})
    await apps.update_slot_configuration_names(*azure.app, sticky)
    assert {
        ("Main", "SettingsWillBeAddedToDestination", "Server=a", None),
        ("Own", "SlotSettingsMissing", "Server=b", None),
    } <= set(await azure.differences(of_production=False))
    assert lab.swap().status_code == 200
    assert await strings() == [{"Main": main}, {"Own": other}]
    wrong = {"properties": {"Main": {"value": "x", "type": "Oracle"}}}
    with lab.manager() as manager:
        assert manager.put(f"{lab.site}/config/connectionstrings", json=wrong).status_code == 400
    assert (await strings())[0] == {"Main": main}


def test_what_is_logged_can_be_asked_for(lab: RunningLab) -> None:
    asked = {"httpLogs": {"fileSystem": {"enabled": True, "retentionInDays": 3}}, "applicationLogs": None}
    with lab.manager() as manager:
        before = manager.get(f"{lab.site}/config/logs").json()["properties"]
        told = manager.put(f"{lab.site}/config/logs", json={"properties": asked}).raise_for_status().json()
        assert told["properties"] == before | {"httpLogs": asked["httpLogs"]}
        assert manager.get(f"{lab.site}/config/logs").json() == told
        assert manager.get(f"{lab.slot}/config/logs").json()["properties"] == before


async def test_slots_that_cannot_be_swapped_have_no_differences_and_no_preview(lab: RunningLab, azure: Azure) -> None:
    same = CsmSlotEntity(target_slot="green", preserve_vnet=True)
    with pytest.raises(HttpResponseError, match="the slots are the same slot"):
        await azure.client.web_apps.apply_slot_configuration_slot(*azure.slot, slot_swap_entity=same)
    missing = CsmSlotEntity(target_slot="blue", preserve_vnet=True)
    with pytest.raises(ResourceNotFoundError):
        _ = [one async for one in azure.client.web_apps.list_slot_differences_slot(*azure.slot, missing)]


async def test_a_preview_whose_process_dies_leaves_the_slot_as_it_was(lab: RunningLab, azure: Azure) -> None:
    slot_version = _served(lab)[1]
    before = (_instances(lab), _settings(lab, lab.slot))
    lab.control("PUT", "/scenario", json={"name": "crash-loop", "version": slot_version})
    with pytest.raises(HttpResponseError, match="could not be started") as refused:
        await azure.prepare()
    assert refused.value.status_code == 400
    assert (_instances(lab), _settings(lab, lab.slot)) == before
    assert await azure.target() is None
    lab.control("PUT", "/scenario", json={"name": "healthy", "version": slot_version})


async def test_authentication_is_off(azure: Azure) -> None:
    apps = azure.client.web_apps
    for found in (
        await apps.get_auth_settings_v2_without_secrets(*azure.app),
        await apps.get_auth_settings_v2_without_secrets_slot(*azure.slot),
    ):
        assert found.platform is not None
        assert found.platform.enabled is False
        assert found.global_validation is not None
        assert found.global_validation.require_authentication is False


def test_no_request_of_the_clients_failed(lab: RunningLab) -> None:
    traffic = lab.control("GET", "/traffic")
    assert traffic["total"] > 0
    assert traffic["failed_otherwise"] == 0, traffic["errors"]
