"""Rows of the further sources, as a person reads them."""

from __future__ import annotations

import pytest

from cpr_cockpit.core import view as vw
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.showing import Stage
from cpr_cockpit.core.showing_further import further_signals
from cpr_cockpit.core.verdict import Figure, Verdict, VerdictKind

NOW = 1000.0


def stage(verdict: Verdict | None) -> Stage:
    return Stage(NOW, Policy(), (), (), {}, verdict=verdict)


def rows(*figures: Figure) -> tuple[vw.Signal, ...]:
    return further_signals(stage(Verdict(VerdictKind.WAIT, None, None, "so far", NOW, figures)))


def test_a_row_for_every_further_reading_and_for_nothing_else() -> None:
    found = rows(
        Figure("error rate", 0.01, "share"),
        Figure("platform requests", 5.0, "requests"),
        Figure("log_stream: log lines", 5.0, "requests"),
        Figure("dependencies age", 5.0, "s"),
        Figure("dependencies: goals-db failed", 0.25, "share", 120, 3.0, None, 0.01),
        Figure("custom logins: logins", 12.0, "events", 12, 3.0),
    )
    assert [one.name for one in found] == ["goals-db failed", "logins"]
    assert (found[0].now, found[0].before, found[0].n, found[0].measured_at) == ("25.0 %", "1.0 %", 120, NOW - 3.0)


@pytest.mark.parametrize(
    ("figure", "state"),
    [
        (Figure("exceptions: new exceptions", 0.0, "events", age_s=1.0, limit=0.0), vw.State.OK),
        (Figure("exceptions: new exceptions", 1.0, "events", age_s=1.0, limit=0.0), vw.State.WARN),
        (Figure("usage: active users", None, "users", age_s=1.0), vw.State.NO_DATA),
        (Figure("usage: active users", 9.0, "users", age_s=249.0), vw.State.OK),
        (Figure("usage: active users", 9.0, "users", age_s=251.0), vw.State.NO_DATA),
    ],
)
def test_what_is_above_its_limit_is_to_be_looked_at_and_what_is_old_is_no_data(figure: Figure, state: vw.State) -> None:
    [found] = rows(figure)
    assert found.state is state


@pytest.mark.parametrize(("value", "words"), [(12_345.0, "12345 users"), (0.25, "0.25 users"), (99.96, "100 users")])
def test_large_figures_are_written_out(value: float, words: str) -> None:
    [found] = rows(Figure("usage: active users", value, "users", age_s=1.0))
    assert found.now == words


def test_without_a_verdict_there_is_nothing_to_show() -> None:
    assert further_signals(stage(None)) == ()
