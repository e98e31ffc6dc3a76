"""Somebody else with rights on the app, who swaps while a deployment is watched: the scenario `foreign-swap`."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from cpr_cockpit.lab.errors import ApiError
from cpr_cockpit.lab.models import PRODUCTION

if TYPE_CHECKING:
    from cpr_cockpit.lab.scenario import Scenario
    from cpr_cockpit.lab.swapping import Swapping

_NAME = "somebody else"
_LOOK = 0.1  # seconds between two looks at what production serves


class Somebody:
    """Swaps `slot` with production once for each time that the scenario is chosen."""

    def __init__(self, scenario: Scenario, swapping: Swapping, slot: str) -> None:
        self._scenario = scenario
        self._swapping = swapping
        self._slot = slot
        self._swapped = False

    def again(self) -> None:
        """The scenario was chosen."""
        self._swapped = False

    async def run(self) -> None:
        """Watch what production serves until the lab ends."""
        while True:
            await asyncio.sleep(_LOOK)
            due = self._scenario.foreign_swap_at
            if not self._swapped and due is not None and time.time() >= due:
                self._swapped = self._swap()

    def _swap(self) -> bool:
        """Whether it was accepted; one that is refused, for another runs, is tried again."""
        try:
            self._swapping.begin(self._slot, PRODUCTION, by=_NAME)
        except ApiError:
            return False
        return True
