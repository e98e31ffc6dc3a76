"""What the journal's figures say near the end of the window: of the logs' cover, of the database, of the metrics."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cpr_cockpit.core.blocks import DATABASE_KIND, Reading
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.run import Run
from cpr_cockpit.core.sensing import State
from cpr_cockpit.core.signals import Bin, Observation, Source
from cpr_cockpit.engine.validating_window import metrics, queries, window
from tests.engine.stage import AUTO, Stage

T0 = 1_800_000_000.0
POLICY = Policy()


def a_run(*seen: Observation) -> Run:
    run = Run()
    run.t0 = T0
    run.readings = {one.source.value: one.to_dict() for one in seen}
    return run


def logs(minutes: int, missing: int = -1, measured_s: float = 899.0, p95: float = 120.0) -> Observation:
    bins = [
        Bin(T0 + 60.0 * at, 60.0, "the new version", 600, at % 2, p95=p95) for at in range(minutes) if at != missing
    ]
    return Observation(Source.LOGS, T0 + 899.5, T0 + measured_s, tuple(bins), lag_p95=3.0)


@pytest.mark.parametrize(
    ("seen", "states"),
    [
        (logs(15), {"watch": State.OK, "monitor": State.OK}),
        (logs(15, missing=4), {"watch": State.FAILED, "monitor": State.FAILED}),
        (logs(8, measured_s=480.0), {"watch": State.FAILED, "monitor": State.OK}),
    ],
)
def test_the_window_is_covered_only_where_every_whole_minute_has_rows_up_to_now(
    seen: Observation, states: dict[str, State]
) -> None:
    found = {one.name.removeprefix("critical-window."): one for one in window(a_run(seen), POLICY, T0 + 899.5)}
    assert {name: one.state for name, one in found.items()} == states
    assert found["monitor"].words.endswith(" of n 600 at 08:01:00 UTC")


def test_without_rows_nothing_is_told_of_the_window() -> None:
    assert list(window(a_run(), POLICY, T0 + 899.5)) == []
    assert list(window(a_run(Observation(Source.LOGS, T0 + 1.0)), POLICY, T0 + 899.5)) == []


@pytest.mark.parametrize(
    ("failed", "p95", "state"),
    [(0.002, 44.0, State.OK), (0.05, 44.0, State.FAILED), (0.002, 400.0, State.FAILED), (0.002, None, State.OK)],
)
def test_calls_to_the_database_are_held_against_the_old_version_s(
    failed: float, p95: float | None, state: State
) -> None:
    told = (
        Reading("goals-db failed", failed, "share", n=800, before=0.001, kind=DATABASE_KIND),
        Reading("goals-db p95", p95, "ms", n=800, before=41.0, kind=DATABASE_KIND),
        Reading("partner.example failed", 1.0, "share", n=10, before=0.0),
    )
    run = a_run(Observation(Source.DEPENDENCIES, T0 + 60.0, T0 + 59.0, readings=told))
    (found,) = queries(run, POLICY)
    assert (found.state, found.n) == (state, 800)
    assert "partner" not in found.words
    assert "query plans were not read" in found.words


def test_a_run_of_full_length_tells_all_of_it() -> None:
    with Stage(AUTO, window_s=900.0) as stage:
        run = stage.whole_run()
        for item in ("critical-window.watch", "critical-window.monitor", "critical-window.check"):
            assert run.standings[item].mark == "measured"
        assert "14 of 14 whole bins" in run.standings["critical-window.monitor"].value
        standing = run.standings["extended-monitoring.metrics"]
        assert (standing.mark, "allowed half to twice that" in standing.value) == ("measured", True)


def test_metrics_are_told_of_nothing_without_a_baseline() -> None:
    assert list(metrics(replace(a_run(logs(15)), baseline=None), POLICY)) == []
