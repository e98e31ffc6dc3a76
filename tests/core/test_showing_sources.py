"""What a row of the sources says after success, trouble, recovery, a partial answer, silence, and at the end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.blocks import Reading
from cpr_cockpit.core.run import fold
from cpr_cockpit.core.showing_sources import sources
from cpr_cockpit.core.signals import Observation, Source
from cpr_cockpit.core.source_row import SourceWord, source_word
from tests.core.a_run import OPENED, PREPARED
from tests.core.observations import T0
from tests.core.source_rows import ENDED, KEPT, ORDERS, failed, row_of, run_of, seen, stage

# -- one source after another event ------------------------------------------------------------------------------------


def test_a_good_answer_is_ok_with_its_datum_its_lag_and_its_times() -> None:
    row = row_of(run_of(seen(Source.DEPENDENCIES, 50.0, lag_p95=31.0)), "dependencies")
    assert (row.newest, row.lag_s, row.asked_at, row.answered_at) == (T0 + 45.0, 31.0, T0 + 50.0, T0 + 50.0)
    assert (row.trouble, row.trouble_at, row.recovered_at) == ("", None, None)
    assert source_word(row, T0 + 60.0) is SourceWord.OK


def test_a_failed_reading_is_trouble_and_leaves_datum_and_answer_as_they_were() -> None:
    run = run_of(seen(Source.DEPENDENCIES, 20.0), failed(Source.DEPENDENCIES, 50.0))
    row = row_of(run, "dependencies")
    assert (row.newest, row.asked_at, row.answered_at) == (T0 + 15.0, T0 + 50.0, T0 + 20.0)
    assert (row.trouble, row.trouble_at, row.recovered_at) == ("no answer within 15 s", T0 + 50.0, None)
    assert source_word(row, T0 + 60.0) is SourceWord.TROUBLE


def test_trouble_is_told_after_it_is_over_too_with_the_first_good_answer_since() -> None:
    first, second = seen(Source.DEPENDENCIES, 40.0), seen(Source.DEPENDENCIES, 55.0)
    row = row_of(run_of(failed(Source.DEPENDENCIES, 20.0), first, second), "dependencies")
    assert (row.trouble, row.trouble_at, row.recovered_at) == ("no answer within 15 s", T0 + 20.0, T0 + 40.0)
    assert source_word(row, T0 + 60.0) is SourceWord.OK
    again = row_of(run_of(first, failed(Source.DEPENDENCIES, 59.0, "refused (403)")), "dependencies")
    assert (again.trouble, again.recovered_at) == ("refused (403)", None)


def test_a_partial_answer_is_trouble_and_its_figures_count_where_they_stand_alone() -> None:
    whole, part = Reading("goals-db failed", 0.0, "share"), "one question was throttled"
    further = row_of(
        run_of(seen(Source.DEPENDENCIES, 20.0), seen(Source.DEPENDENCIES, 50.0, partial=part, readings=(whole,))),
        "dependencies",
    )
    assert (further.trouble, further.newest) == (f"partial answer: {part}", T0 + 45.0)
    logs = row_of(run_of(seen(Source.LOGS, 40.0), seen(Source.LOGS, 50.0, partial=part)), "logs")
    assert (logs.trouble, logs.newest, logs.answered_at) == (f"partial answer: {part}", T0 + 35.0, T0 + 50.0)
    assert {source_word(one, T0 + 60.0) for one in (further, logs)} == {SourceWord.TROUBLE}


def test_what_did_not_come_for_the_early_tests_is_trouble_of_the_logs_and_what_others_say_is_none() -> None:
    words = ("The early tests' figures did not come: timeout",)
    logs = row_of(run_of(seen(Source.LOGS, 50.0, lines=words)), "logs")
    assert logs.trouble == f"partial answer: {words[0]}"
    assert row_of(run_of(seen(Source.USAGE, 50.0, lines=words)), "usage").trouble == ""


def test_a_datum_of_the_future_is_trouble_and_is_not_believed() -> None:
    ahead = Observation(Source.USAGE, T0 + 50.0, measured_at=T0 + 150.0)
    row = row_of(run_of(seen(Source.USAGE, 20.0), ahead), "usage")
    assert row.newest == T0 + 15.0
    assert row.trouble == "its newest datum is dated 100 s ahead of this machine's clock"


def test_a_page_of_a_server_is_cut() -> None:
    assert len(row_of(run_of(failed(Source.USAGE, 1.0, "x" * 5000)), "usage").trouble) == 300


def test_an_answer_that_comes_late_changes_nothing() -> None:
    run = run_of(seen(Source.USAGE, 50.0), failed(Source.USAGE, 20.0))
    assert row_of(run, "usage") == row_of(run_of(seen(Source.USAGE, 50.0)), "usage")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"at": "noon"},
        {"at": float("nan")},
        {"at": T0 + 1, "measured_at": "x", "probes": "x"},
        {"at": T0, "error": ""},
    ],
)
def test_a_body_that_is_no_observation_ends_nothing(body: dict[str, Any]) -> None:
    events = tuple(
        ev.Observed(source=str(source), body={"source": str(source), **body})
        for source in (*Source, "of another program")
    )
    rows = sources(run_of(*events), stage(T0 + 1.0))
    assert {one.key for one in rows} >= {source.value for source in Source if source is not Source.CUSTOM}
    assert all(one.newest is None for one in rows)


# -- silence -----------------------------------------------------------------------------------------------------------


def test_who_has_not_answered_yet_is_waited_for_and_then_never_answered() -> None:
    row = row_of(run_of(), "logs")
    assert (row.newest, row.answered_at, row.since, row.stale_after_s) == (None, None, T0, 36.0)
    assert source_word(row, T0 + 36.0) is SourceWord.WAITING
    assert source_word(row, T0 + 36.5) is SourceWord.NEVER


def test_an_answer_without_data_is_no_datum_of_a_source_that_must_have_some() -> None:
    row = row_of(run_of(Observation(Source.LOGS, T0 + 30.0)), "logs")
    assert source_word(row, T0 + 31.0) is SourceWord.WAITING
    assert source_word(row, T0 + 37.0) is SourceWord.NEVER


def test_it_grows_stale_by_the_clock_alone_whatever_is_answered() -> None:
    old = Observation(Source.DEPENDENCIES, T0 + 300.0, measured_at=T0 + 40.0)
    row = row_of(run_of(old), "dependencies", T0 + 300.0)
    assert row.stale_after_s == 250.0
    assert source_word(row, T0 + 290.0) is SourceWord.OK
    assert source_word(row, T0 + 290.5) is SourceWord.STALE


def test_what_is_stale_is_not_called_trouble_only() -> None:
    row = row_of(run_of(seen(Source.USAGE, 10.0), failed(Source.USAGE, 40.0)), "usage")
    assert source_word(row, T0 + 400.0) is SourceWord.STALE


def test_no_news_is_good_news_of_exceptions_and_no_staleness_where_nothing_sends_any() -> None:
    run = run_of(seen(Source.EXCEPTIONS, 10.0), Observation(Source.BROWSER, T0 + 10.0))
    for key in ("exceptions", "browser"):
        row = row_of(run, key)
        assert row.stale_after_s is None
        assert source_word(row, T0 + 9000.0) is SourceWord.OK
    silent = row_of(run_of(failed(Source.BROWSER, 10.0)), "browser")
    assert source_word(silent, T0 + 300.0) is SourceWord.NEVER


# -- which there are ---------------------------------------------------------------------------------------------------


def test_before_the_switch_and_after_the_end_nobody_is_asked() -> None:
    before = fold(ev.Record(seq=1, at=T0, event=one, hash="") for one in PREPARED)
    rows = sources(before, stage(T0))
    assert [one.key for one in rows] == ["logs", "platform", "probes_production", "probes_slot"]
    after = sources(run_of(seen(Source.USAGE, 10.0), KEPT, ENDED), stage(T0 + 900.0))
    assert {source_word(one, T0 + 900.0) for one in (*rows, *after)} == {SourceWord.OFF}
    assert "usage" in {one.key for one in after}


def test_each_signal_has_a_row_of_its_own_and_the_judges_limit() -> None:
    logins = replace(ORDERS, name="logins", every_s=15.0)
    opened = OPENED.model_copy(update={"signals": (ORDERS.to_dict(), logins.to_dict(), {"name": "of a later program"})})
    run = run_of(
        seen(Source.CUSTOM, 50.0, name="orders", lag_p95=40.0),
        failed(Source.CUSTOM, 55.0, "refused (401)", name="logins"),
        seen(Source.CUSTOM, 55.0, name="nobody's"),
        opened=opened,
    )
    rows = sources(run, stage(T0 + 60.0))[4:]
    assert [one.name for one in rows] == ["signal orders", "signal logins", "signal nobody's"]
    # 2 x poll + 2 x lag + 2 s; before any lag was measured it is the delay that was declared.
    assert [one.stale_after_s for one in rows] == [202.0, 92.0, 250.0]
    assert [source_word(one, T0 + 60.0) for one in rows] == [SourceWord.OK, SourceWord.TROUBLE, SourceWord.OK]


def test_a_days_reading_of_the_logs_is_one_of_the_logs() -> None:
    rows = sources(run_of(seen(Source.LOGS, 20.0), failed(Source.LOGS, 50.0, name="day")), stage(T0 + 60.0))
    assert [one.trouble for one in rows if one.key.startswith("logs")] == ["no answer within 15 s"]
