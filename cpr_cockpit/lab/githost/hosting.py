"""What the host knows of itself: its repositories, its troubles, and what its token may do."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from cpr_cockpit.lab import troubles
from cpr_cockpit.lab.githost import ci
from cpr_cockpit.lab.githost.repository import Repository
from cpr_cockpit.lab.githost.seeds import BRANCH, MAIN, OWNER, SEEDS, UI, Seed, plant
from cpr_cockpit.lab.githost.wire import Refusal

if TYPE_CHECKING:
    from cpr_cockpit.lab.models import OperationLog

_FIRST_ID = 61001
_LONG_AGO = 7200.0  # seconds before the start, when what is seeded was pushed
_RENAMED = "goals-web"
_WAIT = 2  # seconds that a client is told to wait where too much was asked


@dataclass(slots=True)
class Hosting:
    """`digests`: SHA-256 of what CI builds from each repository's main; `tag`: the feature's release."""

    troubles: troubles.Troubles
    log: OperationLog
    digests: Mapping[str, str]
    tag: str
    repositories: Sequence[Repository] = ()
    url: str = ""
    began: float = field(default_factory=time.time)

    async def plant(self, folder: Path, pace: ci.Pace) -> None:
        """Make the repositories within `folder`, and heed the troubles that are of commits. GitFailed, OSError."""
        (folder / "clones").mkdir(parents=True)
        ids = itertools.count()
        made = await asyncio.gather(*(plant(seed, folder) for seed in SEEDS))
        found = []
        for number, (seed, (git, clone)) in enumerate(zip(SEEDS, made, strict=True)):
            runs = ci.Ci(pace, self._fate_in(seed), ids)
            found.append(Repository(_FIRST_ID + number, seed, git, clone, runs, pace.approval))
        self.repositories = found
        for repo in found:
            for branch in (MAIN, BRANCH):
                commit = await repo.git.commit_of(f"refs/heads/{branch}")
                repo.ci.began(ci.PUSH, commit, branch, self.began - _LONG_AGO)
        self.troubles.watch(troubles.MERGE_CONFLICT, self._diverge)
        self.troubles.watch(troubles.TAG_EXISTS, self._take_tag)
        self.troubles.watch(troubles.REPOSITORY_RENAMED, self._rename)

    @property
    def may_write(self) -> bool:
        """Whether the token may do more than read."""
        return not self.troubles.has(troubles.WEAK_TOKEN)

    def page(self, repo: Repository) -> str:
        """Where people would look at a repository."""
        return f"{self.url}/{repo.full_name}"

    def named(self, owner: str, name: str) -> tuple[Repository | None, bool]:
        """The repository of that name, which is not case-sensitive, and whether it is its name of before."""
        for repo in self.repositories:
            names = [one.lower() for one in (repo.name, repo.seed.name)]
            if owner.lower() == OWNER and name.lower() in names:
                return repo, name.lower() != repo.name.lower()
        return None, False

    def refuses_merge(self, repo: Repository) -> bool:
        """Whether the trouble that the second repository is not merged is in force, and this is the second."""
        return repo.seed is UI and self.troubles.has(troubles.MERGE_REFUSED)

    def limit(self) -> None:
        """Refusal 429, as a secondary rate limit has it, where the host takes no more."""
        if self.troubles.has(troubles.RATE_LIMITED):
            words = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
            raise Refusal(429, words, {"Retry-After": str(_WAIT)})

    def _fate_in(self, seed: Seed) -> Callable[[ci.Run, str], ci.Fate]:
        def fate(run: ci.Run, job: str) -> ci.Fate:
            if run.branch == MAIN or job != ci.TEST or not seed.ruled:
                return ci.Fate.GOOD
            if self.troubles.has(troubles.CHECK_PENDING):
                return ci.Fate.STUCK
            return ci.Fate.RED if self.troubles.has(troubles.RED_CHECK) else ci.Fate.GOOD

        return fate

    async def _diverge(self, wanted: bool) -> None:
        async with self.repositories[0].changing:
            await self.repositories[0].diverge(wanted=wanted)

    async def _take_tag(self, wanted: bool) -> None:
        for repo in self.repositories[:1]:
            await repo.take_tag(self.tag, wanted=wanted)

    async def _rename(self, wanted: bool) -> None:
        self.repositories[-1].now = _RENAMED if wanted else ""
