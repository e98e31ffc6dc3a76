"""Law one for the judge's protocol: missing, old, repeated or misdated scrapes are never a reason to say GO.

Whatever happens to the scrapes on their way, GO is given only where at least 70 % of the time that can have been told
of was told of truthfully, and the newest truthful scrape is fresh by the age that the usual lateness allows.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.core.judge_streams import INTERVAL_S, WINDOW_S, Health, Message, Night, Played, changed, play, since

LAST = round(WINDOW_S / INTERVAL_S)
AGE_S = 2.0 * 15.0 + 2.0
"""Twice the interval and two seconds; twice the usual lateness comes on top."""


@lru_cache(maxsize=2)
def _told(share: float | None) -> tuple[tuple[Message, ...], tuple[Message, ...]]:
    """The start with the history, and the scrapes of the window, of a healthy night."""
    rows = Night(rate=5.0, share=share).messages()
    at = next(index for index, row in enumerate(rows) if row.get("t", 0.0) > 0.0)
    return tuple(rows[:at]), tuple(rows[at:-1])


@dataclass(frozen=True, slots=True)
class Mishap:
    """What happens to scrapes number ``first`` up to ``last``, every ``step``; ``much``: seconds, or how often."""

    what: str
    first: int
    last: int
    step: int
    much: int


@st.composite
def mishaps(draw: st.DrawFn, kinds: Sequence[str]) -> Mishap:
    first = draw(st.integers(0, LAST - 1))
    last = draw(st.just(LAST) | st.integers(first + 1, LAST))
    return Mishap(draw(st.sampled_from(kinds)), first, last, draw(st.integers(1, 4)), draw(st.integers(6, 700)))


def _deliver(scrapes: Sequence[Message], happened: Sequence[Mishap]) -> tuple[list[Message], set[int]]:
    """What arrives by the deadline, in the order of its arrival; and which scrapes still tell the truth."""
    rows = [[dict(row)] for row in scrapes]
    true = set(range(len(rows)))
    for mishap in happened:
        hit = range(mishap.first, mishap.last, mishap.step)
        for index in hit:
            if mishap.what == "lose":
                true.discard(index)
                rows[index] = [{"type": "obs", "wall": row["wall"], "lost": True} for row in rows[index][:1]]
            elif mishap.what == "repeat":
                rows[index] += [row | {"wall": row["wall"] + mishap.much} for row in rows[index]]
            elif mishap.what == "late":
                rows[index] = [row | {"wall": row["wall"] + mishap.much} for row in rows[index]]
            elif mishap.what == "ahead" and all(row.get("t") == row["wall"] for row in rows[index]):
                true.discard(index)
                rows[index] = [row | {"t": row["t"] + mishap.much} for row in rows[index]]
            elif mishap.what == "freeze" and index > hit[0] and mishap.step == 1:
                true.discard(index)
                seen = {name: scrapes[hit[0]][name] for name in ("new", "base")}
                rows[index] = [row | seen for row in rows[index] if "lost" not in row]
    arrived = sorted((row for told in rows for row in told if row["wall"] <= WINDOW_S), key=lambda row: row["wall"])
    times = {row.get("t") for row in arrived}
    return arrived, {index for index in true if scrapes[index]["t"] in times}


def _may_be_kept(scrapes: Sequence[Message], arrived: Iterable[Message], true: set[int]) -> bool:
    first: dict[float, float] = {}
    for row in arrived:
        if "t" in row:
            first.setdefault(row["t"], row["wall"])
    known = [scrapes[index]["t"] for index in true]
    if not known:
        return False
    usual = float(statistics.median(first[t] - t for t in known))
    newest = float(max(known))
    enough = INTERVAL_S * len(known) >= 0.7 * (WINDOW_S - usual) - 1e-6
    return enough and WINDOW_S - newest <= AGE_S + 2.0 * usual


def _assert_go_is_earned(share: float | None, happened: Sequence[Mishap]) -> str:
    before, scrapes = _told(share)
    arrived, true = _deliver(scrapes, happened)
    verdict = play([*before, *arrived, {"type": "end"}]).verdict
    assert verdict != "go" or _may_be_kept(scrapes, arrived, true)
    return verdict


SHARES = st.sampled_from([None, 0.5])


@settings(max_examples=22, deadline=None)
@given(SHARES, st.lists(mishaps(("lose", "repeat", "ahead", "freeze")), min_size=1, max_size=3))
def test_go_stands_on_truthful_scrapes_of_most_of_the_time(share: float | None, happened: list[Mishap]) -> None:
    _assert_go_is_earned(share, happened)


@settings(max_examples=20, deadline=None)
@given(SHARES, st.lists(mishaps(("repeat",)), min_size=1, max_size=3))
def test_what_only_comes_again_costs_nothing(share: float | None, happened: list[Mishap]) -> None:
    assert _assert_go_is_earned(share, happened) == "go"


@settings(max_examples=40, deadline=None, derandomize=True, phases=[Phase.generate])
@given(SHARES, st.lists(mishaps(("lose", "late")), min_size=1, max_size=3))
def test_late_scrapes_do_not_make_up_for_missing_ones(share: float | None, happened: list[Mishap]) -> None:
    _assert_go_is_earned(share, happened)


# -- the same, one by one ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dies", [200.0, 400.0, 600.0])
def test_telemetry_that_died_stays_dead_when_one_old_scrape_straggles_in(dies: float) -> None:
    before, scrapes = _told(None)
    body = [row for row in scrapes if row["t"] <= dies and row["t"] != 30.0]
    straggler = scrapes[1] | {"wall": 885.0}
    assert play([*before, *body, straggler, {"type": "end"}]).verdict == "hold"


def _cycling(length: int) -> Played:
    """A cache that serves the same few scrapes again and again under ever new times."""
    before, scrapes = _told(None)
    rows = [row | {"new": scrapes[index % length]["new"]} for index, row in enumerate(scrapes)]
    return play([*before, *rows, {"type": "end"}])


@pytest.mark.parametrize(
    "length",
    [
        1,
        2,
        10,
    ],
)
def test_scrapes_that_come_in_a_circle_are_no_news(length: int) -> None:
    assert _cycling(length).verdict == "hold"


def test_a_count_of_failures_that_is_absent_is_not_zero() -> None:
    before, scrapes = _told(None)
    rows = [row | {"new": {name: row["new"][name] for name in ("requests", "hist")}} for row in scrapes]
    assert play([*before, *rows, {"type": "end"}]).verdict == "hold"


@pytest.mark.parametrize("share", [None, 0.5])
@pytest.mark.parametrize("until", [0.0, 15.0, 300.0, 600.0, 840.0])
@pytest.mark.parametrize("way", ["absent", "lost", "ahead", "frozen", "frozen in time"])
def test_a_source_that_dies_is_never_kept(way: str, until: float, share: float | None) -> None:
    night = Night(rate=5.0, share=share)
    rows = night.messages()
    last: Message = next(row for row in rows if row.get("t") == max(until, 15.0))

    def change(row: Message) -> Message | None:
        if row["t"] <= until:
            return row
        seen = {name: last[name] for name in ("new", "base")}
        ways = {
            "absent": row | {"new": None},
            "lost": None,
            "ahead": row | {"t": row["t"] + 40.0},
            "frozen": row | seen,
            "frozen in time": row | seen | {"t": last["t"]},
        }
        return ways[way]

    found = play(changed(rows, change))
    assert found.verdict == "hold"
    assert found.cause in {"stale", "incomplete"}


def test_intervals_that_overlap_do_not_cover_twice() -> None:
    before, scrapes = _told(None)
    half = [row for row in scrapes if row["t"] > 450.0]
    again = [row | {"t": row["t"] - 7.0} for row in half]
    rows = sorted([*half, *again], key=lambda row: (row["wall"], row["t"]))
    assert play([*before, *rows, {"type": "end"}]).verdict == "hold"


def test_a_fault_is_found_among_scrapes_that_are_lost_repeated_and_out_of_order() -> None:
    night = Night(rate=20.0, new=since(0.0, Health(failing=0.25)))
    rows = night.messages()
    at = next(index for index, row in enumerate(rows) if row.get("t", 0.0) > 0.0)
    scrapes = rows[at:-1]
    happened = [Mishap("lose", 0, LAST, 4, 0), Mishap("repeat", 1, LAST, 3, 40), Mishap("late", 2, LAST, 4, 45)]
    arrived, _ = _deliver(scrapes, happened)
    assert play([*rows[:at], *arrived, rows[-1]]).verdict == "rollback"
