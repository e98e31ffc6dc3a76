"""The journal: append-only, hash-chained events in SQLite; one writer, many readers.

Each row's hash covers the row before it, its number, its time and its text, so that a change anywhere is found at the
first event it touches; how many there are stands beside the file, so that a lost end is found too. The writer holds an
OS lock that dies with its process. WAL with synchronous=FULL: an append that has returned survives a kill and a power
cut.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import itertools
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import ValidationError

from cpr_cockpit.core.events import AfterwordBegun, AnyEvent, JournalContinued, Record, parse_event
from cpr_cockpit.engine.writer import FILE, LOCK

GENESIS = "0" * 64
SEAL = "journal.seal"
# How many events have been written, beside them: a database whose end is lost looks whole from the inside.
COUNT = "journal.count"

# How long another program's lock on the database is waited for; the session stands still meanwhile.
BUSY_S = 2.0
# How long a lock may be held by those who only look at it; a writer holds it for good.
LOOKED_AT_S = 0.3

_SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    body TEXT NOT NULL,
    hash TEXT NOT NULL
) STRICT;
CREATE TRIGGER IF NOT EXISTS no_update BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'append only'); END;
CREATE TRIGGER IF NOT EXISTS no_delete BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'append only'); END;
"""


class JournalError(Exception):
    """The journal cannot be written (folder, disk, another writer): says which."""


class JournalBusy(JournalError):
    """Another process is the writer."""


@dataclass(frozen=True, slots=True)
class Damage:
    """Where a journal stops to be trustworthy: the first bad event, and why."""

    first_bad: int
    why: str


class JournalDamaged(Exception):
    """A journal whose chain does not hold; ``good`` are the events before the first bad one."""

    def __init__(self, damage: Damage, good: tuple[Record, ...]) -> None:
        super().__init__(f"event {damage.first_bad}: {damage.why}")
        self.damage = damage
        self.good = good


def chain(previous: str, seq: int, at: float, body: str) -> str:
    """SHA-256 over the previous hash, the number, the time (repr, so that it round-trips) and the text."""
    return hashlib.sha256(f"{previous}\n{seq}\n{at!r}\n{body}".encode()).hexdigest()


def _rows(path: Path) -> Iterator[tuple[object, object, object, object]]:
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_S)) as db:
        yield from db.execute("SELECT seq, at, body, hash FROM events ORDER BY seq")


def _record(row: tuple[object, object, object, object], expected: int, previous: str | None) -> Record | str:
    seq, at, body, digest = row
    if not isinstance(at, float) or not isinstance(body, str) or not isinstance(digest, str):
        return "a column is not of its type"
    if seq != expected:
        return f"number {expected} is missing"
    try:
        event = parse_event(body)
    except (ValidationError, ValueError):
        return "its text is no event of this program"
    if previous is None:
        previous = event.old_head if isinstance(event, JournalContinued | AfterwordBegun) else GENESIS
    if digest != chain(previous, expected, at, body):
        return "its hash does not fit its text and the event before it"
    return Record(seq=expected, at=at, event=event, hash=digest)


def read(folder: Path, *, after: int = 0) -> tuple[Record, ...]:
    """All events of the journal in ``folder`` after number ``after``, verified from the first one.

    Raises JournalDamaged at the first event that does not hold, and FileNotFoundError where there is no journal.
    """
    path = folder / FILE
    # Both are read before the rows, which a living writer adds first; a seal that is there before them covers them all.
    written, seal = _written(folder), _sealed(folder)
    if not path.exists():
        if written:
            raise JournalDamaged(Damage(1, "the file is gone"), ())
        raise FileNotFoundError(path)
    records: list[Record] = []
    try:
        for row in _rows(path):
            found = _record(row, len(records) + 1, records[-1].hash if records else None)
            if isinstance(found, str):
                raise JournalDamaged(Damage(len(records) + 1, found), tuple(records))
            records.append(found)
    except (sqlite3.DatabaseError, UnicodeDecodeError, OverflowError) as error:
        if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
            raise JournalError(f"The journal in {folder} is locked by another program: {error}") from error
        if "no such table" in str(error) and not written and seal is None:
            # A writer has made the file and is about to begin.
            raise FileNotFoundError(path) from error
        damage = Damage(len(records) + 1, f"the file cannot be read from there on ({error})")
        raise JournalDamaged(damage, tuple(records)) from error
    if len(records) < written:
        words = f"events are missing at the end: {written} were written"
        raise JournalDamaged(Damage(len(records) + 1, words), tuple(records))
    if seal is not None:
        _check_seal(folder, seal, records)
    return tuple(records[after:])


def _written(folder: Path) -> int:
    """How many events the writer has told of; 0 where it has not."""
    try:
        said = (folder / COUNT).read_text("ascii", errors="replace").strip()
    except OSError:
        return 0
    return int(said) if said.isdecimal() else 0


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sealed(folder: Path) -> str | None:
    """What the seal says, None where there is none."""
    try:
        return (folder / SEAL).read_text("ascii", errors="replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise JournalError(f"The journal's seal in {folder} cannot be read: {error.strerror}.") from error


def _check_seal(folder: Path, seal: str, records: list[Record]) -> None:
    # A finished journal is sealed by a digest of the whole file: bytes outside the events are covered by it too.
    head, _, digest = seal.strip().partition(" ")
    if not records or head != records[-1].hash:
        raise JournalDamaged(
            Damage(len(records) + 1, "events are missing at the end: the seal names another"), tuple(records)
        )
    if digest != _file_digest(folder / FILE):
        last = len(records)
        raise JournalDamaged(
            Damage(last, "the file was changed after it was sealed, beside its events"), tuple(records)
        )


def _locked(handle: int) -> bool:
    """Take the writer's lock; whoever only looks whether it is held (`writer_pid`) holds it for an instant."""
    deadline = time.monotonic() + LOOKED_AT_S
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.005)
        else:
            return True


class Journal:
    """The one writer. Open it, append events, close it; ``records`` holds all of them, verified at opening."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.records: list[Record] = []
        self._previous = GENESIS
        self._lock = self._take_lock()
        self._count: int | None = None
        try:
            with contextlib.suppress(FileNotFoundError):
                self.records = list(read(folder))
            self._count = self._open_count()
            self._db = self._connect()
        except BaseException:
            self._give_up_files()
            raise
        self._previous = self.records[-1].hash if self.records else GENESIS

    def _take_lock(self) -> int:
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(self.folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise JournalError(f"The run's folder {self.folder} cannot be written: {error.strerror}.") from error
        if not _locked(handle):
            os.close(handle)
            raise JournalBusy(f"Another session is writing the journal in {self.folder}.")
        try:
            os.ftruncate(handle, 0)
            os.write(handle, f"{os.getpid()}\n".encode())
        except OSError as error:
            os.close(handle)
            raise JournalError(f"The run's folder {self.folder} cannot be written: {error.strerror}.") from error
        return handle

    def _connect(self) -> sqlite3.Connection:
        (self.folder / SEAL).unlink(missing_ok=True)
        try:
            db = sqlite3.connect(self.folder / FILE, isolation_level=None, timeout=BUSY_S)
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
            db.executescript(_SCHEMA)
            (self.folder / FILE).chmod(0o600)
        except (sqlite3.Error, OSError) as error:
            raise JournalError(f"The journal in {self.folder} cannot be written: {error}.") from error
        return db

    def _give_up_files(self) -> None:
        for handle in (self._count, self._lock):
            if handle is not None:
                os.close(handle)

    def _open_count(self) -> int:
        try:
            return os.open(self.folder / COUNT, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise JournalError(f"The run's folder {self.folder} cannot be written: {error.strerror}.") from error

    def begin_after(self, old_head: str) -> None:
        """Chain the first event to the head of a journal that was set aside; only for an empty journal."""
        if self.records:
            raise ValueError("only an empty journal can continue another one")
        self._previous = old_head

    def append(self, event: AnyEvent, at: float) -> Record:
        """Write one event durably and return its record; JournalError where the disk refuses."""
        body = event.model_dump_json()
        seq = len(self.records) + 1
        digest = chain(self._previous, seq, at, body)
        try:
            self._db.execute("INSERT INTO events VALUES (?, ?, ?, ?)", (seq, at, body, digest))
        except sqlite3.Error as error:
            raise JournalError(f"The journal in {self.folder} cannot be written: {error}.") from error
        # Not forced to the disk: after a power cut it may tell of fewer events than there are, never of more.
        if self._count is not None:
            with contextlib.suppress(OSError):
                os.pwrite(self._count, f"{seq:>12}\n".encode(), 0)
        self._previous = digest
        record = Record(seq=seq, at=at, event=event, hash=digest)
        self.records.append(record)
        return record

    def seal(self) -> None:
        """Close a finished journal and write the digest of its file beside it."""
        self.close()
        if self.records:
            text = f"{self.records[-1].hash} {_file_digest(self.folder / FILE)}\n"
            # In one step: half a seal would look like a broken one.
            partial = self.folder / f"{SEAL}.part"
            partial.write_text(text, "ascii")
            partial.replace(self.folder / SEAL)

    def close(self) -> None:
        """Fold the write-ahead log into the file and give up the lock."""
        # Where the log cannot be folded it stays beside the file; readers read both.
        with contextlib.suppress(sqlite3.Error):
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._db.close()
        self._give_up_files()

    def abandon(self) -> None:
        """Give up a journal that refuses, as it is: what its log holds is read from there."""
        self._db.close()
        self._give_up_files()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def set_aside(folder: Path, stamp: str) -> Path:
    """Rename a damaged journal (and its log) so that a new chain can begin; returns the new path."""
    # What was set aside before is evidence: it is never written over.
    names = (folder / f"journal.damaged-{stamp}{f'-{again}' if again else ''}.db" for again in itertools.count())
    target = next(name for name in names if not name.exists())
    for suffix in ("", "-wal", "-shm"):
        source = folder / f"{FILE}{suffix}"
        if source.exists():
            source.rename(target.with_name(target.name + suffix))
    for beside in (SEAL, COUNT):
        (folder / beside).unlink(missing_ok=True)
    return target
