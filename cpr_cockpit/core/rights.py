"""Rights: what the way back needs of Azure, and whether what was granted gives it.

A set of permissions is what one role grants at the app: an action is given where one of its ``actions`` matches and
none of its ``not_actions`` does. Sets add up: what one of them leaves out another may give. (Azure RBAC, "Understand
Azure role definitions"; the names are those of the provider Microsoft.Web.)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cpr_cockpit.core.plan import PRODUCTION, Act, ActKind, Step

SWAP = "Microsoft.Web/sites/slots/slotsswap/action"
ROUTE = "Microsoft.Web/sites/config/write"
PUBLISH_SLOT = "Microsoft.Web/sites/slots/publish/action"
PUBLISH = "Microsoft.Web/sites/publish/action"


@dataclass(frozen=True, slots=True)
class Permission:
    """One set of permissions; each entry is an action, with ``*`` for any text."""

    actions: tuple[str, ...]
    not_actions: tuple[str, ...] = ()


def matches(pattern: str, action: str) -> bool:
    """Whether ``action`` is one of those that ``pattern`` stands for; upper and lower case are the same."""
    first, *rest = pattern.casefold().split("*")
    text = action.casefold()
    if not rest:
        return first == text
    last = rest.pop()
    if not text.startswith(first) or len(text) < len(first) + len(last) or not text.endswith(last):
        return False
    # The shortest way is taken from one piece to the next: a pattern from outside must not cost more than its length.
    place, end = len(first), len(text) - len(last)
    for piece in rest:
        found = text.find(piece, place, end)
        if found < 0:
            return False
        place = found + len(piece)
    return True


def allows(granted: Iterable[Permission], action: str) -> bool:
    """Whether one of the sets gives that action."""
    return any(
        any(matches(one, action) for one in permission.actions)
        and not any(matches(one, action) for one in permission.not_actions)
        for permission in granted
    )


def need_of(act: Act) -> str | None:
    """The right that an act needs; None where it only reads."""
    if act.kind is ActKind.DEPLOY:
        return PUBLISH if act.slot == PRODUCTION else PUBLISH_SLOT
    return {ActKind.SWAP: SWAP, ActKind.ROUTE: ROUTE}.get(act.kind)


def missing(granted: Sequence[Permission], steps: Iterable[Step]) -> tuple[str, ...]:
    """The rights that these steps need and nobody gives, each once, in the order of the steps."""
    needed = (need_of(step.act) for step in steps)
    return tuple(dict.fromkeys(one for one in needed if one is not None and not allows(granted, one)))
