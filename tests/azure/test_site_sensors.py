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
from tests.azure.sites import SITE, site
from tests.azure.test_metrics_plan import COUNTS, COUNTS_BEFORE, LOAD, LOAD_BEFORE, NOW, OF, PLAN
from tests.azure.wire import Answer, Wire

VAULT = "@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/db)"


def told(wire: Wire, settings: dict[str, str], states: dict[str, str] | None = None, **web: Any) -> None:
    wire.on("POST", f"{SITE}/config/appsettings/list", Answer(body={"properties": settings}))
    wire.on("GET", f"{SITE}/config/web", Answer(body={"properties": {"healthCheckPath": "/api/health", **web}}))
    wire.on("GET", f"{SITE}/instances", Answer(body={"value": [{"name": "i1", "properties": {"state": "READY"}}]}))
    found = [{"name": name, "properties": {"status": state}} for name, state in (states or {}).items()]
    wire.on("GET", f"{SITE}/config/configreferences/appsettings", Answer(body={"value": found}))


async def read(azure: Azure, documented: Path | None = None) -> dict[str, Reading]:
    found = await SiteSettings(azure.manager, azure.web_apps, documented).read()
    return {one.name: one for one in found}


async def test_vault_references_that_do_not_resolve_are_named_without_their_address(azure: Azure, wire: Wire) -> None:
    told(wire, {"DB": VAULT, "KEY": VAULT, "Q": VAULT, "A": "1"}, {"db": "Resolved", "KEY": "SecretNotFound"})
    found = await read(azure)
    words = "vault references that do not resolve: KEY (SecretNotFound), Q (not told)"
    assert found[SECRETS] == Reading(SECRETS, State.FAILED, words)
    assert found[BEHIND_FRONT] == Reading(BEHIND_FRONT, State.OK, "health check /api/health, 1 instances")
    assert DOCUMENTED not in found


async def test_all_resolved(azure: Azure, wire: Wire) -> None:
    told(wire, {"DB": VAULT}, {"DB": "Resolved"})
    assert (await read(azure))[SECRETS] == Reading(SECRETS, State.OK, "1 vault references, all resolved")


async def test_without_a_vault_reference_none_is_asked_for(azure: Azure, wire: Wire) -> None:
    told(wire, {"DB": "Server=db;Password=do-not-tell"})
    assert SECRETS not in await read(azure), "which settings hold secrets is for a person then"
    assert wire.count("GET", "configreferences/appsettings") == 0


@pytest.mark.parametrize(
    ("text", "state", "words"),
    [
        ("# of the API\nDB=\nexport KEY=1\n\n", State.OK, "2 names, documented and set"),
        ("DB\n", State.FAILED, "not documented: KEY"),
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
    assert (found[SECRETS].state is State.FAILED) is ("not set" in words)
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
    assert found == Reading(CAPACITY, State.UNKNOWN, "the plan told no figure of its CPU")
