"""Runs in the state folder of a test: real journals of sessions that lived in a simulated world."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cpr_cockpit.core.events import Script
from cpr_cockpit.engine.places import runs_home
from tests.engine.moments import Moment
from tests.engine.stage import AUTO, Stage
from tests.engine.users import HEALTHY, Behaviour


def ended(
    name: str,
    behaviour: Behaviour = HEALTHY,
    prepare: Callable[[Stage], None] = lambda stage: None,
    script: Script = AUTO,
) -> Path:
    """A run that has come to its end."""
    with Stage(script, behaviour=behaviour, folder=runs_home() / name) as stage:
        prepare(stage)
        stage.whole_run()
        return stage.folder


def died(name: str, what: str) -> Path:
    """A run whose session died just after ``what``."""
    with Stage(folder=runs_home() / name) as stage:
        life = stage.begin()
        assert not life.live(Moment(what, 0).of(life))
        life.die()
        return stage.folder
