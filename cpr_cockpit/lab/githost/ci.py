"""Workflow runs of a repository: each is a moment at which it began; what it is by now follows from the time.

A job goes from queued over in_progress to completed. Of a commit that nobody told of, CI begins when it is first seen
as the head of a branch.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from cpr_cockpit.lab.githost.seeds import CI
from cpr_cockpit.lab.githost.wire import stamp

JOBS = ("build", "test")
BUILD, TEST = JOBS
PUSH, PULL_REQUEST = "push", "pull_request"
_APP = {"id": 15368, "slug": "github-actions", "name": "GitHub Actions"}
_FIRST = 7_000_000_001
_STRIDE = 10  # ids of a run's jobs follow its own


class Fate(Enum):
    """How a job ends: as it should, in failure, or not at all."""

    GOOD = "success"
    RED = "failure"
    STUCK = ""


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds until a run has a runner, that each of its jobs takes, and from a pull request to its reviewer's yes."""

    queued: float
    job: float
    approval: float


FAST, USUAL = Pace(0.2, 0.3, 0.4), Pace(2.0, 4.0, 5.0)


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the workflow CI; `at`: when it was asked for, epoch seconds."""

    id: int
    event: str
    commit: str
    branch: str
    at: float


class Ci:
    """`fate`: of a job of a run, asked whenever it is looked at."""

    def __init__(self, pace: Pace, fate: Callable[[Run, str], Fate], ids: itertools.count[int]) -> None:
        self._pace, self._fate, self._ids = pace, fate, ids
        self._runs: list[Run] = []

    def began(self, event: str, commit: str, branch: str, at: float | None = None) -> None:
        """A run begins, at this moment if not told otherwise."""
        self._runs.append(
            Run(next(self._ids) * _STRIDE + _FIRST, event, commit, branch, time.time() if at is None else at)
        )

    def seen(self, commit: str, branch: str) -> None:
        """A branch has this head: it was pushed now if it was not known before."""
        if not any(run.commit == commit and run.event == PUSH for run in self._runs):
            self.began(PUSH, commit, branch)

    def runs(self, commit: str = "") -> list[Run]:
        """The newest first; of one commit, or all."""
        return [run for run in reversed(self._runs) if commit in ("", run.commit)]

    def passed(self, commit: str, names: tuple[str, ...]) -> str:
        """The name of the first of these checks that is not green yet; "": all are."""
        newest = next(iter(self.runs(commit)), None)
        return next((name for name in names if newest is None or self._job(newest, name)[1] != "success"), "")

    def checks(self, commit: str, url: str) -> list[dict[str, Any]]:
        """The newest check run of each name, as GitHub's "List check runs for a Git reference" tells them."""
        newest = next(iter(self.runs(commit)), None)
        return [] if newest is None else [self._check(newest, name, url) for name in JOBS]

    def told(self, run: Run, url: str) -> dict[str, Any]:
        """The run, as GitHub's "Get a workflow run" tells it."""
        states = [self._job(run, name) for name in JOBS]
        status = next((status for status, _ in states if status != "completed"), "completed")
        ends = [conclusion for _, conclusion in states]
        conclusion = None if status != "completed" else next((end for end in ends if end != "success"), "success")
        return {
            "id": run.id,
            "name": "CI",
            "path": CI,
            "event": run.event,
            "head_sha": run.commit,
            "head_branch": run.branch,
            "status": status,
            "conclusion": conclusion,
            "created_at": stamp(run.at),
            "html_url": f"{url}/actions/runs/{run.id}",
        }

    def built(self, run: Run) -> bool:
        """Whether its artifact is there."""
        return self._job(run, BUILD)[1] == "success"

    def _job(self, run: Run, name: str) -> tuple[str, str | None]:
        """Status and conclusion by now."""
        index, fate = JOBS.index(name), self._fate(run, name)
        begins = run.at + self._pace.queued + index * self._pace.job
        now = time.time()
        if now < begins or fate is Fate.STUCK:
            return "queued", None
        return ("in_progress", None) if now < begins + self._pace.job else ("completed", fate.value)

    def _check(self, run: Run, name: str, url: str) -> dict[str, Any]:
        status, conclusion = self._job(run, name)
        index = JOBS.index(name)
        begins = run.at + self._pace.queued + index * self._pace.job
        return {
            "id": run.id + index + 1,
            "name": name,
            "head_sha": run.commit,
            "status": status,
            "conclusion": conclusion,
            "started_at": None if status == "queued" else stamp(begins),
            "completed_at": stamp(begins + self._pace.job) if conclusion else None,
            "html_url": f"{url}/actions/runs/{run.id}/job/{run.id + index + 1}",
            "app": _APP,
            "output": {"title": f"{name}: {conclusion}" if conclusion else None, "summary": None},
        }
