"""What must hold of a configured feature flag before anything begins."""

from __future__ import annotations

from cpr_cockpit.core.flags import cannot_be_raised, cannot_be_set_off
from cpr_cockpit.core.ports import FeatureFlags
from cpr_cockpit.core.strategies import Course
from cpr_cockpit.core.strategy import FEATURE_FLAG

NO_STORE = "No App Configuration is configured: name the application's store, app_configuration, in its environment."


async def flag_told(flags: FeatureFlags | None, course: Course) -> tuple[str, str]:
    """What is wrong with the course's flag and what to do ("" where nothing is), and its state. PortError."""
    if not course.flag:
        return ("Strategy feature-flag needs a flag: name it in [strategy].", "") if _by_flag(course) else ("", "")
    if flags is None:
        return NO_STORE, ""
    flag = await flags.read(course.flag)
    if not _by_flag(course):
        return cannot_be_set_off(flag), flag.words
    wrong = cannot_be_raised(flag)
    if not wrong and flag.share:
        wrong = f"Flag {flag.name} is on already for {flag.share:g} % of the users: set it off, then begin again."
    return wrong, flag.words


def _by_flag(course: Course) -> bool:
    return course.strategy == FEATURE_FLAG
