"""What a session stands on when it begins: its journal, a new chain after a damaged one, or for a rollback memory."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass

from cpr_cockpit.core.events import Record
from cpr_cockpit.engine.journal import Journal, JournalBusy, JournalDamaged, JournalError, read
from cpr_cockpit.engine.salvage import remembered, salvage
from cpr_cockpit.engine.settings import SessionSettings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ground:
    """The journal, or (None) what is known of the run where none can be written."""

    journal: Journal | None
    records: Iterable[Record] = ()


def take_ground(settings: SessionSettings, now: float, *, go_on: bool, must_not_fail: bool) -> Ground:
    """The run's journal; ``now`` is epoch seconds.

    ``go_on``: a damaged one is set aside; ``must_not_fail``: a rollback does without, if need be.
    JournalDamaged, JournalBusy or JournalError where that was not asked for; JournalBusy always: somebody is at it.
    """
    try:
        return Ground(Journal(settings.folder))
    except JournalDamaged as error:
        if not go_on:
            raise
        return _salvaged(settings, error, now, must_not_fail=must_not_fail)
    except JournalBusy:
        raise
    except JournalError as error:
        if not must_not_fail:
            raise
        return _without(settings, _readable(settings), error, now)


def _salvaged(settings: SessionSettings, damaged: JournalDamaged, now: float, *, must_not_fail: bool) -> Ground:
    try:
        return Ground(salvage(settings, damaged, now))
    except (JournalError, OSError) as error:
        if not must_not_fail:
            raise
        return _without(settings, damaged.good, error, now)


def _without(settings: SessionSettings, good: tuple[Record, ...], error: Exception, now: float) -> Ground:
    log.warning("%s The rollback goes on without a journal.", error)
    return Ground(None, remembered(settings, good, now))


def _readable(settings: SessionSettings) -> tuple[Record, ...]:
    try:
        return read(settings.folder)
    except JournalDamaged as damaged:
        return damaged.good
    except (JournalError, FileNotFoundError):
        return ()
