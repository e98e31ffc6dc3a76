"""What must hold of a configured feature flag before anything begins."""

from __future__ import annotations

from cpr_cockpit.core.choosing import FlagChoice
from cpr_cockpit.core.flags import cannot_be_raised, cannot_be_set_off
from cpr_cockpit.core.ports import FeatureFlags, PortError
from cpr_cockpit.core.strategies import Course
from cpr_cockpit.core.strategy import FEATURE_FLAG

NO_STORE = "No App Configuration is configured: name the application's store, app_configuration, in its environment."


async def flag_told(flags: FeatureFlags | None, course: Course) -> tuple[str, str]:
    """What is wrong with the course's flag and what to do ("" where nothing is), and its state. PortError."""
    found = await _read(flags, course)
    return found.not_raised if course.strategy == FEATURE_FLAG else found.not_set_off, found.words


async def flag_facts(flags: FeatureFlags | None, course: Course) -> FlagChoice:
    """What can be done with the course's flag by either kind of strategy; one that cannot be read can do nothing."""
    try:
        return await _read(flags, course)
    except PortError as error:
        return FlagChoice(not_raised=error.words(), not_set_off=error.words())


async def _read(flags: FeatureFlags | None, course: Course) -> FlagChoice:
    if not course.flag:
        return FlagChoice(not_raised="Strategy feature-flag needs a flag: name it in [strategy].")
    if flags is None:
        return FlagChoice(not_raised=NO_STORE, not_set_off=NO_STORE)
    flag = await flags.read(course.flag)
    wrong = cannot_be_raised(flag)
    if not wrong and flag.share:
        wrong = f"Flag {flag.name} is on already for {flag.share:g} % of the users: set it off, then begin again."
    return FlagChoice(wrong, cannot_be_set_off(flag), flag.words)
