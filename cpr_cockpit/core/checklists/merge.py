"""Step 4: what the pull request says about its documentation, and the merge itself."""

from __future__ import annotations

from cpr_cockpit.core.checklist import Due
from cpr_cockpit.core.checklists.building import checklist, derived, measured, signed

PULL_REQUEST_DOCUMENTATION = checklist(
    "pull-request-documentation",
    "Documentation",
    4,
    Due.STEP_4,
    (
        signed(
            "api",
            "API documentation updated",
            "The named person compared it with the changed endpoints, or says that none changed.",
        ),
        signed(
            "user",
            "User documentation updated",
            "The named person compared it with what users will see, or says that nothing changed for them.",
        ),
        derived(
            "changelog",
            "CHANGELOG.md updated",
            "The changelog has entries for this release, under its version or as unreleased.",
        ),
        derived(
            "deployment-plan",
            "Deployment plan prepared",
            "The plan is populated and lies beside the feature.",
            follows=("prerequisites.plan-populated",),
        ),
    ),
)

MERGE = checklist(
    "merge",
    "Merge to Main Branch",
    4,
    Due.STEP_4,
    (
        measured(
            "pull-request",
            "Pull request created from the feature branch",
            "Its number, base and head were read back from the host; whether its text is good nobody has judged.",
        ),
        measured(
            "checks",
            "Required checks and reviews of the pull request passed",
            "Every required check of the very head that was merged was read as passed just before the merge.",
        ),
        measured(
            "merged",
            "Merged into main, in every repository of the feature",
            "The merge commit was read back from the host, for the head that was looked at.",
        ),
    ),
)

PULL_REQUEST, CHECKS, MERGED = (item.key for item in MERGE.items)
TAGGED = "code-readiness.release-tagged"
