"""Step 10: what is left to do after a rollback. None of it is ever asked for before one."""

from __future__ import annotations

from cpr_cockpit.core.checklist import Applies, Due
from cpr_cockpit.core.checklists.building import checklist, derived, measured, signed

ROLLBACK_DATABASE = checklist(
    "rollback-database",
    "Database Rollback (if migration performed)",
    10,
    Due.CLOSE,
    (
        measured(
            "integrity",
            "Verify data integrity after rollback",
            "The configured integrity queries answered as they should after the rollback; they see what they ask for.",
        ),
    ),
    applies=Applies.ROLLED_BACK,
)

POST_ROLLBACK = checklist(
    "post-rollback",
    "Post-Rollback",
    10,
    Due.CLOSE,
    (
        signed(
            "notify-stakeholders",
            "Notify stakeholders",
            "The named person told them that the old version serves again, and since when.",
        ),
        signed(
            "root-cause",
            "Document root cause",
            "The named person wrote down the cause, or who looks for it until when.",
        ),
        signed(
            "plan-fix",
            "Plan fix and redeployment",
            "The named person planned the fix and when it is deployed, as a new run.",
        ),
        derived(
            "update-report",
            "Update deployment report",
            "The report was generated after the rollback was proven, from the journal that holds it.",
        ),
    ),
    applies=Applies.ROLLED_BACK,
)

FOLLOW_UP = checklist(
    "rollback-follow-up",
    "Rollback Follow-up",
    10,
    Due.CLOSE,
    (
        measured(
            "errors-at-baseline",
            "Errors back at baseline",
            "The users' failures after the way back are as many as the baseline shows, told by at least 100 requests.",
        ),
        measured(
            "dead-letters",
            "No message left undone",
            "The queue had no more dead letters than before the switch when it was last read; else see to them.",
        ),
        signed(
            "revert-or-flag",
            "Revert or flag in main",
            "The named person took the change out of main, or behind a flag that is off.",
        ),
        signed(
            "release-withdrawn",
            "Release withdrawn",
            "The named person withdrew tag, package and announcement, so that nobody deploys it again.",
        ),
    ),
    applies=Applies.ROLLED_BACK,
)
"""Of this program, beside the procedure's own list."""

ROLLBACK_FOLLOW_UP = (FOLLOW_UP, ROLLBACK_DATABASE, POST_ROLLBACK)
