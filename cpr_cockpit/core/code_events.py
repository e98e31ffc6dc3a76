"""What can be recorded of step 4: looks at the repositories, and the merge with its intents and outcomes."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from cpr_cockpit.core.event import Event

MergeStep = Literal["look", "pull-request", "checks", "merge", "tag", "revert"]
MergeResult = Literal["done", "already", "stopped", "failed"]
MergeEnd = Literal["done", "blocked", "half", "untagged"]
MergeWord = Literal["again", "revert", "go-on"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SeenWorkflow(_Part):
    """A workflow that seems to deploy by itself on a "merge" or a "tag"; ``why``: what says so."""

    path: str
    on: str
    why: str


class SeenCheck(_Part):
    """A check of a commit, as the port tells it (`core.code.CommitCheck`)."""

    name: str
    state: str
    required: bool
    url: str = ""
    words: str = ""


class CodeLooked(Event):
    """A repository was looked at. ``main``, ``branch``: the heads, "" where there is none; ``tag``: what it names.

    ``conflicts``: files, at most twenty, and how many ``more``; ``behind``: commits of main that the branch lacks.
    ``merged``: main has all of the branch. ``trouble``: why it could not be read; nothing else counts then.
    """

    type: Literal["code.looked"] = "code.looked"
    repository: str
    into: str
    source: str
    main: str = ""
    branch: str = ""
    behind: int = 0
    conflicts: tuple[str, ...] = ()
    more: int = 0
    merged: bool = False
    tag: str = ""
    may_write: bool = True
    archived: bool = False
    renamed: str = ""
    methods: tuple[str, ...] = ()
    workflows: tuple[SeenWorkflow, ...] = ()
    pull: int = 0
    url: str = ""
    trouble: str = ""


class MergeBegun(Event):
    """A person begins the merge, or goes through it again: ``method`` and ``tag`` for every repository."""

    type: Literal["merge.begun"] = "merge.begun"
    by: str
    method: str
    tag: str
    repositories: tuple[str, ...]


class MergeIntent(Event):
    """What is about to be done in a repository, on disk before it is done; ``facts``: what it is pinned to."""

    type: Literal["merge.intent"] = "merge.intent"
    repository: str
    step: MergeStep
    attempt: int
    mutates: bool
    facts: dict[str, str] = Field(default_factory=dict)


class MergeDoubtful(Event):
    """The answer to a change was lost or bad: what came of it is found by reading."""

    type: Literal["merge.doubtful"] = "merge.doubtful"
    repository: str
    step: MergeStep
    attempt: int
    words: str


class MergeOutcome(Event):
    """What came of a step: done; already (was so, nothing sent); stopped (something is in the way); failed.

    ``facts``: ``number``, ``url``, ``head`` of a pull request, ``commit`` of a merge or a tag.
    """

    type: Literal["merge.outcome"] = "merge.outcome"
    repository: str
    step: MergeStep
    attempt: int
    result: MergeResult
    words: str
    seconds: float
    facts: dict[str, str] = Field(default_factory=dict)


class ChecksSeen(Event):
    """The checks of a commit changed, or its reviews; ``needed``: how many approvals the merge waits for."""

    type: Literal["code.checks"] = "code.checks"
    repository: str
    commit: str
    rows: tuple[SeenCheck, ...]
    required_known: bool = True
    approved_by: tuple[str, ...] = ()
    refused_by: tuple[str, ...] = ()
    needed: int = 0


class MergeRested(Event):
    """The merge goes no further by itself: done, blocked (nothing merged), half merged, or merged and not tagged."""

    type: Literal["merge.rested"] = "merge.rested"
    state: MergeEnd
    words: str


class MergeChosen(Event):
    """What a person chose where the merge rests: look again, take back by a pull request, go on with what is merged."""

    type: Literal["merge.chosen"] = "merge.chosen"
    by: str
    choice: MergeWord
    reason: str = ""


CodeEvent = (
    CodeLooked | MergeBegun | MergeIntent | MergeDoubtful | MergeOutcome | ChecksSeen | MergeRested | MergeChosen
)
