"""What Resource Manager tells of a site for the checklists: names and states, never a value."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cpr_cockpit.adapters.azure.metrics_plan import LoadLimits
from cpr_cockpit.adapters.azure.site_sensors import (
    BEHIND_FRONT,
    CAPACITY,
    DOCUMENTED,
    SECRETS,
    PlanCapacity,
    SiteSettings,
)
from cpr_cockpit.core.sensing import Reading, State
from tests.azure.clocks import FixedClock
from tests.azure.conftest import Azure
from tests.azure.sites import GREEN, SITE, site
from tests.azure.test_metrics_plan import COUNTS, COUNTS_BEFORE, LOAD, LOAD_BEFORE, NOW, OF, PLAN
from tests.azure.wire import Answer, Wire

VAULT = "@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/db)"


def told(wire: Wire, settings: dict[str, str | None], states: dict[str, str] | None = None, **web: Any) -> None:
    """Production alone; `slot` adds the slot."""
    wire.on("GET", SITE, Answer(body=site()))
    wire.on("GET", f"{SITE}/slots", Answer(body={"value": []}))
    wire.on("GET", f"{SITE}/config/slotConfigNames", Answer(body={"properties": {"appSettingNames": ["Sticky"]}}))
    wire.on("POST", f"{SITE}/config/connectionstrings/list", Answer(body={"properties": {}}))
    wire.on("POST", f"{SITE}/config/appsettings/list", Answer(body={"properties": settings}))
    wire.on("GET", f"{SITE}/config/web", Answer(body={"properties": {"healthCheckPath": "/api/health", **web}}))
    wire.on("GET", f"{SITE}/instances", Answer(body={"value": [{"name": "i1", "properties": {"state": "READY"}}]}))
    wire.on("GET", f"{SITE}/config/configreferences/appsettings", references(states or {}))


def references(states: dict[str, str]) -> Answer:
    return Answer(body={"value": [{"name": name, "properties": {"status": state}} for name, state in states.items()]})


def slot(wire: Wire, settings: dict[str, str], strings: dict[str, str] | None = None) -> None:
    pairs = {name: {"value": value, "type": "SQLAzure"} for name, value in (strings or {}).items()}
    wire.on("GET", f"{SITE}/slots", Answer(body={"value": [site("goals/green")]}))
    wire.on("GET", GREEN, Answer(body=site("goals/green")))
    wire.on("POST", f"{GREEN}/config/appsettings/list", Answer(body={"properties": settings}))
    wire.on("POST", f"{GREEN}/config/connectionstrings/list", Answer(body={"properties": pairs}))


async def read(azure: Azure, documented: Path | None = None) -> dict[str, Reading]:
    found = await SiteSettings(azure.manager, azure.web_apps, "green", documented).read()
    return {one.name: one for one in found}


async def test_vault_references_that_do_not_resolve_are_named_without_their_address(azure: Azure, wire: Wire) -> None:
    told(wire, {"DB": VAULT, "KEY": VAULT, "Q": VAULT, "A": "1"}, {"db": "Resolved", "KEY": "SecretNotFound"})
    found = await read(azure)
    words = "vault references that do not resolve: KEY in production (SecretNotFound), Q in production (not told)"
    assert found[SECRETS] == Reading(SECRETS, State.FAILED, words)
    assert found[BEHIND_FRONT] == Reading(BEHIND_FRONT, State.OK, "health check /api/health, 1 instance")
    assert DOCUMENTED not in found


async def test_all_resolved(azure: Azure, wire: Wire) -> None:
    told(wire, {"DB": VAULT}, {"DB": "Resolved"})
    assert (await read(azure))[SECRETS] == Reading(SECRETS, State.OK, "1 vault references of production, all resolved")


async def test_without_a_vault_reference_none_is_asked_for(azure: Azure, wire: Wire) -> None:
    told(wire, {"DB": "Server=db;Password=do-not-tell"})
    assert SECRETS not in await read(azure), "which settings hold secrets is for a person then"
    assert wire.count("GET", "configreferences/appsettings") == 0


@pytest.mark.parametrize(
    ("text", "state", "words"),
    [
        ("# of the API\nDB=\nexport KEY=1\n\n", State.OK, "2 names, documented and set in production"),
        ("DB\n", State.FAILED, "not documented: KEY in production"),
        ("db\nKEY\nNEW\n", State.FAILED, "not set: NEW"),
    ],
)
async def test_documented_names_against_those_that_are_set(
    azure: Azure, wire: Wire, tmp_path: Path, text: str, state: State, words: str
) -> None:
    file = tmp_path / ".env.example"
    file.write_text(text)
    told(wire, {"DB": "secret-1", "KEY": "secret-2", "WEBSITE_RUN_FROM_PACKAGE": "1"})
    found = await read(azure, file)
    assert found[DOCUMENTED] == Reading(DOCUMENTED, state, words)
    assert SECRETS not in found, "without a vault reference that is for a person"
    assert "secret-" not in str(found)


async def test_no_health_check_path_fails(azure: Azure, wire: Wire) -> None:
    told(wire, {}, healthCheckPath=None)
    assert (await read(azure))[BEHIND_FRONT].state is State.FAILED


@pytest.mark.parametrize(("cpu", "state"), [(95.0, State.OK), (90.0, State.FAILED)])
async def test_the_load_of_the_plan_against_its_limits(azure: Azure, wire: Wire, cpu: float, state: State) -> None:
    wire.on("GET", SITE, Answer(body=site("goals") | {"properties": {"serverFarmId": PLAN}}))
    wire.on("GET", PLAN + OF, LOAD, LOAD_BEFORE)
    wire.on("GET", SITE + OF, COUNTS, COUNTS_BEFORE)
    (found,) = await PlanCapacity(azure.manager, FixedClock(NOW), LoadLimits(cpu_percent=cpu)).read()
    words = f"CPU 92 % of the plan, limit {cpu:.0f} %; memory 62 % of the plan, limit 85 %"
    assert found == Reading(CAPACITY, state, words)


async def test_a_plan_without_figures_is_not_known_to_have_room(azure: Azure, wire: Wire) -> None:
    wire.on("GET", SITE, Answer(body=site("goals") | {"properties": {"serverFarmId": PLAN}}))
    wire.on("GET", PLAN + OF, Answer(body={"interval": "PT1M", "value": []}))
    wire.on("GET", SITE + OF, COUNTS, COUNTS_BEFORE)
    (found,) = await PlanCapacity(azure.manager, FixedClock(NOW), LoadLimits()).read()
    assert found == Reading(CAPACITY, State.UNKNOWN, "the plan told no new figure of its CPU")


async def test_figures_of_the_past_alone_are_not_known_to_hold_now(azure: Azure, wire: Wire) -> None:
    wire.on("GET", SITE, Answer(body=site("goals") | {"properties": {"serverFarmId": PLAN}}))
    wire.on("GET", PLAN + OF, Answer(body={"interval": "PT1M", "value": []}), LOAD_BEFORE)
    wire.on("GET", SITE + OF, COUNTS, COUNTS_BEFORE)
    (found,) = await PlanCapacity(azure.manager, FixedClock(NOW), LoadLimits()).read()
    assert found.state is State.UNKNOWN


async def test_what_the_swap_would_carry_into_production_is_looked_at_too(
    azure: Azure, wire: Wire, tmp_path: Path
) -> None:
    file = tmp_path / ".env.example"
    file.write_text("DB\nKEY\nSTICKY\n")
    told(wire, {"DB": VAULT, "KEY": "1", "Sticky": "2"}, {"DB": "Resolved"})
    slot(wire, {"DB": VAULT, "NEW": "3"})
    wire.on("GET", f"{GREEN}/config/configreferences/appsettings", references({"DB": "AccessToKeyVaultDenied"}))
    found = await read(azure, file)
    assert found[DOCUMENTED] == Reading(DOCUMENTED, State.FAILED, "not documented: NEW in green; not set: KEY in green")
    found = await read(azure)
    words = "vault references that do not resolve: DB in green (AccessToKeyVaultDenied)"
    assert found[SECRETS] == Reading(SECRETS, State.FAILED, words)


async def test_connection_strings_may_be_vault_references(azure: Azure, wire: Wire) -> None:
    told(wire, {})
    slot(wire, {}, {"Main": VAULT, "Other": "Server=db;Password=do-not-tell"})
    where = f"{GREEN}/config/configreferences/connectionstrings"
    wire.on("GET", where, references({"Main": "Resolved"}), references({"Main": "SecretNotFound"}))
    words = "1 vault references of production and green, all resolved"
    assert (await read(azure))[SECRETS] == Reading(SECRETS, State.OK, words)
    assert (await read(azure))[SECRETS].words.endswith("Main in green (SecretNotFound)")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("", "empty: DB in production"),
        (" ", "empty: DB in production"),
        (None, "empty: DB in production"),
        *(
            (text, "still a placeholder: DB in production")
            for text in ("changeme", " <your key> ", "TODO", "REPLACE_ME")
        ),
    ],
)
async def test_a_setting_that_holds_nothing_or_a_placeholder_is_no_secret(
    azure: Azure, wire: Wire, tmp_path: Path, value: str | None, words: str
) -> None:
    file = tmp_path / ".env.example"
    file.write_text("DB\n")
    told(wire, {"DB": value})
    found = await read(azure, file)
    assert found[SECRETS] == Reading(SECRETS, State.FAILED, words)
    assert found[DOCUMENTED].state is State.OK


@pytest.mark.parametrize(
    ("harmless", "state", "words"),
    [
        ((), State.FAILED, "sticky, and another value in the slot than in production: Sticky"),
        (
            ("app setting sticky",),
            State.NOTE,
            "2 names, documented and set in production and green; a swap changes in production: DB",
        ),
        (("app setting Sticky", "app setting DB"), State.OK, "2 names, documented and set in production and green"),
    ],
)
async def test_what_differs_is_named_unless_it_is_declared_harmless(
    azure: Azure, wire: Wire, tmp_path: Path, harmless: tuple[str, ...], state: State, words: str
) -> None:
    file = tmp_path / ".env.example"
    file.write_text("DB\nSticky\n")
    told(wire, {"DB": "of-production", "Sticky": "of-production"})
    slot(wire, {"DB": "of-slot", "Sticky": "of-slot"})
    sensor = SiteSettings(azure.manager, azure.web_apps, "green", file, harmless)
    found = {one.name: one for one in await sensor.read()}
    assert found[DOCUMENTED] == Reading(DOCUMENTED, state, words)
    assert "of-" not in str(found)


async def test_another_identity_in_the_slot_is_named(azure: Azure, wire: Wire) -> None:
    told(wire, {})
    slot(wire, {})
    wire.on("GET", GREEN, Answer(body=site("goals/green") | {"identity": {"type": "SystemAssigned"}}))
    assert (await read(azure))[DOCUMENTED].words.startswith("the identity is None in production and SystemAssigned")


async def test_affinity_that_keeps_sessions_in_a_slot_is_a_note(azure: Azure, wire: Wire) -> None:
    told(wire, {})
    wire.on("GET", SITE, Answer(body=site(clientAffinityEnabled=True)))
    found = (await read(azure))[BEHIND_FRONT]
    assert found.state is State.NOTE
    assert "affinity is on" in found.words


async def test_what_the_platform_sets_by_itself_needs_no_document(azure: Azure, wire: Wire, tmp_path: Path) -> None:
    names = ["WEBSITES_PORT", "APPLICATIONINSIGHTS_CONNECTION_STRING", "ApplicationInsightsAgent_EXTENSION_VERSION"]
    names += ("XDT_MicrosoftApplicationInsights_Mode", "APPINSIGHTS_INSTRUMENTATIONKEY", "ENABLE_ORYX_BUILD")
    told(wire, dict.fromkeys((*names, "DB"), "1"))
    documented = tmp_path / ".env.example"
    documented.write_text("DB=\n", "utf-8")
    assert (await read(azure, documented))[DOCUMENTED].state is State.OK


async def test_one_identity_in_two_spellings_is_no_difference(azure: Azure, wire: Wire) -> None:
    told(wire, {"DB": "1"})
    slot(wire, {"DB": "1"})
    id = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/goals"
    for place, name, spelled in ((SITE, "goals", id), (GREEN, "goals/green", id.replace("resourceG", "resourceg"))):
        identity = {"type": "UserAssigned", "userAssignedIdentities": {spelled: {}}}
        wire.on("GET", place, Answer(body=site(name) | {"identity": identity}))
    assert DOCUMENTED not in await read(azure)


@pytest.mark.parametrize(
    ("of_slot", "words"),
    [
        (None, "data-protection keys cannot be seen from here, and no setting names a store for them"),
        ("https://keys/green", "data-protection keys: DataProtection__BlobUri is another one in the slot"),
        ("https://keys/all", ""),
    ],
)
async def test_where_data_protection_keys_are_kept_is_a_note_of_a_dotnet_app_alone(
    azure: Azure, wire: Wire, of_slot: str | None, words: str
) -> None:
    names = {} if of_slot is None else {"DataProtection__BlobUri": "https://keys/all"}
    told(wire, {"A": "1", **names}, linuxFxVersion="DOTNETCORE|8.0")
    slot(wire, {"A": "1", **({} if of_slot is None else {"DataProtection__BlobUri": of_slot})})
    front = (await read(azure))[BEHIND_FRONT]
    assert (front.state, words in front.words) == (State.NOTE if words else State.OK, True)
    told(wire, {"A": "1"}, linuxFxVersion="PYTHON|3.12")
    assert (await read(azure))[BEHIND_FRONT].state is State.OK
