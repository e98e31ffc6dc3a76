"""The journal between real processes: one writer, readers meanwhile, and a lock that dies by kill -9."""

from __future__ import annotations

from pathlib import Path

import pytest

from cpr_cockpit.core.events import Noted
from cpr_cockpit.engine.journal import Journal, JournalBusy, read
from cpr_cockpit.engine.writer import writer_alive, writer_pid
from tests.engine.children import child


def test_a_second_writer_is_refused_until_the_first_has_gone(tmp_path: Path) -> None:
    with child("tests.engine.writer", "hold", str(tmp_path)) as holder:
        assert holder.line() == "open"
        assert writer_pid(tmp_path) == holder.pid
        with pytest.raises(JournalBusy, match="Another session"):
            Journal(tmp_path)
        with child("tests.engine.writer", "hold", str(tmp_path)) as second:
            assert second.line().startswith("busy")
        holder.say("go")
        holder.process.wait()
        assert not writer_alive(tmp_path)
        Journal(tmp_path).close()


def test_the_lock_and_no_event_dies_with_a_writer_that_is_killed(tmp_path: Path) -> None:
    with child("tests.engine.writer", "write", str(tmp_path)) as writer:
        assert writer.line() == "open"
        told = [writer.line() for _ in range(50)]
        told += writer.kill()
        assert not writer_alive(tmp_path)
        left = read(tmp_path)
        numbers = [int(line) for line in told if line.isdigit()]
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(left) >= numbers[-1]
        with Journal(tmp_path) as journal:
            assert journal.append(Noted(by="next", words="on"), 1.0).seq == len(left) + 1
        assert len(read(tmp_path)) == len(left) + 1


def test_readers_see_whole_beginnings_while_a_writer_writes(tmp_path: Path) -> None:
    with child("tests.engine.writer", "write", str(tmp_path)) as writer:
        assert writer.line() == "open"
        before: tuple[object, ...] = ()
        for _ in range(40):
            printed = int(writer.line())
            records = read(tmp_path)
            assert len(records) >= printed
            assert records[: len(before)] == before
            before = records
        writer.kill()
