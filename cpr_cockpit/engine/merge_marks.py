"""What the merge proves of the checklists: marks of its own, which no later reading of a sensor takes back."""

from __future__ import annotations

from collections.abc import Sequence

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.checklist import Mark
from cpr_cockpit.core.checklists.merge import CHECKS, MERGED, PULL_REQUEST, TAGGED
from cpr_cockpit.core.code import CodeHost
from cpr_cockpit.core.merging import short
from cpr_cockpit.engine.recorder import Recorder

MERGE = "merge"
"""Who marks: not the name under which sensors mark, which read the same items again later."""


def mark(recorder: Recorder, hosts: Sequence[CodeHost]) -> None:
    """Mark the items of step 4 as measured; where a person goes on without all, waived by that person, with why."""
    code = recorder.run.code
    rows = [code.of(host.name) for host in hosts]
    tag = code.begun.tag if code.begun is not None else ""
    told = {
        PULL_REQUEST: [f"{one.name}#{one.number}" for one in rows],
        CHECKS: [f"{one.name}: {one.rows['checks'].words}" for one in rows if one.good("checks")]
        or ["merged before this run looked"],
        MERGED: [f"{one.name} as {short(one.merged_as)}" for one in rows],
        TAGGED: [f"{one.name}: {tag} names {short(one.merged_as)}" for one in rows],
    }
    for item, words in told.items():
        value = "; ".join(words)[:500]
        if code.gone_on is None:
            recorder.record(ev.ItemMarked(item=item, mark=Mark.MEASURED, by=MERGE, value=value))
        else:
            why = code.gone_on
            recorder.record(ev.ItemMarked(item=item, mark=Mark.WAIVED, by=why.by, value=value, note=why.reason))
