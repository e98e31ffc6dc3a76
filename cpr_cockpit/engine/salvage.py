"""A damaged journal is set aside; a new chain begins with what was good, and the rest is observed (law 5)."""

from __future__ import annotations

import json
import logging
import time
from dataclasses import replace
from typing import Any

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.plan import PlanFacts
from cpr_cockpit.core.strategies import Course, plan_by
from cpr_cockpit.core.strategy import BLUE_GREEN, OBSERVED
from cpr_cockpit.documents.card import CARD_DATA
from cpr_cockpit.engine.journal import GENESIS, Journal, JournalDamaged, set_aside
from cpr_cockpit.engine.preparing import plan_event
from cpr_cockpit.engine.settings import SessionSettings

log = logging.getLogger(__name__)


def salvage(settings: SessionSettings, damaged: JournalDamaged, now: float) -> Journal:
    """A new journal: where the old one is, its good events, and if they do not reach to the plan, the card's facts."""
    aside = set_aside(settings.folder, time.strftime("%Y%m%d-%H%M%S", time.gmtime(now)))
    log.warning("journal set aside as %s: %s", aside, damaged)
    head = damaged.good[-1].hash if damaged.good else GENESIS
    journal = Journal(settings.folder)
    journal.begin_after(head)
    first_bad = damaged.damage.first_bad
    continued = ev.JournalContinued(old_head=head, first_bad=first_bad, set_aside=aside.name)
    for event, at in [(continued, now), *_told(settings, damaged.good, now)]:
        journal.append(event, at)
    return journal


def remembered(settings: SessionSettings, good: tuple[ev.Record, ...], now: float) -> tuple[ev.Record, ...]:
    """The same where no journal can be written: the events in memory only."""
    head = good[-1].hash if good else GENESIS
    words = "nothing, for no journal can be written: this session is kept in memory only"
    continued = ev.JournalContinued(old_head=head, first_bad=len(good) + 1, set_aside=words)
    told = [(continued, now), *_told(settings, good, now)]
    return tuple(ev.Record(seq=seq, at=at, event=event, hash="") for seq, (event, at) in enumerate(told, start=1))


def _told(settings: SessionSettings, good: tuple[ev.Record, ...], now: float) -> list[tuple[ev.AnyEvent, float]]:
    """The good events of a run that goes on; without its opening or its plan among them what else tells of these."""
    told: list[tuple[ev.AnyEvent, float]] = [
        (record.event, record.at) for record in good if not isinstance(record.event, ev.RunEnded)
    ]
    if not any(isinstance(event, ev.RunOpened) for event, _ in told):
        told.append((settings.opening(), now))
    plans = [event for event, _ in told if isinstance(event, ev.PlanMade)]
    from_card = _from_card(settings)
    if not plans or (from_card and not _alike(plans[-1], from_card[0])):
        # Without a plan, or with one that was chosen anew in the part that is lost: the card is the newest there is.
        told += [(event, now) for event in from_card]
    return told


def _alike(one: ev.PlanMade, other: ev.PlanMade) -> bool:
    """Whether two plans lead back in the same way."""
    return (one.strategy, one.control, one.preview) == (other.strategy, other.control, other.preview)


def _from_card(settings: SessionSettings) -> tuple[ev.PlanMade, ev.CardWritten, ev.Started] | tuple[()]:
    """The plan from the card's own data: a card was written, so START may have been pressed."""
    try:
        card: dict[str, Any] = json.loads((settings.folder / CARD_DATA).read_text("utf-8"))
        facts = PlanFacts(card["old_version"], None, slot_exists=True)
        artifact = bool(card["artifact"])
        course, new = Course(OBSERVED), settings.new_version
        if not settings.observe:
            configured = settings.course
            course = replace(
                configured,
                strategy=str(card.get("strategy", BLUE_GREEN)),
                control=float(card.get("control", configured.control)),
                preview=bool(card.get("preview", configured.preview)),
            )
            new = card["new_version"]
        plan = plan_by(course, card["slot"], new, facts, baseline_s=float(card["baseline_s"]), artifact=artifact)
        written = ev.CardWritten(path=str(card["path"]), sha256=str(card["sha256"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.warning("no card to go by: %s", error)
        return ()
    started = ev.Started(by="salvage: START is assumed, the damaged journal does not tell")
    return plan_event(plan, float(card["baseline_s"]), artifact=artifact), written, started
