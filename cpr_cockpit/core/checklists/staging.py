"""Steps 5 and 6: migrations in staging, smoke tests, critical journey and performance there."""

from __future__ import annotations

from cpr_cockpit.core.checklist import Due
from cpr_cockpit.core.checklists.building import checklist, measured, signed

STAGING_MIGRATION = checklist(
    "staging-migration",
    "Database Migrations",
    5,
    Due.STEP_5,
    (
        measured(
            "success",
            "Verify migration success",
            "The migration history of the staging database ends with this release's last migration.",
        ),
        measured(
            "integrity",
            "Check data integrity",
            "The configured integrity queries answered as they should after the migration; they see what they ask for.",
        ),
    ),
)

STAGING_API_HEALTH = checklist(
    "staging-api-health",
    "API Health Check",
    6,
    Due.STEP_6,
    (
        measured(
            "health",
            "GET /api/health → 200 OK",
            "Staging's health address answered 200 with the new version just now.",
        ),
        measured(
            "read",
            "GET /api/v1/[resource] → 200 OK (or 401 if auth required)",
            "Each configured resource answered with the expected one of these codes.",
        ),
        measured(
            "write",
            "POST /api/v1/[resource] → 201 Created (with valid auth)",
            "A test record was created with a test user, and was removed again.",
        ),
    ),
)

STAGING_API_FEATURE = checklist(
    "staging-api-feature",
    "Feature-Specific Endpoints",
    6,
    Due.STEP_6,
    (
        measured(
            "endpoints",
            "All new endpoints responding correctly",
            "Every endpoint configured for the feature answered with the expected code and shape.",
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
            "A test record was read back unchanged after it was written; a restart was not made.",
        ),
        measured(
            "error-handling",
            "Error handling correct",
            "The configured wrong requests were answered with the expected code and error shape, and no 5xx.",
        ),
    ),
)

STAGING_UI_LOADING = checklist(
    "staging-ui-loading",
    "UI Loading",
    6,
    Due.STEP_6,
    (
        measured(
            "loads",
            "Application loads without errors",
            "The page and the files that it names were fetched without an error; scripts ran only in a browser.",
        ),
        signed("authentication", "Authentication flow works", "The named person signed in and out in staging."),
        signed("navigation", "Navigation functional", "The named person walked through the menus in staging."),
        signed("feature", "New feature accessible", "The named person opened the new feature in staging."),
    ),
)

STAGING_UI_FEATURE = checklist(
    "staging-ui-feature",
    "Feature-Specific UI",
    6,
    Due.STEP_6,
    (
        signed("renders", "All new pages/components render", "The named person looked at every new page in staging."),
        signed("forms", "Forms submit successfully", "The named person submitted the new forms in staging."),
        signed("data", "Data displays correctly", "The named person compared what is shown with known data."),
        signed(
            "error-messages",
            "Error messages shown appropriately",
            "The named person provoked errors and read the messages.",
        ),
    ),
)

STAGING_JOURNEY = checklist(
    "staging-journey",
    "Critical User Journey",
    6,
    Due.STEP_6,
    (
        measured(
            "critical-journeys",
            "Test 1-2 most critical user journeys end-to-end in staging.",
            "Every step of the configured journeys answered as expected with a test user in staging.",
        ),
    ),
)

STAGING_PERFORMANCE = checklist(
    "staging-performance",
    "Performance Check",
    6,
    Due.STEP_6,
    (
        measured(
            "api",
            "Verify API response times <200ms",
            "p95 of a stated number of requests from this machine was under 200 ms, without user load.",
        ),
        measured(
            "ui",
            "Verify UI load time <2s",
            "The page with its files was fetched in under 2 s from this machine; rendering counts only with a browser.",
        ),
        signed(
            "console",
            "Check for console errors",
            "The named person looked at the browser's console on the new pages.",
        ),
        measured(
            "logs",
            "Monitor staging logs",
            "The log query found no new kind of error since the new version runs in staging.",
        ),
    ),
)

STAGING_VALIDATION = (
    STAGING_API_HEALTH,
    STAGING_API_FEATURE,
    STAGING_UI_LOADING,
    STAGING_UI_FEATURE,
    STAGING_JOURNEY,
    STAGING_PERFORMANCE,
)

STAGING = (STAGING_MIGRATION, *STAGING_VALIDATION)
