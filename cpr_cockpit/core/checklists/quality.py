"""The closing quality checklist: seven lists, 32 items, worked through before the phase is called complete."""

from __future__ import annotations

from cpr_cockpit.core.checklist import Applies, Due
from cpr_cockpit.core.checklists.building import checklist, derived, measured, signed

QUALITY_EXECUTION = checklist(
    "quality-execution",
    "Deployment Execution",
    12,
    Due.CLOSE,
    (
        measured(
            "deployed",
            "Feature deployed to production successfully",
            "Production answers with the new version on fresh connections, with and without the routing cookie.",
        ),
        measured(
            "zero-downtime",
            "Zero downtime or scheduled downtime communicated",
            "The journal's probes show how long production did not answer; between two probes it was not looked at.",
        ),
        derived(
            "smoke-tests",
            "All smoke tests passing in production",
            "Health checks and critical path of step 8 stand.",
            follows=(
                "production-health.health",
                "production-health.loads",
                "production-critical-path.login",
                "production-critical-path.feature",
                "production-critical-path.data",
            ),
        ),
        derived(
            "no-critical-errors",
            "No critical errors in production logs",
            "The extended validation found no new critical error.",
            follows=("extended-monitoring.critical-errors",),
        ),
        derived(
            "performance",
            "Performance within acceptable ranges",
            "The extended validation's performance items stand.",
            follows=("extended-performance.api", "extended-performance.ui", "extended-performance.no-degradation"),
        ),
    ),
    applies=Applies.NOT_ROLLED_BACK,
)

QUALITY_VALIDATION = checklist(
    "quality-validation",
    "Validation",
    12,
    Due.CLOSE,
    (
        derived(
            "journeys",
            "Critical user journeys tested in production",
            "The journeys of step 8 were signed.",
            follows=("production-journeys.critical-journeys",),
        ),
        derived(
            "authentication",
            "Authentication and authorization working",
            "Both items of the extended validation stand.",
            follows=("extended-functional.authentication", "extended-functional.authorization"),
        ),
        derived(
            "integrity",
            "Data integrity verified",
            "The first hour's integrity queries answered as they should; they see what they ask for.",
            follows=("first-hour-logs.data-corruption",),
        ),
        derived(
            "integrations",
            "Integrations functioning correctly",
            "The first hour's look at the dependencies stands.",
            follows=("first-hour-logs.integrations",),
        ),
        signed(
            "dashboards",
            "Monitoring dashboards showing healthy metrics",
            "The named person looked at the dashboards after the extended validation.",
        ),
    ),
    applies=Applies.NOT_ROLLED_BACK,
)

QUALITY_DOCUMENTATION = checklist(
    "quality-documentation",
    "Documentation",
    12,
    Due.CLOSE,
    (
        derived(
            "plan",
            "`deployment-plan.md` completed with pre-deployment checklist",
            "The plan lies beside the feature and shows every pre-deployment item with its mark.",
        ),
        derived(
            "report",
            "`deployment-report.md` generated with comprehensive results",
            "The report was generated from the journal and has every section of the procedure.",
        ),
        derived(
            "changelog",
            "CHANGELOG.md updated with release notes",
            "The changelog has a section with this version and at least one entry.",
        ),
        derived(
            "api",
            "API documentation updated (if endpoints changed)",
            "The items of step 11 were signed.",
            follows=("api-documentation.openapi", "api-documentation.endpoints"),
        ),
        derived(
            "user",
            "User documentation updated (if UI changed)",
            "The items of step 11 were signed.",
            follows=("user-documentation.guide", "user-documentation.workflows"),
        ),
    ),
    applies=Applies.NOT_ROLLED_BACK,
)

QUALITY_COMMUNICATION = checklist(
    "quality-communication",
    "Communication",
    12,
    Due.CLOSE,
    (
        signed(
            "stakeholders",
            "Stakeholders notified of successful deployment",
            "The named person sent the announcement; a message that was sent is not yet one that was read.",
        ),
        signed("support", "Support team briefed on new feature", "The named person told the support team."),
        derived(
            "known-issues",
            "Known issues communicated (if any)",
            "The announcement's known issues were signed.",
            follows=("announcement.known-issues",),
        ),
        derived(
            "feedback",
            "Feedback channels established",
            "The announcement's feedback channel was signed.",
            follows=("announcement.feedback",),
        ),
    ),
    applies=Applies.NOT_ROLLED_BACK,
)

QUALITY_MONITORING = checklist(
    "quality-monitoring",
    "Monitoring",
    12,
    Due.CLOSE,
    (
        measured(
            "error-tracking",
            "Error tracking active and healthy",
            "The query for exceptions answered since T0, and its data is fresh.",
        ),
        measured(
            "performance",
            "Performance monitoring configured",
            "Request telemetry of the new version arrives within its declared delay.",
        ),
        signed(
            "alert-rules",
            "Alert rules firing correctly",
            "The named person saw a rule fire and somebody being called, in this run or in a test.",
        ),
        signed(
            "dashboard",
            "Dashboard accessible to operations team",
            "A named person of the operations team opened it.",
        ),
        measured(
            "baseline",
            "Baseline metrics established",
            "The journal holds the new version's figures of the first hour, with their n.",
        ),
    ),
    applies=Applies.NOT_ROLLED_BACK,
)

QUALITY_ROLLBACK = checklist(
    "quality-rollback",
    "Rollback Readiness",
    12,
    Due.CLOSE,
    (
        derived(
            "plan",
            "Rollback plan documented and ready",
            "The rollback card of this run is on disk and its hash in the journal.",
        ),
        measured(
            "previous-version",
            "Previous version tagged and available",
            "The previous version's tag was read from the remote, and its artifact has the journaled hash.",
        ),
        derived(
            "database-scripts",
            "Database rollback scripts prepared",
            "The script was generated and read in step 3; nobody has run it.",
        ),
        derived(
            "under-five-minutes",
            "Rollback can be executed in <5 minutes",
            "The sum of the way back's steps, by this run's own times, is under 5 minutes; it is no promise.",
        ),
    ),
    applies=Applies.NOT_ROLLED_BACK,
)

QUALITY_PHASE = checklist(
    "quality-phase",
    "Phase Completion",
    12,
    Due.CLOSE,
    (
        derived(
            "progress", "`progress.md` updated with Phase 8 complete", "The file was read back with that line in it."
        ),
        signed(
            "tracking",
            "Feature marked as deployed in tracking system",
            "The named person changed it there.",
        ),
        signed("review", "Post-deployment review scheduled", "The named person put a date to it and invited."),
        derived(
            "artifacts",
            "All Phase 8 artifacts saved in specification folder",
            "The plan, the report and the completed automation file were read back from that folder.",
        ),
    ),
    applies=Applies.NOT_ROLLED_BACK,
)

QUALITY = (
    QUALITY_EXECUTION,
    QUALITY_VALIDATION,
    QUALITY_DOCUMENTATION,
    QUALITY_COMMUNICATION,
    QUALITY_MONITORING,
    QUALITY_ROLLBACK,
    QUALITY_PHASE,
)
