"""The channels of a place: those of ``cockpit.toml``, or a lab's own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cpr_cockpit.config.notify_table import SERVICE
from cpr_cockpit.core.notices import NoticeKind, Notifier, Painter
from cpr_cockpit.wiring.target import Place

if TYPE_CHECKING:
    from cpr_cockpit.adapters.connections import Connections


def notifiers_of(place: Place, connections: Connections) -> tuple[Notifier, ...]:
    """A notifier for each channel, in their order. Nothing is sent yet."""
    from cpr_cockpit.adapters.notifications.channel import ChannelSettings
    from cpr_cockpit.adapters.notifications.service import Service
    from cpr_cockpit.adapters.notifications.webhook import Webhook

    found: list[Notifier] = []
    for one in place.notify:
        kinds = frozenset(NoticeKind(event) for event in one.events)
        url = place.secrets.get(one.url_env, "")
        settings = ChannelSettings(one.name, kinds, one.url_env, url, one.picture)
        found.append(Service(settings, place.ca) if one.kind == SERVICE else Webhook(settings, connections))
    return tuple(found)


def painter_of(place: Place) -> Painter | None:
    """Who draws the screen, where a channel wants it."""
    from cpr_cockpit.adapters.notifications.painter import ScreenPainter

    return ScreenPainter() if any(one.picture for one in place.notify) else None


def with_pictures(place: Place) -> Place:
    """The place whose channels get a picture each: a rehearsal shows all that there is, a drill costs no time."""
    return replace(place, notify=tuple(one.model_copy(update={"picture": True}) for one in place.notify))
