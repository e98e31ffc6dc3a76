"""Step 9 and the monitoring plan of step 12: critical window, first hour, first day, first week, afterwards."""

from __future__ import annotations

from cpr_cockpit.core.checklist import Applies, Due
from cpr_cockpit.core.checklists.building import checklist, derived, measured, signed

CRITICAL_WINDOW = checklist(
    "critical-window",
    "Critical Window (First 15 minutes)",
    9,
    Due.GO,
    (
        measured(
            "watch",
            "Watch: Error logs continuously",
            "The log query ran through the whole window and its data covers it; gaps are shown.",
        ),
        measured("monitor", "Monitor: Error rate spikes", "Every complete minute of the window has a rate with its n."),
        measured(
            "check",
            "Check: Performance degradation",
            "p95 of every complete minute was compared with the baseline of the old version.",
        ),
        derived(
            "validate",
            "Validate: Critical features working",
            "The immediate validation's critical path stands.",
            follows=(
                "production-critical-path.login",
                "production-critical-path.feature",
                "production-critical-path.data",
            ),
        ),
    ),
    applies=Applies.NOT_ROLLED_BACK,
)

FIRST_HOUR_METRICS = checklist(
    "first-hour-metrics",
    "Metrics to Monitor",
    9,
    Due.FIRST_HOUR,
    (
        measured(
            "error-rate",
            "Application error rate (target: <1%)",
            "The rate of each quarter of the hour, with its n, against the target.",
        ),
        measured(
            "response-times",
            "API response times (p50, p95, p99)",
            "The three percentiles of each quarter of the hour, with their n, against their targets.",
        ),
        measured(
            "connection-pool",
            "Database connection pool usage",
            "The database's connection count was read, where the platform offers it.",
        ),
        measured("cpu-memory", "Memory/CPU usage", "The platform's figures for the plan, against their limits."),
        measured("request-rate", "Request rate", "Requests per second beside the same hour of earlier days."),
        measured(
            "active-users",
            "Active users",
            "Distinct users or sessions in the telemetry; unknown where it carries no such id.",
        ),
    ),
    applies=Applies.NOT_ROLLED_BACK,
)

FIRST_HOUR_LOGS = checklist(
    "first-hour-logs",
    "Log Analysis",
    9,
    Due.FIRST_HOUR,
    (
        measured(
            "new-errors",
            "Check for new error patterns",
            "The query for kinds of exception that the baseline did not have ran over the whole hour.",
        ),
        measured(
            "data-corruption",
            "Verify no data corruption",
            "The configured integrity queries answered as they should; they see what they ask for.",
        ),
        measured(
            "integrations",
            "Validate integrations working",
            "Calls to each dependency in the telemetry fail no more often than before.",
        ),
        measured(
            "authentication",
            "Check authentication logs",
            "Answers 401 and 403 by endpoint were compared with the same hour before the deployment.",
        ),
    ),
    applies=Applies.NOT_ROLLED_BACK,
)

FIRST_DAY_BUSINESS = checklist(
    "first-day-business",
    "Business Metrics",
    9,
    Due.FIRST_DAY,
    (
        signed("adoption", "Feature adoption rate", "The named person entered the figure and where it was read."),
        signed("engagement", "User engagement", "The named person entered the figure and where it was read."),
        signed("conversion", "Conversion metrics", "The named person entered the figure and where it was read."),
        signed("tickets", "Customer support tickets", "The named person entered how many came and what about."),
    ),
    applies=Applies.NOT_ROLLED_BACK,
)

FIRST_DAY_TECHNICAL = checklist(
    "first-day-technical",
    "Technical Metrics",
    9,
    Due.FIRST_DAY,
    (
        measured(
            "health", "Overall application health", "The health address was asked through the day; gaps are shown."
        ),
        measured("performance", "Performance trends", "Hourly percentiles of the day beside the day before."),
        measured("errors", "Error patterns", "Kinds of exception of the day beside the day before."),
        measured(
            "capacity", "Infrastructure capacity", "CPU and memory of the day's busiest hour, against their limits."
        ),
    ),
    applies=Applies.NOT_ROLLED_BACK,
)

PLAN_FIRST_DAY = checklist(
    "plan-first-day",
    "First 24 Hours (Active Monitoring)",
    12,
    Due.FIRST_DAY,
    (
        measured(
            "error-rate", "Error rate: Monitored hourly", "The journal holds a reading for every hour of the day."
        ),
        measured(
            "performance",
            "Performance metrics: Monitored hourly",
            "The journal holds a reading for every hour of the day.",
        ),
        signed("feedback", "User feedback: Support tickets reviewed", "The named person read the day's tickets."),
        derived(
            "business",
            "Business metrics: Feature adoption tracked",
            "The day's adoption figure was entered.",
            follows=("first-day-business.adoption",),
        ),
    ),
    applies=Applies.NOT_ROLLED_BACK,
)

PLAN_FIRST_WEEK = checklist(
    "plan-first-week",
    "First Week (Enhanced Monitoring)",
    12,
    Due.FIRST_WEEK,
    (
        measured(
            "errors", "Error patterns: Daily analysis", "The journal holds an analysis for every day of the week."
        ),
        measured(
            "performance",
            "Performance trends: Daily review",
            "The journal holds the percentiles of every day of the week; that somebody read them it does not prove.",
        ),
        signed("adoption", "User adoption: Daily metrics", "The named person entered a figure for every day."),
        signed(
            "tickets",
            "Support tickets: Categorized and reviewed",
            "The named person read and sorted the week's tickets.",
        ),
    ),
    applies=Applies.NOT_ROLLED_BACK,
)

PLAN_ONGOING = checklist(
    "plan-ongoing",
    "Ongoing (Standard Monitoring)",
    12,
    Due.FIRST_WEEK,
    (
        signed("health", "Application health: Standard dashboard", "The named person took the app into standard care."),
        measured("alerts", "Alerts: Production alert rules active", "The named alert rules exist and are enabled."),
        signed("metrics", "Metrics: Weekly review", "The named person put the app on the agenda of the weekly review."),
    ),
    applies=Applies.NOT_ROLLED_BACK,
)

FIRST_HOUR = (FIRST_HOUR_METRICS, FIRST_HOUR_LOGS)
FIRST_DAY = (FIRST_DAY_BUSINESS, FIRST_DAY_TECHNICAL)
MONITORING_PLAN = (PLAN_FIRST_DAY, PLAN_FIRST_WEEK, PLAN_ONGOING)
