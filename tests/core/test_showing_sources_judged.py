"""Rows of the sources where more is known than what was recorded: the newest look, the judge's word, after GO."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.afterwards import Later
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.ports import Sighting
from cpr_cockpit.core.showing_sources import sources
from cpr_cockpit.core.showing_window import window
from cpr_cockpit.core.signals import Source
from cpr_cockpit.core.source_row import SourceWord, source_word
from cpr_cockpit.core.verdict import Figure, HoldCause, Verdict, VerdictKind
from tests.core.a_run import OPENED, verdict
from tests.core.observations import OLD, T0
from tests.core.source_rows import KEPT, ORDERS, probed, row_of, run_of, said, seen, stage

# -- our own probes ----------------------------------------------------------------------------------------------------


def test_failed_looks_are_counted_and_a_good_one_after_them_is_the_recovery() -> None:
    failing = row_of(run_of(probed(20.0, True, False, False)), "probes_slot")
    assert (failing.trouble, failing.trouble_at, failing.recovered_at) == ("2 of 3 looks failed", T0 + 20.0, None)
    over = row_of(run_of(probed(20.0, True, False, True, True)), "probes_slot")
    assert (over.trouble, over.trouble_at, over.recovered_at) == ("1 of 4 looks failed", T0 + 18.0, T0 + 20.0)
    later = row_of(run_of(probed(20.0, False), probed(35.0, True, True)), "probes_slot")
    assert (later.trouble, later.recovered_at, later.lag_s) == ("1 of 1 looks failed", T0 + 35.0, 0.04)


def test_the_newest_look_counts_before_it_is_recorded_and_says_why_it_failed() -> None:
    run = run_of(probed(20.0, True))
    good = row_of(run, "probes_slot", slot_look=Sighting(T0 + 59.0, 200, OLD, "i", 40.0))
    assert (good.newest, good.answered_at, good.trouble) == (T0 + 59.0, T0 + 59.0, "")
    gone = row_of(run, "probes_slot", slot_look=Sighting(T0 + 59.0, None, None, None, 40.0, "connection refused"))
    assert (gone.trouble, gone.asked_at, gone.answered_at) == ("connection refused", T0 + 59.0, T0 + 20.0)
    for look, words in (
        (Sighting(T0 + 59.0, 503, None, None, 40.0), "answered 503"),
        (Sighting(T0 + 59.0, 200, None, None, 40.0), "it tells no version"),
        (Sighting(T0 + 59.0, None, None, None, 40.0), "no answer"),
    ):
        assert row_of(run, "probes_slot", slot_look=look).trouble == words
    # The Run itself is as it was: a look is not recorded yet.
    assert row_of(run, "probes_slot").trouble == ""


def test_of_a_failed_look_that_is_recorded_already_its_own_words_are_told() -> None:
    look = Sighting(T0 + 20.0, None, None, None, 40.0, "connection refused")
    assert row_of(run_of(probed(20.0, False)), "probes_slot", slot_look=look).trouble == "connection refused"
    over = row_of(run_of(probed(20.0, False, True)), "probes_slot", slot_look=replace(look, at=T0 + 18.0))
    assert (over.trouble, over.recovered_at) == ("1 of 2 looks failed", T0 + 20.0)


# -- the judge's word --------------------------------------------------------------------------------------------------


def test_of_what_the_judge_needs_age_and_limit_are_its_own_while_it_speaks() -> None:
    run = run_of(seen(Source.LOGS, 50.0, lag_p95=31.0))
    age = Figure("logs age", 30.0, "s", age_s=30.0, limit=94.0)
    live = row_of(run, "logs", spoken=said(T0 + 58.0, age))
    assert (live.newest, live.stale_after_s) == (T0 + 28.0, 94.0)
    none_yet = row_of(run, "logs", spoken=said(T0 + 58.0, replace(age, value=None, age_s=None)))
    assert none_yet.newest is None
    assert source_word(none_yet, T0 + 60.0) is SourceWord.WAITING


def test_what_the_judge_said_last_does_not_stand_still_as_the_age() -> None:
    run, age = run_of(seen(Source.LOGS, 50.0)), Figure("logs age", 30.0, "s", age_s=30.0, limit=94.0)
    final = said(T0 + 40.0, age, kind=VerdictKind.ROLLBACK)
    assert row_of(run, "logs", spoken=final).newest == T0 + 45.0
    back = run_of(seen(Source.LOGS, 50.0), verdict("WAIT"), replace_word(KEPT, "rollback"))
    assert row_of(back, "logs", spoken=said(T0 + 58.0, age)).newest == T0 + 45.0


def replace_word(event: ev.Decided, word: str) -> ev.Decided:
    return event.model_copy(update={"word": word})


def test_where_the_judge_itself_failed_the_ages_go_on() -> None:
    defect = Verdict(VerdictKind.HOLD, HoldCause.UNDECIDABLE, None, "a defect of this program", T0 + 58.0)
    row = row_of(run_of(seen(Source.PLATFORM, 50.0)), "platform", spoken=defect)
    assert (row.newest, row.stale_after_s) == (T0 + 45.0, 242.0)


def test_after_go_newer_figures_count_before_they_are_recorded_and_limits_are_of_the_slower_pace() -> None:
    run = run_of(seen(Source.USAGE, 50.0), probed(20.0, True), KEPT)
    later = Later("first 24 hours", T0 + 7200.0, T0 + 3000.0, 900.0)
    told = said(
        T0 + 4000.0,
        Figure("usage: active users", 9.0, "users", age_s=100.0),
        Figure("usage: page views", 9.0, "users", age_s=20.0),
        Figure("error rate", 0.0, "share", age_s=1.0),
    )
    row = row_of(run, "usage", T0 + 4000.0, spoken=told, later=later)
    assert (row.newest, row.stale_after_s) == (T0 + 3980.0, 1210.0)
    slot = row_of(run, "probes_slot", T0 + 4000.0, spoken=told, later=later)
    assert slot.stale_after_s == pytest.approx(122.08)
    opened = OPENED.model_copy(update={"signals": (ORDERS.to_dict(),)})
    signal = row_of(run_of(KEPT, opened=opened), "custom: orders", T0 + 4000.0, spoken=told, later=later)
    assert signal.stale_after_s == 2 * 300.0 + 2 * 30.0 + 2.0


def test_a_short_window_is_asked_faster_and_grows_stale_sooner() -> None:
    short = replace(stage(T0 + 60.0), policy=Policy().scaled(180.0))
    [row] = [one for one in sources(run_of(seen(Source.USAGE, 50.0)), short) if one.key == "usage"]
    assert row.stale_after_s == 10.0 + 4.0 * 12.0


def test_the_window_has_them_in_every_phase() -> None:
    run = run_of(seen(Source.USAGE, 50.0))
    assert window(run, stage(T0 + 60.0)).sources == sources(run, stage(T0 + 60.0))
    kept = run_of(seen(Source.USAGE, 50.0), KEPT)
    assert window(kept, stage(T0 + 60.0)).sources == sources(kept, stage(T0 + 60.0))
