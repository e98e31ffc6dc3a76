"""What a run knows of its repositories and their merge, folded from `core.code_events`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from cpr_cockpit.core import code_events as ce
from cpr_cockpit.core.event import Event
from cpr_cockpit.core.merging import MUTATES, TITLES, short

_GOOD = ("done", "already")


class MergeState(StrEnum):
    """Where step 4 stands, as a person is told it."""

    NONE = "not configured"
    OPEN = "not begun"
    RUNNING = "under way"
    BLOCKED = "blocked"
    HALF = "half merged"
    UNTAGGED = "merged, not tagged"
    DONE = "merged and tagged"
    GONE_ON = "gone on without all"


@dataclass(slots=True)
class MergeRow:
    """One step in one repository as it went; ``result`` None while it runs. ``mutates``: a request was intended."""

    step: str
    attempt: int
    began_at: float
    mutates: bool = False
    facts: dict[str, str] = field(default_factory=dict)
    doubts: list[str] = field(default_factory=list)
    result: str | None = None
    words: str = ""
    ended_at: float | None = None

    @property
    def good(self) -> bool:
        """Whether it is as it should be."""
        return self.result in _GOOD

    @property
    def unsettled(self) -> bool:
        """Whether a change was intended, and nobody knows what came of it."""
        return self.mutates and (self.result is None or "perhaps" in self.facts)


@dataclass(slots=True)
class Repository:
    """One repository; ``rows``: the newest of each step."""

    name: str
    looked: ce.CodeLooked | None = None
    looked_at: float = 0.0
    checks: ce.ChecksSeen | None = None
    rows: dict[str, MergeRow] = field(default_factory=dict)

    def good(self, step: str) -> bool:
        """Whether a step has been done, or was so already."""
        row = self.rows.get(step)
        return row is not None and row.good

    def fact(self, step: str, name: str) -> str:
        """A fact of a step that is as it should be; "" where there is none."""
        row = self.rows.get(step)
        return row.facts.get(name, "") if row is not None and row.good else ""

    @property
    def merged_as(self) -> str:
        """The merge commit; "" before."""
        return self.fact("merge", "commit")

    @property
    def head(self) -> str:
        """The commit that this merge is pinned to; "" before it looked."""
        return self.fact("look", "head")

    @property
    def number(self) -> int:
        """Its pull request; 0: none yet."""
        return int(self.fact("pull-request", "number") or self.fact("merge", "number") or 0)

    @property
    def url(self) -> str:
        """The pull request's address."""
        return self.fact("pull-request", "url") or self.fact("merge", "url")

    @property
    def perhaps(self) -> str:
        """A change that was intended, and nobody has seen what came of it: the step's key; "" where there is none."""
        return next((one.step for one in self.rows.values() if one.unsettled), "")


@dataclass(slots=True)
class Code:
    """All of it; ``begun``: the newest beginning, ``rested``: None while it is under way. ``moved_at``: its last event.

    ``gone_on``: who goes on with what is merged, and why. ``choice``: the newest one since it was begun.
    """

    repositories: dict[str, Repository] = field(default_factory=dict)
    begun: ce.MergeBegun | None = None
    rested: ce.MergeRested | None = None
    gone_on: ce.MergeChosen | None = None
    choice: ce.MergeChosen | None = None
    chosen: list[tuple[float, ce.MergeChosen]] = field(default_factory=list)
    begun_by: list[str] = field(default_factory=list)

    @property
    def running(self) -> bool:
        """Whether it goes on by itself."""
        return self.begun is not None and self.rested is None

    @property
    def merged(self) -> tuple[Repository, ...]:
        """The repositories that are merged."""
        return tuple(one for one in self.repositories.values() if one.merged_as)

    @property
    def unmerged(self) -> tuple[Repository, ...]:
        """Those that are not."""
        return tuple(one for one in self.repositories.values() if not one.merged_as)

    @property
    def half(self) -> bool:
        """Whether some are merged and others are not."""
        return bool(self.merged) and bool(self.unmerged)

    @property
    def state(self) -> MergeState:
        """In one word."""
        if not self.repositories:
            return MergeState.NONE
        if self.begun is None:
            return MergeState.OPEN
        if self.rested is None:
            return MergeState.RUNNING
        if self.rested.state == "done" and self.gone_on is not None and self.unmerged:
            return MergeState.GONE_ON
        return {
            "done": MergeState.DONE,
            "blocked": MergeState.BLOCKED,
            "half": MergeState.HALF,
            "untagged": MergeState.UNTAGGED,
        }[self.rested.state]

    def of(self, name: str) -> Repository:
        """The repository of that name, which is made where nothing was told of it yet."""
        return self.repositories.setdefault(name, Repository(name))

    def words(self) -> str:
        """What was merged, or may be, for the end of a run that never started; "" where nothing was."""
        told = [f"{one.name} as {short(one.merged_as)}" for one in self.merged]
        told += [f"{one.name} perhaps (its {one.perhaps} was sent, look)" for one in self.unmerged if one.perhaps]
        return ", ".join(told)


class Folding(Protocol):
    """The Run, as far as this needs it."""

    code: Code

    def note_moment(self, at: float, what: str, detail: str = "", status: str = "done") -> None:
        """A row of the timeline."""


def _looked(run: Folding, at: float, event: ce.CodeLooked) -> None:
    one = run.code.of(event.repository)
    one.looked, one.looked_at = event, at


def _begun(run: Folding, at: float, event: ce.MergeBegun) -> None:
    code = run.code
    code.begun, code.rested, code.gone_on, code.choice = event, None, None, None
    code.begun_by.append(event.by)
    for name in event.repositories:
        _clear(code.of(name))
    run.note_moment(at, "Merge begun", f"{', '.join(event.repositories)} by {event.method}, by {event.by}")


def _clear(one: Repository) -> None:
    """What is merged or tagged stays so; everything before is gone through again."""
    kept = ("merge", "tag", "revert", "pull-request", "look", "checks") if one.merged_as else ()
    one.rows = {key: row for key, row in one.rows.items() if key in kept and row.good}


def _intent(run: Folding, at: float, event: ce.MergeIntent) -> None:
    one = run.code.of(event.repository)
    row = one.rows.get(event.step)
    if row is None or row.result is not None:
        one.rows[event.step] = MergeRow(event.step, event.attempt, at, event.mutates, dict(event.facts))
        return
    row.attempt, row.facts = event.attempt, dict(event.facts)
    row.mutates = row.mutates or event.mutates


def _doubtful(run: Folding, at: float, event: ce.MergeDoubtful) -> None:
    row = run.code.of(event.repository).rows.get(event.step)
    if row is not None:
        row.doubts.append(event.words)


def _outcome(run: Folding, at: float, event: ce.MergeOutcome) -> None:
    one = run.code.of(event.repository)
    row = one.rows.get(event.step)
    if row is None or row.result is not None:
        row = one.rows[event.step] = MergeRow(event.step, event.attempt, at)
    row.result, row.words, row.ended_at = event.result, event.words, at
    row.facts = row.facts | event.facts
    if event.step in MUTATES or not row.good:
        title = TITLES[event.step]
        run.note_moment(at, f"{title}: {event.repository}", event.words, event.result)
    if event.step == "revert" and event.facts.get("merged") == "yes":
        # What was merged was taken back: it is to be merged anew.
        one.rows = {}


def _checks(run: Folding, at: float, event: ce.ChecksSeen) -> None:
    run.code.of(event.repository).checks = event


def _rested(run: Folding, at: float, event: ce.MergeRested) -> None:
    run.code.rested = event
    status = "done" if event.state == "done" else "warning"
    what = {"done": "Merge done", "blocked": "Merge blocked", "half": "HALF MERGED", "untagged": "Merged, not tagged"}
    run.note_moment(at, what[event.state], event.words, status)


def _chosen(run: Folding, at: float, event: ce.MergeChosen) -> None:
    code = run.code
    code.chosen.append((at, event))
    code.rested, code.choice = None, event
    if event.choice != "again":
        # Whoever went on without a repository merges it no more by looking again for a tag.
        code.gone_on = event if event.choice == "go-on" else None
    for one in code.repositories.values():
        if event.choice == "again":
            _clear(one)
        elif one.merged_as:
            one.rows = {key: row for key, row in one.rows.items() if row.good}
    because = f": {event.reason}" if event.reason else ""
    words = {"again": "look again", "revert": "take it back by a pull request", "go-on": "go on with what is merged"}
    run.note_moment(at, "Merge, chosen", f"{words[event.choice]}, by {event.by}{because}")


HANDLERS: dict[type[Event], Callable[[Any, float, Any], None]] = {
    ce.CodeLooked: _looked,
    ce.MergeBegun: _begun,
    ce.MergeIntent: _intent,
    ce.MergeDoubtful: _doubtful,
    ce.MergeOutcome: _outcome,
    ce.ChecksSeen: _checks,
    ce.MergeRested: _rested,
    ce.MergeChosen: _chosen,
}
