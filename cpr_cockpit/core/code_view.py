"""What a face shows of the feature's repositories and their merge: plain strings and numbers, as all of the View."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CodeCheck:
    """One check of the head: ``state`` is waiting, running, passed or failed; ``words``: what it says."""

    name: str
    state: str
    required: bool
    words: str = ""


@dataclass(frozen=True, slots=True)
class CodeStep:
    """One step of the merge in a repository. ``state``: waiting, running, or its result (`code_events.MergeResult`)."""

    key: str
    title: str
    state: str
    words: str = ""
    began_at: float | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class CodeRepository:
    """One repository: its heads in short, its pull request (0: none), what was seen at ``looked_at``.

    ``in_the_way``: why nothing may be begun there; ``deploys``: workflows that deploy by themselves. ``word``: how it
    stands in one word.
    """

    name: str
    word: str
    source: str
    head: str
    into: str
    main: str
    pull: int = 0
    url: str = ""
    in_the_way: str = ""
    conflicts: tuple[str, ...] = ()
    deploys: tuple[str, ...] = ()
    reviews: str = ""
    checks: tuple[CodeCheck, ...] = ()
    steps: tuple[CodeStep, ...] = ()
    looked_at: float | None = None


@dataclass(frozen=True, slots=True)
class CodeView:
    """All of it. ``state``: as `code_run.MergeState`; ``sentence``: where it rests and why; ``by``: who began it."""

    state: str = "not configured"
    sentence: str = ""
    method: str = ""
    tag: str = ""
    by: str = ""
    repositories: tuple[CodeRepository, ...] = ()
