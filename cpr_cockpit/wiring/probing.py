"""What the probe of a place asks, and with which smoke tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from cpr_cockpit.config import USER_TOKEN, Smoke
from cpr_cockpit.core.ports import PRODUCTION
from cpr_cockpit.wiring.target import AppPlace, Place

if TYPE_CHECKING:
    from cpr_cockpit.adapters.http_probe import ProbeSettings
    from cpr_cockpit.adapters.smoke import SmokeTest


def probing(place: Place, app: AppPlace | None = None) -> ProbeSettings:
    """What the probe asks: the tests of ``cockpit.toml``, else a lab's own product, else the health address alone.

    ``app``: a further one of several.
    """
    from cpr_cockpit.adapters.http_probe import ProbeSettings
    from cpr_cockpit.adapters.smoke import GOALS_API, SmokeTest

    health = SmokeTest("health", "GET", place.health_path, 200)
    tests = tuple(_test(one) for one in place.smoke) or (GOALS_API if place.on_lab else (health,))
    pages = [test.path for test in tests if test.method == "GET" and test.status == 200]
    return ProbeSettings(
        hosts={PRODUCTION: (app or place).production_url, place.slot: (app or place).slot_url},
        second=place.azure.manager_url("/metadata/endpoints?api-version=2022-09-01"),
        user_token=place.user_token,
        user_variable=USER_TOKEN,
        tests=tests,
        warm_paths=tuple(dict.fromkeys(("/", *pages, place.health_path))),
        health=place.health_path,
        flags=place.flags_path,
    )


def probing_hosts(place: Place, hosts: Mapping[str, str]) -> ProbeSettings:
    """The same, asking other hosts: their base addresses by name."""
    return replace(probing(place), hosts=hosts)


def _test(one: Smoke) -> SmokeTest:
    from cpr_cockpit.adapters.smoke import SmokeTest

    return SmokeTest(one.name, one.method, one.path, one.status, one.signed_in, one.body, one.clean_up)
