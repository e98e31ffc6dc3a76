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
            "The named person planned the fix, the revert or flag in main, and the withdrawal of the release.",
        ),
        derived(
            "update-report",
            "Update deployment report",
            "The report was generated after the rollback was proven, from the journal that holds it.",
        ),
    ),
    applies=Applies.ROLLED_BACK,
)

ROLLBACK_FOLLOW_UP = (ROLLBACK_DATABASE, POST_ROLLBACK)
