"""The journal: what was appended is read again, and whatever was changed afterwards is noticed and named."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpr_cockpit.core import events as ev
from cpr_cockpit.engine.journal import (
    COUNT,
    GENESIS,
    SEAL,
    Journal,
    JournalBusy,
    JournalDamaged,
    JournalError,
    chain,
    read,
    set_aside,
)
from cpr_cockpit.engine.writer import FILE, writer_alive, writer_pid
from tests.engine.moments import bounded
from tests.engine.stage import Stage

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
BODIES = st.dictionaries(TEXT, st.one_of(TEXT, NUMBER, st.integers(-(2**40), 2**40), st.none(), st.lists(NUMBER)))
EVENTS = st.one_of(
    st.builds(ev.Noted, by=TEXT, words=TEXT),
    st.builds(ev.Observed, source=TEXT, body=BODIES),
    st.builds(ev.Decided, word=st.sampled_from(("keep", "rollback", "hold")), by=TEXT, verdict=TEXT, sentence=TEXT),
    st.builds(
        ev.StepIntent,
        way=st.sampled_from(("forward", "back")),
        step=TEXT,
        attempt=st.integers(1, 9),
        title=TEXT,
        mutates=st.booleans(),
        facts=st.dictionaries(TEXT, TEXT),
    ),
)


def notes(folder: Path, count: int, *, seal: bool = False) -> Journal:
    """A journal of notes; closed, sealed where asked."""
    journal = Journal(folder)
    for number in range(len(journal.records), count):
        journal.append(ev.Noted(by="ana", words=f"note {number + 1} of a journal"), 1000.0 + number)
    if seal:
        journal.seal()
    else:
        journal.close()
    return journal


def damage_of(folder: Path) -> JournalDamaged:
    with pytest.raises(JournalDamaged) as caught:
        read(folder)
    return caught.value


def _looked_at(folder: Path) -> JournalDamaged | None:
    try:
        read(folder)
    except JournalDamaged as damaged:
        return damaged
    return None


# -- round trip ----------------------------------------------------------------------------------------------------


@bounded(20)
@given(told=st.lists(st.tuples(EVENTS, NUMBER), min_size=1, max_size=6), sealed=st.booleans())
def test_what_is_appended_is_read_again_to_the_last_digit(told: list[tuple[ev.AnyEvent, float]], sealed: bool) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        journal = Journal(folder)
        written = [journal.append(event, at) for event, at in told]
        while_open = read(folder)
        if sealed:
            journal.seal()
        else:
            journal.close()
        assert [(record.seq, record.at, record.event) for record in read(folder)] == [
            (number, at, event) for number, (event, at) in enumerate(told, start=1)
        ]
        assert tuple(written) == while_open == read(folder)
        assert all(ev.record_of(json.loads(json.dumps(record.line()))) == record for record in written)


def test_a_new_writer_goes_on_where_the_last_one_stopped(tmp_path: Path) -> None:
    notes(tmp_path, 3)
    notes(tmp_path, 5)
    assert [record.seq for record in read(tmp_path)] == [1, 2, 3, 4, 5]
    assert [record.seq for record in read(tmp_path, after=3)] == [4, 5]


def test_each_hash_covers_the_one_before(tmp_path: Path) -> None:
    records = notes(tmp_path, 3).records
    previous = GENESIS
    for record in records:
        assert record.hash == chain(previous, record.seq, record.at, record.event.model_dump_json())
        previous = record.hash


def test_the_database_itself_refuses_changes(tmp_path: Path) -> None:
    notes(tmp_path, 3)
    with closing(sqlite3.connect(tmp_path / FILE)) as db:
        for statement in ("UPDATE events SET body = 'x'", "DELETE FROM events"):
            with pytest.raises(sqlite3.IntegrityError, match="append only"):
                db.execute(statement)


def test_files_are_for_their_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    notes(folder, 1)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / FILE).stat().st_mode & 0o777 == 0o600


# -- damage --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def finished() -> Iterator[Path]:
    """The sealed journal of a whole run."""
    with Stage() as stage:
        stage.whole_run()
        yield stage.folder


def test_any_single_byte_that_is_changed_is_noticed(finished: Path) -> None:
    path = finished / FILE
    before = path.read_bytes()
    records = read(finished)
    missed, named = [], set()
    try:
        for offset in range(0, len(before), max(1, len(before) // 400)):
            changed = bytearray(before)
            changed[offset] ^= 1 + offset % 255
            path.write_bytes(changed)
            damaged = _looked_at(finished)
            if damaged is None:
                missed.append(offset)
                continue
            assert 1 <= damaged.damage.first_bad <= len(records)
            assert damaged.good == records[: len(damaged.good)]
            named.add(damaged.damage.first_bad)
    finally:
        path.write_bytes(before)
    assert missed == []
    assert len(named) > 10
    assert read(finished) == records


@pytest.mark.parametrize("place", [0.0, 0.3, 0.6, 1.0])
def test_the_first_bad_event_is_named(finished: Path, place: float) -> None:
    path = finished / FILE
    before, records = path.read_bytes(), read(finished)
    number = 1 + round(place * (len(records) - 1))
    text = records[number - 1].hash.encode()
    assert before.count(text) == 1
    try:
        path.write_bytes(before.replace(text, b"0" * len(text)))
        damaged = damage_of(finished)
    finally:
        path.write_bytes(before)
    assert damaged.damage.first_bad == number
    assert len(damaged.good) == number - 1


def _tamper(folder: Path, *statements: str) -> None:
    with closing(sqlite3.connect(folder / FILE, isolation_level=None)) as db:
        for statement in ("DROP TRIGGER no_update", "DROP TRIGGER no_delete", *statements):
            db.execute(statement)


@pytest.mark.parametrize("sealed", [True, False])
@pytest.mark.parametrize(
    ("statement", "first_bad"),
    [
        ("UPDATE events SET body = replace(body, 'note 4', 'note 9') WHERE seq = 4", 4),
        ("UPDATE events SET at = 5 WHERE seq = 3", 3),
        ("UPDATE events SET body = '{}' WHERE seq = 2", 2),
        ("UPDATE events SET body = CAST(x'ff' AS TEXT) WHERE seq = 2", 2),
        ("UPDATE events SET hash = 'x' WHERE seq = 6", 6),
        ("DELETE FROM events WHERE seq = 3", 3),
        ("DELETE FROM events WHERE seq > 4", 5),
        ("DELETE FROM events", 1),
        ("UPDATE events SET seq = 77 WHERE seq = 6", 6),
        ("DROP TABLE events", 1),
    ],
)
def test_changed_and_missing_events_are_named(tmp_path: Path, statement: str, first_bad: int, sealed: bool) -> None:
    notes(tmp_path, 6, seal=sealed)
    _tamper(tmp_path, statement)
    damaged = damage_of(tmp_path)
    assert damaged.damage.first_bad == first_bad
    assert [record.seq for record in damaged.good] == list(range(1, first_bad))


def test_a_chain_that_was_made_anew_does_not_fit_the_seal(tmp_path: Path) -> None:
    notes(tmp_path, 4, seal=True)
    beside = {name: (tmp_path / name).read_text() for name in (SEAL, COUNT)}
    for name in (FILE, SEAL, COUNT):
        (tmp_path / name).unlink()
    with Journal(tmp_path) as forged:
        for number in range(4):
            forged.append(ev.Noted(by="mallory", words=f"note {number}"), 1.0)
    for name, text in beside.items():
        (tmp_path / name).write_text(text)
    assert "seal" in damage_of(tmp_path).damage.why


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_damaged(tmp_path: Path, share: float) -> None:
    notes(tmp_path, 60, seal=True)
    path = tmp_path / FILE
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    assert 1 <= damage_of(tmp_path).damage.first_bad <= 61


def test_a_file_that_is_no_database_is_damaged_at_its_first_event(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"this is no database, and was never one" * 100)
    damaged = damage_of(tmp_path)
    assert damaged.damage.first_bad == 1
    assert damaged.good == ()
    with pytest.raises(JournalDamaged):
        Journal(tmp_path)
    assert not writer_alive(tmp_path)


def test_a_journal_that_was_removed_is_not_one_that_never_was(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read(tmp_path)
    notes(tmp_path, 2)
    (tmp_path / FILE).unlink()
    assert damage_of(tmp_path).damage.first_bad == 1


# -- writers and readers -------------------------------------------------------------------------------------------


def test_there_is_one_writer_in_a_process_too(tmp_path: Path) -> None:
    with Journal(tmp_path) as first:
        with pytest.raises(JournalBusy):
            Journal(tmp_path)
        first.append(ev.Noted(by="a", words="still writing"), 1.0)
    assert not writer_alive(tmp_path)
    assert writer_pid(tmp_path) is None
    assert len(read(tmp_path)) == 1


def test_looking_at_the_lock_never_keeps_a_writer_out(tmp_path: Path) -> None:
    notes(tmp_path, 1)
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            writer_alive(tmp_path)

    lookers = [threading.Thread(target=look) for _ in range(2)]
    for looker in lookers:
        looker.start()
    try:
        for _ in range(60):
            Journal(tmp_path).close()
    finally:
        done.set()
        for looker in lookers:
            looker.join()
    assert not writer_alive(tmp_path)


def test_a_reader_never_takes_the_end_of_a_run_for_damage(tmp_path: Path) -> None:
    done = threading.Event()
    found: list[str] = []
    folders = [tmp_path / str(number) for number in range(25)]

    def look() -> None:
        while not done.is_set():
            for folder in folders:
                try:
                    read(folder)
                except JournalDamaged as damaged:
                    found.append(str(damaged))
                except (FileNotFoundError, JournalError):
                    continue

    reader = threading.Thread(target=look)
    reader.start()
    try:
        for folder in folders:
            notes(folder, 8, seal=True)
    finally:
        done.set()
        reader.join()
    assert found == []


def test_a_locked_journal_is_no_damaged_one(tmp_path: Path) -> None:
    notes(tmp_path, 2)
    with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as db:
        db.execute("PRAGMA locking_mode=EXCLUSIVE")
        db.execute("BEGIN EXCLUSIVE")
        with pytest.raises(JournalError, match="locked"):
            read(tmp_path)
    assert len(read(tmp_path)) == 2


# -- set aside and continued ---------------------------------------------------------------------------------------


def test_a_chain_goes_on_from_the_head_of_the_one_that_was_set_aside(tmp_path: Path) -> None:
    head = notes(tmp_path, 3).records[-1].hash
    aside = set_aside(tmp_path, "stamp")
    assert aside.exists()
    journal = Journal(tmp_path)
    assert journal.records == []
    journal.begin_after(head)
    journal.append(ev.JournalContinued(old_head=head, first_bad=4, set_aside=aside.name), 1.0)
    journal.append(ev.Noted(by="a", words="on"), 2.0)
    journal.close()
    assert [record.event.type for record in read(tmp_path)] == ["journal.continued", "note"]
    _tamper(tmp_path, f"UPDATE events SET body = replace(body, '{head}', '{'1' * 64}') WHERE seq = 1")
    assert damage_of(tmp_path).damage.first_bad == 1


def test_what_was_set_aside_is_never_written_over(tmp_path: Path) -> None:
    places = []
    for words in ("first", "second", "third"):
        journal = Journal(tmp_path)
        journal.append(ev.Noted(by="a", words=words), 1.0)
        journal.close()
        places.append(set_aside(tmp_path, "same-moment"))
    assert len(set(places)) == 3
    assert all(place.exists() for place in places)


def test_a_journal_with_events_does_not_continue_another(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.append(ev.Noted(by="a", words="x"), 1.0)
        with pytest.raises(ValueError, match="only an empty journal"):
            journal.begin_after("1" * 64)
