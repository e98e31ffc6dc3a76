"""Events of whole runs in the simulated world."""

from __future__ import annotations

from cpr_cockpit.core.events import Record, Script
from tests.engine.stage import AUTO, Stage
from tests.engine.users import HEALTHY, Behaviour

KEEPING = Script(decide="keep")
"""Kept whatever the verdict says, so that the data go on to the end of the window."""


def records_of(behaviour: Behaviour = HEALTHY, window_s: float = 10.0, script: Script = AUTO) -> list[Record]:
    """All events of a drill with a release that behaves like that."""
    with Stage(behaviour=behaviour, window_s=window_s, script=script) as stage:
        life = stage.begin()
        assert life.live()
        return list(life.recorder.records)
