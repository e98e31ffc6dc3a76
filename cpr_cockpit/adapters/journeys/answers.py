"""What is read of an answer: whether it is as expected, and what is captured. No word of it is told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from cpr_cockpit.adapters.custom_url import at_pointer
from cpr_cockpit.adapters.expectations import Expectation
from cpr_cockpit.adapters.journeys.searching import searched
from cpr_cockpit.adapters.journeys.spec import Capture, StepSpec
from cpr_cockpit.core.templates import Value

_LONGEST_VALUE = 8 * 1024
_SEARCHED = 64 * 1024
"""Characters of a body that a regex is held against."""
_NOTHING = object()


class CaptureError(Exception):
    """A capture found nothing that can be used: its message says where."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, read whole. ``ms``: until its last byte."""

    status: int
    headers: httpx.Headers
    body: bytes
    ms: float

    def wrong(self, step: StepSpec, equals: Mapping[str, Any]) -> str:
        """What is not as expected, "" for nothing; ``equals``: filled already."""
        plain = Expectation(step.statuses, step.contains, step.answers, step.within_ms)
        if wrong := plain.wrong(self.status, self.headers, self.body, self.ms, quote=False):
            return wrong
        if not equals and not step.exists:
            return ""
        content = self._content()
        if content is _NOTHING:
            return "the answer is no JSON"
        for pointer in step.exists:
            if _at(content, pointer) is _NOTHING:
                return f"nothing is at {pointer} of the answer"
        for pointer, wanted in equals.items():
            found = _at(content, pointer)
            if found is _NOTHING or not _same(found, wanted):
                return f"what is expected at {pointer} of the answer {_found(found)}"
        return ""

    async def captured(self, name: str, where: Capture) -> Value:
        """What a capture names. CaptureError."""
        value: Any = None
        if where.header:
            value = self.headers.get(where.header)
            if value is None:
                raise CaptureError(f"capture {name}: the answer has no header {where.header}")
        elif where.regex is not None:
            try:
                value = await searched(where.regex, self.body.decode("utf-8", "replace")[:_SEARCHED])
            except TimeoutError:
                raise CaptureError(f"capture {name}: its regex takes too long on the answer") from None
            if value is None:
                raise CaptureError(f"capture {name}: its regex matches nothing in the answer")
        else:
            value = _at(self._content(), where.pointer)
            if value is _NOTHING:
                raise CaptureError(f"capture {name}: nothing is at {where.pointer} of the answer")
        if not isinstance(value, str | int | float) or len(str(value)) > _LONGEST_VALUE or value == "":
            raise CaptureError(f"capture {name}: what was found is no single value of up to {_LONGEST_VALUE} signs")
        return value

    def _content(self) -> Any:
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return _NOTHING


def _at(content: Any, pointer: str) -> Any:
    try:
        return at_pointer(content, pointer)
    except ValueError:
        return _NOTHING


def _found(value: Any) -> str:
    return "is missing" if value is _NOTHING else "is another value"


def _same(one: Any, other: Any) -> bool:
    """Equal as JSON: true is not 1, but 1 is 1.0."""
    return isinstance(one, bool) is isinstance(other, bool) and bool(one == other)
