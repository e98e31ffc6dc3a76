"""What can be armed on this face: START, GO and ROLL BACK of the panel, and the triggers that a person may raise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from cpr_cockpit.core.view import Control, Panel
from cpr_cockpit.tui.arming import Act, Arming

# The written procedure's triggers that only a person can see.
TRIGGERS = ("critical functionality", "data corruption", "security breach")
ACTS = {
    "start": Act.START,
    "go": Act.GO,
    "rollback": Act.ROLLBACK,
    "merge": Act.MERGE,
    "revert": Act.REVERT,
    "go-on": Act.GO_ON,
}

Command = tuple[str, dict[str, str]]


class Decision:
    """One arming for both: a trigger is armed like a rollback, since it leads to one."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.arming = Arming(clock)
        self._trigger = ""

    @property
    def words(self) -> str:
        """What to tell about the last thing that happened."""
        return self.arming.words

    def arm(self, name: str, panel: Panel, key: str) -> bool:
        """Arm a control of the panel; False where it cannot be, and ``words`` say why."""
        if self._trigger and self.arming.armed is not None:
            # Nothing blocks ROLLBACK, and a raised trigger is less than it.
            self.arming.disarm()
        self._trigger = ""
        return self.arming.arm(ACTS[name], panel, key)

    def arm_trigger(self, trigger: str, panel: Panel, key: str) -> bool:
        """Arm the raising of a trigger."""
        if self.arming.armed is not None:
            return False
        self._trigger = trigger
        return self.arming.arm(Act.ROLLBACK, self._panel(panel), key)

    def press(self, key: str, character: str | None) -> Command | None:
        """A key for what is armed; the command and its arguments where that confirmed it."""
        confirmed = self.arming.press(key, character)
        if confirmed is None:
            return None
        if self._trigger:
            trigger, self._trigger = self._trigger, ""
            return "raise", {"trigger": trigger}
        return confirmed.name, dict(confirmed.arguments)

    def follow(self, panel: Panel) -> None:
        """A new panel has come."""
        self.arming.follow(self._panel(panel))

    def _panel(self, panel: Panel) -> Panel:
        if not self._trigger:
            return panel
        control = Control(
            "t",
            f"RAISE {self._trigger}",
            enabled=True,
            details=(
                f"raises the trigger: {self._trigger}",
                "the verdict becomes ROLLBACK; by policy the session may then roll back by itself",
                "undo: none, it stays in the journal and in the report",
            ),
        )
        return replace(panel, rollback=control)
