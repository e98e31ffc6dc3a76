"""Sensors over what a run has anyway: the logs, the feature flag, the contacts of its configuration."""

from __future__ import annotations

from collections.abc import Sequence

from cpr_cockpit.core.contact import Contact
from cpr_cockpit.core.ports import FeatureFlags, Premises
from cpr_cockpit.core.sensing import Reading, Sensor, State
from cpr_cockpit.core.strategies import Course
from cpr_cockpit.engine.flag_premises import flag_told
from cpr_cockpit.engine.ports import Ports
from cpr_cockpit.engine.premises import LOOK_BACK_S

LOGS = "monitoring.logs"
FLAG = "configuration.feature-flags"
CONTACTS = "communication.emergency-contacts"
_TIMEOUT_S = 20.0


def own_sensors(ports: Ports, course: Course, contacts: Sequence[Contact]) -> tuple[Sensor, ...]:
    """Those that a run on this course can have, with the ones that its ports bring."""
    logs: tuple[Sensor, ...] = (LogsSensor(ports, ports.premises),) if ports.premises is not None else ()
    flag: tuple[Sensor, ...] = (FlagSensor(ports.flags, course),) if course.flag else ()
    return (*ports.sensors, *logs, *flag, *((ContactsSensor(contacts),) if contacts else ()))


class LogsSensor:
    """Whether these credentials read rows of production in the logs, and how old the newest is."""

    items = (LOGS,)
    timeout_s = _TIMEOUT_S

    def __init__(self, ports: Ports, premises: Premises) -> None:
        self._clock = ports.clock
        self._premises = premises

    async def read(self) -> tuple[Reading, ...]:
        """Unknown where there is no row: nothing tells whether there were no users, or no logs. PortError."""
        now = self._clock.now()
        facts = await self._premises.facts(since=now - LOOK_BACK_S)
        if facts.newest is None:
            return (Reading(LOGS, State.UNKNOWN, "the query was answered, without a row of the last hour"),)
        words = f"{facts.rows} rows of the last hour, the newest {max(0.0, now - facts.newest):.0f} s old"
        return (Reading(LOGS, State.OK, words),)


class FlagSensor:
    """Whether the flag of the release is in its store, in the state in which the plan starts."""

    items = (FLAG,)
    timeout_s = _TIMEOUT_S

    def __init__(self, flags: FeatureFlags | None, course: Course) -> None:
        self._flags = flags
        self._course = course

    async def read(self) -> tuple[Reading, ...]:
        """Failed where it cannot be used as the plan does. PortError."""
        wrong, told = await flag_told(self._flags, self._course)
        return (Reading(FLAG, State.FAILED if wrong else State.OK, wrong or told),)


class ContactsSensor:
    """Whether everybody whom the rollback card names can be reached."""

    items = (CONTACTS,)
    timeout_s = _TIMEOUT_S

    def __init__(self, contacts: Sequence[Contact]) -> None:
        self._contacts = contacts

    async def read(self) -> tuple[Reading, ...]:
        """Failed where one has neither a number nor another way; nobody is called."""
        silent = [one.name for one in self._contacts if not one.reach]
        if silent:
            words = f"{', '.join(silent)} cannot be reached: give phone or contact in [[people]]"
            return (Reading(CONTACTS, State.FAILED, words),)
        return (Reading(CONTACTS, State.OK, ", ".join(f"{one.name} ({one.role})" for one in self._contacts)),)
