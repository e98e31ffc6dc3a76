"""What each source has told so far, folded reading by reading: when, how late, and its last trouble."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cpr_cockpit.core.signals import Source

# A server's answer may be a page; whoever wants all of it finds it in the journal.
_LONGEST = 300
_PROBES = (Source.PROBES_PRODUCTION, Source.PROBES_SLOT)
Key = tuple[str, str]
"""A source, and which of the team's own signals it is."""


def key_of(body: Mapping[str, Any]) -> Key:
    """Whose reading a journal body is. A day's reading of the logs is one of the logs, whatever it is called."""
    source = str(body.get("source"))
    return source, str(body.get("name", "")) if source == Source.CUSTOM else ""


@dataclass(slots=True)
class Heard:
    """One source so far; times are epoch seconds.

    ``asked_at``: when its last reading came, whatever came of it; ``answered_at``: the last one that was an answer, in
    part at least. ``newest``: event time of its newest datum that counts; ``lag_s``: its delay as last measured.
    ``trouble``: what went wrong last, at ``trouble_at``; ``recovered_at``: the first whole answer since, None while
    it lasts.
    """

    asked_at: float | None = None
    answered_at: float | None = None
    newest: float | None = None
    lag_s: float | None = None
    trouble: str = ""
    trouble_at: float | None = None
    recovered_at: float | None = None

    def take(self, body: Mapping[str, Any], skew_s: float) -> None:
        """One reading as the journal holds it; one without a time, or older than the last one, changes nothing.

        ``skew_s``: how far ahead of its arrival a reading may be dated. Bodies are read as they are: a journal that was
        damaged and continued may hold one that is no observation.
        """
        at = _number(body.get("at"))
        if at is None or (self.asked_at is not None and at < self.asked_at):
            return
        self.asked_at = at
        if body.get("source") in _PROBES:
            self._take_looks(body.get("probes"))
        else:
            self._tell(_trouble(body, at, skew_s), at)
        if body.get("error") is not None:
            return
        self.answered_at = at
        self._take_figures(body, at, skew_s)

    def _take_figures(self, body: Mapping[str, Any], at: float, skew_s: float) -> None:
        # What came of a further source is whole, whatever else of it did not come; so is what came of the surroundings.
        whole = bool(body.get("readings")) or body.get("source") == Source.SURROUNDINGS
        if body.get("partial") is not None and not whole:
            return
        measured, lag = _number(body.get("measured_at")), _number(body.get("lag_p95"))
        if measured is not None and measured <= at + skew_s:
            self.newest = measured if self.newest is None else max(self.newest, measured)
        if lag is not None:
            self.lag_s = max(0.0, lag)

    def look(self, at: float, words: str, *, answered: bool) -> None:
        """A single look of our own probe, as it ended; ``words``: why it failed, "" where it did not.

        It may be newer than what is recorded; of a failed one that is recorded too, its own words say more.
        """
        if words and at >= (self.trouble_at or 0.0):
            self._tell(words, at)
        if self.asked_at is not None and at <= self.asked_at:
            return
        self.asked_at = self.newest = at
        self.answered_at = at if answered else self.answered_at
        self._tell(words, at)

    def _take_looks(self, probes: Any) -> None:
        """Looks of one recording, in order: how many failed, and whether the last one was good again."""
        rows = [row for row in probes if isinstance(row, Mapping)] if isinstance(probes, list | tuple) else []
        failed = [row for row in rows if row.get("failed")]
        if failed:
            count = sum(_count(row, "ok") + _count(row, "failed") for row in rows)
            words = f"{sum(_count(row, 'failed') for row in failed)} of {count} looks failed"
            self._tell(words, _number(failed[-1].get("at")) or self.asked_at or 0.0)
        if rows and not rows[-1].get("failed"):
            self._tell("", _number(rows[-1].get("at")) or self.asked_at or 0.0)

    def _tell(self, words: str, at: float) -> None:
        if words:
            self.trouble, self.trouble_at, self.recovered_at = words[:_LONGEST], at, None
        elif self.trouble and self.recovered_at is None:
            self.recovered_at = at


def _trouble(body: Mapping[str, Any], at: float, skew_s: float) -> str:
    """What is wrong with a reading, in the source's own words where it told any."""
    if body.get("error") is not None:
        return str(body["error"]) or "it gave no reason"
    if body.get("partial") is not None:
        return f"partial answer: {body['partial']}"
    measured = _number(body.get("measured_at"))
    if measured is not None and measured > at + skew_s:
        return f"its newest datum is dated {measured - at:.0f} s ahead of this machine's clock"
    # What the logs say in words is what did not come for the early tests; of a further source it is no trouble.
    lines = body.get("lines") if body.get("source") == Source.LOGS else ()
    return "partial answer: " + "; ".join(map(str, lines)) if lines else ""


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _count(row: Mapping[str, Any], name: str) -> int:
    value = row.get(name)
    return value if isinstance(value, int) else 0
