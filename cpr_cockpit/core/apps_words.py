"""Several apps in words: which of them serve the new version, and in what order they go back."""

from __future__ import annotations

from cpr_cockpit.core.events import PlanMade
from cpr_cockpit.core.plan import key_of
from cpr_cockpit.core.rows import StepRow
from cpr_cockpit.core.run import Run


def part_words(run: Run) -> str:
    """How many of several apps serve the new version now; "" where there is one app, or nothing was switched yet."""
    plan = run.plan
    if plan is None or not plan.apps or not run.switched:
        return ""
    return f"{len(run.switched)} of {len(plan.apps)} apps serve {plan.new_version}"


def serving_words(run: Run) -> str:
    """The same with their names."""
    words = part_words(run)
    return f"{words}: {', '.join(run.switched)}" if words else ""


def turn_words(plan: PlanMade) -> str:
    """In what turns the apps are switched, and how each is judged; "" where there is one."""
    if not plan.apps:
        return ""
    most = "one app" if plan.at_once == 1 else f"at most {plan.at_once} apps"
    return f"{most} at a time: {', '.join(plan.apps)}; {plan.step_s:.0f} s between, judged beside the others"


def back_words(run: Run, plan: PlanMade) -> str:
    """What the way back of several apps does in which of them."""
    back = [app for app in reversed(plan.apps) if app in run.switched]
    swaps = f"swaps {plan.slot} and production in {', then '.join(back)}" if back else "no app is switched yet"
    return f"{swaps}, then puts {plan.old_version} into {plan.slot} of all apps" if plan.artifact else swaps


def rows_of(run: Run, key: str) -> tuple[StepRow, ...]:
    """The newest row of a step of the way forth in each app where it was begun."""
    found = {row.key: row for row in run.steps if key_of(row.key) == key and row.way == "forward"}
    return tuple(found.values())
