"""What the lab's one client may do, as role assignments would say it, and whether Resource Manager can be reached."""

from __future__ import annotations

import fnmatch
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

_VERBS = {"GET": "read", "HEAD": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete"}
_OWNER = {"actions": ["*"], "notActions": []}


@dataclass(slots=True)
class Rights:
    """The sets of permissions in force; `away`: Resource Manager closes every connection; `began`: epoch seconds."""

    sets: list[dict[str, list[str]]] = field(default_factory=lambda: [dict(_OWNER)])
    away: bool = False
    began: float = field(default_factory=time.time)

    def load(self, sets: Iterable[Any]) -> None:
        """Replace the sets. Raises ValueError where one is none."""
        found = []
        for one in sets:
            if not isinstance(one, dict) or set(one) - {"actions", "notActions"}:
                raise ValueError("a set of permissions has 'actions' and 'notActions'")
            names = {key: one.get(key, []) for key in ("actions", "notActions")}
            if not all(
                isinstance(value, list) and all(isinstance(it, str) for it in value) for value in names.values()
            ):
                raise ValueError("'actions' and 'notActions' are lists of texts")
            found.append(names)
        self.sets = found

    def allows(self, action: str) -> bool:
        """Whether one of the sets gives the action."""
        return any(_any(one["actions"], action) and not _any(one["notActions"], action) for one in self.sets)


def _any(patterns: Iterable[str], action: str) -> bool:
    # In an action only `*` stands for other text.
    safe = (pattern.replace("[", "[[]").replace("?", "[?]") for pattern in patterns)
    return any(fnmatch.fnmatchcase(action.lower(), pattern.lower()) for pattern in safe)


def action_of(method: str, path: str) -> str | None:
    """The action that a request to Resource Manager is; None for one that is about no resource of a provider.

    Names and types take turns after the provider; what a POST ends with is itself the action.
    """
    _, _, tail = path.rpartition("/providers/")
    provider, *parts = [part for part in tail.split("/") if part]
    if not parts:
        return None
    verb = _VERBS.get(method)
    if verb is None:
        *parts, last = parts
        verb = f"{last}/action"
    return "/".join([provider, *parts[::2], verb])
