"""What an application writes to its log: handed to those who follow it at that moment, kept by nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

_LONGEST = 4096  # characters of a line
_WAITING = 1000  # lines that wait for a slow follower; older ones are lost


class ApplicationLog:
    """The log of one process."""

    def __init__(self) -> None:
        self._followers: set[asyncio.Queue[str | None]] = set()

    def write(self, line: str) -> None:
        """One line, without its end."""
        for follower in self._followers:
            _put(follower, line[:_LONGEST])

    def cut(self) -> None:
        """End it for all who follow: None is the last thing that they get."""
        for follower in self._followers:
            _put(follower, None)

    @contextmanager
    def followed(self) -> Iterator[asyncio.Queue[str | None]]:
        """The lines written from now on, and None at the end."""
        follower: asyncio.Queue[str | None] = asyncio.Queue(_WAITING)
        self._followers.add(follower)
        try:
            yield follower
        finally:
            self._followers.discard(follower)


def _put(follower: asyncio.Queue[str | None], line: str | None) -> None:
    if follower.full():
        follower.get_nowait()
    follower.put_nowait(line)
