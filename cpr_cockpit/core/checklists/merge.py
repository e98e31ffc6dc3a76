"""Step 4: what the pull request says about its documentation."""

from __future__ import annotations

from cpr_cockpit.core.checklist import Due
from cpr_cockpit.core.checklists.building import checklist, derived, signed

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
