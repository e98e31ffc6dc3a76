"""What readings add up to: probes and stretches without a good answer, load, and which readings count."""

from __future__ import annotations

import math
from typing import Any

import pytest

from cpr_cockpit.core.signals import Observation, ProbeCount, Source
from cpr_cockpit.core.tally import ProbeTally, Tally, believed, reading


def _tally(*good: bool) -> ProbeTally:
    tally = ProbeTally()
    for place, well in enumerate(good):
        tally.take(ProbeCount(100.0 + place, int(well), int(not well)))
    return tally


@pytest.mark.parametrize(
    ("good", "down", "longest"),
    [
        ((True, True, True), 0.0, 0.0),
        ((True, False, False, True), 2.0, 2.0),
        ((False, True, True, False, False, False, True), 4.0, 3.0),
        ((True, False, False, False), 2.0, 2.0),
        ((False,), 0.0, 0.0),
    ],
)
def test_a_stretch_lasts_from_the_first_failed_probe_to_the_next_good_one(
    good: tuple[bool, ...], down: float, longest: float
) -> None:
    tally = _tally(*good)
    assert (tally.ok, tally.failed) == (good.count(True), good.count(False))
    assert (tally.down_s, tally.longest_s) == (down, longest)
    assert tally.last_ok is good[-1]


def _probes(*rows: tuple[float, bool]) -> dict[str, Any]:
    counts = tuple(ProbeCount(at, int(well), int(not well)) for at, well in rows)
    return Observation(Source.PROBES_PRODUCTION, rows[-1][0], probes=counts).to_dict()


def test_a_stretch_over_the_switch_back_ends_with_the_old_versions_first_answer() -> None:
    tally = Tally()
    tally.take(_probes((1.0, False), (2.0, False)), None)
    tally.take(_probes((3.0, False), (4.0, True)), 4.0)
    assert (tally.forward.count, tally.back.count, tally.whole.count) == (3, 1, 4)
    assert tally.whole.down_s == 3.0
    assert tally.back.down_s == 0.0


def test_load_keeps_the_last_and_the_highest_and_other_probes_count_for_nothing() -> None:
    tally = Tally()
    for at, cpu in ((1.0, 30.0), (2.0, 90.0), (3.0, 40.0)):
        tally.take(Observation(Source.PLATFORM, at, cpu_percent=cpu).to_dict(), None)
    slot = Observation(Source.PROBES_SLOT, 4.0, probes=(ProbeCount(4.0, 0, 1),)).to_dict()
    tally.take(slot, None)
    assert (tally.load["CPU"].last, tally.load["CPU"].peak, tally.load["CPU"].at) == (40.0, 90.0, 3.0)
    assert "memory" not in tally.load
    assert tally.whole.count == 0


@pytest.mark.parametrize(
    ("body", "counts"),
    [
        ({"at": 10.0}, True),
        ({"at": 10.0, "measured_at": 15.0}, True),
        ({"at": 10.0, "measured_at": 15.1}, False),
        ({"at": 10.0, "measured_at": math.inf}, False),
        ({"at": 10.0, "error": "no answer"}, False),
        ({"at": 10.0, "partial": "half"}, False),
        ({"at": 10.0, "error": None, "partial": None}, True),
    ],
)
def test_only_whole_readings_of_the_past_are_believed(body: dict[str, Any], counts: bool) -> None:
    assert believed(body, 5.0) is counts


@pytest.mark.parametrize("body", [{}, {"source": "logs"}, {"source": "logs", "at": "x"}, {"source": "logs", "bins": 3}])
def test_what_is_no_reading_is_none(body: dict[str, Any]) -> None:
    assert reading(body) is None
    probes = {"source": "probes_production", "at": 1.0, "probes": ["x"]}
    assert reading(probes) is None
    Tally().take(probes, None)
