"""Whether failures of a few are gone, among the requests of everybody."""

from __future__ import annotations

import pytest

from cpr_cockpit.core.calm import Calm, Pace


@pytest.mark.parametrize(
    ("pace", "failed", "seconds", "calm"),
    [
        # A lab's drill: 12 failures of the few in a minute, none of the others; then 3, or none, in twenty seconds.
        (Pace(12, 0, 60.0), 3, 20.0, Calm.STILL),
        (Pace(12, 0, 60.0), 0, 20.0, Calm.GONE),
        (Pace(12, 0, 60.0), 0, 5.0, Calm.UNKNOWN),
        (Pace(12, 0, 60.0), 1, 20.0, Calm.UNKNOWN),
        # What fails anyway is no sign of it, and hides it for a while.
        (Pace(30, 60, 60.0), 20, 20.0, Calm.GONE),
        (Pace(30, 60, 60.0), 25, 20.0, Calm.UNKNOWN),
        (Pace(60, 60, 60.0), 40, 20.0, Calm.STILL),
        # Nothing had failed: a person went back for a reason of their own.
        (Pace(0, 0, 0.0), 0, 20.0, Calm.GONE),
        (Pace(0, 3, 60.0), 5, 20.0, Calm.GONE),
        (Pace(5, 0, 60.0), 0, 0.0, Calm.UNKNOWN),
        (Pace(5000, 0, 60.0), 900, 20.0, Calm.STILL),
    ],
)
def test_failures_are_held_against_their_own_pace_and_what_failed_beside_them(
    pace: Pace, failed: int, seconds: float, calm: Calm
) -> None:
    assert pace.since(failed, seconds) is calm
