"""Who uses the application, and the new feature: what the source of users told last."""

from __future__ import annotations

from collections.abc import Iterator

from cpr_cockpit.core.blocks import Reading
from cpr_cockpit.core.run import Run
from cpr_cockpit.core.signals import Source
from cpr_cockpit.core.tally import reading
from cpr_cockpit.core.verdict import percent
from cpr_cockpit.documents.papers.text import NOT_MEASURED, clock

_USERS = "active users"
_TOLD = (_USERS, "use of the new feature", "users of the new feature")
"""The figures of people, as their reader names them; refused sign-ins are no figure of impact by themselves."""


def people(run: Run) -> str:
    """The newest figures that count, each beside the one from before the switch, and when they were read."""
    body = run.readings.get(Source.USAGE.value)
    seen = reading(body) if body is not None else None
    found = {one.name: one for one in seen.readings} if seen is not None else {}
    said = list(_said(found))
    if seen is None or not said:
        return f"{_USERS} {NOT_MEASURED}"
    users = "" if _USERS in found and found[_USERS].value is not None else f"{_USERS} {NOT_MEASURED}; "
    return f"{users}{', '.join(said)} (read at {clock(seen.at)})"


def _said(found: dict[str, Reading]) -> Iterator[str]:
    for name in _TOLD:
        one = found.get(name)
        if one is not None and one.value is not None:
            before = NOT_MEASURED if one.before is None else _value(one.before, one.unit)
            yield f"{name} {_value(one.value, one.unit)}, before the switch {before}"


def _value(value: float, unit: str) -> str:
    if unit == "share":
        return percent(value)
    return f"{value:.0f}" if unit == "users" else f"{value:.1f} {unit}"
