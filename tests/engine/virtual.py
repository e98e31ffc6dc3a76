"""Virtual time: an event loop whose clock jumps to the next timer as soon as nothing else is left to do.

A window of 15 minutes takes as long as its computations. Everything is deterministic: no thread, no real timer; work
for an executor is done at once.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Mapping
from typing import Any

EPOCH = 1_760_000_000.0
"""Epoch seconds at which every virtual world begins."""


class NothingWillHappen(Exception):
    """Every task waits for something that no timer and no other task will bring."""


class _JumpingSelector(selectors.BaseSelector):
    """Asks the real selector without waiting, and lets the time pass that the loop would have waited."""

    def __init__(self) -> None:
        self._real = selectors.DefaultSelector()
        self.now = 0.0
        self.turns = 0
        self.on_turn: Callable[[], bool] | None = None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Called by the loop once in every turn, before it runs what is ready."""
        self.turns += 1
        if self.on_turn is not None and self.on_turn():
            return []
        ready = self._real.select(0)
        if not ready and timeout is None:
            raise NothingWillHappen
        if not ready and timeout is not None and timeout > 0:
            self.now += timeout
        return ready

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._real.get_map()

    def close(self) -> None:
        self._real.close()


class VirtualLoop(asyncio.SelectorEventLoop):
    """``turns`` counts its iterations; ``on_turn`` is called at the beginning of each."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Virtual seconds since the world began."""
        return self._jumping.now

    @property
    def turns(self) -> int:
        """Iterations so far."""
        return self._jumping.turns

    def watch_turns(self, stops: Callable[[], bool] | None) -> None:
        """Have ``stops`` asked at the beginning of every turn whether the loop stops now; None: nobody."""

        def on_turn() -> bool:
            if stops is None or not stops():
                return False
            self.stop()
            return True

        self._jumping.on_turn = None if stops is None else on_turn

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]  # done at once, so a future is all there is
        """Do it now: threads would bring real time back."""
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001  # whatever it is belongs to whoever awaits it
            future.set_exception(error)
        return future


class VirtualClock:
    """The Clock port on a virtual loop."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def now(self) -> float:
        """Epoch seconds, UTC."""
        return EPOCH + self._loop.time()

    async def sleep(self, seconds: float) -> None:
        """Return after ``seconds`` of virtual time."""
        await asyncio.sleep(max(0.0, seconds))
