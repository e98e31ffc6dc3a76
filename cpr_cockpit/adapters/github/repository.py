"""One repository at GitHub, read: what the token may do there, its branches, and what main asks for.

Sources: GitHub's REST reference, "Repositories", "Git references", "Branches", "Rules", "Protected branches".
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

from cpr_cockpit.adapters.azure.errors import unreadable
from cpr_cockpit.adapters.github import shapes
from cpr_cockpit.adapters.github.asking import Asking, GitHubRefusal
from cpr_cockpit.adapters.github.shapes import inner, number
from cpr_cockpit.core.code import CodeHeads, RepositoryFacts
from cpr_cockpit.core.ports import PortError

T = TypeVar("T")

_FORBIDDEN = object()


@dataclass(frozen=True, slots=True)
class GitHubSettings:
    """``name``: "owner/name"; ``made``: the name of the artifact that CI makes of it ("": the only one, or its own).

    ``tag``: the release's, for which workflows are looked at; ``artifact`` as the port has it.
    """

    name: str
    branch: str
    main: str
    tag: str
    artifact: bool = True
    made: str = ""


class GitHubRepository:
    """What the port's methods have in common; each raises PortError where GitHub cannot be asked."""

    def __init__(self, settings: GitHubSettings, asking: Asking) -> None:
        self.name, self.branch, self.main = settings.name, settings.branch, settings.main
        self.artifact = settings.artifact
        self._settings = settings
        self._asking = asking
        self._repo = f"repos/{settings.name}"
        self._owner = settings.name.partition("/")[0]

    async def repository(self) -> RepositoryFacts:
        """As the port."""
        return shapes.facts(await self._there(self._repo, f"Reading repository {self.name}"))

    async def heads(self) -> CodeHeads:
        """As the port."""
        main, branch = await asyncio.gather(self._head(self.main), self._head(self.branch))
        if not main:
            raise PortError(
                f"{self.name} has no branch {self.main}, or the token may not see it.",
                next_step="Correct [[code]] in cockpit.toml.",
            )
        return CodeHeads(main, branch)

    async def _head(self, branch: str) -> str:
        path = f"{self._repo}/git/ref/heads/{path_of(branch)}"
        doing = f"Reading {branch} of {self.name}"
        told = await self._asking.get(path, doing)
        return "" if told is None else self._commit(inner(told, "object", "sha"), doing)

    async def _required(self) -> set[str] | None:
        """The checks that main requires by rules and by protection; None where that may not be read."""
        branch, rules = await asyncio.gather(self._main_branch(), self._rules())
        protected = None if branch is None else shapes.required_by_protection(branch)
        if protected is None or rules is None:
            return None
        return shapes.required_by_rules(rules)[0] | protected

    async def _main_branch(self) -> Mapping[str, Any] | None:
        path = f"{self._repo}/branches/{path_of(self.main)}"
        told = await self._if_allowed(self._asking.get(path, f"Reading {self.main} of {self.name}"))
        return told if isinstance(told, Mapping) else None

    async def _rules(self) -> list[dict[str, Any]] | None:
        """None: they may not be read. An Enterprise Server that is too old for rules has none (404)."""
        path = f"{self._repo}/rules/branches/{path_of(self.main)}"
        rules = await self._if_allowed(self._asking.every(path, f"Reading the rules of {self.main} in {self.name}"))
        return None if rules is _FORBIDDEN else rules or []

    async def _if_allowed(self, asked: Awaitable[Any]) -> Any:
        """What is answered; `_FORBIDDEN` for 403."""
        try:
            return await asked
        except GitHubRefusal as refused:
            if refused.status != 403:
                raise
            return _FORBIDDEN

    async def _approvals(self) -> int | None:
        """How many approvals main asks for; of the older kind of protection only an administrator is told."""
        rules, branch = await asyncio.gather(self._rules(), self._main_branch())
        if rules is None or branch is None:
            return None
        by_rules = shapes.required_by_rules(rules)[1]
        if branch.get("protected") is not True or by_rules:
            return by_rules
        path = f"{self._repo}/branches/{path_of(self.main)}/protection/required_pull_request_reviews"
        told = await self._if_allowed(self._asking.get(path, f"Reading the protection of {self.main} in {self.name}"))
        return number(told.get("required_approving_review_count")) if isinstance(told, Mapping) else None

    def _commit(self, value: Any, doing: str, *, mutating: bool = False) -> str:
        return self._read(shapes.commit, value, doing, mutating=mutating)

    @staticmethod
    def _read(shape: Callable[[Any], T], body: Any, doing: str, *, mutating: bool = False) -> T:
        """The answer as that shape. PortError where it has it not; ambiguous where it answers a change."""
        try:
            return shape(body)
        except ValueError as error:
            raise unreadable(doing, str(error), mutating=mutating) from error

    async def _there(self, path: str, doing: str) -> Mapping[str, Any]:
        told = await self._asking.get(path, doing)
        if told is None:
            raise self._not_there(doing)
        if not isinstance(told, Mapping):
            raise unreadable(doing, "no object")
        return told

    def _not_there(self, doing: str) -> PortError:
        origin = self._asking.token.origin or "the token"
        return PortError(
            f"{doing}: GitHub knows of none, or the token may not see it (404).",
            next_step=f"Check repository in [[code]] of cockpit.toml, and what the token ({origin}) may see.",
            status=404,
        )


def path_of(name: str) -> str:
    """The name of a branch, tag or object as part of an address."""
    return quote(name, safe="/")
