"""What ``doctor`` reads of an environment: sign-in, rights and how long they last, clock, endpoints; changes nothing.

Every look stands alone: what cannot be read is told as such, and keeps no other look from being made.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cpr_cockpit.core.annotation import RIGHT
from cpr_cockpit.core.notices import Notifier
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.ports import PRODUCTION, PortError
from cpr_cockpit.core.role import NEEDS, Need, for_checks, not_given
from cpr_cockpit.core.sensing import Reading, State
from cpr_cockpit.engine.channels import channel_reading
from cpr_cockpit.engine.ports import Ports
from cpr_cockpit.engine.tag_guard import tag_readings
from cpr_cockpit.wiring.outside import outside_of, stand_in
from cpr_cockpit.wiring.target import Place

if TYPE_CHECKING:
    from cpr_cockpit.adapters.azure.standing import AzureStanding, RoleTerm

log = logging.getLogger(__name__)

# Seconds: for one look; what a deployment takes at least; from when on it is said how long rights last; of a token.
_LOOK_S, _NEEDED_S, _TOLD_S, _TOKEN_S = 20.0, 2 * 3600.0, 8 * 3600.0, 600.0
# Seconds: what is said of a clock; what the policy of readings allows is its own.
_SKEW_S = 2.0
_REFUSED = frozenset({401, 403})
# Without the licence for timed roles every role lasts (the error's code).
_UNTIMED = "AadPremiumLicenseRequired"

Look = Callable[[], Awaitable[Sequence[Reading]]]


async def examine(place: Place, tag: Mapping[str, str], policy: Policy) -> tuple[Reading, ...]:
    """Every look, in the order in which they are told; raises for none of them."""
    async with outside_of(place) as ports, _standing(place) as standing:
        looks: dict[str, Look] = {
            "sign-in": lambda: _sign_in(place, ports),
            **{f"rights{f' in {app}' if app else ''}": _rights(ports, app) for app in ("", *ports.apps)},
            "checks": lambda: _checks(place, ports),
            "roles": lambda: _roles(standing),
            "clock": lambda: _clock(standing, policy),
            "tag": lambda: tag_readings(ports, tag),
            "logs": lambda: _logs(ports),
            "production": lambda: _answers(ports, PRODUCTION, place.production_url),
            f"slot {place.slot}": lambda: _answers(ports, place.slot, place.slot_url),
            "store": lambda: _store(ports, place),
            "annotation": lambda: _annotation(ports),
            **{f"channel {one.name}": _channel(one) for one in ports.notifiers},
        }
        found = await asyncio.gather(*(_safely(name, look) for name, look in looks.items()))
    return tuple(reading for readings in found for reading in readings)


@asynccontextmanager
async def _standing(place: Place) -> AsyncIterator[AzureStanding]:
    from cpr_cockpit.adapters.azure.standing import AzureStanding

    async with AsyncExitStack() as stack:
        yield AzureStanding(await stand_in(place, stack))


async def _safely(name: str, look: Look) -> Sequence[Reading]:
    """The look; what went wrong with it is a reading."""
    try:
        async with asyncio.timeout(_LOOK_S):
            return await look()
    except PortError as error:
        state = State.FAILED if error.status in _REFUSED else State.UNKNOWN
        return (Reading(name, state, error.words()),)
    except TimeoutError:
        return (Reading(name, State.UNKNOWN, f"no answer in {_LOOK_S:.0f} s: look at the network and at proxies"),)
    except Exception as error:
        # A defect of ours must not hide the other lines.
        log.exception("the look at %s failed", name)
        return (Reading(name, State.UNKNOWN, f"could not be looked at ({type(error).__name__})"),)


async def _sign_in(place: Place, ports: Ports) -> tuple[Reading, ...]:
    left = await ports.rights.warm() if ports.rights is not None else None
    words = f"signed in to tenant {place.azure.tenant}"
    if left is None:
        return (Reading("sign-in", State.OK, words),)
    words += f"; the token is good for {_length(left)} and is renewed while the sign-in lasts"
    return (Reading("sign-in", State.OK if left >= _TOKEN_S else State.NOTE, words),)


def _rights(ports: Ports, app: str) -> Look:
    async def look() -> tuple[Reading, ...]:
        rights = ports.at(app).rights
        lacking = not_given(await rights.granted()) if rights is not None else NEEDS
        name = f"rights in {app}" if app else "rights"
        if not lacking:
            return (Reading(name, State.OK, "every right that the role below names is given at the app"),)
        return tuple(
            Reading(name, State.FAILED, f"not given: {one.action} ({one.why}). Ask for the role below.")
            for one in lacking
        )

    return look


def needs_of_checks(place: Place) -> tuple[Need, ...]:
    """What the checks of what is declared around the app read beside what a deployment needs."""
    around, azure = place.around, place.azure
    return for_checks(around.alert_rules, azure.app_insights_id, around.dashboard_id, azure.database_id)


async def _checks(place: Place, ports: Ports) -> tuple[Reading, ...]:
    """Told as notes: without these rights an item is not known, and for a person. They may be given elsewhere, too."""
    needs = needs_of_checks(place)
    if not needs or ports.rights is None:
        return ()
    lacking = not_given(await ports.rights.granted(), needs)
    if not lacking:
        return (Reading("checks", State.OK, "every right that the checks beside the app need is given at the app"),)
    return tuple(Reading("checks", State.NOTE, f"not given at the app: {one.action} ({one.why})") for one in lacking)


async def _roles(standing: AzureStanding) -> tuple[Reading, ...]:
    from cpr_cockpit.adapters.azure.standing import ACTIVE, ELIGIBLE

    try:
        active, eligible = await asyncio.gather(standing.roles(ACTIVE), standing.roles(ELIGIBLE))
    except PortError as error:
        if error.code == _UNTIMED:
            return (Reading("roles", State.OK, "roles of this tenant are not activated for a time: they last"),)
        raise
    return (told_roles(active, eligible, time.time()),)


def told_roles(active: Sequence[RoleTerm], eligible: Sequence[RoleTerm], now: float) -> Reading:
    """What the roles in force, and those that could be activated, mean for a deployment that begins ``now``."""
    names = {one.name for one in active}
    others = sorted({one.name for one in eligible} - names)
    more = f"; could be activated: {', '.join(others)}" if others else ""
    # The same role without an end makes the one that ends matter to nobody.
    lasting = {one.name for one in active if one.ends_at is None}
    ends = min((one.ends_at for one in active if one.ends_at is not None and one.name not in lasting), default=None)
    if not active:
        return Reading("roles", State.NOTE, f"no role is told for this sign-in itself (of a group, perhaps){more}")
    if ends is None:
        return Reading("roles", State.OK, f"{', '.join(sorted(names))}: without an end{more}")
    first, left = next(one.name for one in active if one.ends_at == ends), ends - now
    words = f"{first} ends in {_length(left)}, at {datetime.fromtimestamp(ends, UTC):%Y-%m-%d %H:%M} UTC{more}"
    if left < _NEEDED_S:
        return Reading("roles", State.FAILED, f"{words}: a deployment needs two hours, so activate it anew")
    return Reading("roles", State.NOTE if left < _TOLD_S else State.OK, words)


async def _clock(standing: AzureStanding, policy: Policy) -> tuple[Reading, ...]:
    return (told_clock(await standing.skew_s(), policy),)


def told_clock(skew: float | None, policy: Policy) -> Reading:
    """What it means that this machine's clock is so many seconds ahead of Resource Manager's."""
    if skew is None:
        return Reading("clock", State.UNKNOWN, "Resource Manager did not tell its time")
    off = max(0.0, abs(skew) - 0.5)
    words = f"within {abs(skew):.1f} s of Resource Manager's"
    if off <= _SKEW_S:
        return Reading("clock", State.OK, words)
    words = f"{abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} Resource Manager's: set it by NTP"
    # What seems to come from the future is not believed.
    return Reading("clock", State.FAILED if off > policy.skew_s else State.NOTE, words)


async def _logs(ports: Ports) -> tuple[Reading, ...]:
    now = ports.clock.now()
    seen = await ports.telemetry.requests(start=now - 60.0, end=now, bin_s=60.0, versions=())
    if seen.error or seen.partial:
        return (Reading("logs", State.UNKNOWN, f"the workspace's answer is incomplete: {seen.error or seen.partial}"),)
    return (Reading("logs", State.OK, "the workspace answers queries"),)


async def _answers(ports: Ports, slot: str, address: str) -> tuple[Reading, ...]:
    name = PRODUCTION if slot == PRODUCTION else f"slot {slot}"
    seen = await ports.probe.look(slot)
    if seen.ok:
        return (Reading(name, State.OK, f"{address} serves {seen.version} ({seen.ms:.0f} ms)"),)
    told = seen.error or f"status {seen.status}" + ("" if seen.version else " without a version")
    return (Reading(name, State.FAILED if slot == PRODUCTION else State.NOTE, f"{address}: {told}"),)


async def _store(ports: Ports, place: Place) -> tuple[Reading, ...]:
    if ports.lease is None:
        words = "no app_configuration is named: nobody holds a lease, and no flag can be set"
        return (Reading("store", State.NOTE, words),)
    await ports.lease.read()
    return (Reading("store", State.OK, f"{place.azure.app_configuration} answers"),)


async def _annotation(ports: Ports) -> tuple[Reading, ...]:
    if ports.annotations is None:
        return ()
    if await ports.annotations.allowed():
        return (Reading("annotation", State.OK, "the switch can be marked in Application Insights"),)
    return (Reading("annotation", State.NOTE, f"the switch is not marked: {RIGHT} is not given at the component"),)


def _channel(one: Notifier) -> Look:
    async def look() -> tuple[Reading, ...]:
        return (await channel_reading(one, State.FAILED),)

    return look


def _length(seconds: float) -> str:
    minutes = max(0, int(seconds // 60))
    return f"{minutes // 60} h {minutes % 60:02} min" if minutes >= 60 else f"{minutes} min"
