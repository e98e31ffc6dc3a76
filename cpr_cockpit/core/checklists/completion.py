"""The end: success criteria, most of them following from what was shown before, and what comes after the phase."""

from __future__ import annotations

from cpr_cockpit.core.checklist import Applies, Due
from cpr_cockpit.core.checklists.building import checklist, derived, signed

SUCCESS_CRITERIA = checklist(
    "success-criteria",
    "Success Criteria",
    12,
    Due.CLOSE,
    (
        derived(
            "deployed",
            "Feature successfully deployed to production",
            "The closing checklist's item stands.",
            follows=("quality-execution.deployed",),
        ),
        derived(
            "smoke-tests",
            "All smoke tests passing",
            "Those of production stand; those of staging had to stand before START.",
            follows=("quality-execution.smoke-tests",),
        ),
        derived(
            "performance",
            "Performance within targets",
            "The closing checklist's item stands.",
            follows=("quality-execution.performance",),
        ),
        derived(
            "no-critical-errors",
            "No critical errors",
            "The closing checklist's item stands.",
            follows=("quality-execution.no-critical-errors",),
        ),
        derived(
            "stakeholders",
            "Stakeholders notified",
            "The closing checklist's item was signed.",
            follows=("quality-communication.stakeholders",),
        ),
        derived(
            "documentation",
            "Documentation updated",
            "The closing checklist's three items stand.",
            follows=("quality-documentation.changelog", "quality-documentation.api", "quality-documentation.user"),
        ),
        derived(
            "monitoring",
            "Monitoring active",
            "The closing checklist's two items stand.",
            follows=("quality-monitoring.error-tracking", "quality-monitoring.performance"),
        ),
        derived(
            "report",
            "`deployment-report.md` generated",
            "The closing checklist's item stands.",
            follows=("quality-documentation.report",),
        ),
        derived(
            "review",
            "Post-deployment review scheduled",
            "The closing checklist's item was signed.",
            follows=("quality-phase.review",),
        ),
    ),
    applies=Applies.NOT_ROLLED_BACK,
)

NEXT_STEPS = checklist(
    "next-steps",
    "Next Steps After Phase 8",
    12,
    Due.FIRST_WEEK,
    (
        derived(
            "monitor",
            "Monitor for 24-48 hours: Active monitoring of error rates, performance, and user adoption",
            "The first day's list is finished.",
            follows=(
                "plan-first-day.error-rate",
                "plan-first-day.performance",
                "plan-first-day.feedback",
                "plan-first-day.business",
            ),
        ),
        signed(
            "feedback",
            "Collect feedback: Gather user feedback through support channels",
            "The named person gathered it and wrote down where it lies.",
        ),
        signed(
            "review",
            "Post-Deployment Review: Team retrospective on deployment process",
            "The named person was at the review.",
        ),
        derived(
            "adoption",
            "Feature Adoption: Track business metrics for feature usage",
            "The week's adoption figures were entered.",
            follows=("plan-first-week.adoption",),
        ),
        signed(
            "improvement",
            "Continuous Improvement: Apply lessons learned to future deployments",
            "The named person wrote down what will be done otherwise, and who does it.",
        ),
        signed(
            "next-feature",
            "Plan Next Feature: Return to Phase 1 for next feature in backlog",
            "The named person says that the next feature is being planned.",
        ),
    ),
    applies=Applies.NOT_ROLLED_BACK,
)
