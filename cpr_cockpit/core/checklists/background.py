"""Background work: no list of the written procedure, and in force only where an app declares a rule for it."""

from __future__ import annotations

from cpr_cockpit.core.checklist import Due
from cpr_cockpit.core.checklists.building import checklist, measured

BACKGROUND_WORK = checklist(
    "background-work",
    "Background Work",
    7,
    Due.START,
    (
        measured(
            "one-rule",
            "Background work runs once: the declared rule holds",
            "sticky-off: Resource Manager has the setting as sticky and off in the slot. idempotent, none: the named "
            "person vouches that work done twice does no harm, or that there is none.",
        ),
    ),
)
