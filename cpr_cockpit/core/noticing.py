"""What a run knows of its notices: what was to be sent where, what came of it, who answered a page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from cpr_cockpit.core import notice_events as ne
from cpr_cockpit.core.event import Event
from cpr_cockpit.core.notices import NoticeKind

CALLS = frozenset({NoticeKind.OVERDUE, NoticeKind.PAGE})
"""Kinds of the notices that call somebody."""


@dataclass(slots=True)
class Sending:
    """One notice and, by channel, the newest outcome with its time; a channel without one has not been reached."""

    at: float
    intent: ne.NoticeIntent
    outcomes: dict[str, tuple[float, ne.NoticeOutcome]] = field(default_factory=dict)

    @property
    def open(self) -> tuple[str, ...]:
        """The channels that are still to be reached."""
        done = {name for name, (_, one) in self.outcomes.items() if one.result != "failed"}
        return tuple(name for name in self.intent.to if name not in done)


@dataclass(slots=True)
class Channel:
    """One channel as it stands; ``trouble`` since the last notice that reached it."""

    name: str
    sent: int = 0
    left: int = 0
    sent_at: float | None = None
    tried_at: float | None = None
    trouble: str = ""
    trouble_at: float | None = None


@dataclass(slots=True)
class Notices:
    """By id, in their order. ``about``: what was last told of a verdict, ``about_at``: when.

    ``acknowledged_after``: how many verdicts had been given when a person last answered an alarm. ``delayed_at``: when
    this machine was last back from where nobody could be called.
    """

    sendings: dict[str, Sending] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    about: str = ""
    about_at: float | None = None
    acknowledged: ne.AlarmAcknowledged | None = None
    acknowledged_at: float | None = None
    acknowledged_after: int = 0
    delayed_at: float = 0.0


class Folding(Protocol):
    """The Run, as far as this needs it."""

    notices: Notices
    verdicts: list[tuple[float, Any]]

    def note_moment(self, at: float, what: str, detail: str = "", status: str = "done") -> None:
        """A row of the timeline."""


def _intent(run: Folding, at: float, event: ne.NoticeIntent) -> None:
    run.notices.sendings[event.notice] = Sending(at, event)
    for name in event.to:
        run.notices.channels.setdefault(name, Channel(name))
    if event.kind == NoticeKind.VERDICT:
        run.notices.about, run.notices.about_at = event.about, at
    if event.kind in CALLS:
        run.note_moment(at, "Paged", f"{', '.join(event.to)}: {event.title}", "warning")


def _outcome(run: Folding, at: float, event: ne.NoticeOutcome) -> None:
    sending = run.notices.sendings.get(event.notice)
    if sending is not None:
        sending.outcomes[event.to] = (at, event)
    channel = run.notices.channels.setdefault(event.to, Channel(event.to))
    channel.tried_at = at
    if event.result == "sent":
        channel.sent, channel.sent_at = channel.sent + 1, at
        channel.trouble, channel.trouble_at = "", None
    if event.result in ("sent", "needless"):
        return
    channel.trouble, channel.trouble_at = event.words, at
    if event.result == "left":
        channel.left += 1
        run.note_moment(at, "Notice not sent", f"{event.kind} to {event.to}: {event.words}", "warning")


def _acknowledged(run: Folding, at: float, event: ne.AlarmAcknowledged) -> None:
    run.notices.acknowledged, run.notices.acknowledged_at = event, at
    run.notices.acknowledged_after = len(run.verdicts)
    words = f": {event.words}" if event.words else ""
    run.note_moment(at, "Alarm acknowledged", f"by {event.by}{words}", "note")


def _delayed(run: Folding, at: float, event: ne.AlarmDelayed) -> None:
    run.notices.delayed_at = at
    run.note_moment(at, "Alarm delayed", f"this machine was away for {event.away_s:.0f} s", "warning")


HANDLERS: dict[type[Event], Callable[[Any, float, Any], None]] = {
    ne.NoticeIntent: _intent,
    ne.NoticeOutcome: _outcome,
    ne.AlarmAcknowledged: _acknowledged,
    ne.AlarmDelayed: _delayed,
}
