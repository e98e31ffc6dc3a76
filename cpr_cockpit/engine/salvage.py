"""A damaged journal is set aside; a new chain begins with what was good, and the rest is observed (law 5)."""

from __future__ import annotations

import json
import logging
import time
from typing import Any

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.plan import PlanFacts
from cpr_cockpit.core.run import fold
from cpr_cockpit.core.strategy import blue_green
from cpr_cockpit.documents.card import CARD_DATA
from cpr_cockpit.engine.journal import GENESIS, Journal, JournalDamaged, set_aside
from cpr_cockpit.engine.preparing import plan_event
from cpr_cockpit.engine.settings import SessionSettings

log = logging.getLogger(__name__)


def salvage(settings: SessionSettings, damaged: JournalDamaged) -> Journal:
    """A new journal: where the old one is, its good events, and if they do not reach to the plan, the card's facts."""
    aside = set_aside(settings.folder, time.strftime("%Y%m%d-%H%M%S", time.gmtime()))
    log.warning("journal set aside as %s: %s", aside, damaged)
    head = damaged.good[-1].hash if damaged.good else GENESIS
    journal = Journal(settings.folder)
    journal.begin_after(head)
    first_bad = damaged.damage.first_bad
    now = time.time()
    journal.append(ev.JournalContinued(old_head=head, first_bad=first_bad, set_aside=aside.name), now)
    for record in damaged.good:
        if not isinstance(record.event, ev.RunEnded):
            journal.append(record.event, record.at)
    run = fold(journal.records)
    if run.opened is None:
        journal.append(settings.opening(), now)
    if run.plan is None:
        _from_card(settings, journal, now)
    return journal


def _from_card(settings: SessionSettings, journal: Journal, now: float) -> None:
    """The plan from the card's own data: a card was written, so START may have been pressed."""
    try:
        card: dict[str, Any] = json.loads((settings.folder / CARD_DATA).read_text("utf-8"))
        facts = PlanFacts(card["old_version"], None, slot_exists=True)
        artifact = bool(card["artifact"])
        plan = blue_green(
            card["slot"], card["new_version"], facts, baseline_s=float(card["baseline_s"]), artifact=artifact
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.warning("no card to go by: %s", error)
        return
    journal.append(plan_event(plan, float(card["baseline_s"]), artifact=artifact), now)
    journal.append(ev.CardWritten(path=str(card["path"]), sha256=str(card["sha256"])), now)
    journal.append(ev.Started(by="salvage: START is assumed, the damaged journal does not tell"), now)
