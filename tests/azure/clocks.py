from __future__ import annotations


class FixedClock:
    """A clock that stands still unless it is slept on."""

    def __init__(self, at: float) -> None:
        self.at = at

    def now(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += seconds
