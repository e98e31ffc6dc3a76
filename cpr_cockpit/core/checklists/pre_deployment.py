"""Step 3: the six pre-deployment lists, 30 items. What only a later step can produce is due for that step."""

from __future__ import annotations

from cpr_cockpit.core.checklist import Due
from cpr_cockpit.core.checklists.building import checklist, derived, measured, signed

INFRASTRUCTURE = checklist(
    "infrastructure",
    "Infrastructure",
    3,
    Due.STEP_3,
    (
        measured(
            "staging-healthy",
            "Staging environment healthy",
            "Every health address of staging answered 200 just now, with its version; it says nothing of load.",
        ),
        measured(
            "production-capacity",
            "Production environment capacity verified",
            "Plan CPU and memory, and twice the database's sessions where it tells them, are below their limits.",
        ),
        measured(
            "load-balancers",
            "Load balancers configured",
            "Health check path and instances were read from Azure; the name leads to the app or the declared front.",
        ),
        derived(
            "cdn-invalidation-plan",
            "CDN cache invalidation plan ready",
            "This release's plan has the purge step with its paths, or no CDN endpoint is configured.",
            due=Due.START,
        ),
        measured(
            "ssl-certificates-valid",
            "SSL certificates valid",
            "The certificates that the hosts really serve match their names and have enough days left.",
        ),
    ),
)

CODE_READINESS = checklist(
    "code-readiness",
    "Code Readiness",
    3,
    Due.STEP_3,
    (
        measured(
            "branch-up-to-date",
            "Feature branch up to date with main",
            "In every repository the branch has the head of main, fetched just now, or main has the branch already.",
        ),
        measured(
            "no-merge-conflicts",
            "No merge conflicts",
            "A trial merge of the fetched heads had no conflict, or main has the branch; it may still not work.",
        ),
        measured(
            "ci-checks",
            "All CI/CD checks passing",
            "Every required check of the very commit was read as passed, and at least one is required.",
        ),
        derived(
            "code-review",
            "Code review approved (Phase 6)",
            "The documents or the pull request record the approval; the review's depth they do not show.",
        ),
        measured(
            "release-tagged",
            "Release version tagged",
            "The tag was read back from the remote and names the commit that the artifact is said to be built from.",
            due=Due.STEP_4,
        ),
    ),
)

DATABASE = checklist(
    "database",
    "Database",
    3,
    Due.STEP_3,
    (
        signed(
            "migration-scripts-reviewed",
            "Migration scripts reviewed",
            "The named person read the SQL of this release's migrations, its destructive statements marked.",
        ),
        measured(
            "rollback-scripts",
            "Rollback scripts prepared",
            "A script back to the previous migration was generated from this release and read; nobody has run it.",
        ),
        measured(
            "backups",
            "Database backups verified",
            "The newest restore point and its age were read from Azure; a restore was not tried.",
            due=Due.START,
        ),
        measured(
            "migration-tested",
            "Migration tested in staging",
            "The migration history of the staging database names every migration of this release.",
            due=Due.STEP_6,
        ),
        measured(
            "integrity-checks",
            "Data integrity checks ready",
            "The configured integrity queries ran in staging and answered as they should; they see what they ask for.",
            due=Due.STEP_6,
        ),
    ),
)

CONFIGURATION = checklist(
    "configuration",
    "Configuration",
    3,
    Due.STEP_3,
    (
        measured(
            "environment-variables",
            "Environment variables documented",
            "The documented names and those set on app and slot are the same; no sticky one differs undeclared.",
        ),
        measured(
            "secrets",
            "Secrets/credentials configured",
            "The vault references of app and slot resolve, and no documented setting is empty or a placeholder.",
            due=Due.START,
        ),
        measured(
            "feature-flags",
            "Feature flags configured",
            "The flag exists in the production store and is in the state in which the plan starts.",
            due=Due.START,
        ),
        measured(
            "api-keys",
            "API keys valid",
            "A declared check used each key and its service took it, or the named person tried them; none is shown.",
            due=Due.START,
        ),
        measured(
            "cors",
            "CORS settings correct",
            "The API allowed the UI's origin and refused a foreign one just now.",
            due=Due.START,
        ),
    ),
)

MONITORING = checklist(
    "monitoring",
    "Monitoring",
    3,
    Due.STEP_3,
    (
        measured(
            "logs",
            "Application logs accessible",
            "A log query with these very credentials returned rows of production, and their age was read.",
        ),
        measured(
            "error-tracking",
            "Error tracking configured (e.g., Sentry)",
            "The place that collects exceptions answered a query; that every exception arrives there is not proven.",
        ),
        measured(
            "performance-monitoring",
            "Performance monitoring active (e.g., Application Insights)",
            "Request telemetry of production arrived within its declared delay.",
        ),
        measured(
            "alert-rules",
            "Alert rules configured",
            "The named rules are enabled, call somebody, and their metric or query answers; none was made to fire.",
        ),
        measured(
            "dashboard",
            "Dashboard prepared",
            "The named dashboard exists and can be read; what it shows was not judged.",
        ),
    ),
)

COMMUNICATION = checklist(
    "communication",
    "Communication",
    3,
    Due.STEP_3,
    (
        signed(
            "window-scheduled",
            "Deployment window scheduled",
            "The named person agreed the window with those concerned.",
            due=Due.START,
        ),
        signed(
            "stakeholders-notified",
            "Stakeholders notified",
            "The named person told them; a message that was sent is not yet one that was read.",
            due=Due.START,
        ),
        signed(
            "support-briefed",
            "Support team briefed",
            "The named person told the support team what changes and whom to call.",
            due=Due.START,
        ),
        derived(
            "rollback-plan",
            "Rollback plan documented",
            "The rollback card of this very plan is on disk and its hash in the journal.",
            due=Due.START,
        ),
        derived(
            "emergency-contacts",
            "Emergency contacts listed",
            "The configuration names a person and a way to reach them for every role; nobody was called.",
        ),
    ),
)

PRE_DEPLOYMENT = (INFRASTRUCTURE, CODE_READINESS, DATABASE, CONFIGURATION, MONITORING, COMMUNICATION)
