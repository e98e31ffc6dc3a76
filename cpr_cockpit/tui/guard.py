"""Keys that no person means: a held key, and a text that pours in without the marks of a paste."""

from __future__ import annotations

from collections import deque

# Terminals repeat a held key after at most this long, then about 30 times a second.
REPEAT_S = 1.0
# Nobody presses this many keys in this time; a paste does.
FLOOD_KEYS = 24
FLOOD_S = 0.25


class KeyGuard:
    """Tells repeats and floods from key presses; the times of keys are monotonic seconds."""

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=FLOOD_KEYS)
        self._last: dict[str, float] = {}
        self._newest = ""
        self._flooded_at: float | None = None

    def floods(self, at: float) -> bool:
        """Whether this key is part of a flood: dropped until the keys pause."""
        self._times.append(at)
        pours = len(self._times) == FLOOD_KEYS and at - self._times[0] < FLOOD_S
        goes_on = self._flooded_at is not None and at - self._flooded_at < FLOOD_S
        self._flooded_at = at if pours or goes_on else None
        return self._flooded_at is not None

    def repeats(self, key: str, at: float) -> bool:
        """Whether this is the same key again, with nothing between and no pause: a held key acts once."""
        again = key == self._newest and at - self._last.get(key, -REPEAT_S) < REPEAT_S
        self._newest = key
        self._last[key] = at
        return again
