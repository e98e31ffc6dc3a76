"""Where a recorded verdict came from that no figure gave: what happened outside, or what the session itself saw."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.run import Run
from cpr_cockpit.core.standings import PROGRAM
from cpr_cockpit.core.verdict import HoldCause
from cpr_cockpit.engine.telling import Told

_OUTSIDE = {HoldCause.FOREIGN.value: "a foreign change", HoldCause.SLEPT.value: "a machine that slept"}


def strangers_of(run: Run, tale: Sequence[Told]) -> set[str]:
    """Versions that answered own probes, and are neither of the plan's two."""
    seen = {version for one in tale if one.seen is not None for probe in one.seen.probes for version in probe.versions}
    return seen - {run.plan.old_version, run.plan.new_version} if run.plan is not None else seen


def origin_of(one: ev.VerdictGiven, run: Run, strangers: set[str], *, due: bool) -> str:
    """Where a verdict came from that no figure gave, else "".

    A hold of the session itself names the step that failed, or the version that is none of ours, and is noted with its
    words. Older journals lack that note; but a judge's suspicion without a rule comes only when the decision is due.
    """
    if one.cause in _OUTSIDE:
        return _OUTSIDE[one.cause]
    if one.cause != HoldCause.SUSPICIOUS.value or one.rule is not None:
        return ""
    failed = (row.title for row in run.steps if row.result in ("failed", "stopped"))
    step = next((title for title in failed if title and title in one.sentence), None)
    if step is not None:
        return f"the step '{step}', which did not succeed"
    words = re.split(r"[\s,;:'\"]+", one.sentence)
    version = next((version for version in sorted(strangers) if version in words), None)
    if version is not None:
        return f"version {version} in production, which the plan does not know"
    noted = any(note.by == PROGRAM and note.words == one.sentence for _, note in run.notes)
    return "the session itself" if noted or not due else ""
