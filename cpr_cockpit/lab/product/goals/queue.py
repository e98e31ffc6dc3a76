"""The queue of notices: in the database that all processes share, so that workers of every slot take from it.

A message that is taken is out of the others' sight for a while; whoever handled it takes it out, else it comes back.
One that failed too often is a dead letter. Times are epoch seconds.
"""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass
from typing import Any

TRIES = 3  # of a message, before it is a dead letter
_UNSEEN = 5.0  # seconds for which a message that was taken is out of sight
SCHEMA = (
    """CREATE TABLE messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    goal INTEGER NOT NULL,
    sound INTEGER NOT NULL,
    sent_at REAL NOT NULL,
    seen_from REAL NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    dead INTEGER NOT NULL DEFAULT 0
)""",
    # The key is what makes work that is done twice fail, where it is not done carelessly.
    """CREATE TABLE notices (
    message INTEGER PRIMARY KEY,
    version TEXT NOT NULL,
    instance TEXT NOT NULL,
    at REAL NOT NULL,
    times INTEGER NOT NULL DEFAULT 1
)""",
)
_PUT = "INSERT INTO messages (goal, sound, sent_at, seen_from) VALUES (?, ?, ?, ?)"
_NEXT = "SELECT id, sound, tries FROM messages WHERE dead = 0 AND seen_from <= ? ORDER BY id LIMIT 1"
_TAKE = "UPDATE messages SET tries = tries + 1, seen_from = ? WHERE id = ?"
_SENT = "INSERT INTO notices (message, version, instance, at) VALUES (?, ?, ?, ?)"
_SENT_AGAIN = f"{_SENT} ON CONFLICT (message) DO UPDATE SET times = times + 1"
_STATE = "SELECT COUNT(*) FILTER (WHERE dead = 0), MIN(sent_at) FILTER (WHERE dead = 0), SUM(dead) FROM messages"


@dataclass(frozen=True, slots=True)
class Message:
    """One that was taken for the ``tries``-th time; who wrote it may have left out what a notice needs (not sound)."""

    id: int
    sound: bool
    tries: int


class Queue:
    """The queue in an open database."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def put(self, goal: int, *, sound: bool) -> None:
        """A notice is to be sent."""
        now = time.time()
        self._database.execute(_PUT, (goal, sound, now, now))

    def take(self) -> Message | None:
        """The oldest message in sight, which nobody else gets meanwhile."""
        if self._database.execute(_NEXT, (time.time(),)).fetchone() is None:
            return None
        self._database.execute("BEGIN IMMEDIATE")
        with self._database:
            now = time.time()
            row = self._database.execute(_NEXT, (now,)).fetchone()
            if row is None:
                return None
            id, sound, tries = row
            self._database.execute(_TAKE, (now + _UNSEEN, id))
        return Message(id, bool(sound), tries + 1)

    def peek(self) -> Message | None:
        """The oldest message in sight, which others may get meanwhile."""
        row = self._database.execute(_NEXT, (time.time(),)).fetchone()
        return None if row is None else Message(row[0], bool(row[1]), row[2] + 1)

    def done(self, message: Message, version: str, instance: str, *, again: bool = False) -> None:
        """The notice is sent: the message is gone in the same transaction. `again`: perhaps not for the first time."""
        self._database.execute("BEGIN IMMEDIATE")
        with self._database:
            row = (message.id, version, instance, time.time())
            self._database.execute(_SENT_AGAIN if again else _SENT, row)
            self._database.execute("DELETE FROM messages WHERE id = ?", (message.id,))

    def failed(self, message: Message) -> bool:
        """It is in sight again, or dead after its last try; whether it is dead."""
        dead = message.tries >= TRIES
        self._database.execute(
            "UPDATE messages SET seen_from = ?, dead = ? WHERE id = ?", (time.time(), dead, message.id)
        )
        return dead

    def as_dict(self) -> dict[str, Any]:
        """What waits, and what was given up, as the API tells it."""
        depth, oldest, dead = self._database.execute(_STATE).fetchone()
        age = None if oldest is None else round(max(0.0, time.time() - oldest), 3)
        return {"depth": depth, "oldest_s": age, "dead_letters": dead or 0}
