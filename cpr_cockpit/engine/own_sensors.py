"""Sensors over what a run has anyway: the logs, the feature flag, the contacts of its configuration."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cpr_cockpit.core.contact import Contact
from cpr_cockpit.core.due_sensing import before_start
from cpr_cockpit.core.journeys import API_IN_STAGING
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.ports import FeatureFlags, Premises
from cpr_cockpit.core.sensing import Reading, Sensor, State
from cpr_cockpit.core.strategies import Course
from cpr_cockpit.engine.flag_premises import flag_told
from cpr_cockpit.engine.journeying import StagingJourneys
from cpr_cockpit.engine.ports import Ports
from cpr_cockpit.engine.premises import LOOK_BACK_S, told

LOGS = "monitoring.logs"
PERFORMANCE = "monitoring.performance-monitoring"
FLAG = "configuration.feature-flags"
CONTACTS = "communication.emergency-contacts"
_TIMEOUT_S = 20.0


def own_sensors(
    ports: Ports, course: Callable[[], Course], contacts: Sequence[Contact], policy: Policy, declared_delay_s: float
) -> tuple[Sensor, ...]:
    """Those that a run can have, with the ones that its ports bring; ``course``: what it is on by now."""
    logs: tuple[Sensor, ...] = ()
    if ports.premises is not None:
        logs = (LogsSensor(ports, ports.premises, policy, declared_delay_s),)
    people: tuple[Sensor, ...] = (ContactsSensor(contacts),) if contacts else ()
    walked: tuple[Sensor, ...] = ()
    if ports.journeys is not None and ports.journeys.staging:
        measured = {item for one in ports.sensors for item in one.items} & {API_IN_STAGING}
        walked = (StagingJourneys(ports.journeys, ports.clock, policy, measured),)
    return (*before_start(ports.sensors), *logs, FlagSensor(ports.flags, course), *people, *walked)


class LogsSensor:
    """Whether these credentials read rows of production in the logs, how old the newest is, and if they come in time.

    ``declared_delay_s``: how late telemetry is expected to come.
    """

    items = (LOGS, PERFORMANCE)
    timeout_s = _TIMEOUT_S

    def __init__(self, ports: Ports, premises: Premises, policy: Policy, declared_delay_s: float) -> None:
        self._clock = ports.clock
        self._premises = premises
        self._policy = policy
        self._declared_s = declared_delay_s

    async def read(self) -> tuple[Reading, ...]:
        """Unknown where there is no row: nothing tells whether there were no users, or no logs. PortError."""
        now = self._clock.now()
        facts = await self._premises.facts(since=now - LOOK_BACK_S)
        if facts.newest is None:
            words = "the query was answered, without a row of the last hour"
            return tuple(Reading(item, State.UNKNOWN, words) for item in self.items)
        words = f"{facts.rows} rows of the last hour, the newest {max(0.0, now - facts.newest):.0f} s old"
        found = told(facts, now, self._policy, self._declared_s)
        state = State.OK if found.sound else State.UNKNOWN
        in_time = Reading(PERFORMANCE, state, found.summary if found.sound else "; ".join(found.warnings))
        return (Reading(LOGS, State.OK, words), in_time)


class FlagSensor:
    """Whether the flag of the release is in its store, in the state in which the plan starts.

    ``course``: what the run is on by now, for another one may have another flag or none.
    """

    items = (FLAG,)
    timeout_s = _TIMEOUT_S

    def __init__(self, flags: FeatureFlags | None, course: Callable[[], Course]) -> None:
        self._flags = flags
        self._course = course

    async def read(self) -> tuple[Reading, ...]:
        """Failed where it cannot be used as the plan does; left out where the course has none. PortError."""
        course = self._course()
        if not course.flag:
            return ()
        wrong, words = await flag_told(self._flags, course)
        return (Reading(FLAG, State.FAILED if wrong else State.OK, f"{course.flag}: {wrong or words}"),)


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
