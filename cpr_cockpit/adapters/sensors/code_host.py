"""A repository at its host: rights, required checks, reviews, the tag, workflows that deploy by themselves."""

from __future__ import annotations

from cpr_cockpit.core.checklists.merge import MERGED, PULL_REQUEST, TAGGED
from cpr_cockpit.core.code import (
    CheckState,
    CodeHost,
    CommitCheck,
    CommitChecks,
    DeployingWorkflow,
    PullRequest,
    PullState,
    TagFacts,
)
from cpr_cockpit.core.commits import same_commit
from cpr_cockpit.core.sensing import Reading, State

CI_CHECKS = "code-readiness.ci-checks"
REVIEWED = "code-readiness.code-review"
_NAMED = 4
_SHORT = 10


class CodeHostItems:
    """``tag``: the release's; ``commit``: what the artifact was built from, "": not said."""

    items = (PULL_REQUEST, CI_CHECKS, REVIEWED, TAGGED, MERGED)
    timeout_s = 60.0

    def __init__(self, host: CodeHost, tag: str, commit: str) -> None:
        self._host = host
        self._tag = tag
        self._commit = commit

    async def read(self) -> tuple[Reading, ...]:
        """What can be told before the merge and after it. PortError where the host cannot be asked."""
        rights = await self._rights()
        pull = await self._host.pull_request()
        merged = pull is not None and pull.state is PullState.MERGED
        found = [] if merged else [*rights]
        found.append(await self._checks(pull))
        found += await self._reviews(pull)
        found += self._tagged(await self._host.tag(self._tag), pull) if self._tag else ()
        found += () if merged else [self._deploys(one) for one in await self._host.deploying()]
        return tuple(found)

    async def _rights(self) -> tuple[Reading, ...]:
        """What would stop the merge before it begins; nothing where nothing would."""
        facts = await self._host.repository()
        wrong = []
        if facts.name.lower() != self._host.name.lower():
            wrong.append(f"it is called {facts.name} now: correct repository in [[code]] of cockpit.toml")
        if not facts.may_write:
            wrong.append("the token may read it, and not merge or tag there")
        if facts.archived:
            wrong.append("it is archived: nothing can be merged")
        return tuple(self._told(PULL_REQUEST, State.FAILED, words) for words in wrong)

    async def _checks(self, pull: PullRequest | None) -> Reading:
        heads = await self._host.heads()
        commit = heads.branch or (pull.head if pull is not None else heads.main)
        state, words = judged(await self._host.checks(commit))
        return self._told(CI_CHECKS, state, f"{words} ({commit[:_SHORT]})")

    async def _reviews(self, pull: PullRequest | None) -> tuple[Reading, ...]:
        """Nothing where no pull request tells: then the documents do, or a person."""
        if pull is None or pull.state is PullState.CLOSED:
            return ()
        found = await self._host.reviews(pull)
        of = f"pull request {pull.number}"
        if found.refused_by:
            return (self._told(REVIEWED, State.FAILED, f"{', '.join(found.refused_by)} asked for changes of {of}"),)
        if found.approved_by and len(found.approved_by) >= (found.required or 1):
            return (self._told(REVIEWED, State.OK, f"{', '.join(found.approved_by)} approved the head of {of}"),)
        return ()

    def _tagged(self, tag: TagFacts | None, pull: PullRequest | None) -> tuple[Reading, ...]:
        if tag is None:
            # It holds for no item: the tag is made on the merge commit.
            free = f"{self._tag} is free: it is made after the merge"
            return (self._told(TAGGED, State.NOTE, free, later=True),)
        words = f"{self._tag} is there already and names {tag.commit[:_SHORT]}"
        merged = pull.merged_as if pull is not None else ""
        if same_commit(tag.commit, merged or self._commit):
            return (self._told(TAGGED, State.OK, f"{self._tag} names {tag.commit[:_SHORT]}, as the merge"),)
        if merged or self._commit:
            return (self._told(TAGGED, State.FAILED, f"{words}, not {(merged or self._commit)[:_SHORT]}"),)
        return (self._told(TAGGED, State.FAILED, f"{words}, and nothing of the branch is merged"),)

    def _deploys(self, one: DeployingWorkflow) -> Reading:
        """Told before the merge, and never a mark: it neither holds nor stands against anything."""
        item, when = (TAGGED, "the tag") if one.on == "tag" else (MERGED, "the merge")
        return self._told(item, State.NOTE, f"{one.path} deploys by itself on {when}: {one.why}", later=True)

    def _told(self, item: str, state: State, words: str, *, later: bool = False) -> Reading:
        return Reading(item, state, f"{self._host.name}: {words}", later=later)


def judged(checks: CommitChecks) -> tuple[State, str]:
    """What the checks of a commit come to: only those that are required count, and at least one has to be."""
    needed = [one for one in checks.rows if one.required]
    if failed := [one for one in needed if one.state is CheckState.FAILED]:
        return State.FAILED, f"not passed: {_named(failed)}"
    if waiting := [one for one in needed if one.state is not CheckState.PASSED]:
        return State.UNKNOWN, f"not ended yet: {_named(waiting)}"
    if not checks.rows:
        return State.FAILED, "no check ran"
    if not checks.required_known:
        return State.UNKNOWN, f"passed: {_named(needed)}; which are required this token may not read"
    if not needed:
        return State.FAILED, f"none is required, ran: {_named(checks.rows)}"
    return State.OK, f"all that is required passed: {_named(needed)}"


def _named(rows: list[CommitCheck] | tuple[CommitCheck, ...]) -> str:
    names = ", ".join(
        one.name if one.words in ("", "success") else f"{one.name} ({one.words})" for one in rows[:_NAMED]
    )
    return f"{names} and {len(rows) - _NAMED} more" if len(rows) > _NAMED else names
