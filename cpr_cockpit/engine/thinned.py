"""The newest reading of each source, which goes to the journal only when something is told that stands on it."""

from __future__ import annotations

import logging

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.ports import Clock
from cpr_cockpit.core.signals import Observation, Source
from cpr_cockpit.engine.journal import JournalError
from cpr_cockpit.engine.probing import ProbeRuns
from cpr_cockpit.engine.recorder import Recorder

log = logging.getLogger(__name__)


class Thinned:
    """What was read and is not in the journal: one reading of a source, and the runs of own probes."""

    def __init__(self, recorder: Recorder, clock: Clock) -> None:
        self._recorder = recorder
        self._clock = clock
        self._pending: dict[tuple[Source, str], Observation] = {}
        self._runs: list[ProbeRuns] = []

    @property
    def kept(self) -> int:
        """How many readings wait, runs of probes among them."""
        return len(self._pending) + sum(runs.count for runs in self._runs)

    def add(self, runs: ProbeRuns) -> ProbeRuns:
        """Probes that are recorded with the rest."""
        self._runs.append(runs)
        return runs

    def take(self, seen: Observation) -> None:
        """It takes the place of the source's reading before, told or not."""
        self._pending[(seen.source, seen.name)] = seen

    def record(self) -> bool:
        """Write all that waits; whether the journal took it."""
        for key, seen in list(self._pending.items()):
            if not self.write(_observed(seen)):
                return False
            self._pending.pop(key, None)
        return all(self.record_runs(runs) for runs in self._runs)

    def record_runs(self, runs: ProbeRuns) -> bool:
        """Write the runs of one slot's probes."""
        whole = runs.whole(self._clock.now())
        if whole is not None and not self.write(_observed(whole)):
            return False
        runs.recorded()
        return True

    def write(self, event: ev.AnyEvent) -> bool:
        """Whether the journal took the event; that it refused is in the log."""
        try:
            self._recorder.record(event)
        except JournalError:
            log.exception("%s could not be recorded", event.type)
            return False
        return True


def _observed(seen: Observation) -> ev.Observed:
    return ev.Observed(source=seen.source.value, body=seen.to_dict())
