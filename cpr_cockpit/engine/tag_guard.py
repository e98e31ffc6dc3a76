"""The tag of every app held against what is allowed: before START, and once more right before the first change."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from cpr_cockpit.core.ports import PortError
from cpr_cockpit.core.safeguard_events import TagsRead
from cpr_cockpit.core.sensing import Reading, State
from cpr_cockpit.core.tags import Tagged, mismatch, words
from cpr_cockpit.engine.ports import Ports
from cpr_cockpit.engine.recorder import Recorder

_NEXT = "Nothing was changed. Look at the ids in cockpit.toml, and at the tag in Azure, before anything else."


class TagGuard:
    """``allowed``: what the tags must say; {}: nothing is asked. ROLLBACK never comes here."""

    def __init__(self, allowed: Mapping[str, str], ports: Ports, recorder: Recorder) -> None:
        self._allowed = allowed
        self._ports = ports
        self._recorder = recorder

    async def look(self) -> str:
        """Why nothing may be begun, or "". What was read is recorded where it is news. PortError."""
        for app, tagged in (await _read(self._ports, self._allowed)).items():
            wrong = mismatch(self._allowed, tagged)
            said = wrong or words(self._allowed, tagged)
            before = self._recorder.run.guards.tags.get(app)
            if before is None or before.words != said:
                self._recorder.record(TagsRead(app=app, matches=not wrong, words=said))
            if wrong:
                return f"{wrong} {_NEXT}"
        return ""


async def tag_readings(ports: Ports, allowed: Mapping[str, str]) -> tuple[Reading, ...]:
    """The same for a check, which records nothing; none where no tag is asked for."""
    try:
        told = await _read(ports, allowed)
    except PortError as error:
        return (Reading("tag", State.UNKNOWN, error.words()),)
    readings = []
    for app, tagged in told.items():
        wrong = mismatch(allowed, tagged)
        state = State.FAILED if wrong else State.OK
        readings.append(Reading(f"{app}: tag" if app else "tag", state, wrong or words(allowed, tagged)))
    return tuple(readings)


async def _read(ports: Ports, allowed: Mapping[str, str]) -> dict[str, Tagged]:
    """The tags by app, the first being called "". PortError."""
    if not allowed:
        return {}
    apps = ("", *ports.apps)
    readers = [ports.at(app).tags for app in apps]
    if any(one is None for one in readers):
        raise PortError("Nothing here can read the tags of the app.", next_step="Leave the key tag out.")
    told = await asyncio.gather(*(one.tagged(tuple(allowed)) for one in readers if one is not None))
    return dict(zip(apps, told, strict=True))
