"""Every checklist of the written procedure as data, a module for each group.

``ALL_CHECKLISTS`` has them nearly in the order of the procedure's steps: sources come before what follows from them.
Which of them are in force depends on the deployment: see ``cpr_cockpit.core.checklist.applying``.
"""

from __future__ import annotations

from cpr_cockpit.core.checklists.completion import NEXT_STEPS, SUCCESS_CRITERIA
from cpr_cockpit.core.checklists.documentation import ANNOUNCEMENT, DOCUMENTATION, LESSONS_LEARNED, SIGN_OFF
from cpr_cockpit.core.checklists.merge import MERGE, PULL_REQUEST_DOCUMENTATION
from cpr_cockpit.core.checklists.monitoring import CRITICAL_WINDOW, FIRST_DAY, FIRST_HOUR, MONITORING_PLAN
from cpr_cockpit.core.checklists.pre_deployment import PRE_DEPLOYMENT
from cpr_cockpit.core.checklists.prerequisites import (
    AUTOMATED_VALIDATION,
    CONDITIONAL_DEPLOYMENT,
    DEPLOYMENT_SAFETY,
    PREREQUISITES,
    TEST_FINDINGS,
    TEST_REPORT,
)
from cpr_cockpit.core.checklists.principles import PRINCIPLES
from cpr_cockpit.core.checklists.production import (
    EXTENDED_VALIDATION,
    IMMEDIATE_VALIDATION,
    PRE_PRODUCTION,
    PRODUCTION_MIGRATION,
)
from cpr_cockpit.core.checklists.quality import QUALITY
from cpr_cockpit.core.checklists.rollback import ROLLBACK_FOLLOW_UP
from cpr_cockpit.core.checklists.staging import STAGING

ALL_CHECKLISTS = (
    PREREQUISITES,
    AUTOMATED_VALIDATION,
    CONDITIONAL_DEPLOYMENT,
    TEST_REPORT,
    TEST_FINDINGS,
    *PRE_DEPLOYMENT,
    PRINCIPLES,
    DEPLOYMENT_SAFETY,
    PULL_REQUEST_DOCUMENTATION,
    MERGE,
    *STAGING,
    PRE_PRODUCTION,
    PRODUCTION_MIGRATION,
    *IMMEDIATE_VALIDATION,
    *EXTENDED_VALIDATION,
    CRITICAL_WINDOW,
    *FIRST_HOUR,
    *FIRST_DAY,
    *ROLLBACK_FOLLOW_UP,
    *DOCUMENTATION,
    ANNOUNCEMENT,
    LESSONS_LEARNED,
    *QUALITY,
    SUCCESS_CRITERIA,
    *MONITORING_PLAN,
    SIGN_OFF,
    NEXT_STEPS,
)

__all__ = [
    "ALL_CHECKLISTS",
    "ANNOUNCEMENT",
    "AUTOMATED_VALIDATION",
    "CONDITIONAL_DEPLOYMENT",
    "CRITICAL_WINDOW",
    "DEPLOYMENT_SAFETY",
    "DOCUMENTATION",
    "EXTENDED_VALIDATION",
    "FIRST_DAY",
    "FIRST_HOUR",
    "IMMEDIATE_VALIDATION",
    "LESSONS_LEARNED",
    "MERGE",
    "MONITORING_PLAN",
    "NEXT_STEPS",
    "PREREQUISITES",
    "PRE_DEPLOYMENT",
    "PRE_PRODUCTION",
    "PRINCIPLES",
    "PRODUCTION_MIGRATION",
    "PULL_REQUEST_DOCUMENTATION",
    "QUALITY",
    "ROLLBACK_FOLLOW_UP",
    "SIGN_OFF",
    "STAGING",
    "SUCCESS_CRITERIA",
    "TEST_FINDINGS",
    "TEST_REPORT",
]
