"""The sensors of steps 6 and 8: staging's API, page and logs before START, production's page after the switch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cpr_cockpit.adapters.connections import Connections
from cpr_cockpit.config import STAGING_TOKEN
from cpr_cockpit.core.journeys import STAGING, UI_IN_PRODUCTION, UI_IN_STAGING
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.ports import Clock
from cpr_cockpit.core.sensing import Sensor
from cpr_cockpit.core.told_by_journal import UI_MS
from cpr_cockpit.wiring.probing import probing_hosts
from cpr_cockpit.wiring.target import Place


def step_sensors(place: Place, connections: Connections, clock: Clock, policy: Policy) -> Iterator[Sensor]:
    """Those for which the place names something. Nothing is read yet."""
    from cpr_cockpit.adapters.sensors.page import Page, PageItems

    around = place.around
    pages = (
        (around.staging_page_url, PageItems("staging-ui-loading.loads", UI_IN_STAGING)),
        (around.ui_origin, PageItems("production-health.loads", UI_IN_PRODUCTION)),
    )
    for url, items in pages:
        if url:
            yield Page(url if url.partition("://")[2].count("/") else f"{url}/", items, connections.fresh, clock, UI_MS)
    if around.staging_urls:
        yield from _of_api(place, connections, clock, policy)


def _of_api(place: Place, connections: Connections, clock: Clock, policy: Policy) -> Iterator[Sensor]:
    from cpr_cockpit.adapters.http_probe import HttpProbe
    from cpr_cockpit.adapters.sensors.staged import StagedTests, StagedTimes

    told = probing_hosts(place, {STAGING: place.around.staging_urls[0]})
    # Production's token is production's: staging has its own, or what needs one is not tried there.
    token = place.staging_token
    tests = tuple(one for one in told.tests if token or not (one.signed_in or one.body))
    settings = replace(told, tests=tests, user_token=token, user_variable=STAGING_TOKEN)
    yield StagedTests(HttpProbe(settings, connections, clock), tests, place.health_path, place.declared.tag, clock)
    reads = [one.path for one in tests if one.method == "GET" and one.status == 200 and one.path != place.health_path]
    path = next((one for one in reads if one != "/"), place.health_path)
    yield StagedTimes(settings, path, connections.kept, clock, policy.target_p95_ms)
