"""Who is told of a run, said before it begins: every channel by its name, of what, and what it lacks."""

from __future__ import annotations

from collections.abc import Sequence

from cpr_cockpit.core.notices import Notifier
from cpr_cockpit.core.sensing import Reading, State

NOBODY = Reading("channels", State.NOTE, "nobody is told of a run: there is no [[notify]]")


async def channel_reading(one: Notifier, lacking: State) -> Reading:
    """What one channel is told, or why it cannot be (as ``lacking``). Nothing is sent; never raises."""
    name, of = f"channel {one.name}", ", ".join(sorted(one.kinds))
    trouble = await one.look()
    if trouble:
        return Reading(name, lacking, f"nobody would be told of {of}: {trouble}")
    return Reading(name, State.OK, f"is told of {of}; its URL can be used, nothing was sent")


async def channel_readings(notifiers: Sequence[Notifier], lacking: State = State.NOTE) -> tuple[Reading, ...]:
    """All of them. A run goes on without a channel: what one lacks is a note, and is no reason to block START."""
    return tuple([await channel_reading(one, lacking) for one in notifiers]) or (NOBODY,)
