"""Whether users will be enough for a verdict at this hour, read from the logs of the last days."""

from __future__ import annotations

from cpr_cockpit.core.hours import DAY_S, DAYS, Hours, users_words
from cpr_cockpit.core.journeys import at
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.ports import PRODUCTION, PortError
from cpr_cockpit.core.sensing import Reading, State
from cpr_cockpit.engine.ports import Ports

NAME = "users at this hour"


async def users_by_hour(ports: Ports, scaled: Policy) -> tuple[Reading, ...]:
    """One reading, a note where users are few; () where the logs cannot be read. ``scaled``: to the window."""
    if ports.premises is None:
        return ()
    now = ports.clock.now()
    try:
        stretches = await ports.premises.by_hour(since=now - DAYS * DAY_S)
    except PortError:
        # What else is read of the logs tells that they cannot be read, and why.
        return ()
    declared = at(ports.journeys.declared, PRODUCTION) if ports.journeys is not None else ()
    critical = [len(one.steps) for one in declared if one.critical and not one.of_command]
    is_few, words = users_words(Hours(stretches, now), scaled, critical)
    return (Reading(NAME, State.NOTE if is_few else State.OK, words),)
