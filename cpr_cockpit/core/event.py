"""What every event has in common. Events of one concern stand in a room of their own; `events` joins them."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Event(BaseModel):
    """Base of all events: frozen, unknown members refused, ``v`` is the version of the shape."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    v: int = 1
