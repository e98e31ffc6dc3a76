"""Freezes by the wall clock of one place, over the days on which its clocks are set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpr_cockpit.core.freeze import DAYS, Freeze, frozen

BERLIN, NEW_YORK, LORD_HOWE = (ZoneInfo(name) for name in ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe"))
ZONES = (BERLIN, NEW_YORK, LORD_HOWE, ZoneInfo("Asia/Kathmandu"), ZoneInfo("UTC"))
# Clocks were set on these days in one of the zones.
SET = [datetime.fromisoformat(f"2026-{day}") for day in ("03-08", "03-29", "04-05", "10-04", "10-25", "11-01")]


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def once(begins: str, ends: str, zone: str = "Europe/Berlin") -> Freeze:
    return Freeze("f", zone, datetime.fromisoformat(begins), datetime.fromisoformat(ends))


def weekly(days: tuple[str, ...], begins: int, ends: int) -> Freeze:
    return Freeze("f", "Europe/Berlin", None, None, days, begins, ends)


@pytest.mark.parametrize(
    ("freeze", "begins", "ends"),
    [
        (once("2026-12-20T18:00", "2026-12-27T00:00"), "2026-12-20T17:00Z", "2026-12-26T23:00Z"),
        # Over both settings of the clock the hour on the wall counts.
        (once("2026-03-28T12:00", "2026-03-30T12:00"), "2026-03-28T11:00Z", "2026-03-30T10:00Z"),
        (once("2026-10-24T12:00", "2026-10-26T12:00"), "2026-10-24T10:00Z", "2026-10-26T11:00Z"),
        # 2:30 comes twice: from the first one, to the second one.
        (once("2026-10-25T02:30", "2026-10-25T05:00"), "2026-10-25T00:30Z", "2026-10-25T04:00Z"),
        (once("2026-10-25T00:00", "2026-10-25T02:30"), "2026-10-24T22:00Z", "2026-10-25T01:30Z"),
        # 2:30 never comes: the freeze is the longer for it.
        (once("2026-03-29T02:30", "2026-03-29T05:00"), "2026-03-29T00:30Z", "2026-03-29T03:00Z"),
        (once("2026-03-29T00:00", "2026-03-29T02:30"), "2026-03-28T23:00Z", "2026-03-29T01:30Z"),
        # Friday evening to Monday morning, in three stretches that touch; the clocks are set within.
        (weekly(("friday",), 16 * 60, 0), "2026-10-23T14:00Z", "2026-10-23T22:00Z"),
        (weekly(("saturday", "sunday"), 0, 0), "2026-10-23T22:00Z", "2026-10-25T23:00Z"),
        (weekly(("sunday",), 22 * 60, 6 * 60), "2026-03-29T20:00Z", "2026-03-30T04:00Z"),
    ],
    ids=str,
)
def test_a_freeze_begins_and_ends_by_the_wall_clock(freeze: Freeze, begins: str, ends: str) -> None:
    start, end = at(begins), at(ends)
    assert freeze.until(start - 1, BERLIN) is None
    assert freeze.until(start, BERLIN) == end
    assert freeze.until(end - 1, BERLIN) == end
    assert freeze.until(end, BERLIN) is None


@given(
    zone=st.sampled_from(ZONES),
    day=st.sampled_from(SET),
    begins=st.integers(0, 3 * 1440),
    length=st.integers(1, 3 * 1440),
    second=st.integers(-2 * 86_400, 8 * 86_400),
)
def test_whenever_the_wall_shows_a_time_within_it_is_frozen(
    zone: ZoneInfo, day: datetime, begins: int, length: int, second: int
) -> None:
    """Both ways, but for at most one setting of the clock, by which a freeze may be longer."""
    start = day - timedelta(days=1) + timedelta(minutes=begins)
    end = start + timedelta(minutes=length)
    freeze = Freeze("f", zone.key, start, end)
    now = (day.replace(tzinfo=UTC) + timedelta(seconds=second)).timestamp()
    wall = datetime.fromtimestamp(now, zone).replace(tzinfo=None)
    until = freeze.until(now, zone)
    if start <= wall < end:
        assert until is not None
    if until is not None:
        assert now < until
        assert start - timedelta(hours=1) <= wall < end + timedelta(hours=1)
        assert freeze.until(until, zone) is None
        assert freeze.until(until - 0.001, zone) == until


@given(
    zone=st.sampled_from(ZONES),
    day=st.sampled_from(SET),
    days=st.sets(st.sampled_from(DAYS), min_size=1),
    begins=st.integers(0, 1439),
    ends=st.integers(1, 1440),
    minute=st.integers(-3 * 1440, 4 * 1440),
)
def test_the_same_of_every_week(
    zone: ZoneInfo, day: datetime, days: set[str], begins: int, ends: int, minute: int
) -> None:
    freeze = Freeze("f", zone.key, None, None, tuple(days), begins, ends)
    now = (day.replace(tzinfo=UTC) + timedelta(minutes=minute)).timestamp()
    wall = datetime.fromtimestamp(now, zone).replace(tzinfo=None)
    today, before = DAYS[wall.weekday()], DAYS[wall.weekday() - 1]
    clock = wall.hour * 60 + wall.minute
    if ends > begins:
        shows = today in days and begins <= clock < ends
    else:
        shows = (today in days and clock >= begins) or (before in days and clock < ends)
    until = freeze.until(now, zone)
    if shows:
        assert until is not None
        assert until > now


def test_what_holds_is_told_in_the_time_of_its_place() -> None:
    held = frozen(once("2026-12-20T18:00", "2026-12-27T00:00"), at("2026-12-24T12:00Z"), BERLIN)
    assert held is not None
    assert held.words == "freeze f until 2026-12-27 00:00 Europe/Berlin (23:00 UTC)"


def test_a_freeze_comes_back_from_a_run_s_folder() -> None:
    for freeze in (once("2026-12-20T18:00", "2026-12-27T00:00"), weekly(("friday",), 960, 0)):
        assert Freeze.from_dict(freeze.to_dict()) == freeze
