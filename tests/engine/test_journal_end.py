"""A journal that has lost its end, or its whole file, is damaged: it must not look like a shorter run."""

from __future__ import annotations

from pathlib import Path

import pytest

from cpr_cockpit.core import events as ev
from cpr_cockpit.engine.journal import COUNT, Journal, JournalDamaged, read, set_aside
from cpr_cockpit.engine.writer import FILE

EVENTS = 40


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """The folder of a journal as a killed writer leaves it: everything is in the write-ahead log still."""
    live, dead = tmp_path / "live", tmp_path / "dead"
    dead.mkdir()
    with Journal(live) as journal:
        for number in range(EVENTS):
            journal.append(ev.Noted(by="ana", words=f"note {number}"), float(number))
        for name in (FILE, f"{FILE}-wal", COUNT):
            (dead / name).write_bytes((live / name).read_bytes())
    return dead


def _damage(folder: Path) -> JournalDamaged:
    with pytest.raises(JournalDamaged) as caught:
        read(folder)
    return caught.value


def test_what_a_killed_writer_has_written_is_all_there(killed: Path) -> None:
    assert len(read(killed)) == EVENTS
    with Journal(killed) as journal:
        assert journal.append(ev.Noted(by="ana", words="goes on"), 99.0).seq == EVENTS + 1
    assert len(read(killed)) == EVENTS + 1


def test_a_flipped_byte_in_the_log_is_no_shorter_journal(killed: Path) -> None:
    log = killed / f"{FILE}-wal"
    data = bytearray(log.read_bytes())
    data[len(data) // 2] ^= 1
    log.write_bytes(data)
    damaged = _damage(killed)
    assert 1 <= damaged.damage.first_bad <= EVENTS
    assert len(damaged.good) == damaged.damage.first_bad - 1
    with pytest.raises(JournalDamaged):
        Journal(killed)
    # The refused writer has not made the damage unseen.
    assert _damage(killed).damage == damaged.damage


def test_a_lost_log_is_no_shorter_journal(killed: Path) -> None:
    (killed / f"{FILE}-wal").unlink()
    assert _damage(killed).damage.first_bad == 1


def test_a_lost_file_is_no_new_journal(killed: Path) -> None:
    for name in (FILE, f"{FILE}-wal"):
        (killed / name).unlink()
    assert _damage(killed).damage.first_bad == 1
    with pytest.raises(JournalDamaged):
        Journal(killed)


def test_a_journal_that_was_set_aside_leaves_room_for_a_new_one(killed: Path) -> None:
    set_aside(killed, "now")
    with pytest.raises(FileNotFoundError):
        read(killed)
    with Journal(killed) as journal:
        journal.append(ev.Noted(by="ana", words="a new chain"), 1.0)
    assert len(read(killed)) == 1


def test_a_count_that_lags_behind_or_is_missing_is_no_damage(killed: Path) -> None:
    for text in ("7\n", "", "no number"):
        (killed / COUNT).write_text(text, "ascii")
        assert len(read(killed)) == EVENTS
    (killed / COUNT).unlink()
    assert len(read(killed)) == EVENTS
