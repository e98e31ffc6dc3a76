"""Law 5 for the disk: neither a journal that refuses nor a damaged one keeps a rollback from being carried out.

And law 2 with it: what is set aside is found out by observation, so that going on never swaps twice.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpr_cockpit.core.events import JournalContinued
from cpr_cockpit.engine.journal import JournalDamaged, JournalError, read
from cpr_cockpit.engine.writer import FILE
from tests.engine.moments import WAY_FORTH, Moment, bounded, moments
from tests.engine.refusing import by_a_file_in_the_way, by_removal, by_trigger
from tests.engine.stage import Death, Life, Stage
from tests.engine.users import ERRORS
from tests.engine.world import NEW, OLD, forward_switches


def _flip(path: Path, place: float) -> None:
    content = bytearray(path.read_bytes())
    content[int(place * (len(content) - 1))] ^= 0x55
    path.write_bytes(content)


def _cut(path: Path, place: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(place * len(content))])


def _fill(path: Path, place: float) -> None:
    path.write_bytes(b"no database" * (1 + int(place * 100)))


def _remove(path: Path, place: float) -> None:
    path.unlink()


DAMAGES = st.sampled_from((_flip, _cut, _fill, _remove))
PLACES = st.floats(0.0, 0.999)


def _rolled_back(stage: Stage, life: Life) -> None:
    stage.rest()
    ended = life.run_state.ended
    assert ended is not None
    assert ended.decision == "rolled_back", ended.reason
    assert (stage.world.production, stage.world.slot) == (OLD, OLD)
    assert len(stage.world.switches) == 2 * forward_switches(stage.world.switches)


@bounded(5)
@given(moment=moments(WAY_FORTH), refuse=st.sampled_from((by_trigger, by_removal, by_a_file_in_the_way)))
def test_a_rollback_is_carried_out_while_the_journal_refuses(moment: Moment, refuse: Callable[[Path], None]) -> None:
    with Stage(behaviour=ERRORS) as stage:
        life = stage.begin()
        if life.live(moment.of(life)):
            return
        refuse(stage.folder)
        # Where the journal goes to is the Recorder's business; that it holds the intents first is looked at elsewhere.
        stage.world.witness = lambda call: None
        life.command("rollback", by="ana")
        try:
            assert life.live()
        except JournalError:
            # The way forth met the refusal first, and the session died of it: the command starts another one.
            life.die()
            life = stage.begin(rollback_by="ana")
            assert life.live()
        if refuse is by_trigger:
            _rolled_back(stage, life)
            return
        # The old artifact is gone with the folder: production is back, and the run says what is left.
        assert stage.world.production == OLD
        assert life.run_state.ended is not None
        assert life.run_state.ended.decision in ("rolled_back", "partial")


@bounded(6)
@given(moment=moments(WAY_FORTH), damage=DAMAGES, place=PLACES, torn=st.booleans())
def test_a_damaged_journal_does_not_keep_its_run_from_being_rolled_back(
    moment: Moment, damage: Callable[[Path, float], None], place: float, torn: bool
) -> None:
    with Stage(behaviour=ERRORS) as stage:
        life = stage.begin()
        if life.live(moment.of(life)):
            return
        life.die(Death(torn=torn))
        damage(stage.folder / FILE, place)
        stage.whole_journal = False
        life = stage.begin(rollback_by="ana")
        assert life.live()
        _rolled_back(stage, life)
        life.end()
        assert read(stage.folder)


@bounded(5)
@given(moment=moments(WAY_FORTH), damage=DAMAGES, place=PLACES, torn=st.booleans())
def test_a_run_with_a_damaged_journal_goes_on_by_observation_and_never_swaps_twice(
    moment: Moment, damage: Callable[[Path, float], None], place: float, torn: bool
) -> None:
    with Stage(window_s=20.0) as stage:
        life = stage.begin()
        if life.live(moment.of(life)):
            return
        life.die(Death(torn=torn))
        damage(stage.folder / FILE, place)
        try:
            read(stage.folder)
        except JournalDamaged as damaged:
            good = len(damaged.good)
            with pytest.raises(JournalDamaged):
                stage.begin()
        else:
            return
        stage.whole_journal = False
        life = stage.begin(go_on=True)
        first = life.recorder.records[0].event
        assert isinstance(first, JournalContinued)
        assert first.first_bad == good + 1
        assert (stage.folder / first.set_aside).exists() == (damage is not _remove)
        assert life.live()
        stage.rest()
        ended = life.run_state.ended
        assert ended is not None
        assert ended.decision in ("kept", "held"), ended.reason
        assert [switch.production for switch in stage.world.switches] == [NEW]


@pytest.mark.parametrize(("what", "most"), [("intent deploy", 60), ("intent swap", 60)])
def test_what_was_sent_and_forgotten_is_waited_for(what: str, most: int) -> None:
    """Turn by turn after a request left: the journal is destroyed while it is on the wire or under way."""
    for turn in range(0, most, 5):
        with Stage() as stage:
            stage.world.laying_s = 6.0
            life = stage.begin()
            assert not life.live(Moment(what, turn).of(life))
            life.die()
            (stage.folder / FILE).unlink()
            stage.whole_journal = False
            life = stage.begin(rollback_by="ana")
            assert life.live()
            _rolled_back(stage, life)


def test_without_journal_and_card_nothing_is_known_and_nothing_is_touched() -> None:
    with Stage() as stage:
        life = stage.begin()
        assert not life.live(Moment("outcome swap", 0).of(life))
        life.die()
        for name in (FILE, "rollback-card.json"):
            (stage.folder / name).unlink()
        calls = len(stage.world.calls)
        life = stage.begin(rollback_by="ana")
        assert life.live()
        assert life.run_state.ended is not None
        assert life.run_state.ended.decision == "failed"
        assert life.run_state.ended.production_version == NEW
        assert "by hand" in life.run_state.ended.reason
        assert len(stage.world.calls) == calls


def test_a_rollback_in_memory_goes_by_the_card() -> None:
    with Stage() as stage:
        life = stage.begin()
        assert not life.live(Moment("outcome keep-warm", 0).of(life))
        life.die()
        (stage.folder / FILE).write_bytes(b"no database")
        # No lock can be taken, so no journal can be written: a folder has its name.
        (stage.folder / "journal.lock").unlink()
        (stage.folder / "journal.lock").mkdir()
        stage.world.witness = lambda call: None
        life = stage.begin(rollback_by="ana")
        assert life.journal is None
        assert life.live()
        _rolled_back(stage, life)
