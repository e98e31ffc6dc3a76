"""Readings that wait: the newest of each source, written once, when something is told; none is lost to a full disk."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.ports import Sighting
from cpr_cockpit.core.signals import Observation, ProbeCount, Source
from cpr_cockpit.engine.journal import Journal
from cpr_cockpit.engine.probing import ProbeRuns
from cpr_cockpit.engine.recorder import Recorder
from cpr_cockpit.engine.thinned import Thinned
from cpr_cockpit.engine.writer import FILE
from tests.engine.moments import bounded
from tests.engine.stage import IN_MEMORY
from tests.engine.virtual import EPOCH, VirtualClock, VirtualLoop

SOURCES = ((Source.LOGS, ""), (Source.LOGS, "day"), (Source.PLATFORM, ""), (Source.CUSTOM, "queue"))


class Place:
    """A journal with room for so many events as is said, and what waits beside it."""

    def __init__(self, folder: Path, loop: VirtualLoop) -> None:
        self.journal = Journal(folder)
        self.recorder = Recorder(self.journal, VirtualClock(loop))
        self.thinned = Thinned(self.recorder, VirtualClock(loop))
        self._file = folder / FILE

    def room(self, events: int | None) -> None:
        """From now on the journal takes so many events more; None: all."""
        with closing(sqlite3.connect(self._file)) as db:
            db.execute("DROP TRIGGER IF EXISTS refuse")
            if events is not None:
                last = len(self.journal.records) + events
                refuse = "BEGIN SELECT RAISE(ABORT, 'no room'); END"
                db.execute(f"CREATE TRIGGER refuse BEFORE INSERT ON events WHEN NEW.seq > {last} {refuse}")

    @property
    def written(self) -> list[Observation]:
        """The observations in the journal, in order."""
        events = [record.event for record in self.journal.records]
        return [Observation.from_dict(event.body) for event in events if isinstance(event, ev.Observed)]


@contextmanager
def placed() -> Iterator[Place]:
    """A place of its own, cleared away behind it."""
    with tempfile.TemporaryDirectory(dir=IN_MEMORY) as folder, closing(VirtualLoop()) as loop:
        place = Place(Path(folder), loop)
        try:
            yield place
        finally:
            place.journal.close()


def look(at: float, *, ok: bool = True, ms: float = 30.0) -> Sighting:
    """One answer of production."""
    return Sighting(at, 200 if ok else 503, "v1.3.0" if ok else None, "a" if ok else None, ms)


takes = st.tuples(st.just("take"), st.sampled_from(range(len(SOURCES))))
records = st.tuples(st.sampled_from(("record", "room")), st.integers(0, 4))


@bounded(80)
@given(st.lists(st.one_of(takes, takes, records), max_size=60))
def test_of_each_source_the_newest_is_written_once_and_none_is_lost(steps: list[tuple[str, int]]) -> None:
    with placed() as place:
        waiting: dict[int, float] = {}
        expected: list[tuple[Source, str, float]] = []
        room: int | None = None
        for step, (what, number) in enumerate(steps):
            at = EPOCH + step
            if what == "take":
                source, name = SOURCES[number]
                place.thinned.take(Observation(source, at, name=name))
                waiting[number] = at
            elif what == "room":
                room = None if number == 4 else number
                place.room(room)
            else:
                fits = len(waiting) if room is None else min(room, len(waiting))
                assert place.thinned.record() == (fits == len(waiting))
                room = None if room is None else room - fits
                expected += [(*SOURCES[one], waiting.pop(one)) for one in list(waiting)[:fits]]
            assert place.thinned.kept == len(waiting)
            assert [(seen.source, seen.name, seen.at) for seen in place.written] == expected


@bounded(60)
@given(st.lists(st.tuples(st.booleans(), st.floats(1.0, 900.0)), min_size=1, max_size=60), st.integers(0, 59))
def test_own_probes_wait_as_runs_and_every_one_is_counted_once(probes: list[tuple[bool, float]], cut: int) -> None:
    with placed() as place:
        runs = place.thinned.add(ProbeRuns(Source.PROBES_PRODUCTION))
        for number, (ok, ms) in enumerate(probes):
            alone = runs.add(look(EPOCH + number, ok=ok, ms=ms), EPOCH + number, None)
            assert (alone.ok, alone.failed) == (int(ok), int(not ok))
            changes = sum(one != other for (one, _), (other, _) in pairwise(probes[: number + 1]))
            if number < cut:
                assert place.thinned.kept == changes + 1
            if number == cut:
                # A refused one stays as it is, and is written whole later.
                place.room(0)
                assert not place.thinned.record()
                assert place.thinned.kept == changes + 1
                place.room(None)
                assert place.thinned.record()
                assert place.thinned.kept == 0
        assert place.thinned.record()
        assert sum(seen.ok for seen in place.written) == sum(ok for ok, _ in probes)
        assert sum(seen.failed for seen in place.written) == sum(not ok for ok, _ in probes)
        parts = [part for part in (probes[: cut + 1], probes[cut + 1 :]) if part]
        assert [seen.lag_p95 for seen in place.written] == [max(ms for _, ms in part) / 1000.0 for part in parts]
        assert [seen.measured_at for seen in place.written][-1] == EPOCH + len(probes) - 1


def test_where_nothing_waits_nothing_is_written() -> None:
    with placed() as place:
        place.thinned.add(ProbeRuns(Source.PROBES_PRODUCTION))
        assert place.thinned.record()
        assert place.journal.records == []


def test_an_application_that_answers_now_and_then_fills_no_more_than_its_room() -> None:
    with placed() as place:
        runs = place.thinned.add(ProbeRuns(Source.PROBES_SLOT))
        for number in range(1000):
            runs.add(look(EPOCH + number, ok=number % 2 == 0), EPOCH + number, None)
            assert runs.full == (place.thinned.kept >= 200)
            if runs.full:
                assert place.thinned.record_runs(runs)
        assert place.thinned.kept == 0
        assert [seen.ok + seen.failed for seen in place.written] == [200] * 5


def test_a_journal_that_refuses_for_days_loses_no_probe_and_fills_no_more_than_its_room() -> None:
    with placed() as place:
        runs = place.thinned.add(ProbeRuns(Source.PROBES_PRODUCTION))
        place.room(0)
        for number in range(1000):
            runs.add(look(EPOCH + number, ok=number % 2 == 0), EPOCH + number, None)
            assert place.thinned.kept <= 200
        assert not place.thinned.record()
        place.room(None)
        assert place.thinned.record()
        (whole,) = place.written
        assert (whole.ok, whole.failed, whole.versions) == (500, 500, ("v1.3.0",))
        # The newest are told one by one, the others before them in one count.
        oldest, *newest = whole.probes
        assert (oldest.at, oldest.ok, oldest.failed) == (EPOCH + 799, 400, 400)
        assert [probe.at for probe in newest] == [EPOCH + number for number in range(800, 1000)]
        assert [probe.ok for probe in newest] == [1, 0] * 100
        # From then on there is room again.
        runs.add(look(EPOCH + 1000), EPOCH + 1000, None)
        assert place.thinned.record()
        assert place.written[-1].probes == (ProbeCount(EPOCH + 1000, 1, 0, ("v1.3.0",)),)


def test_versions_that_answer_while_the_journal_refuses_take_no_more_than_their_room() -> None:
    with placed() as place:
        runs = place.thinned.add(ProbeRuns(Source.PROBES_PRODUCTION))
        for number in range(400):
            runs.add(Sighting(EPOCH + number, 200, f"v{number}", "a", 30.0), EPOCH + number, None)
        assert place.thinned.record()
        oldest = place.written[0].probes[0]
        assert (oldest.ok, oldest.versions) == (200, tuple(f"v{number}" for number in range(8)))
