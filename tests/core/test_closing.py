"""When a run may be closed, and what a rollback makes of one that was closed."""

from __future__ import annotations

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.closing import closed, state_words, why_not
from cpr_cockpit.core.issue_events import RunClosed
from cpr_cockpit.core.run import Run, fold
from tests.core.a_run import OPENED, PLANNED
from tests.core.observations import NEW

KEPT = ev.Decided(word="keep", by="ana", verdict="GO", sentence="all is well")
BACK = ev.Decided(word="rollback", by="ana", verdict="HOLD", sentence="users complain")
SWITCHED = ev.TrafficSwitched(way="forward", version=NEW, t0=1100.0)
EXTENDED = ev.WatchChecked(
    stage="extended validation", since=1100.0, due=1200.0, kind="GO", cause=None, sentence="all is well"
)


def told(*events: ev.AnyEvent) -> Run:
    whole = (OPENED, PLANNED, ev.Started(by="ana"), SWITCHED, *events)
    return fold(ev.Record(seq=n, at=1000.0 + n, event=one, hash="") for n, one in enumerate(whole, 1))


def test_a_version_that_may_still_be_rolled_back_by_itself_is_not_closed() -> None:
    assert "extended validation" in why_not(told(KEPT))
    assert why_not(told(KEPT, EXTENDED)) == ""
    over = ev.RunEnded(
        decision="kept", provisional=True, production_version=NEW, slot_version=None, reason="ended on command"
    )
    assert why_not(told(KEPT, over)) == ""


def test_a_rollback_opens_what_was_closed_with_other_lists() -> None:
    run = told(KEPT, EXTENDED, RunClosed(by="ana", items=32))
    assert closed(run) is not None
    run.apply(ev.Record(seq=9, at=2000.0, event=BACK, hash=""))
    assert closed(run) is None
    assert why_not(run) == "its rollback has not ended"
    assert "closed by" not in state_words(run, {}, 2000.0)
