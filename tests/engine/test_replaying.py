"""A journal as a tape: the run, its figures and its clock as they were; and the player that moves it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from pathlib import Path

import pytest

from cpr_cockpit.core.events import Noted, Record
from cpr_cockpit.core.run import fold
from cpr_cockpit.core.view import View
from cpr_cockpit.core.view_json import sections
from cpr_cockpit.engine.greeting import SessionRefused
from cpr_cockpit.engine.replaying import EDGE_S, SPEEDS, Player, ReplayFace, gap_words, speed_words
from cpr_cockpit.engine.showing import Showing
from cpr_cockpit.engine.tape import ReplaySettings, Tape
from tests.engine.journals import records_of
from tests.engine.users import ERRORS, HEALTHY
from tests.tui.faces import Hand

SETTINGS = ReplaySettings("20260101-000000-goal-aaaa", Path("nowhere"))


@pytest.fixture(scope="module")
def records() -> list[Record]:
    """A release that was rolled back."""
    return records_of(ERRORS, window_s=180.0)


@pytest.fixture(scope="module")
def kept() -> list[Record]:
    """A release that was kept."""
    return records_of(HEALTHY)


def note_at(records: Sequence[Record], at: float, words: str = "later") -> Record:
    return Record(seq=len(records) + 1, at=at, event=Noted(by="ana", words=words), hash="")


def view_at(tape: Tape, at: float) -> View:
    tape.wind(at)
    return Showing(tape, lambda run: f"report of {run.seq} events").view()


def t0_of(tape: Tape) -> float:
    assert tape.t0 is not None
    return tape.t0


# -- the tape ------------------------------------------------------------------------------------------------------


def test_at_its_end_the_tape_is_the_whole_run(records: list[Record]) -> None:
    tape = Tape(SETTINGS, records)
    tape.wind(tape.end)
    assert tape.run_state == fold(records)
    assert tape.now() == records[-1].at


def test_at_any_moment_it_is_the_run_of_the_events_until_then(records: list[Record]) -> None:
    tape = Tape(SETTINGS, records)
    for index in range(0, len(records), 9):
        at = records[index].at
        tape.wind(at)
        assert tape.run_state == fold(one for one in records if one.at <= at)


def test_it_never_leaves_the_journal(records: list[Record]) -> None:
    tape = Tape(SETTINGS, records)
    tape.wind(math.inf)
    assert tape.now() == records[-1].at
    tape.wind(-math.inf)
    assert tape.now() == records[0].at
    assert tape.run_state.opened is not None


def test_whichever_way_one_came_the_view_is_the_same(records: list[Record]) -> None:
    tape = Tape(SETTINGS, records)
    moments = [t0_of(tape) + seconds for seconds in (-5.0, 2.0, 11.0, 20.0)]
    forwards = [sections(view_at(tape, at)) for at in moments]
    tape.wind(tape.end)
    backwards = [sections(view_at(tape, at)) for at in reversed(moments)]
    assert forwards == backwards[::-1]
    assert len({str(one) for one in forwards}) == len(moments)


def test_the_clock_of_a_view_is_the_journals(records: list[Record]) -> None:
    tape = Tape(SETTINGS, records)
    at = t0_of(tape) + 12.0
    view = view_at(tape, at)
    assert view.now == at
    assert view.phase == "window"
    assert view.window.deadline == pytest.approx(t0_of(tape) + 180.0)
    ages = {one.key: at - one.measured_at for one in view.signals if one.measured_at is not None}
    assert ages
    assert all(0.0 <= age < 10.0 for age in ages.values())
    assert ages.keys() >= {"error rate", "p95", "probes failed in a row"}


def test_the_figures_move_between_two_verdicts(records: list[Record]) -> None:
    tape = Tape(SETTINGS, records)
    given = [at for at, _ in fold(records).verdicts]
    early, late = t0_of(tape) + 8.0, t0_of(tape) + 14.0
    assert not any(early <= at <= late for at in given)
    rows = [{one.key: one.n for one in view_at(tape, at).signals} for at in (early, late)]
    before, after = rows[0]["error rate"], rows[1]["error rate"]
    assert before is not None
    assert after is not None
    assert after > before


def test_the_verdict_is_the_one_of_then_also_where_this_judge_says_otherwise(records: list[Record]) -> None:
    said = next(one for one in records if one.event.type == "verdict")
    assert said.event.type == "verdict"
    other = said.event.model_copy(update={"kind": "HOLD", "cause": "foreign", "sentence": "somebody swapped slots"})
    changed = [one.model_copy(update={"event": other}) if one is said else one for one in records]
    tape = Tape(SETTINGS, changed)
    view = view_at(tape, t0_of(tape) + 8.0)
    assert view.panel.sentence == "somebody swapped slots"
    assert any(one.key == "error rate" for one in view.signals)


def test_production_and_slot_are_looked_at_as_they_were(records: list[Record]) -> None:
    tape = Tape(SETTINGS, records)
    tape.wind(t0_of(tape) + 8.0)
    assert {source.value for source in tape.looks} == {"probes_production", "probes_slot"}
    assert all(look.ok and look.at <= tape.now() for look in tape.looks.values())


def test_what_was_set_aside_and_told_again_comes_at_its_own_time(records: list[Record]) -> None:
    last = records[-1].at
    moved = [note_at(records, last + 60.0, "set aside"), *records]
    tape = Tape(SETTINGS, moved)
    assert (tape.begin, tape.end) == (records[0].at, last + 60.0)
    tape.wind(last)
    assert tape.run_state.notes == []
    assert tape.run_state.ended is not None


# -- the player ----------------------------------------------------------------------------------------------------


@pytest.fixture
def hand() -> Hand:
    return Hand()


def playing(records: Sequence[Record], hand: Hand, speed: float = 10.0, since_t0: float = 2.0) -> Player:
    tape = Tape(SETTINGS, records)
    tape.wind(t0_of(tape) + since_t0)
    player = Player(tape, speed, hand)
    player.turn()
    return player


def since_t0(player: Player) -> float:
    return player.tape.now() - t0_of(player.tape)


def test_time_passes_at_its_speed_from_the_first_turn_on(records: list[Record], hand: Hand) -> None:
    tape = Tape(SETTINGS, records)
    player = Player(tape, 10.0, hand)
    hand.move(5.0)
    player.turn()
    assert tape.now() == tape.begin
    tape.wind(t0_of(tape))
    hand.move(0.5)
    player.turn()
    assert since_t0(player) == pytest.approx(5.0)
    assert player.title == "replay x10"


def test_paused_it_stands_still_and_goes_on_from_there(records: list[Record], hand: Hand) -> None:
    player = playing(records, hand)
    player.pause()
    hand.move(60.0)
    player.turn()
    assert since_t0(player) == pytest.approx(2.0)
    assert player.title == "replay paused"
    player.pause()
    hand.move(0.1)
    player.turn()
    assert since_t0(player) == pytest.approx(3.0)


def test_the_speeds_are_a_ladder_with_ends(records: list[Record], hand: Hand) -> None:
    player = playing(records, hand, speed=7.0)
    up = []
    for _ in range(5):
        player.pace(1)
        up.append(player.speed)
    assert up == [10.0, 30.0, 60.0, math.inf, math.inf]
    assert player.title == "replay max"
    for _ in SPEEDS:
        player.pace(-1)
    assert player.speed == 1.0
    assert player.words == "speed x1"
    hand.move(10.0)
    assert player.words == ""


def test_skips_and_steps(records: list[Record], hand: Hand) -> None:
    player = playing(records, hand)
    player.skip(-1.0)
    assert since_t0(player) == pytest.approx(1.0)
    player.skip(-1e9)
    assert player.tape.now() == player.tape.begin
    player.skip(1e9)
    assert player.over
    many = ("observation", "item.marked")
    times = sorted({one.at for one in records if one.event.type not in many})
    seen = [player.tape.now()]
    while player.tape.now() > player.tape.begin:
        player.step(-1)
        seen.append(player.tape.now())
    assert seen[::-1] == times
    assert player.title == "replay paused"
    player.step(1)
    assert player.tape.now() == times[1]


def test_at_full_speed_it_goes_from_event_to_event(records: list[Record], hand: Hand) -> None:
    player = playing(records, hand, speed=math.inf)
    turns = 0
    while not player.over:
        before = player.tape.now()
        player.turn()
        assert player.tape.now() > before
        turns += 1
    assert 5 < turns < 40


def test_a_long_gap_is_shortened_and_told(records: list[Record], hand: Hand) -> None:
    last = records[-1].at
    player = playing([*records, note_at(records, last + 3600.0)], hand)
    player.tape.wind(last)
    hand.move(0.2)
    player.turn()
    assert player.tape.now() == pytest.approx(last + 2.0)
    assert player.words == ""
    hand.move(0.2)
    player.turn()
    assert player.tape.now() == last + 3600.0 - EDGE_S
    assert player.words == "nothing happened for 1 h 0 min: shortened"
    hand.move(1.0)
    player.turn()
    assert player.over


@pytest.mark.parametrize(
    ("seconds", "words"), [(45.0, "45 s"), (119.0, "119 s"), (723.0, "12 min"), (12_000.0, "3 h 20 min")]
)
def test_gaps_in_words(seconds: float, words: str) -> None:
    assert gap_words(seconds) == words


def test_speeds_in_words() -> None:
    assert [speed_words(one) for one in (1.0, 0.5, math.inf)] == ["x1", "x0.5", "max"]


# -- the face's source ---------------------------------------------------------------------------------------------


async def test_nothing_can_be_sent(records: list[Record], hand: Hand) -> None:
    face = ReplayFace(playing(records, hand), lambda run: "")
    with pytest.raises(SessionRefused, match="replay"):
        await face.command("rollback", by="ana")


async def test_views_follow_the_player_and_its_keys(records: list[Record], hand: Hand) -> None:
    player = playing(records, hand)
    face = ReplayFace(player, lambda run: "", damage="the journal is damaged from here on")
    views = face.views()
    assert (await anext(views)).now == player.tape.now()
    player.skip(5.0)
    face.touched()
    assert (await anext(views)).now == pytest.approx(t0_of(player.tape) + 7.0)
    assert face.words == ""
    player.skip(1e9)
    face.touched()
    assert (await anext(views)).phase == "ended"
    assert face.words.startswith("the journal is damaged from here on")


async def test_a_run_that_goes_on_is_read_on_until_nobody_writes_any_more(kept: list[Record], hand: Hand) -> None:
    known, coming = kept[:-3], [kept[-3:-1], kept[-1:]]
    asked: list[int] = []

    def more(after: int) -> Sequence[Record] | None:
        asked.append(after)
        return coming.pop(0) if coming else None

    player = playing(known, hand, since_t0=1e9)
    face = ReplayFace(player, lambda run: "", more=more)
    phases = []
    async with asyncio.timeout(30.0):
        async for view in face.views():
            phases.append(view.phase)
            player.skip(1e9)
            face.touched()
            if "the run ended here" in face.words:
                break
    assert asked[:2] == [len(known), len(known) + 2]
    assert phases[0] != "ended"
    assert phases[-1] == "ended"
