"""Step 4 as a part of the plan's text: what would be sent to the Git host for each repository."""

from __future__ import annotations

from collections.abc import Sequence

from cpr_cockpit.core.code import CodeAct, CodeHost
from cpr_cockpit.core.merging import MergePolicy, tag_of
from cpr_cockpit.core.ports import PlannedRequest

_TITLES = {
    CodeAct.LOOK: "Look: rights, heads, conflicts, tag, workflows that deploy by themselves (reads)",
    CodeAct.PULL_REQUEST: "Pull request, found or created (changes)",
    CodeAct.CHECKS: "Required checks and reviews, until green, red or out of time (reads)",
    CodeAct.MERGE: "Merge, its head pinned, once all repositories are green (changes)",
    CodeAct.TAG: "Annotated tag on the merge commit that CI has built (changes)",
    CodeAct.REVERT: "Only where it is half merged and a person chooses so: a pull request that takes it back (changes)",
}


def render_merge(hosts: Sequence[CodeHost], policy: MergePolicy, version: str) -> str:
    """Every step of every repository with its requests; "" where there is no repository at a host."""
    if not hosts:
        return ""
    tag = tag_of(version)
    lines = [
        "## Before START: merge to main (step 4)",
        "",
        f"By {policy.method}, tag {tag}; begun by a person. Each step of all repositories comes before the next step.",
        "",
    ]
    for number, act in enumerate(CodeAct, 1):
        lines.append(f"{number}. {_TITLES[act]}")
        for host in hosts:
            lines.append(f"   {host.name}: {host.branch} into {host.main}")
            for request in host.planned(act, method=policy.method, tag=tag):
                lines += [f"       {line}" for line in _request(request)]
        lines.append("")
    return "\n".join(lines) + "\n"


def _request(request: PlannedRequest) -> list[str]:
    line = f"{request.method} {request.url}"
    return [line, f"    {request.body}"] if request.body else [line]
