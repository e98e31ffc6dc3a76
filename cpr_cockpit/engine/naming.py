"""Who made a foreign change: asked of the activity log, which is minutes late, until it has told; never waited for."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.others import Foreign
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.ports import PortError
from cpr_cockpit.core.surroundings import Activity, Part
from cpr_cockpit.engine.journal import JournalError
from cpr_cockpit.engine.ports import Ports
from cpr_cockpit.engine.recorder import Recorder

log = logging.getLogger(__name__)

# Seconds: how long a name is waited for (Azure: 3 to 20 minutes), how far two clocks may differ, between two questions.
PATIENCE_S, SKEW_S, AGAIN_S = 1800.0, 10.0, 60.0
# Seconds by which the log's clock may differ where an entry is of a step of this run.
OWN_S = 1.0
# Which operations make a change of each part (Azure's operations of Microsoft.Web, in lower case).
_BY: dict[str, str] = {
    Part.SWAPS: r"slotsswap|slotconfig/action|applyslotconfig|resetslotconfig",
    Part.SERVING: r"slotsswap|/extensions/|publish|deployments|sites(/slots)?/write|restart",
    Part.DEPLOYMENTS: r"/extensions/|publish|deployments|zipdeploy|onedeploy",
    Part.ROUTING: r"/config/write|sites/write",
    Part.SETTINGS: r"/config/(write|delete)|sites(/slots)?/write|slotconfignames",
    Part.PLAN: r"serverfarms/(write|.*/action)",
}


class Naming:
    """Asks for the names that are missing."""

    def __init__(self, scaled: Policy, ports: Ports, recorder: Recorder) -> None:
        self._again_s = max(scaled.poll_floor_s, AGAIN_S * scaled.scale)
        self._ports = ports
        self._recorder = recorder
        self._asked_at = float("-inf")

    async def go_on(self) -> None:
        """Ask once, where a name is missing and it is time; what cannot be read now may be read the next time."""
        now = self._ports.clock.now()
        nameless = [one for one in self._recorder.run.others.changes if _may_be_named(one, now)]
        if not nameless or now - self._asked_at < self._again_s:
            return
        self._asked_at = now
        for app in dict.fromkeys(one.event.app for one in nameless):
            await self._ask(app, [one for one in nameless if one.event.app == app])

    async def _ask(self, app: str, nameless: Sequence[Foreign]) -> None:
        """Ask the log of the group of ``app`` (by name): each of several apps may have its own."""
        further = self._ports.apps.get(app)
        reader = further.surroundings if further is not None else self._ports.surroundings
        if reader is None:
            return
        try:
            told = await reader.activities(min(one.event.since for one in nameless) - SKEW_S)
        except PortError as error:
            log.info("the activity log could not be read: %s", error.what)
            return
        told = tuple(one for one in told if not self._own(one))
        for change in nameless:
            found = _who(change, told)
            if found is not None:
                self._name(change, found)

    def _own(self, one: Activity) -> bool:
        """Whether an entry is of a time in which this run changed something itself: it names nobody else."""
        return any(
            row.began_at - OWN_S <= one.at and (row.ended_at is None or one.at <= row.ended_at + OWN_S)
            for row in self._recorder.run.steps
            if row.mutates
        )

    def _name(self, change: Foreign, found: Activity) -> None:
        event = ev.ForeignNamed(number=change.number, caller=found.caller, operation=found.operation, done_at=found.at)
        try:
            self._recorder.record(event)
        except JournalError:
            log.exception("a name could not be recorded")


def _may_be_named(change: Foreign, now: float) -> bool:
    return change.named is None and change.event.part in _BY and now - change.at <= PATIENCE_S


def _who(change: Foreign, told: Sequence[Activity]) -> Activity | None:
    """The newest entry of the time in which the change was made whose operation makes such a change."""
    fitting = [
        one
        for one in told
        if change.event.since - SKEW_S <= one.at <= change.at + SKEW_S
        and re.search(_BY[change.event.part], one.operation.lower())
        and _of_same_app(change.event.app, one.resource)
        and _of_same_slot(change.event.topic, one.resource)
    ]
    return max(fitting, key=lambda one: one.at, default=None)


def _of_same_app(app: str, resource: str) -> bool:
    """Whether an entry is of that one of several apps ("": there is only one); those of plans are of none."""
    found = re.search(r"/sites/([^/]+)", resource, re.IGNORECASE)
    return not app or found is None or found[1].lower() == app.lower()


def _of_same_slot(topic: str, resource: str) -> bool:
    """Whether settings of one slot and an entry of another are kept apart; other topics name no slot."""
    _, told, place = topic.partition(" of ")
    if not told or not place.startswith(("slot ", "production")):
        return True
    found = re.search(r"/slots/([^/]+)", resource, re.IGNORECASE)
    slot = found[1].lower() if found else "production"
    return place.removeprefix("slot ").lower() == slot
