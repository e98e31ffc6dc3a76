"""The Recorder: journal first; and the detours that a rollback takes where the journal refuses (law 5)."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path

import pytest

from cpr_cockpit.adapters.clock import SystemClock
from cpr_cockpit.core import events as ev
from cpr_cockpit.engine.journal import BUSY_S, Journal, JournalDamaged, JournalError, read
from cpr_cockpit.engine.recorder import Recorder
from cpr_cockpit.engine.writer import FILE
from tests.engine.children import child
from tests.engine.refusing import by_a_file_in_the_way, by_removal, by_trigger


def note(words: str) -> ev.Noted:
    return ev.Noted(by="ana", words=words)


def recorder_on(folder: Path, events: int = 3) -> Recorder:
    recorder = Recorder(Journal(folder), SystemClock())
    for number in range(events):
        recorder.record(note(f"{number + 1}"))
    return recorder


def words_of(records: tuple[ev.Record, ...] | list[ev.Record]) -> list[str]:
    return [record.event.words for record in records if isinstance(record.event, ev.Noted)]


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The temporary directory of this test alone."""
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


def test_a_refused_event_is_not_shown(tmp_path: Path) -> None:
    recorder = recorder_on(tmp_path)
    by_trigger(tmp_path)
    with pytest.raises(JournalError, match="no room"):
        recorder.record(note("lost"))
    assert recorder.run.seq == 3
    assert words_of(recorder.records) == ["1", "2", "3"]


@pytest.mark.parametrize("rolling_back", [False, True])
def test_nothing_follows_the_end_of_a_run(tmp_path: Path, rolling_back: bool) -> None:
    recorder = recorder_on(tmp_path)
    recorder.must_not_fail = rolling_back
    end = ev.RunEnded(decision="kept", provisional=False, production_version="v1", slot_version=None, reason="")
    recorder.record(end)
    with pytest.raises(JournalError, match="has ended"):
        recorder.record(note("late"))
    recorder.close(seal=False)
    assert read(tmp_path)[-1].event == end


async def test_an_event_is_on_disk_before_anybody_is_told(tmp_path: Path) -> None:
    recorder = recorder_on(tmp_path)
    news = asyncio.create_task(recorder.wait_news())
    await asyncio.sleep(0)
    recorder.record(note("4"))
    await asyncio.wait_for(news, 30.0)
    assert words_of(read(tmp_path)) == ["1", "2", "3", "4"]


def test_in_a_rollback_a_refusing_journal_is_set_aside_and_a_new_chain_begins_beside_it(tmp_path: Path) -> None:
    recorder = recorder_on(tmp_path)
    head = recorder.records[-1].hash
    by_trigger(tmp_path)
    recorder.must_not_fail = True
    record = recorder.record(note("4"))
    assert record.seq == 5, "on disk it comes after the word of the new chain and the three that were known"
    assert [one.seq for one in recorder.records] == [1, 2, 3, 4], "faces count on from what they have seen"
    chain = read(tmp_path)
    first = chain[0].event
    assert isinstance(first, ev.JournalContinued)
    assert first.old_head == head
    assert first.first_bad == 4
    assert words_of(chain) == ["1", "2", "3", "4"]
    aside = list(tmp_path.glob("journal.damaged-*.db"))
    assert len(aside) == 1
    with closing(sqlite3.connect(aside[0])) as db:
        assert db.execute("SELECT COUNT(*) FROM events").fetchone() == (3,)
    recorder.close(seal=True)
    assert words_of(read(tmp_path)) == ["1", "2", "3", "4"]


def test_a_second_refusal_writes_over_nothing(tmp_path: Path) -> None:
    recorder = recorder_on(tmp_path)
    recorder.must_not_fail = True
    for number in range(4, 7):
        by_trigger(tmp_path)
        recorder.record(note(f"{number}"))
    assert words_of(read(tmp_path)) == ["1", "2", "3", "4", "5", "6"]
    assert len(list(tmp_path.glob("journal.damaged-*.db"))) == 3
    recorder.close(seal=False)


def test_a_folder_that_is_gone_is_made_again(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    recorder = recorder_on(folder)
    by_removal(folder)
    recorder.must_not_fail = True
    recorder.record(note("4"))
    recorder.close(seal=True)
    assert words_of(read(folder)) == ["1", "2", "3", "4"]


def test_where_nothing_can_be_made_the_chain_goes_to_a_private_temporary_folder(
    tmp_path: Path, temporary: Path
) -> None:
    folder = tmp_path / "run"
    recorder = recorder_on(folder)
    by_a_file_in_the_way(folder)
    recorder.must_not_fail = True
    recorder.record(note("4"))
    recorder.record(note("5"))
    recorder.close(seal=True)
    (place,) = temporary.iterdir()
    assert place.stat().st_mode & 0o777 == 0o700
    assert words_of(read(place)) == ["1", "2", "3", "4", "5"]


def test_memory_is_the_last_place(tmp_path: Path, temporary: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "run"
    recorder = recorder_on(folder)
    by_a_file_in_the_way(folder)
    temporary.rmdir()
    temporary.write_text("not a folder either")
    recorder.must_not_fail = True
    for number in range(4, 7):
        recorder.record(note(f"{number}"))
    assert words_of(recorder.records) == ["1", "2", "3", "4", "5", "6"]
    assert recorder.run.seq == 6
    said = [record.message for record in caplog.records if "memory only" in record.message]
    assert len(said) == 1, "it is said aloud, once"
    recorder.close(seal=True)


def test_without_a_journal_the_records_that_could_be_read_are_the_beginning() -> None:
    known = (ev.Record(seq=1, at=1.0, event=note("1"), hash="x"),)
    recorder = Recorder(None, SystemClock(), known)
    assert recorder.must_not_fail
    assert recorder.record(note("2")).seq == 2
    assert words_of(recorder.records) == ["1", "2"]


def test_another_programs_lock_is_waited_for_and_then_passed_by(tmp_path: Path) -> None:
    recorder = recorder_on(tmp_path)
    recorder.must_not_fail = True
    with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        recorder.record(note("4"))
        assert time.monotonic() - began < BUSY_S + 2.0
    assert words_of(read(tmp_path)) == ["1", "2", "3", "4"]
    recorder.close(seal=False)


@pytest.mark.parametrize("rolled_back", [True, False])
def test_a_file_that_somebody_changed_under_a_live_run_is_mended_at_the_end_of_a_rollback(
    tmp_path: Path, rolled_back: bool
) -> None:
    recorder = recorder_on(tmp_path, 6)
    with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as db:
        db.execute("DROP TRIGGER no_update")
        db.execute("UPDATE events SET body = replace(body, '\"3\"', '\"x\"') WHERE seq = 3")
    recorder.must_not_fail = rolled_back
    recorder.record(note("7"))
    recorder.close(seal=True)
    if rolled_back:
        chain = read(tmp_path)
        assert chain[0].event.type == "journal.continued"
        assert "damaged from event 3" in str(chain[0].event)
        assert words_of(chain) == [str(number) for number in range(1, 8)]
    else:
        # Nothing was at stake: the damage stays to be seen.
        assert _damaged(tmp_path)


def _damaged(folder: Path) -> bool:
    try:
        read(folder)
    except JournalDamaged:
        return True
    return False


def test_a_full_disk_in_the_middle_of_a_run_does_not_stop_its_rollback(tmp_path: Path) -> None:
    """A real process whose files cannot grow: RLIMIT_FSIZE refuses what a full disk refuses."""
    with child("tests.engine.full_disk", str(tmp_path)) as session:
        assert session.line() == "deploying swap"
        assert session.line() == "rolled_back v1.2.0 v1.2.0"
        assert session.process.wait() == 0
