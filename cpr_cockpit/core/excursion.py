"""Since when something has been bad: the stretch of blocks above a level, with short good spells inside it.

Evidence says *that* something is wrong; how long it has lasted is what tells a release's fault from a dependency's
spike where nothing else can. Times are event times, epoch seconds.
"""

from __future__ import annotations

from collections import deque

_RECENT_S = 120.0
_MOST_BAD = 64


class Excursion:
    """Follows blocks of (events, requests), each called bad or not.

    Good spells of up to ``calm_s`` are part of it: a fault of 20 s in every minute is one fault. ``recent_s``: how far
    back the recent share looks.
    """

    __slots__ = ("_bad", "_calm_s", "_first", "_newest", "_recent", "_recent_s", "events", "last", "requests")

    def __init__(self, calm_s: float, recent_s: float = _RECENT_S) -> None:
        self._calm_s, self._recent_s = calm_s, recent_s
        self._first: float | None = None
        self.last = 0.0
        self._newest = 0.0
        self.events = self.requests = 0
        self._bad: deque[tuple[float, int]] = deque(maxlen=_MOST_BAD)
        self._recent: deque[tuple[float, int, int]] = deque()

    def add(self, start: float, end: float, events: int, requests: int, *, bad: bool) -> None:
        """One block in the order of event time; without requests it is neither good nor bad."""
        if not requests:
            return
        if bad:
            if self._first is None or start - self.last > self._calm_s:
                self._first, self.events, self.requests = start, 0, 0
                self._bad.clear()
            self._bad.append((start, events))
            self.last = max(self.last, end)
        self._newest = max(self._newest, end)
        if self._first is not None:
            self.events += events
            self.requests += requests
        self._recent.append((end, events, requests))
        while self._recent[0][0] <= end - self._recent_s:
            self._recent.popleft()

    @property
    def since(self) -> float | None:
        """When it began; None while there is none: it ended longer ago than the calm that ends it."""
        return self._first if self._first is not None and self._newest - self.last <= self._calm_s else None

    @property
    def lasted(self) -> float:
        """Seconds from its first bad block to the end of its last; 0 while there is none."""
        since = self.since
        return 0.0 if since is None else self.last - since

    def events_after(self, seconds: float) -> int:
        """Events of its bad blocks that began so long after it, or later; of the newest blocks alone."""
        since = self.since
        return 0 if since is None else sum(events for start, events in self._bad if start >= since + seconds - 1e-3)

    @property
    def share(self) -> float:
        """Share of events since it began, or of the newest stretch, whichever is higher."""
        recent = sum(requests for _, _, requests in self._recent)
        newest = sum(events for _, events, _ in self._recent) / recent if recent else 0.0
        whole = self.events / self.requests if self.requests else 0.0
        return max(newest, whole)
