"""What the platform counted in several apps, added up point by point."""

from __future__ import annotations

import pytest

from cpr_cockpit.core.ports import PortError
from cpr_cockpit.core.signals import Bin, Observation, Source
from cpr_cockpit.engine.summed_metrics import SummedMetrics, summed


def _points(*counts: tuple[float, int, int]) -> tuple[Bin, ...]:
    return tuple(Bin(at, 60.0, "", requests, failures) for at, requests, failures in counts)


class _Told:
    """One app's metrics."""

    def __init__(self, points: tuple[Bin, ...], at: float = 200.0, partial: str | None = None) -> None:
        self._seen = Observation(
            Source.PLATFORM,
            at,
            points[-1].end if points else None,
            points,
            granularity_s=60.0,
            partial=partial,
        )

    async def platform(self, *, start: float, end: float, granularity_s: float) -> Observation:
        return self._seen


class _Silent:
    async def platform(self, *, start: float, end: float, granularity_s: float) -> Observation:
        raise PortError("it does not answer")


async def _asked(*apps: _Told | _Silent) -> Observation:
    return await SummedMetrics(apps).platform(start=0.0, end=200.0, granularity_s=60.0)


async def test_a_point_counts_what_all_apps_counted_in_it() -> None:
    seen = await _asked(_Told(_points((0.0, 10, 1), (60.0, 20, 0))), _Told(_points((0.0, 5, 2), (60.0, 7, 0))))
    assert [(row.start, row.requests, row.failures) for row in seen.bins] == [(0.0, 15, 3), (60.0, 27, 0)]
    assert (seen.measured_at, seen.granularity_s, seen.partial) == (120.0, 60.0, None)


async def test_a_point_that_one_app_has_not_told_yet_is_no_data_and_not_zero() -> None:
    late = _Told(_points((0.0, 5, 2)), at=203.0)
    seen = await _asked(_Told(_points((0.0, 10, 1), (60.0, 20, 0))), late)
    assert [row.start for row in seen.bins] == [0.0]
    assert (seen.measured_at, seen.at) == (60.0, 203.0)


async def test_one_app_without_any_point_leaves_nothing_to_count_by() -> None:
    seen = await _asked(_Told(_points((0.0, 10, 1))), _Told(()))
    assert (seen.bins, seen.measured_at) == ((), None)


async def test_what_is_wrong_with_one_is_wrong_with_all() -> None:
    seen = await _asked(_Told(_points((0.0, 10, 1))), _Told(_points((0.0, 1, 0)), partial="half of it"))
    assert seen.partial == "half of it"
    with pytest.raises(PortError):
        await _asked(_Told(_points((0.0, 10, 1))), _Silent())


def test_nothing_of_no_app() -> None:
    assert summed([]) == ()
