"""The machine's clock behind the port."""

from __future__ import annotations

import asyncio
import time


class SystemClock:
    """Wall-clock time in epoch seconds, UTC, as the sources' own times are."""

    def now(self) -> float:
        """Epoch seconds, UTC."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Return after ``seconds``; at once for a time that has passed."""
        await asyncio.sleep(max(0.0, seconds))
