"""What a right answer looks like, and what is wrong with one that does not: for checks and for journeys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

from cpr_cockpit.adapters.over_http import short


@dataclass(frozen=True, slots=True)
class Expectation:
    """``statuses``: those of a right answer; ``contains``: in its body; ``answers``: headers with their values."""

    statuses: tuple[int, ...] = (200,)
    contains: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)
    within_ms: float | None = None

    def wrong(self, status: int, headers: httpx.Headers, body: bytes, took: float, *, quote: bool) -> str:
        """What is not as expected, "" for nothing; ``quote``: whether a header's value may be told."""
        if status not in self.statuses:
            return f"answered {status}, where {' or '.join(map(str, self.statuses))} is expected"
        if self.contains and self.contains.encode() not in body:
            return f"the answer does not contain {short(self.contains)!r}"
        for name, value in self.answers.items():
            told = headers.get(name)
            if told != value:
                found = "is missing" if told is None else f"is {short(told)!r}" if quote else "is another one"
                return f"header {name} of the answer {found}, where {value!r} is expected"
        if self.within_ms is not None and took > self.within_ms:
            return f"took {took:.0f} ms, where {self.within_ms:g} ms are allowed"
        return ""
