"""The goals in their database: one SQLite file that the processes of all slots share.

Every transaction is short and takes its lock at its beginning, so that writers wait for each other, not fail. The lab's
data may be lost with the machine: nothing waits for the disk.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .queue import SCHEMA, Queue

_WAIT = 10.0  # seconds for another process's transaction
_MOST = 100  # goals of a list
NEWEST = "SELECT id, title, description, done, created_at FROM goals ORDER BY id DESC LIMIT ?"
ONE = "SELECT id, title, description, done, created_at FROM goals WHERE id = ?"
INSERT = "INSERT INTO goals (title, description, done, created_at) VALUES (?, ?, ?, ?)"
UPDATE = "UPDATE goals SET title = ?, description = ?, done = ? WHERE id = ?"
DELETE = "DELETE FROM goals WHERE id = ?"
_SCHEMA = """CREATE TABLE goals (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    done INTEGER NOT NULL,
    created_at TEXT NOT NULL
)"""
_FIRST = ("Rehearse the rollback", "Answer every alert within five minutes", "Write the report from the journal")


@dataclass(frozen=True, slots=True)
class Goal:
    """One goal; `created`: ISO 8601 in UTC."""

    id: int
    title: str
    description: str
    done: bool
    created: str

    def as_dict(self) -> dict[str, Any]:
        """The goal as the API shows it."""
        return {
            "id": self.id,
            "title": self.title,
            "description": self.description,
            "done": self.done,
            "createdAt": self.created,
        }


class Store:
    """An open database with its queue; the first process to open it makes the tables and a few goals."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, timeout=_WAIT, isolation_level=None)
        self._database.execute("PRAGMA synchronous = OFF")
        self.queue = Queue(self._database)
        self._create()

    def _create(self) -> None:
        self._database.execute("BEGIN IMMEDIATE")
        with self._database:
            (version,) = self._database.execute("PRAGMA user_version").fetchone()
            if version == 0:
                for table in (_SCHEMA, *SCHEMA):
                    self._database.execute(table)
                for title in _FIRST:
                    self._insert(title, "", done=False)
                self._database.execute("PRAGMA user_version = 1")

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def all(self) -> list[Goal]:
        """The newest goals, a hundred at most, newest first."""
        rows = self._database.execute(NEWEST, (_MOST,))
        return [_goal(row) for row in rows]

    def find(self, id: int) -> Goal | None:
        """The goal with this id, if there is one."""
        row = self._database.execute(ONE, (id,)).fetchone()
        return None if row is None else _goal(row)

    def add(self, title: str, description: str, *, done: bool, sound: bool = True) -> Goal:
        """Keep a new goal, and put its notice into the queue; ``sound`` False: one that nobody can send."""
        self._database.execute("BEGIN IMMEDIATE")
        with self._database:
            goal = self._insert(title, description, done=done)
            self.queue.put(goal.id, sound=sound)
        return goal

    def _insert(self, title: str, description: str, *, done: bool) -> Goal:
        created = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        cursor = self._database.execute(INSERT, (title, description, done, created))
        return Goal(cursor.lastrowid or 0, title, description, done, created)

    def change(self, id: int, title: str, description: str, *, done: bool) -> Goal | None:
        """Change a goal; None if there is none with this id."""
        self._database.execute(UPDATE, (title, description, done, id))
        return self.find(id)

    def remove(self, id: int) -> bool:
        """Delete a goal; whether there was one with this id."""
        return self._database.execute(DELETE, (id,)).rowcount > 0


def _goal(row: tuple[Any, ...]) -> Goal:
    id, title, description, done, created = row
    return Goal(id, title, description, bool(done), created)
