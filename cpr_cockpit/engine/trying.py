"""Every custom signal asked once before anything begins: does its query, or its address, give what its limit needs."""

from __future__ import annotations

import asyncio

from cpr_cockpit.core.ports import Asked, PortError, Reader
from cpr_cockpit.core.sensing import Reading, State
from cpr_cockpit.core.signals import Observation, Source
from cpr_cockpit.engine.ports import Ports

BACK_S = 900.0
"""As if the switch had been so long ago: the window's length, and an hour before it."""
# Who may not read it is no mistake in the configuration: that stays unknown, as everywhere.
_NO_SUCH = frozenset({400, 404, 405, 410})
_WRONG = frozenset({"columns", "pointer"})


async def try_signals(ports: Ports) -> tuple[Reading, ...]:
    """What each signal tells, in their order; a query or an address that can never tell anything has FAILED."""
    custom = [reader for reader in ports.readers if reader.source is Source.CUSTOM]
    now = ports.clock.now()
    asked = Asked(now, now - BACK_S, "", "", BACK_S, 1.0)
    return tuple(await asyncio.gather(*(_try(reader, asked) for reader in custom)))


async def _try(reader: Reader, asked: Asked) -> Reading:
    name = f"signal {reader.name}"
    try:
        async with asyncio.timeout(reader.timeout_s):
            seen = await reader.read(asked)
    except PortError as error:
        wrong = error.code in _WRONG or error.status in _NO_SUCH
        return Reading(name, State.FAILED if wrong else State.UNKNOWN, error.words())
    except TimeoutError:
        return Reading(name, State.UNKNOWN, f"no answer within {reader.timeout_s:g} s")
    return _told(name, seen)


def _told(name: str, seen: Observation) -> Reading:
    figure = next(iter(seen.readings), None)
    if figure is None or figure.value is None:
        return Reading(name, State.UNKNOWN, "it tells nothing now: silence cannot be told from health")
    each = " per minute" if figure.unit == "events" else ""
    value = f"{100 * figure.value:.2g} %" if figure.unit == "share" else f"{figure.value:.3g}{each}"
    if figure.before is None:
        return Reading(name, State.OK, f"tells {value}")
    before = f"{100 * figure.before:.2g} %" if figure.unit == "share" else f"{figure.before:.3g}{each}"
    return Reading(name, State.OK, f"tells {value}, in the hour before {before}")
