"""A Git host with the feature's repositories, in virtual time: what is sent arrives, or not, whoever still lives."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from cpr_cockpit.core.code import (
    BuildState,
    CheckState,
    CodeAct,
    CodeHeads,
    CommitBuild,
    CommitCheck,
    CommitChecks,
    DeployingWorkflow,
    MergeAnswer,
    MergeMethod,
    MergeResult,
    PullRequest,
    PullState,
    RepositoryFacts,
    Reviews,
    TagFacts,
    TrialMerge,
)
from cpr_cockpit.core.ports import PlannedRequest, PortError
from tests.engine.stage import Stage, bodies
from tests.engine.world import READ, WAY, Fault

MAIN, HEAD = "a" * 40, "b" * 40
STEP_OF = {"create": "pull-request", "merge": "merge", "tag": "tag", "revert": "revert"}
BUILT_AFTER = 4.0


@dataclass(frozen=True, slots=True)
class Sent:
    """A request that changes something, as it left a session."""

    repository: str
    kind: str


@dataclass(slots=True)
class HostedRepository:
    """The CodeHost port. ``merges``: heads that were merged, in their order; ``faults``: of the next of each kind."""

    stage: Stage
    name: str
    artifact: bool = True
    branch: str = "feature/0001-goals"
    main: str = "main"
    head: str = HEAD
    sent: list[Sent] = field(default_factory=list)
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    merges: list[str] = field(default_factory=list)
    tags: dict[str, TagFacts] = field(default_factory=dict)
    pulls: list[PullRequest] = field(default_factory=list)
    conflicts: tuple[str, ...] = ()
    may_write: bool = True
    unreadable: bool = False
    # From the first change of this kind on nothing can be read.
    deaf_after: str = ""
    # What the clone's remote has as the branch's head, where that is another repository.
    clone_head: str = ""
    # The host deletes a branch that was merged.
    deletes: bool = False
    # Seconds after which what is late arrives.
    late_s: float = 2.0
    # Somebody has merged the pull request that takes the merge back.
    taken_back: bool = False
    refuses: str = ""
    sha256: str = ""
    builds: bool = True
    merged_at: float = 0.0
    checks_rows: tuple[CommitCheck, ...] = (CommitCheck("build", CheckState.PASSED, required=True),)
    workflows: tuple[DeployingWorkflow, ...] = ()

    @property
    def merge_commit(self) -> str:
        """What it is merged as."""
        return f"{len(self.merges):x}" * 40

    async def _read(self) -> None:
        await asyncio.sleep(READ)
        if self.unreadable:
            raise PortError("The Git host cannot be reached.")

    async def repository(self) -> RepositoryFacts:
        await self._read()
        return RepositoryFacts(self.name, "main", self.may_write, (MergeMethod.SQUASH, MergeMethod.MERGE))

    async def heads(self) -> CodeHeads:
        await self._read()
        return CodeHeads(MAIN, "" if self.deletes and self.merges else self.head)

    async def trial_merge(self) -> TrialMerge:
        await self._read()
        heads = CodeHeads(MAIN, self.clone_head or self.head)
        return TrialMerge(heads, self.conflicts, merged=len(self.merges) > self.taken_back)

    async def deploying(self) -> tuple[DeployingWorkflow, ...]:
        await self._read()
        return self.workflows

    async def pull_request(self) -> PullRequest | None:
        await self._read()
        ours = [one for one in self.pulls if not one.title.startswith("Revert")]
        known = [one for one in ours if one.state is PullState.OPEN] or [
            one for one in ours if one.state is PullState.MERGED
        ]
        return known[-1] if known else None

    async def pull_request_at(self, number: int) -> PullRequest:
        await self._read()
        return self.pulls[number - 1]

    async def checks(self, commit: str) -> CommitChecks:
        await self._read()
        return CommitChecks(commit, self.checks_rows)

    async def reviews(self, pull: PullRequest) -> Reviews:
        await self._read()
        return Reviews(pull.head, required=0)

    async def tag(self, name: str) -> TagFacts | None:
        await self._read()
        return self.tags.get(name)

    async def build(self, commit: str) -> CommitBuild:
        await self._read()
        if not self.builds:
            return CommitBuild(commit, BuildState.NONE)
        done = self.stage.loop.time() >= self.merged_at + BUILT_AFTER
        return CommitBuild(commit, BuildState.BUILT if done else BuildState.RUNNING, "7", sha256=self.sha256)

    async def revert_request(self, pull: PullRequest) -> PullRequest | None:
        await self._read()
        return next((one for one in reversed(self.pulls) if one.title.startswith("Revert")), None)

    # -- changes -----------------------------------------------------------------------------------------------------

    async def create_pull_request(self, title: str, body: str) -> PullRequest:
        answer: PullRequest = await self._change("create", title)
        return answer

    async def merge(self, number: int, head: str, method: MergeMethod, title: str, message: str) -> MergeAnswer:
        answer: MergeAnswer = await self._change("merge", number, head)
        return answer

    async def create_tag(self, name: str, commit: str, message: str) -> TagFacts:
        answer: TagFacts = await self._change("tag", name, commit, message)
        return answer

    async def create_revert_request(self, pull: PullRequest, title: str, body: str) -> PullRequest:
        answer: PullRequest = await self._change("revert", title)
        return answer

    def planned(self, act: CodeAct, *, method: MergeMethod, tag: str) -> tuple[PlannedRequest, ...]:
        return (PlannedRequest("POST", f"https://host.test/{self.name}/{act}"),)

    async def _change(self, kind: str, *told: Any) -> Any:
        self.intended(kind)
        self.sent.append(Sent(self.name, kind))
        self.unreadable = self.unreadable or kind == self.deaf_after
        fault = self.faults[kind].pop(0) if self.faults.get(kind) else None
        loop = self.stage.loop
        answer: asyncio.Future[Any] = loop.create_future()

        def arrived() -> None:
            result = _TAKEN[kind](self, *told) if fault is not Fault.REFUSED else PortError("Refused.")
            if answer.done():
                return
            if isinstance(result, PortError):
                answer.set_exception(result)
            else:
                answer.set_result(result)

        if fault is not Fault.LOST_BEFORE:
            loop.call_later(self.late_s if fault is Fault.LATE else WAY, arrived)
        if fault in (Fault.LOST_BEFORE, Fault.LOST_AFTER, Fault.LATE):
            await asyncio.sleep(2 * WAY)
            raise PortError("No answer came back.", ambiguous=True)
        return await answer

    def intended(self, kind: str) -> None:
        """Law 3: the newest merge event on disk of this repository that is no look is the intent of what leaves."""
        told = [
            body
            for body in bodies(self.stage.folder)
            if body["type"] in ("merge.intent", "merge.outcome") and body["repository"] == self.name
        ]
        assert told, f"{kind} left without an intent"
        assert kind != "merge" or len(self.merges) <= self.taken_back, "a merge was sent that was done already"
        last = told[-1]
        assert (last["type"], last["step"]) == ("merge.intent", STEP_OF[kind]), f"{kind} left after {last}"
        intents = sum(one["type"] == "merge.intent" and one["step"] == STEP_OF[kind] for one in told)
        assert intents > sum(one.kind == kind for one in self.sent), f"{kind} was sent again for one intent"

    def _created(self, title: str) -> Any:
        if any(one.state is PullState.OPEN for one in self.pulls):
            return PortError("A pull request exists.")
        number = len(self.pulls) + 1
        url = f"https://host.test/{self.name}/pull/{number}"
        self.pulls.append(PullRequest(number, url, title, self.head, "main", PullState.OPEN, mergeable=True))
        return self.pulls[-1]

    def _merged(self, number: int, head: str) -> Any:
        pull = self.pulls[number - 1]
        if self.refuses or pull.state is not PullState.OPEN:
            return MergeAnswer(MergeResult.REFUSED, words=self.refuses or "it is not open")
        if head != pull.head:
            return MergeAnswer(MergeResult.MOVED, words="head moved")
        self.merges.append(head)
        self.merged_at = self.stage.loop.time()
        self.pulls[number - 1] = replace(pull, state=PullState.MERGED, merged_as=self.merge_commit)
        return MergeAnswer(MergeResult.MERGED, self.merge_commit)

    def _tagged(self, name: str, commit: str, message: str) -> Any:
        if name in self.tags:
            return PortError("The tag exists.")
        self.tags[name] = TagFacts(name, commit, True, message)
        return self.tags[name]

    def _reverted(self, title: str) -> Any:
        return self._created(title)


def two(stage: Stage) -> tuple[HostedRepository, HostedRepository]:
    """The feature's two repositories, at the world's host from now on."""
    api = HostedRepository(stage, "acme/cpr-api")
    ui = HostedRepository(stage, "acme/cpr-ui", artifact=False)
    stage.world.code = (api, ui)
    return api, ui


_TAKEN: dict[str, Callable[..., Any]] = {
    "create": HostedRepository._created,
    "merge": HostedRepository._merged,
    "tag": HostedRepository._tagged,
    "revert": HostedRepository._reverted,
}
