"""WebJobs and the setting that switches workers off, as Resource Manager tells them."""

from __future__ import annotations

from typing import Any

import pytest

from cpr_cockpit.adapters.azure.workers import AzureWorkers
from cpr_cockpit.core.plan import Act, ActKind
from cpr_cockpit.core.ports import PortError
from cpr_cockpit.core.worker_proof import CONTINUOUS, TRIGGERED
from cpr_cockpit.core.workers import SettingTold, Worker
from tests.azure.conftest import Azure
from tests.azure.sites import GREEN, SITE, app_service
from tests.azure.wire import Answer, Wire


def job(path: str, kind: str, name: str, **properties: Any) -> dict[str, Any]:
    """A WebJob as Resource Manager writes it: its name follows those of app and slot."""
    where = "goals" if path == SITE else "goals/green"
    return {"id": f"{path}/{kind}/{name}", "name": f"{where}/{name}", "type": f"t/{kind}", "properties": properties}


def told(wire: Wire, path: str, *, continuous: tuple[dict[str, Any], ...] = (), triggered: Any = ()) -> None:
    for kind, jobs in (("continuouswebjobs", continuous), ("triggeredwebjobs", triggered)):
        wire.on("GET", f"{path}/{kind}", Answer(body={"value": list(jobs), "nextLink": None}))


async def test_the_web_jobs_of_both_slots_are_told_with_their_states(azure: Azure, wire: Wire) -> None:
    for path, states in ((SITE, ("Running", "PendingRestart")), (GREEN, ("Stopped", "Disabled"))):
        told(
            wire,
            path,
            continuous=tuple(
                job(path, "continuouswebjobs", name, status=state, web_job_type="Continuous")
                for name, state in zip(("mailer", "indexer"), states, strict=True)
            ),
            triggered=(
                job(path, "triggeredwebjobs", "nightly", settings={"schedule": "0 0 3 * * *"}),
                job(path, "triggeredwebjobs", "import", latest_run={"status": "Running"}),
            ),
        )
    workers = AzureWorkers(azure.manager, None)
    triggered = (
        Worker("import", TRIGGERED, True, "on demand, last Running"),
        Worker("nightly", TRIGGERED, False, "at 0 0 3 * * *"),
    )
    assert await workers.web_jobs("production") == (
        Worker("indexer", CONTINUOUS, True, "PendingRestart"),
        Worker("mailer", CONTINUOUS, True, "Running"),
        *triggered,
    )
    assert await workers.web_jobs("green") == (
        Worker("indexer", CONTINUOUS, False, "Disabled"),
        Worker("mailer", CONTINUOUS, False, "Stopped"),
        *triggered,
    )
    assert workers.tells is False


@pytest.mark.parametrize("properties", [{}, {"status": None}, {"status": "Something\x1bNew"}])
async def test_a_web_job_in_a_state_that_nobody_knows_may_run(
    azure: Azure, wire: Wire, properties: dict[str, Any]
) -> None:
    told(wire, GREEN, continuous=(job(GREEN, "continuouswebjobs", "mailer", **properties),))
    (one,) = await AzureWorkers(azure.manager, None).web_jobs("green")
    assert one.runs
    assert one.state.isprintable()


async def test_a_platform_that_knows_no_web_jobs_has_none_and_any_other_error_is_one(azure: Azure, wire: Wire) -> None:
    workers = AzureWorkers(azure.manager, None)
    told(wire, SITE)
    assert await workers.web_jobs("production") == ()
    wire.on("GET", f"{SITE}/continuouswebjobs", Answer(404, app_service("NotFound", "No route")))
    assert await workers.web_jobs("production") == ()
    wire.on("GET", f"{SITE}/continuouswebjobs", Answer(403, app_service("Forbidden", "No right")))
    with pytest.raises(PortError, match="Reading the WebJobs of production"):
        await workers.web_jobs("production")


@pytest.mark.parametrize(
    ("names", "production", "slot", "seen"),
    [
        (["OTHER", "WORKERS"], {"WORKERS": "1"}, {"WORKERS": "0"}, SettingTold(True, "1", "0")),
        (["OTHER"], {}, {"WORKERS": "0"}, SettingTold(False, None, "0")),
        (None, {"WORKERS": "1"}, {}, SettingTold(False, "1", None)),
        (["workers"], {}, {"workers": "0"}, SettingTold(True, None, None)),
    ],
)
async def test_the_setting_is_told_for_both_slots_and_whether_it_stays(
    azure: Azure, wire: Wire, names: Any, production: dict[str, str], slot: dict[str, str], seen: SettingTold
) -> None:
    wire.on("GET", f"{SITE}/config/slotConfigNames", Answer(body={"properties": {"appSettingNames": names}}))
    wire.on("POST", f"{SITE}/config/appsettings/list", Answer(body={"properties": production}))
    wire.on("POST", f"{GREEN}/config/appsettings/list", Answer(body={"properties": slot}))
    assert await AzureWorkers(azure.manager, None).setting("WORKERS", "green") == seen


def test_the_plan_shows_what_is_asked(azure: Azure) -> None:
    planned = AzureWorkers(azure.manager, None).planned(Act(ActKind.PROVE_WORKERS, "green"))
    assert [f"{one.method} {one.url.partition('/sites/')[2].partition('?')[0]}" for one in planned] == [
        "GET goals/config/slotConfigNames",
        "POST goals/config/appsettings/list",
        "POST goals/slots/green/config/appsettings/list",
        "GET goals/continuouswebjobs",
        "GET goals/triggeredwebjobs",
        "GET goals/slots/green/continuouswebjobs",
        "GET goals/slots/green/triggeredwebjobs",
    ]
