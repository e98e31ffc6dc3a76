"""The feature's repositories at their host, as a port: what step 4 reads of one, and the few things that it changes.

A `CodeHost` is one repository with the feature's branch and the branch that it is merged into, as ``[[code]]`` names
them. What changes something is sent once: ``PortError.ambiguous`` where the answer was lost, and what came of it is
found by reading. Every text is data of somebody else: bounded and inert when it leaves an adapter. Commits are full
SHA-1 in hex; times are epoch seconds, UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from cpr_cockpit.core.ports import PlannedRequest


class MergeMethod(StrEnum):
    """How a pull request is merged: one commit, a merge commit, or its commits one after another."""

    SQUASH = "squash"
    MERGE = "merge"
    REBASE = "rebase"


class CodeAct(StrEnum):
    """What is done in one repository, for the requests that a plan prints."""

    LOOK = "look"
    PULL_REQUEST = "pull-request"
    CHECKS = "checks"
    MERGE = "merge"
    TAG = "tag"
    REVERT = "revert"


@dataclass(frozen=True, slots=True)
class RepositoryFacts:
    """``name``: "owner/name" as the host tells it now, another than was asked where it was renamed.

    ``may_write``: this sign-in may push, merge and tag. ``methods``: the merge methods that are allowed there.
    """

    name: str
    default_branch: str
    may_write: bool
    methods: tuple[MergeMethod, ...]
    archived: bool = False


@dataclass(frozen=True, slots=True)
class CodeHeads:
    """The branches' newest commits, told by the host just now; ``branch`` "": there is none of that name any more."""

    main: str
    branch: str


@dataclass(frozen=True, slots=True)
class TrialMerge:
    """What merging one head into the other comes to, tried in the clone with no working tree touched.

    ``files``: those in conflict (at most twenty; ``more``: how many others). ``behind``: how many commits of main the
    branch lacks. ``merged``: main has all that the branch changes already.
    """

    heads: CodeHeads
    files: tuple[str, ...] = ()
    more: int = 0
    behind: int = 0
    merged: bool = False


class PullState(StrEnum):
    """``CLOSED``: without having been merged."""

    OPEN = "open"
    MERGED = "merged"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class PullRequest:
    """``head``: the commit that it would merge; ``merged_as``: the commit on the base that came of it, "" before.

    ``mergeable`` None: the host has not worked that out yet; ``why_not``: its own word for what is in the way ("dirty",
    "blocked", "behind", "draft"), "" where nothing is.
    """

    number: int
    url: str
    title: str
    head: str
    base: str
    state: PullState
    draft: bool = False
    mergeable: bool | None = None
    why_not: str = ""
    merged_as: str = ""
    merged_by: str = ""
    author: str = ""


class CheckState(StrEnum):
    """``WAITING``: asked for, and nothing has reported yet; skipped and neutral ones have passed, as for the host."""

    WAITING = "waiting"
    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class CommitCheck:
    """One check of a commit: a check run, or a status. ``words``: its conclusion or description, in a few words."""

    name: str
    state: CheckState
    required: bool
    url: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class CommitChecks:
    """The newest of each name, those among them that are required and did not report yet.

    ``required_known`` False: this sign-in may not read which are required; then each that reports is taken for it.
    """

    commit: str
    rows: tuple[CommitCheck, ...]
    required_known: bool = True


@dataclass(frozen=True, slots=True)
class Reviews:
    """The newest review of each person that says yes or no to commit ``of``; of an older commit it is not told.

    ``required``: how many approvals the base asks for; None: this sign-in may not read that.
    """

    of: str
    approved_by: tuple[str, ...] = ()
    refused_by: tuple[str, ...] = ()
    required: int | None = None


@dataclass(frozen=True, slots=True)
class DeployingWorkflow:
    """A workflow of the repository that seems to deploy by itself; ``on``: "merge" or "tag"; ``why``: what says so."""

    path: str
    on: str
    why: str


class MergeResult(StrEnum):
    """``REFUSED``: the host says no; ``MOVED``: the head is not the pinned one any more. Nothing was merged in both."""

    MERGED = "merged"
    REFUSED = "refused"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class MergeAnswer:
    """``commit``: what it was merged as; ``words``: why not."""

    result: MergeResult
    commit: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class TagFacts:
    """A tag of the repository; ``commit``: what it names in the end; ``annotated``: it is an object with a message."""

    name: str
    commit: str
    annotated: bool
    message: str = ""


class BuildState(StrEnum):
    """Of the workflow run that builds a commit; ``NONE``: none is to be seen."""

    NONE = "none"
    RUNNING = "running"
    BUILT = "built"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class CommitBuild:
    """What CI made of a commit; ``sha256``: its artifact's digest in hex, "" where the host does not tell one."""

    commit: str
    state: BuildState
    run: str = ""
    url: str = ""
    sha256: str = ""


class CodeHost(Protocol):
    """One repository of the feature. Every method raises PortError where the host, or the clone, cannot be asked."""

    @property
    def name(self) -> str:
        """Owner and name, "owner/name", as the configuration has it."""

    @property
    def branch(self) -> str:
        """The feature's branch."""

    @property
    def main(self) -> str:
        """The branch that it is merged into."""

    @property
    def artifact(self) -> bool:
        """Whether the artifact that is deployed is built from this repository, whose merge commit must have made it."""

    async def repository(self) -> RepositoryFacts:
        """What this sign-in may do there, and what the repository allows."""

    async def heads(self) -> CodeHeads:
        """The branches' newest commits, read afresh."""

    async def trial_merge(self) -> TrialMerge:
        """The heads as they are now, fetched as objects only, and what merging them comes to (git merge-tree)."""

    async def deploying(self) -> tuple[DeployingWorkflow, ...]:
        """The workflows, as they are on main and on the branch, that deploy on a merge into main or on a tag."""

    async def pull_request(self) -> PullRequest | None:
        """The open one from the branch into main; where none is open the newest one that was merged; None: neither."""

    async def pull_request_at(self, number: int) -> PullRequest:
        """One pull request, read afresh."""

    async def create_pull_request(self, title: str, body: str) -> PullRequest:
        """Create it from the branch into main; sent once. PortError where the host refuses (one exists, no commits)."""

    async def checks(self, commit: str) -> CommitChecks:
        """The checks of a commit that is to be merged into main."""

    async def reviews(self, pull: PullRequest) -> Reviews:
        """Who has approved or refused its head."""

    async def merge(self, number: int, head: str, method: MergeMethod, title: str, message: str) -> MergeAnswer:
        """Merge it while its head still is ``head``; sent once. An answer that says no is no error but an answer.

        PortError.ambiguous where the answer was lost or is a 5xx: `pull_request_at` tells what came of it.
        """

    async def tag(self, name: str) -> TagFacts | None:
        """The tag of that name; None: it is free."""

    async def create_tag(self, name: str, commit: str, message: str) -> TagFacts:
        """Create an annotated tag on a commit: the object, then its name; each sent once.

        PortError, not ambiguous, where the name is taken; `tag` tells what came of a lost answer.
        """

    async def build(self, commit: str) -> CommitBuild:
        """The newest workflow run of a push of that commit which made an artifact, or may still make one."""

    async def revert_request(self, pull: PullRequest) -> PullRequest | None:
        """The pull request, in whatever state, that takes back what ``pull`` was merged as; None: there is none.

        Found by its branch, whose name follows from the number: see `revert_branch`.
        """

    async def create_revert_request(self, pull: PullRequest, title: str, body: str) -> PullRequest:
        """A branch with a commit on main that takes ``pull.merged_as`` back, and its pull request; each sent once.

        PortError where taking it back would not be clean any more. It is not merged: a person does that.
        """

    def planned(self, act: CodeAct, *, method: MergeMethod, tag: str) -> tuple[PlannedRequest, ...]:
        """The requests that ``act`` would send, with what is known before; sends nothing."""


def revert_branch(number: int, branch: str) -> str:
    """The branch of the pull request that takes back pull request ``number``, as the host's own button names it."""
    return f"revert-{number}-{branch}"
