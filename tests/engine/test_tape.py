"""The tape of a journal: after GO it tells what was recorded then; one that grows is read once; none stops it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from cpr_cockpit.core import events as ev
from cpr_cockpit.core import view as vw
from cpr_cockpit.core.events import Record, Script
from cpr_cockpit.core.run import fold
from cpr_cockpit.core.source_row import SourceWord, source_word
from cpr_cockpit.core.view import View
from cpr_cockpit.core.view_json import sections
from cpr_cockpit.engine.replaying import Player, TapeShowing
from cpr_cockpit.engine.showing import Showing
from cpr_cockpit.engine.tape import ReplaySettings, Tape
from tests.engine.journals import records_of
from tests.engine.stage import Stage
from tests.engine.test_afterwards import SCALE, WINDOW_S, at, kept
from tests.engine.users import ERRORS, HEALTHY, Behaviour
from tests.engine.world import NEW
from tests.tui.faces import Hand

SETTINGS = ReplaySettings("20260101-000000-goal-aaaa", Path("nowhere"))


def no_report(run: object) -> str:
    return ""


def view_at(tape: Tape, moment: float) -> View:
    tape.wind(moment)
    return TapeShowing(tape, no_report).view()


# -- after GO ------------------------------------------------------------------------------------------------------

LIVE = (1900.0, 2800.0, 3700.0, 2 * 3600.0 + 900.0)
"""Moments after GO, in the procedure's seconds after T0."""


@pytest.fixture(scope="module")
def watched() -> tuple[list[Record], list[View]]:
    """A release that was kept and got slow after two hours, and what its faces were shown at `LIVE`."""
    with Stage(None, window_s=WINDOW_S) as stage:
        life = kept(stage)
        views = []
        for seconds in LIVE:
            if seconds > 2 * 3600.0:
                at(life, 2 * 3600.0)
                stage.world.users.behaviours[NEW] = Behaviour(slower=5.0)
            at(life, seconds)
            views.append(Showing(life.session, no_report).view())
        at(life, 4 * 3600.0 + 60.0)
        return list(life.recorder.records), views


def test_after_go_it_tells_the_schedule_as_it_stood(watched: tuple[list[Record], list[View]]) -> None:
    records, live = watched
    tape = Tape(SETTINGS, records)
    for then in live:
        view = view_at(tape, then.now)
        assert (view.phase, view.window.stage) == ("keeping", then.window.stage)
        assert view.window.deadline == then.window.deadline
        assert view.window.facts[0] == then.window.facts[0]
        assert view.panel.word == then.panel.word


def test_after_go_word_sentence_and_figures_are_those_that_were_recorded(
    watched: tuple[list[Record], list[View]],
) -> None:
    records, _ = watched
    tape = Tape(SETTINGS, records)
    checks = [one for one in records if isinstance(one.event, ev.WatchChecked)]
    assert len(checks) >= 5
    for record in checks:
        check = record.event
        assert isinstance(check, ev.WatchChecked)
        tape.wind(record.at)
        verdict = tape.verdict
        assert verdict is not None
        assert (verdict.kind.value, verdict.cause and verdict.cause.value) == (check.kind, check.cause)
        assert verdict.sentence == check.sentence
        told = {str(one["name"]): one["value"] for one in check.figures}
        shown = {one.name: one.value for one in verdict.figures}
        assert {name: shown[name] for name in ("error rate", "p50", "p95", "p99")} == {
            name: told[name] for name in ("error rate", "p50", "p95", "p99")
        }


def test_recorded_figures_grow_old_and_are_not_missing_before_the_next_check(
    watched: tuple[list[Record], list[View]],
) -> None:
    records, _ = watched
    tape = Tape(SETTINGS, records)
    made = [one.at for one in records if isinstance(one.event, ev.WatchChecked)][2]
    view = view_at(tape, made + 800.0 * SCALE)
    rows = {one.key: one for one in view.signals}
    assert rows["error rate"].measured_at == pytest.approx(made)
    assert {rows[name].state for name in ("error rate", "p95")} == {vw.State.OK}
    words = {one.name: source_word(one, view.now) for one in view.window.sources}
    assert {words[name] for name in ("logs", "platform", "probes production", "probes slot")} == {SourceWord.OK}


def test_the_charts_show_the_stretch_that_was_recorded(watched: tuple[list[Record], list[View]]) -> None:
    records, _ = watched
    tape = Tape(SETTINGS, records)
    t0 = tape.t0
    assert t0 is not None
    first, *_, last = [one.at for one in records if isinstance(one.event, ev.WatchChecked)]
    view = view_at(tape, first)
    assert view.window.t0 == pytest.approx(t0)
    assert view.window.length_s == pytest.approx(1800.0 * SCALE, rel=0.1)
    view = view_at(tape, last)
    assert view.window.t0 is not None
    assert view.window.t0 > t0 + 3600.0 * SCALE
    assert all(point.start >= 0.0 for one in view.series for point in one.points)
    assert all(one.points for one in view.series)


def test_a_crossed_limit_is_told_until_it_holds_no_more(watched: tuple[list[Record], list[View]]) -> None:
    records, _ = watched
    tape = Tape(SETTINGS, records)
    crossed = next(one for one in records if isinstance(one.event, ev.LimitCrossed))
    assert isinstance(crossed.event, ev.LimitCrossed)
    assert crossed.event.sentence not in view_at(tape, crossed.at - 0.5).panel.detail
    assert crossed.event.sentence in view_at(tape, crossed.at).panel.detail


def test_a_verdict_after_go_stands_until_the_next_check(watched: tuple[list[Record], list[View]]) -> None:
    records, _ = watched
    since = next(one.at for one in records if isinstance(one.event, ev.WatchChecked))
    tape = Tape(SETTINGS, records)
    given = next(one for one in records if isinstance(one.event, ev.VerdictGiven) and one.at > since)
    assert isinstance(given.event, ev.VerdictGiven)
    tape.wind(given.at)
    verdict = tape.verdict
    assert verdict is not None
    assert (verdict.kind.value, verdict.rule, verdict.sentence) == (
        given.event.kind,
        given.event.rule,
        given.event.sentence,
    )


def test_from_the_watch_after_go_one_can_go_back_into_the_window(watched: tuple[list[Record], list[View]]) -> None:
    records, _ = watched
    tape = Tape(SETTINGS, records)
    assert tape.t0 is not None
    before = sections(view_at(tape, tape.t0 + 20.0))
    view_at(tape, tape.end)
    assert sections(view_at(tape, tape.t0 + 20.0)) == before
    assert tape.later is None


def test_a_drill_with_its_extended_validation_has_no_watch_after_go() -> None:
    records = records_of(HEALTHY, script=Script(extended=True))
    assert any(isinstance(one.event, ev.WatchChecked) for one in records)
    tape = Tape(SETTINGS, records)
    view = view_at(tape, tape.end)
    assert tape.later is None
    assert view.window.t0 == tape.t0
    assert view.window.stage == ""


def test_figures_that_are_none_are_left_out() -> None:
    with Stage(None, window_s=WINDOW_S) as stage:
        life = kept(stage)
        records = list(life.recorder.records)
    place, check = next((at, one) for at, one in enumerate(records) if isinstance(one.event, ev.WatchChecked))
    good = {"name": "p95", "value": 110.0, "unit": "ms"}
    odd = ({"name": "p50", "value": "fast"}, {"name": 3, "value": 1.0}, {"value": 1.0}, good)
    records[place] = check.model_copy(update={"event": check.event.model_copy(update={"figures": odd})})
    tape = Tape(SETTINGS, records)
    tape.wind(check.at)
    verdict = tape.verdict
    assert verdict is not None
    assert [one.name for one in verdict.figures if not one.name.endswith(" age")] == ["p95"]


# -- a journal that grows ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def records() -> list[Record]:
    """A release that was rolled back."""
    return records_of(ERRORS, window_s=180.0)


class Counted(dict[str, Any]):
    """A body that knows how often it was read."""

    reads = 0

    def __iter__(self) -> Iterator[str]:
        self.reads += 1
        return super().__iter__()

    def keys(self) -> Any:
        """Asked for where it is copied."""
        self.reads += 1
        return super().keys()

    def get(self, key: str, default: Any = None) -> Any:
        """Asked for where it is folded."""
        self.reads += 1
        return super().get(key, default)


def counted(records: Sequence[Record]) -> tuple[list[Record], list[Counted]]:
    """The same events; the bodies of their observations count."""
    found, bodies = list(records), []
    for place, one in enumerate(records):
        if isinstance(one.event, ev.Observed):
            bodies.append(Counted(one.event.body))
            found[place] = one.model_copy(update={"event": one.event.model_copy(update={"body": bodies[-1]})})
    return found, bodies


def test_what_was_read_is_not_read_again_as_the_journal_grows(records: list[Record]) -> None:
    known, bodies = counted(records)
    tape = Tape(SETTINGS, known[:-20])
    tape.wind(tape.end)
    before = [one.reads for one in bodies]
    assert before[0] > 0
    for one in known[-20:]:
        tape.extend([one])
        tape.wind(tape.end)
    read = sum(1 for one in before if one)
    # The newest reading of a source is in the fold, and looked at whenever the next one comes.
    assert [one.reads for one in bodies][: read - 12] == before[: read - 12]
    assert all(one.reads for one in bodies)


def test_followed_it_comes_to_the_same_as_read_at_once(records: list[Record]) -> None:
    followed = Tape(SETTINGS, records[:40])
    for place in range(40, len(records), 3):
        followed.wind(followed.end)
        followed.extend(records[place : place + 3])
    whole = Tape(SETTINGS, records)
    assert sections(view_at(followed, followed.end)) == sections(view_at(whole, whole.end))
    assert followed.run_state == fold(records)
    assert whole.t0 is not None
    for since in (12.0, 5.0, 9.0):
        assert sections(view_at(followed, whole.t0 + since)) == sections(view_at(whole, whole.t0 + since))


def test_what_comes_while_an_earlier_moment_is_shown_waits_for_its_own(records: list[Record]) -> None:
    tape, whole = Tape(SETTINGS, records[:-30]), Tape(SETTINGS, records)
    assert whole.t0 is not None
    shown = sections(view_at(tape, whole.t0 + 6.0))
    tape.extend(records[-30:])
    assert sections(view_at(tape, whole.t0 + 6.0)) == shown
    assert sections(view_at(tape, tape.end)) == sections(view_at(whole, whole.end))


def test_what_comes_late_and_is_older_takes_its_place(records: list[Record]) -> None:
    tape = Tape(SETTINGS, [*records[:30], *records[40:]])
    tape.wind(tape.end)
    tape.extend(records[30:40])
    assert tape.run_state == fold(records)
    assert tape.length == len(records)
    assert view_at(tape, tape.event_before(tape.end)).seq < len(records)


# -- what cannot be read -------------------------------------------------------------------------------------------


def spoiled(records: Sequence[Record]) -> tuple[list[Record], int]:
    """The journal with a block of another program in its last reading of the logs, and that event's number."""
    place, bad = next(
        (at, one)
        for at, one in reversed(list(enumerate(records)))
        if isinstance(one.event, ev.Observed) and one.event.body.get("blocks")
    )
    assert isinstance(bad.event, ev.Observed)
    blocks = [{**block, "operations": [["GET /goals", 30, 2]]} for block in bad.event.body["blocks"]]
    body = {**bad.event.body, "blocks": blocks}
    found = list(records)
    found[place] = bad.model_copy(update={"event": bad.event.model_copy(update={"body": body})})
    return found, bad.seq


def test_what_cannot_be_read_is_said_and_the_rest_is_played(records: list[Record]) -> None:
    bad, number = spoiled(records)
    tape, hand = Tape(SETTINGS, bad), Hand()
    assert [one.seq for one in tape.unread] == [number]
    player = Player(tape, 10.0, hand)
    player.turn()
    assert player.words == f"left out, cannot be read: 1, from event {number} on (--judge whole tells why)"
    assert len(player.words) < 80
    hand.move(10.0)
    player.turn()
    assert player.words == ""
    assert view_at(tape, tape.end).phase == "ended"


def test_a_cause_of_another_program_is_none_and_its_sentence_stands(records: list[Record]) -> None:
    place, said = next((at, one) for at, one in enumerate(records) if isinstance(one.event, ev.VerdictGiven))
    given = ev.VerdictGiven(kind="HOLD", cause="full moon", rule=None, sentence="the moon is full")
    tape = Tape(SETTINGS, [*records[:place], said.model_copy(update={"event": given}), *records[place + 1 :]])
    assert view_at(tape, said.at).panel.sentence == given.sentence
    assert tape.verdict is not None
    assert tape.verdict.cause is None


def test_a_verdict_before_t0_is_shown_at_its_time(records: list[Record]) -> None:
    place, switched = next((at, one) for at, one in enumerate(records) if isinstance(one.event, ev.TrafficSwitched))
    assert isinstance(switched.event, ev.TrafficSwitched)
    given = ev.VerdictGiven(kind="HOLD", cause="stale", rule=None, sentence="one request in ten is not told of")
    before = switched.model_copy(update={"at": switched.event.t0 - 1.0, "event": given})
    seen = next(one for one in records if isinstance(one.event, ev.Observed) and one.event.source == "logs")
    early = seen.model_copy(update={"at": switched.event.t0 - 2.0})
    tape = Tape(SETTINGS, [*records[:place], early, before, *records[place:]])
    view = view_at(tape, before.at)
    assert tape.verdict is not None
    assert tape.verdict.sentence == given.sentence
    assert view.window.deadline is None
    later = switched.event.t0 + 14.0
    assert [one.n for one in view_at(tape, later).signals] == [
        one.n for one in view_at(Tape(SETTINGS, records), later).signals
    ]
