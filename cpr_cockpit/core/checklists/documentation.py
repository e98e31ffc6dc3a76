"""Steps 11 and 12: documentation, announcement, lessons learned, sign-off of the deployment."""

from __future__ import annotations

from cpr_cockpit.core.checklist import Applies, Due
from cpr_cockpit.core.checklists.building import checklist, derived, signed

API_DOCUMENTATION = checklist(
    "api-documentation",
    "API Documentation",
    11,
    Due.CLOSE,
    (
        signed(
            "openapi",
            "Update OpenAPI/Swagger documentation",
            "The named person compared it with what the release serves.",
        ),
        signed("endpoints", "Document new endpoints", "The named person says that every new endpoint is described."),
        signed(
            "examples",
            "Update request/response examples",
            "The named person compared the examples with real requests and answers.",
        ),
        signed(
            "breaking-changes",
            "Note breaking changes (if any)",
            "The named person wrote down what breaks for callers, or says that nothing does.",
        ),
    ),
    applies=Applies.NOT_ROLLED_BACK,
)

USER_DOCUMENTATION = checklist(
    "user-documentation",
    "User Documentation",
    11,
    Due.CLOSE,
    (
        signed("guide", "Update user guide with new feature", "The named person says that the guide describes it."),
        signed(
            "pictures",
            "Add screenshots/videos if helpful",
            "The named person added them, or says that they would not help.",
        ),
        signed("workflows", "Document new workflows", "The named person says that each new workflow is described."),
        signed("faq", "Update FAQ if needed", "The named person updated it, or says that it needs nothing."),
    ),
    applies=Applies.NOT_ROLLED_BACK,
)

RUNBOOK = checklist(
    "runbook",
    "Operations Runbook",
    11,
    Due.CLOSE,
    (
        derived(
            "monitoring", "Monitoring", "The section names the dashboard, key metrics and alert rules of this run."
        ),
        signed("common-issues", "Common Issues", "The named person wrote down symptom, diagnosis and resolution."),
        derived(
            "rollback-procedure",
            "Rollback Procedure",
            "The section holds this run's plan of the way back, as shown and journaled.",
        ),
    ),
    applies=Applies.NOT_ROLLED_BACK,
)

ANNOUNCEMENT = checklist(
    "announcement",
    "Deployment Announcement",
    12,
    Due.CLOSE,
    (
        signed("whats-new", "What's New", "The named person wrote what the release brings."),
        signed("user-impact", "User Impact", "The named person wrote what users will notice."),
        signed("known-issues", "Known Issues", "The named person compared it with the issues of this run."),
        signed("feedback", "Feedback", "The named person says that the support channel named there is read."),
    ),
    applies=Applies.NOT_ROLLED_BACK,
)

LESSONS_LEARNED = checklist(
    "lessons-learned",
    "Lessons Learned",
    12,
    Due.CLOSE,
    (
        signed("went-well", "What Went Well", "Somebody who was there wrote it."),
        signed("could-be-improved", "What Could Be Improved", "Somebody who was there wrote it."),
        signed(
            "recommendations",
            "Recommendations for Future Deployments",
            "Somebody who was there wrote it.",
        ),
    ),
)

SIGN_OFF = checklist(
    "sign-off",
    "Deployment Sign-Off",
    12,
    Due.CLOSE,
    (
        signed("tech-lead", "Tech Lead", "The person with this role read the report and signs for it."),
        signed("solution-owner", "Solution Owner", "The person with this role read the report and signs for it."),
        signed("operations", "Operations", "The person with this role read the report and signs for it."),
    ),
    applies=Applies.NOT_ROLLED_BACK,
)

DOCUMENTATION = (API_DOCUMENTATION, USER_DOCUMENTATION, RUNBOOK)
