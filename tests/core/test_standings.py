"""What stood at START of what is due by then stands in the papers afterwards, whatever its age."""

from __future__ import annotations

import pytest

from cpr_cockpit.core.checklist import items_of, open_reason
from cpr_cockpit.core.checklists.prerequisites import DEPLOYMENT_SAFETY
from cpr_cockpit.core.events import ItemMarked, Started
from cpr_cockpit.core.run import fold
from cpr_cockpit.core.standings import standings
from tests.documents.report_runs import T0, Script, Told

READY = "deployment-safety.rollback-ready"


@pytest.mark.parametrize(("before", "stands"), [(30.0, True), (90.0, False)], ids=["stood", "had expired"])
def test_what_stood_at_start_does_not_expire_afterwards(before: float, stands: bool) -> None:
    script = Script(Told())
    mark = ItemMarked(item=READY, mark="measured", by="cpr-cockpit", value="the way back answers")
    script.add(mark.model_copy(update={"expires_at": script.at + before + 61.0}), Started(by="ana"), after=before)
    run = fold(script.rows)
    item = next(one for one in items_of((DEPLOYMENT_SAFETY,)) if one.key == READY)
    late = T0 + 100_000.0
    assert (open_reason(item, standings(run, late).get(READY), late) is None) == stands
