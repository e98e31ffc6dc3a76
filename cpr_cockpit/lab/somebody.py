"""Somebody else with rights on the app, who swaps while a deployment is watched: the scenario `foreign-swap`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from cpr_cockpit.lab.errors import ApiError

if TYPE_CHECKING:
    from cpr_cockpit.lab.scenario import Scenario

NAME = "somebody else"
_LOOK = 0.1  # seconds between two looks at what production serves


class Somebody:
    """Swaps once for each time that the scenario is chosen; `swap` does it in the app named, or raises ApiError."""

    def __init__(self, scenario: Scenario, swap: Callable[[str], None]) -> None:
        self._scenario = scenario
        self._swap_app = swap
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
                self._swapped = self._swap(self._scenario.foreign_swap_app)

    def _swap(self, app: str) -> bool:
        """Whether it was accepted; one that is refused, for another runs, is tried again."""
        try:
            self._swap_app(app)
        except ApiError:
            return False
        return True
