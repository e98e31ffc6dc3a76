"""Blocks on their way to the early tests: each is handed on once, when its data had the usual lag's time to come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cpr_cockpit.core.blocks import Block

_MOST = 1024
_ROUNDING_S = 1e-3


class BlockQueue:
    """Keeps the newest telling of every block until it is complete, and remembers which were handed on."""

    def __init__(self) -> None:
        self._waiting: dict[int, dict[str, Block]] = {}
        self._ends: dict[int, float] = {}
        self._handed: dict[int, None] = {}

    def take(self, blocks: Iterable[Block]) -> None:
        """Blocks of one answer: what a later answer says of a block replaces what an earlier one said."""
        told: dict[int, dict[str, Block]] = {}
        for block in blocks:
            told.setdefault(_key(block), {})[block.version] = block
            self._ends[_key(block)] = block.end
        for key, versions in told.items():
            if key not in self._handed:
                self._waiting[key] = versions
            else:
                self._ends.pop(key, None)

    def complete(self, until: float) -> Iterator[dict[str, Block]]:
        """By version, in order of time: the blocks that end by ``until``, event time up to which everything came."""
        for key in sorted(self._waiting):
            if self._ends[key] <= until + _ROUNDING_S:
                self._handed[key] = None
                del self._ends[key]
                yield self._waiting.pop(key)
        while len(self._handed) > _MOST:
            del self._handed[next(iter(self._handed))]


def _key(block: Block) -> int:
    return round(block.start * 1000.0)
