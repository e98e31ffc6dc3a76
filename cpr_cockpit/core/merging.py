"""The merge of a feature into main: its policy, its steps, and what is in the way of each. Pure.

The order is the procedure's (step 4), for all repositories at once: look, pull request, checks; only when all of them
are green is anything merged, one repository after another with pinned heads; then the tag on what CI built.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from cpr_cockpit.core.code import (
    BuildState,
    CheckState,
    CommitBuild,
    CommitCheck,
    CommitChecks,
    MergeMethod,
    PullRequest,
    PullState,
    Reviews,
)
from cpr_cockpit.core.code_events import CodeLooked
from cpr_cockpit.core.commits import same_commit

STEPS = ("look", "pull-request", "checks", "merge", "tag")
TITLES = {
    "look": "Look",
    "pull-request": "Pull request",
    "checks": "Checks and reviews",
    "merge": "Merge",
    "tag": "Version tag",
    "revert": "Take back",
}
MUTATES = frozenset({"pull-request", "merge", "tag", "revert"})
# The host's words for what no waiting mends.
_NEVER = {
    "dirty": "the host sees conflicts",
    "behind": "the branch must first have all of main",
    "draft": "it is a draft",
}
_SHORT = 10
_NAMED = 3


@dataclass(frozen=True, slots=True)
class MergePolicy:
    """How it is merged. ``approvals``: at least so many, more where the host asks for more. Times are seconds.

    ``checks_s``: how long checks and reviews are waited for; ``build_s``: the build of the merge commit.
    ``require_checks``: at least one check must have passed. ``issue``: what the pull request closes, 0: nothing.
    """

    method: MergeMethod = MergeMethod.SQUASH
    approvals: int = 0
    checks_s: float = 1800.0
    build_s: float = 1800.0
    require_checks: bool = True
    issue: int = 0

    def to_dict(self) -> dict[str, Any]:
        """For session.json."""
        return asdict(self)

    @classmethod
    def from_dict(cls, body: Mapping[str, Any]) -> MergePolicy:
        """From session.json; TypeError or ValueError where it is none."""
        told = dict(body)
        if "method" in told:
            told["method"] = MergeMethod(told["method"])
        return cls(**told)


def tag_of(version: str) -> str:
    """The release's tag: its version, with a "v" before a bare number (semantic versioning)."""
    return f"v{version}" if version[:1].isdigit() else version


def short(commit: str) -> str:
    """A commit as a person compares it."""
    return commit[:_SHORT]


def in_the_way(looked: CodeLooked, policy: MergePolicy) -> str:
    """Why nothing may be begun in that repository, in words; "" where nothing is in the way."""
    if looked.trouble:
        return f"could not be read: {looked.trouble}"
    if looked.archived:
        return "it is archived: nothing can be merged there"
    if looked.renamed:
        return f"it is called {looked.renamed} now: correct [[code]] repository in cockpit.toml"
    if not looked.may_write:
        return "this sign-in may not write there: ask for the role, or another token"
    if policy.method not in looked.methods:
        allowed = ", ".join(looked.methods) or "no method"
        return f"merging by {policy.method} is not allowed there, only {allowed}"
    if looked.conflicts:
        return f"conflicts in {files(looked)}"
    if not looked.branch:
        return f"there is no branch {looked.source}"
    if looked.tag:
        return f"the tag is there already: it names {short(looked.tag)}"
    if looked.merged or looked.branch == looked.main:
        return f"{looked.into} has all of {looked.source} already, and no pull request tells as what"
    return ""


def files(looked: CodeLooked) -> str:
    """The files in conflict, in words."""
    more = f" and {looked.more} more" if looked.more else ""
    return f"{', '.join(looked.conflicts)}{more}"


def merged_before(pull: PullRequest | None, looked: CodeLooked) -> str:
    """As which commit the branch was merged before, by whomever; "" where it was not, or has more than that now."""
    if pull is None or pull.state is not PullState.MERGED:
        return ""
    return pull.merged_as if looked.merged or not looked.branch else ""


def counting(checks: CommitChecks) -> tuple[CommitCheck, ...]:
    """The checks that the merge waits for: those required; all of them where none is, or where that is not known."""
    required = tuple(one for one in checks.rows if one.required)
    return required if required and checks.required_known else checks.rows


def needed(reviews: Reviews, policy: MergePolicy) -> int:
    """How many approvals are waited for."""
    return max(policy.approvals, reviews.required or 0)


@dataclass(frozen=True, slots=True)
class Green:
    """Whether a pull request may be merged: ``state`` is green, wait or red; ``words``: what is missing or wrong."""

    state: str
    words: str = ""


def judged(pull: PullRequest, head: str, checks: CommitChecks, reviews: Reviews, policy: MergePolicy) -> Green:
    """Whether it may be merged now, with its head pinned to ``head``."""
    if (why := not_mergeable(pull, head)) != "":
        return Green("red", why)
    rows = counting(checks)
    failed = [one.name for one in rows if one.state is CheckState.FAILED]
    if failed:
        return Green("red", f"{_named(failed)} failed")
    if reviews.refused_by:
        return Green("red", f"changes are asked for by {', '.join(reviews.refused_by[:_NAMED])}")
    waits = [one.name for one in rows if one.state in (CheckState.WAITING, CheckState.RUNNING)]
    if waits:
        return Green("wait", f"{_named(waits)} not done")
    if not rows and policy.require_checks:
        return Green("wait", "no check has reported")
    missing = needed(reviews, policy) - len(reviews.approved_by)
    if missing > 0:
        return Green("wait", f"{missing} more approvals needed" if missing > 1 else "one more approval needed")
    if pull.mergeable is None:
        return Green("wait", "the host works out whether it merges")
    if pull.mergeable is False or pull.why_not == "blocked":
        return Green("wait", f"the host does not let it be merged yet ({pull.why_not or 'no reason given'})")
    by = f", approved by {', '.join(reviews.approved_by[:_NAMED])}" if reviews.approved_by else ""
    what = "required check" if checks.required_known and any(one.required for one in rows) else "check"
    passed = f"1 {what} passed" if len(rows) == 1 else f"{len(rows)} {what}s passed"
    return Green("green", f"{passed if rows else 'no check is asked for'}{by}")


def not_mergeable(pull: PullRequest, head: str) -> str:
    """What no waiting mends, of a pull request whose head is pinned to ``head``; "" where there is nothing."""
    if pull.state is PullState.MERGED:
        return f"somebody merged it as {short(pull.merged_as)} meanwhile: look again"
    if pull.state is PullState.CLOSED:
        return "somebody closed it"
    if pull.head != head:
        return f"its head moved from {short(head)} to {short(pull.head)}: look again"
    if pull.draft:
        return _NEVER["draft"]
    return _NEVER.get(pull.why_not, "")


def not_taggable(build: CommitBuild, *, artifact: bool, sha256: str, built_from: str) -> str:
    """Why the merge commit is not tagged, in words; "" where it may be.

    ``artifact``: the zip that will be deployed, of digest ``sha256``, is of this repository. ``built_from``: the commit
    that it is said to be built from, which counts where the host tells no digest.
    """
    if build.state is BuildState.NONE:
        return f"no CI run has built {short(build.commit)}"
    if build.state is BuildState.FAILED:
        return f"CI of {short(build.commit)} failed"
    if not artifact:
        return ""
    if build.sha256 and sha256 and build.sha256.lower() != sha256.lower():
        return (
            f"CI of {short(build.commit)} built another artifact ({short(build.sha256)}) "
            f"than the one that will be deployed ({short(sha256)})"
        )
    told = bool(build.sha256 and sha256)
    if not told and built_from and not same_commit(build.commit, built_from):
        return f"the artifact that will be deployed was built from {short(built_from)}, not from {short(build.commit)}"
    return ""


def tag_message(tag: str, feature: str) -> str:
    """The annotated tag's message."""
    return f"Release {tag}: {feature}\n\nFeature: {feature}\n"


def _named(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"
