"""One repository of the host: real commits, and what GitHub keeps beside them."""

from __future__ import annotations

import asyncio
import shutil
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cpr_cockpit.lab.githost import ci
from cpr_cockpit.lab.githost.git import NOBODY, Git
from cpr_cockpit.lab.githost.seeds import BRANCH, MAIN, OWNER, Seed

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(slots=True)
class Pull:
    """A pull request. `head`, `merged_as`: commits, "" as long as they follow from the branch or there is none.

    `looked`: the heads for which mergeability was last asked: the first answer is that it is not known yet.
    """

    number: int
    title: str
    body: str
    branch: str
    base: str
    made: float
    head: str = ""
    merged_as: str = ""
    merged_at: float = 0.0
    closed: bool = False
    looked: tuple[str, str] = ("", "")

    @property
    def open(self) -> bool:
        """Whether it can still be merged."""
        return not self.closed and not self.merged_as


@dataclass(frozen=True, slots=True)
class Trial:
    """What merging comes to: a tree, or the `files` in conflict."""

    tree: str
    files: tuple[str, ...] = ()


@dataclass(slots=True)
class Repository:
    """`now`: what it is called by now, another name than its seed's once it was renamed."""

    id: int
    seed: Seed
    git: Git
    clone: Path
    ci: ci.Ci
    approved_after: float
    now: str = ""
    pulls: dict[int, Pull] = field(default_factory=dict)
    numbers: int = 0
    changing: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def name(self) -> str:
        """Its name by now."""
        return self.now or self.seed.name

    @property
    def full_name(self) -> str:
        """Owner and name by now."""
        return f"{OWNER}/{self.name}"

    async def head(self, branch: str) -> str:
        """The branch's newest commit, whose CI has begun if it is new; "": there is no such branch."""
        commit = await self.git.commit_of(f"refs/heads/{branch}")
        if commit:
            self.ci.seen(commit, branch)
        return commit

    async def head_of(self, pull: Pull) -> str:
        """The commit that a pull request would merge, or has merged."""
        return pull.head or await self.head(pull.branch)

    async def open_pull(self, title: str, body: str, branch: str, base: str) -> Pull:
        """A new one; its own run of CI begins."""
        self.numbers += 1
        pull = self.pulls[self.numbers] = Pull(self.numbers, title, body, branch, base, time.time())
        self.ci.began(ci.PULL_REQUEST, await self.head(branch), branch)
        return pull

    async def trial(self, base: str, head: str) -> Trial:
        """A merge of two commits that touches no ref (git merge-tree --write-tree, git 2.38)."""
        tried = await self.git.ended(
            "merge-tree", "--write-tree", "--name-only", "--no-messages", base, head, allowed=(0, 1)
        )
        tree, *files = tried.out.split("\n")
        return Trial(tree, tuple(file for file in files if file) if tried.code else ())

    async def commit(self, tree: str, parents: tuple[str, ...], message: str) -> str:
        """A new commit that no ref names yet."""
        named = [part for parent in parents for part in ("-p", parent)]
        return await self.git("commit-tree", tree, *named, "-F", "-", given=message.encode())

    async def move(self, ref: str, new: str, old: str) -> None:
        """Let a ref name another commit, where it still names `old` ("": it must not exist). GitFailed."""
        await self.git("update-ref", ref, new, old or NOBODY)

    async def merged(self, pull: Pull, base: str, head: str, method: str, message: str) -> str:
        """The commit that a merge comes to; it is on the base branch then. GitFailed where the base moved."""
        if method == "rebase":
            commit = await self._picked(base, await self._between(base, head))
        else:
            parents = (base, head) if method == "merge" else (base,)
            commit = await self.commit((await self.trial(base, head)).tree, parents, message)
        await self.move(f"refs/heads/{pull.base}", commit, base)
        pull.head, pull.merged_as, pull.merged_at = head, commit, time.time()
        self.ci.began(ci.PUSH, commit, pull.base)
        return commit

    async def reverted(self, pull: Pull) -> str:
        """A commit on main that takes a merged pull request back. GitFailed where that is in conflict."""
        main = await self.git.commit_of(f"refs/heads/{pull.base}")
        parents = (await self.git("rev-list", "--parents", "-1", pull.merged_as)).split()[1:]
        of_merge = ("-m", "1") if len(parents) > 1 else ()
        return await self._in_worktree(main, "revert", "--no-edit", *of_merge, pull.merged_as)

    async def _between(self, base: str, head: str) -> list[str]:
        return (await self.git("rev-list", "--reverse", f"{base}..{head}")).split()

    async def _picked(self, base: str, commits: list[str]) -> str:
        return await self._in_worktree(base, "cherry-pick", *commits)

    async def _in_worktree(self, at: str, *command: str) -> str:
        """What a command that needs files makes of a commit, in a working tree of its own."""
        place = self.git.home / f"worktree-{self.id}"
        await self.git("worktree", "add", "--quiet", "--detach", str(place), at)
        try:
            await Git(place, self.git.home)(*command)
            return await Git(place, self.git.home)("rev-parse", "HEAD")
        finally:
            shutil.rmtree(place, ignore_errors=True)
            await self.git("worktree", "prune")

    async def diverge(self, *, wanted: bool) -> None:
        """Put the conflicting commit on main, or take it away where it is still the newest one there."""
        main = await self.git.commit_of(f"refs/heads/{MAIN}")
        subject = await self.git("log", "-1", "--format=%s", main)
        there = subject == self.seed.conflicting.message
        if wanted and not there:
            await self._write_conflicting(main)
        elif there and not wanted:
            await self.move(f"refs/heads/{MAIN}", await self.git.commit_of(f"{main}^"), main)

    async def _write_conflicting(self, main: str) -> None:
        lines = [f"commit refs/heads/{MAIN}", f"committer Somebody <else@goals.example> {int(time.time())} +0000"]
        for header, text in (("", self.seed.conflicting.message), *self.seed.conflicting.files.items()):
            lines += [f"M 100644 inline {header}"] if header else []
            lines += [f"data {len(text.encode())}\n{text}"]
            lines += [] if header else [f"from {main}"]
        await self.git("fast-import", "--quiet", "--done", given="\n".join([*lines, "done\n"]).encode())
        await self.head(MAIN)

    async def take_tag(self, tag: str, *, wanted: bool) -> None:
        """Let a tag name a commit of long ago, or let it be gone."""
        first = (await self.git("rev-list", "--max-parents=0", f"refs/heads/{BRANCH}")).split()[0]
        there = await self.git.commit_of(f"refs/tags/{tag}")
        if wanted and not there:
            await self.move(f"refs/tags/{tag}", first, "")
        elif there == first and not wanted:
            await self.git("update-ref", "-d", f"refs/tags/{tag}")
