"""GitHub's answers as the values of the port; what is not as GitHub documents it counts as not told."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from cpr_cockpit.adapters.over_http import short
from cpr_cockpit.core.code import (
    CheckState,
    CommitCheck,
    MergeMethod,
    PullRequest,
    PullState,
    RepositoryFacts,
    Reviews,
)

_COMMIT = re.compile(r"[0-9A-Fa-f]{40}")
_METHODS = {
    "allow_squash_merge": MergeMethod.SQUASH,
    "allow_merge_commit": MergeMethod.MERGE,
    "allow_rebase_merge": MergeMethod.REBASE,
}
_IN_THE_WAY = ("dirty", "blocked", "behind", "draft")
_DIGEST = "sha256:"
_PASSED = ("success", "neutral", "skipped")
_STATUSES = {"success": CheckState.PASSED, "pending": CheckState.RUNNING}
_BELONG = ("OWNER", "MEMBER", "COLLABORATOR")
_SAYS = {"APPROVED": True, "CHANGES_REQUESTED": False, "DISMISSED": None}


def text(value: Any) -> str:
    """A text as one line, bounded; anything else "" ."""
    return short(value) if isinstance(value, str) else ""


def commit(value: Any) -> str:
    """A commit's full name in hex. ValueError for anything else: it is merged, tagged and compared by it."""
    if not isinstance(value, str) or not _COMMIT.fullmatch(value):
        raise ValueError("a commit's name is missing or is none")
    return value.lower()


def inner(body: Any, *names: str) -> Any:
    """A member of a member; None where there is none."""
    for name in names:
        body = body.get(name) if isinstance(body, Mapping) else None
    return body


def number(value: Any) -> int:
    """A number, anything else 0."""
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def digest_of(artifact: Mapping[str, Any]) -> str:
    """An artifact's SHA-256 in hex; "" where it tells none."""
    told = text(artifact.get("digest"))
    return told.removeprefix(_DIGEST) if told.startswith(_DIGEST) else ""


def facts(body: Mapping[str, Any]) -> RepositoryFacts:
    """A repository ("Get a repository"); one that does not tell its merge methods is taken to allow all."""
    methods = tuple(method for name, method in _METHODS.items() if body.get(name, True) is True)
    return RepositoryFacts(
        name=text(body.get("full_name")),
        default_branch=text(body.get("default_branch")),
        may_write=inner(body, "permissions", "push") is True,
        methods=methods,
        archived=body.get("archived") is True,
    )


def pull_request(body: Mapping[str, Any]) -> PullRequest:
    """A pull request; before it is merged GitHub's merge_commit_sha is a trial's, and is not told. ValueError."""
    merged = isinstance(body.get("merged_at"), str)
    state = PullState.MERGED if merged else PullState.OPEN if body.get("state") == "open" else PullState.CLOSED
    told, way = body.get("mergeable"), text(body.get("mergeable_state"))
    return PullRequest(
        number=_own_number(body.get("number")),
        url=text(body.get("html_url")),
        title=text(body.get("title")),
        head=commit(inner(body, "head", "sha")),
        base=text(inner(body, "base", "ref")),
        state=state,
        draft=body.get("draft") is True,
        mergeable=told if isinstance(told, bool) else None,
        why_not=way if way in _IN_THE_WAY and state is PullState.OPEN else "",
        merged_as=commit(body.get("merge_commit_sha")) if merged else "",
        merged_by=text(inner(body, "merged_by", "login")),
        author=text(inner(body, "user", "login")),
    )


def revert_request(body: Any) -> PullRequest:
    """A pull request as the mutation that made it tells it. ValueError."""
    return PullRequest(
        number=_own_number(inner(body, "number")),
        url=text(inner(body, "url")),
        title=text(inner(body, "title")),
        head=commit(inner(body, "headRefOid")),
        base=text(inner(body, "baseRefName")),
        state=PullState.OPEN,
    )


def _own_number(value: Any) -> int:
    if number(value) <= 0:
        raise ValueError("its number is missing or is none")
    return number(value)


def rows_of_checks(
    runs: Iterable[Mapping[str, Any]], statuses: Iterable[Mapping[str, Any]], required: Collection[str] | None
) -> tuple[CommitCheck, ...]:
    """The newest of each name, the required ones that did not report too; ``required`` None: all that report are."""
    found: dict[str, CommitCheck] = {}
    for status in sorted(statuses, key=lambda one: number(one.get("id"))):
        name = text(status.get("context"))
        state = _STATUSES.get(text(status.get("state")), CheckState.FAILED)
        words = text(status.get("description")) or text(status.get("state"))
        found[name] = CommitCheck(name, state, _needed(name, required), text(status.get("target_url")), words)
    # Ids rise: of two runs of one name, by a push and by a pull request, the later one counts.
    for run in sorted(runs, key=lambda one: number(one.get("id"))):
        name = text(run.get("name"))
        words = text(run.get("conclusion")) or text(run.get("status"))
        found[name] = CommitCheck(name, _state(run), _needed(name, required), text(run.get("html_url")), words)
    silent = [name for name in required or () if name not in found]
    rows = [*found.values(), *(CommitCheck(name, CheckState.WAITING, True, words="not reported") for name in silent)]
    return tuple(sorted(rows, key=lambda one: (not one.required, one.name)))


def _needed(name: str, required: Collection[str] | None) -> bool:
    return required is None or name in required


def _state(run: Mapping[str, Any]) -> CheckState:
    if run.get("status") == "completed":
        return CheckState.PASSED if run.get("conclusion") in _PASSED else CheckState.FAILED
    return CheckState.RUNNING if run.get("status") == "in_progress" else CheckState.WAITING


def reviews(rows: Sequence[Mapping[str, Any]], head: str, required: int | None) -> Reviews:
    """Who says what of ``head``: GitHub lists the oldest first, and a comment takes nothing back.

    At a public repository anybody may approve: the yes of those who do not belong to it is none.
    """
    says: dict[str, tuple[bool | None, str]] = {}
    for row in rows:
        state, who = text(row.get("state")), text(inner(row, "user", "login"))
        belongs = row.get("author_association", _BELONG[0]) in _BELONG
        if state in _SAYS and who and (belongs or not _SAYS[state]):
            says[who] = (_SAYS[state], text(row.get("commit_id")))
    of_head = {who: said for who, (said, commit) in says.items() if commit == head}
    yes, no = (tuple(who for who, said in of_head.items() if said is wanted) for wanted in (True, False))
    return Reviews(head, yes, no, required)


def required_by_rules(rules: Iterable[Mapping[str, Any]]) -> tuple[set[str], int]:
    """The checks and the number of approvals that the rules of a branch ask for ("Get rules for a branch")."""
    checks, approvals = set(), 0
    for rule in rules:
        asked = inner(rule, "parameters", "required_status_checks")
        checks |= {text(inner(one, "context")) for one in asked} if isinstance(asked, list) else set()
        approvals = max(approvals, number(inner(rule, "parameters", "required_approving_review_count")))
    return checks - {""}, approvals


def required_by_protection(branch: Mapping[str, Any]) -> set[str] | None:
    """The checks that the older kind of protection asks for, as a branch tells them; None: it does not tell."""
    told = inner(branch, "protection", "required_status_checks", "contexts")
    if isinstance(told, list):
        return {text(one) for one in told} - {""}
    return None if branch.get("protected") is True else set()
