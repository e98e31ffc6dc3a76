"""Our own probes: what fails now, whatever the order in which it was told."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from cpr_cockpit.core.probes import ProbeLog, ProbeRun
from cpr_cockpit.core.signals import ProbeCount


def _log(probes: Sequence[ProbeCount], most: int = 1000) -> ProbeLog:
    log = ProbeLog(most)
    for probe in probes:
        log.take(probe)
    return log


def _series(outcomes: str) -> list[ProbeCount]:
    """One probe a second: ``.`` well, ``x`` failed."""
    return [ProbeCount(float(at), int(what == "."), int(what == "x")) for at, what in enumerate(outcomes)]


def test_failures_since_the_last_success_are_one_run() -> None:
    assert _log(_series("")).failing() is None
    assert _log(_series("xx.")).failing() is None
    assert _log(_series("x.xxx")).failing() == ProbeRun(2.0, 4.0, 3)


def test_a_success_that_is_told_late_shortens_the_run() -> None:
    series = _series("xx.xx")
    late = [*series[:2], *series[3:], series[2]]
    assert _log(late[:-1]).failing() == ProbeRun(0.0, 4.0, 4)
    assert _log(late).failing() == ProbeRun(3.0, 4.0, 2)


def test_a_second_in_which_one_probe_succeeded_is_no_failure() -> None:
    assert _log([ProbeCount(0.0, 0, 2), ProbeCount(1.0, 1, 1), ProbeCount(2.0, 0, 2)]).failing() == ProbeRun(
        2.0, 2.0, 2
    )


def test_a_second_without_any_probe_says_nothing() -> None:
    assert _log([ProbeCount(0.0, 0, 1), ProbeCount(1.0, 0, 0), ProbeCount(2.0, 0, 1)]).failing() == ProbeRun(
        0.0, 2.0, 2
    )


@given(st.text(".x", min_size=1, max_size=30), st.data())
def test_order_and_repetition_change_nothing(outcomes: str, data: st.DataObject) -> None:
    series = _series(outcomes)
    told = data.draw(st.permutations(series + data.draw(st.lists(st.sampled_from(series), max_size=10))))
    log, straight = _log(told), _log(series)
    tail = len(outcomes) - len(outcomes.rstrip("x"))
    assert log.failing() == straight.failing()
    assert (log.failing() is None) == (tail == 0)
    assert len(log) == len(outcomes)
    begin, end = sorted(data.draw(st.tuples(st.integers(0, 31), st.integers(0, 31))))
    assert log.between(begin, end) == len(outcomes[begin:end])


def test_it_keeps_the_newest_only_and_forgets_what_comes_too_late() -> None:
    log = _log(_series("." * 50 + "x" * 10), most=5)
    assert len(log) == 5
    assert log.failing() == ProbeRun(55.0, 59.0, 5)
    log.take(ProbeCount(3.0, 1, 0))
    assert (len(log), log.failing()) == (5, ProbeRun(55.0, 59.0, 5))
