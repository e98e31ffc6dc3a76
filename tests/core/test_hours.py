"""Whether users are enough at this hour, by the last days."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cpr_cockpit.core.hours import DAY_S, DAYS, Hours, users_words
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.ports import STRETCH_S, Stretch

MIDNIGHT = 1_750_000_000.0 // DAY_S * DAY_S
NIGHT = MIDNIGHT + 4 * 3600.0
POLICY = Policy()


def a_week(now: float = NIGHT, per_minute: float = 1.0) -> Hours:
    """One request a minute until 07:40 and after 22:00, sixty of them between."""
    first = now - DAYS * DAY_S
    starts = [first + number * STRETCH_S for number in range(int((now - first) / STRETCH_S))]

    def rows(start: float) -> int:
        hour = (start % DAY_S) / 3600.0
        return round((60.0 if 7.0 + 40.0 / 60.0 <= hour < 22.0 else per_minute) * STRETCH_S / 60.0)

    return Hours([Stretch(at, rows(at), at) for at in starts], now)


def test_at_night_it_is_said_until_when_no_verdict_is_possible() -> None:
    few, words = users_words(a_week(), POLICY, [4])
    assert few
    assert words.startswith(
        "at this hour about 15 requests in the window of 15 min (by the last 7 days): a verdict on "
    )
    # A window that begins at 07:30 has five minutes of the day in it, which are enough.
    assert "is impossible before 07:30 UTC, which takes 59 without a failure. It will be held thin" in words


@pytest.mark.parametrize(
    ("policy", "critical", "words"),
    [
        (POLICY, [4], "synthetic_go = true in [policy]"),
        (replace(POLICY, synthetic_go=True), [], "no critical journey of HTTP steps is declared"),
        (replace(POLICY, synthetic_go=True), [4], "about 900 steps in it, 131 are needed, which carries a GO"),
        (
            replace(POLICY, synthetic_go=True).scaled(60.0),
            [4],
            "about 60 steps in it, 131 are needed, which carries none",
        ),
    ],
)
def test_it_is_said_what_carries_a_go_then(policy: Policy, critical: list[int], words: str) -> None:
    assert words in users_words(a_week(), policy, critical)[1]


def test_by_day_users_are_enough() -> None:
    few, words = users_words(a_week(MIDNIGHT + 10 * 3600.0), POLICY, [])
    assert not few
    assert (
        words
        == "at this hour about 900 requests in the window of 15 min (by the last 7 days): enough for a verdict on users"
    )


def test_what_is_younger_than_a_day_tells_nothing_of_other_hours() -> None:
    known = Hours([Stretch(NIGHT - STRETCH_S, 5, NIGHT - STRETCH_S)], NIGHT)
    few, words = users_words(known, POLICY, [])
    assert few
    assert (
        "about 5 requests in the window of 15 min (by the last 5 min): a verdict on users is impossible, as far"
        in words
    )
    assert users_words(Hours([], NIGHT), POLICY, [])[0]
    assert not users_words(Hours([Stretch(NIGHT - STRETCH_S, 40, NIGHT - 3.0)], NIGHT), POLICY, [])[0]
