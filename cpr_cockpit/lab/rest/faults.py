"""The fault script of the swap route: what goes wrong with the next requests to swap."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

NAMES = (
    "none",
    "after-effect-500",
    "cut-before",
    "cut-middle",
    "cut-after",
    "no-headers",
    "conflict",
    "poll-vanishes",
)


class SwapFaults:
    """A script of faults; every POST of slotsswap to its app takes the next one.

    `after-effect-500`: the swap runs to its end, then the POST answers 500. `cut-before`: the connection is closed
    before anything happened. `cut-middle`: the swap is accepted, the connection closed before the answer. `cut-after`:
    the swap runs to its effect, then the connection is closed. `no-headers`: 202 without Location and Retry-After.
    `conflict`: 409 although nothing runs. `poll-vanishes`: 202 with a Location that answers 404. `none`: no fault.
    """

    def __init__(self) -> None:
        self._script: deque[str] = deque()
        self._vanished: set[str] = set()

    def load(self, names: Iterable[str]) -> None:
        """Replaces the script. Raises ValueError, naming the fault, if one is unknown."""
        script = list(names)
        unknown = [name for name in script if name not in NAMES]
        if unknown:
            raise ValueError(f"unknown fault {unknown[0]!r}; known are {', '.join(NAMES)}")
        self._script = deque(script)

    def take(self) -> str:
        """The fault for the request at hand; `none` when the script is at its end."""
        return self._script.popleft() if self._script else "none"

    def vanish(self, operation: str) -> None:
        """From now on polls for `operation` answer 404."""
        self._vanished.add(operation)

    def vanished(self, operation: str) -> bool:
        """Whether polls for `operation` answer 404."""
        return operation in self._vanished
