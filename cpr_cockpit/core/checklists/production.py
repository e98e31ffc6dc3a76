"""Steps 7 and 8: before START, the migration in production, immediate and extended validation."""

from __future__ import annotations

from cpr_cockpit.core.checklist import Applies, Due
from cpr_cockpit.core.checklists.building import checklist, derived, measured, signed
from cpr_cockpit.core.checklists.staging import STAGING_VALIDATION

PRE_PRODUCTION = checklist(
    "pre-production",
    "Pre-Production Checklist",
    7,
    Due.START,
    (
        derived(
            "staging-validated",
            "Staging validation complete",
            "Every item of step 6 stands, and none of its evidence has expired or was voided by a fix.",
            follows=tuple(item.key for one in STAGING_VALIDATION for item in one.items),
        ),
        derived(
            "window-scheduled",
            "Deployment window scheduled",
            "The window was signed in step 3.",
            follows=("communication.window-scheduled",),
        ),
        derived(
            "stakeholders-notified",
            "Stakeholders notified",
            "Their notification was signed in step 3.",
            follows=("communication.stakeholders-notified",),
        ),
        signed(
            "support-on-standby",
            "Support team on standby",
            "The named person reached the support team shortly before START.",
        ),
        derived(
            "rollback-plan-ready",
            "Rollback plan ready",
            "The card is written and the rollback target answered with the old version.",
            follows=("communication.rollback-plan", "deployment-safety.rollback-ready"),
        ),
        signed(
            "dashboards-open",
            "Monitoring dashboards open",
            "The named person has the dashboards on a screen.",
        ),
    ),
)

PRODUCTION_MIGRATION = checklist(
    "production-migration",
    "Database Migrations (if applicable)",
    7,
    Due.GO,
    (
        derived(
            "backup-first",
            "ENSURE BACKUP VERIFIED FIRST",
            "The age of the newest restore point was read before START; a restore was not tried.",
            due=Due.START,
            follows=("database.backups",),
        ),
        measured(
            "progress",
            "Monitor migration progress",
            "The migration history of the production database ends with this release's last migration.",
        ),
        measured(
            "integrity",
            "Verify data integrity immediately after",
            "The configured integrity queries answered as they should after the migration; they see what they ask for.",
        ),
    ),
    applies=Applies.NOT_ROLLED_BACK,
)

PRODUCTION_HEALTH = checklist(
    "production-health",
    "Health Checks",
    8,
    Due.GO,
    (
        measured(
            "health",
            "GET /api/health → 200 OK",
            "Production's health address answered 200 with the new version on every instance that was seen.",
        ),
        measured(
            "loads",
            "Application loading without errors",
            "The page and the files that it names were fetched without an error after the switch.",
        ),
        measured(
            "no-5xx",
            "No 5xx errors in logs",
            "Fresh request logs since T0 hold no 5xx of the new version, or the number is shown.",
        ),
        measured(
            "error-rate",
            "Error rate within normal range",
            "The error rate since T0 meets its target or is not worse than the baseline, with its n.",
        ),
    ),
    applies=Applies.NOT_ROLLED_BACK,
)

PRODUCTION_CRITICAL_PATH = checklist(
    "production-critical-path",
    "Critical Path",
    8,
    Due.GO,
    (
        measured(
            "login",
            "User login working",
            "A test user signed in, and sign-in failures of real users did not rise above the same hour's.",
        ),
        measured(
            "feature",
            "Critical feature accessible",
            "The configured address of the feature answered as expected with a test user.",
        ),
        measured(
            "data",
            "Data loading correctly",
            "The configured reads returned the expected shape and were not empty.",
        ),
    ),
    applies=Applies.NOT_ROLLED_BACK,
)

EXTENDED_FUNCTIONAL = checklist(
    "extended-functional",
    "Functional Testing",
    8,
    Due.FINAL,
    (
        measured(
            "endpoints",
            "All new endpoints responding",
            "Every endpoint configured for the feature answered in production with the expected code.",
        ),
        measured(
            "authentication",
            "Authentication working",
            "A test user's token was accepted, and no token and a broken one were answered 401.",
        ),
        measured(
            "authorization",
            "Authorization enforced",
            "A test user without the right was answered 403 on the configured endpoints.",
        ),
        measured(
            "persistence",
            "Data persistence verified",
            "A test record was read back unchanged after it was written, and was removed again.",
        ),
        signed("ui", "UI rendering correctly", "The named person looked at the new pages in production."),
    ),
    applies=Applies.NOT_ROLLED_BACK,
)

EXTENDED_PERFORMANCE = checklist(
    "extended-performance",
    "Performance",
    8,
    Due.FINAL,
    (
        measured(
            "api",
            "API response times <200ms (p95)",
            "p95 of real requests to the new version since T0 is under 200 ms, with its n.",
        ),
        measured(
            "ui",
            "UI load time <2s",
            "The page with its files was fetched in under 2 s from this machine; rendering counts only with a browser.",
        ),
        measured(
            "no-degradation",
            "No performance degradation",
            "p95 since T0 is not worse than the baseline of the old version by more than the policy allows.",
        ),
        measured(
            "database-queries",
            "Database queries efficient",
            "Duration and failures of calls to the database stayed near the baseline; query plans were not read.",
        ),
    ),
    applies=Applies.NOT_ROLLED_BACK,
)

EXTENDED_MONITORING = checklist(
    "extended-monitoring",
    "Monitoring",
    8,
    Due.FINAL,
    (
        measured(
            "error-rate",
            "Error rate stable or decreasing",
            "The error rate of the last complete bins is not above that of the bins before them.",
        ),
        measured(
            "critical-errors",
            "No new critical errors",
            "No kind of exception appeared since T0 that the baseline did not have.",
        ),
        measured(
            "metrics",
            "Performance metrics normal",
            "Response times and request rate stayed in the range of the baseline.",
        ),
        measured(
            "infrastructure",
            "Infrastructure metrics healthy",
            "CPU and memory of the plan stayed under their warning limits.",
        ),
    ),
    applies=Applies.NOT_ROLLED_BACK,
)

PRODUCTION_JOURNEYS = checklist(
    "production-journeys",
    "User Journey Testing",
    8,
    Due.FINAL,
    (
        signed(
            "critical-journeys",
            "Test 2-3 critical user journeys in production with real accounts.",
            "The named person walked through the journeys with a real account.",
        ),
    ),
    applies=Applies.NOT_ROLLED_BACK,
)

IMMEDIATE_VALIDATION = (PRODUCTION_HEALTH, PRODUCTION_CRITICAL_PATH)
EXTENDED_VALIDATION = (EXTENDED_FUNCTIONAL, EXTENDED_PERFORMANCE, EXTENDED_MONITORING, PRODUCTION_JOURNEYS)
