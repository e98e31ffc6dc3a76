"""A freeze: START asks for a reason, which is on record; ROLLBACK and the watch ask nobody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cpr_cockpit.core.freeze import Freeze
from cpr_cockpit.core.run import Phase
from cpr_cockpit.core.safeguards import Safeguards
from cpr_cockpit.engine.freezing import Freezes
from cpr_cockpit.engine.showing import Showing
from tests.engine.stage import AUTO, Stage
from tests.engine.test_second_person import PEOPLE, done, ready
from tests.engine.world import NEW, OLD


def freeze_around(stage: Stage, zone: str = "UTC") -> Freeze:
    now = datetime.fromtimestamp(stage.world.clock.now(), UTC).replace(tzinfo=None)
    return Freeze("year's end", zone, now - timedelta(days=2), now + timedelta(days=2))


def test_start_in_a_freeze_needs_a_reason_and_a_name_and_rollback_needs_neither() -> None:
    with Stage(None) as stage:
        stage.change(safeguards=Safeguards(freezes=(freeze_around(stage),)))
        life = ready(stage)
        view = Showing(life.session, lambda run: "").view()
        assert "items block START. There is a freeze" in view.panel.sentence
        done(life, "status")
        view = Showing(life.session, lambda run: "").view()
        assert "There is a freeze year's end until" in view.panel.sentence
        assert view.panel.start is not None
        assert (view.panel.start.type_this, view.panel.start.needs_reason) == ("start", True)
        for arguments in ({"by": "ML"}, {"by": "ML", "reason": " "}, {"by": "", "reason": "the data leak"}):
            assert "START needs a reason" in done(life, "start", **arguments)
        assert done(life, "start", by="ML", reason="the data leak") == ""
        assert [one.detail for one in life.run_state.timeline if one.what == "Freeze overridden"] == [
            "year's end, by ML: the data leak"
        ]
        assert not life.live(lambda: life.run_state.phase is Phase.WINDOW)
        assert Showing(life.session, lambda run: "").view().panel.sentence.count("freeze") == 0
        assert done(life, "rollback", by="ML") == ""
        assert life.live()
        assert (stage.world.production, stage.world.slot) == (OLD, OLD)


def test_a_reason_waits_with_its_start_for_the_second_person() -> None:
    with Stage(None) as stage:
        stage.change(safeguards=Safeguards(two_person=("start",), people=PEOPLE, freezes=(freeze_around(stage),)))
        life = ready(stage)
        assert done(life, "start", by="ML", reason="the data leak") == ""
        assert done(life, "second", by="ML", words="JW") == ""
        rows = [one.what for one in life.run_state.timeline][-4:]
        assert rows == ["Second person asked for", "Second person", "Freeze overridden", "START"]


@pytest.mark.parametrize("zone", ["UTC", "Moon/Tranquility"])
def test_a_script_overrides_it_on_record(zone: str) -> None:
    with Stage(AUTO) as stage:
        stage.change(safeguards=Safeguards(freezes=(freeze_around(stage, zone),)))
        run = stage.whole_run()
        assert run.ended is not None
        assert (run.ended.decision, stage.world.production) == ("kept", NEW)
        assert [one.detail for one in run.timeline if one.what == "Freeze overridden"] == [
            "year's end, by drill: the script of a drill asks nobody"
        ]


def test_of_several_the_one_that_ends_last_is_told() -> None:
    noon = datetime.fromisoformat("2026-12-24T12:00")
    first = Freeze("short", "UTC", noon, noon + timedelta(hours=2))
    last = Freeze("long", "UTC", noon, noon + timedelta(hours=3))
    held = Freezes((first, last, first)).at(noon.replace(tzinfo=UTC).timestamp())
    assert Freezes(()).at(0.0) is None
    assert held is not None
    assert held.name == "long"
