"""Latency histograms by bucket edges: counts above a threshold, and quantiles, from sparse or merged counts."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

Sparse = tuple[tuple[int, int], ...]
"""(bucket, count), by bucket; bucket i holds latencies up to edge i and above edge i - 1."""
_SLACK = 1e-6


class Edges:
    """Upper edges of the buckets in ms, rising; what lies above the last is overflow. ValueError for what is none."""

    def __init__(self, edges_ms: Any) -> None:
        rows = edges_ms if isinstance(edges_ms, list | tuple) else ()
        if not rows or not all(_is_edge(edge) for edge in rows):
            raise ValueError("edges_ms: a list of rising numbers above 0")
        self.ms = tuple(float(edge) for edge in rows)
        if any(low >= high for low, high in zip(self.ms, self.ms[1:], strict=False)):
            raise ValueError("edges_ms: a list of rising numbers above 0")

    def at_least(self, ms: float) -> int:
        """The bucket whose edge is the first at or above ``ms``."""
        return bisect_left(self.ms, ms * (1.0 - _SLACK))

    def quantile(self, counts: Sequence[int], share: float) -> float | None:
        """Quantile of merged counts, log-linear within a bucket; None without counts."""
        total = sum(counts)
        if not total or not self.ms:
            return None
        due, below = share * total, 0
        for index, count in enumerate(counts):
            if below + count >= due and count:
                return self._within(index, (due - below) / count)
            below += count
        return self.ms[-1]

    def _within(self, index: int, part: float) -> float:
        if index >= len(self.ms):
            return self.ms[-1]
        high = self.ms[index]
        low = self.ms[index - 1] if index else high * (self.ms[0] / self.ms[1] if len(self.ms) > 1 else 0.5)
        if low <= 0.0:
            return low + (high - low) * min(1.0, max(0.0, part))
        return float(low * (high / low) ** min(1.0, max(0.0, part)))


def _is_edge(edge: Any) -> bool:
    return isinstance(edge, int | float) and not isinstance(edge, bool) and 0.0 < edge < 1e12


def above(hist: Sparse, bucket: int) -> int:
    """How many lie in buckets after ``bucket``."""
    return sum(count for index, count in hist if index > bucket)


def merge(counts: list[int], hist: Sparse) -> None:
    """Add ``hist`` to merged ``counts``; buckets beyond them go to the last."""
    last = len(counts) - 1
    for index, count in hist:
        counts[min(index, last)] += count
