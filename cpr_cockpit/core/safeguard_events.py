"""Events of what guards a deployment beside its gates: the tag, a freeze that was overridden, the second person."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from cpr_cockpit.core.event import Event


class TagsRead(Event):
    """The tags of an app were held against what is allowed; ``app``: a further one of several ("": the first)."""

    type: Literal["tags.read"] = "tags.read"
    app: str = ""
    matches: bool
    words: str


class FreezeOverridden(Event):
    """START was pressed in a freeze, by whom and why. ``until``: when the freeze ends."""

    type: Literal["freeze.overridden"] = "freeze.overridden"
    name: str
    until: float
    by: str
    reason: str


class SecondAsked(Event):
    """``by`` wants an act that a second person must confirm, before ``until``; ``words`` name the act.

    ``arguments``: what it was asked with, so that what is confirmed is what was asked for. ``others``: initials of
    those among the people who may confirm it.
    """

    type: Literal["second.asked"] = "second.asked"
    act: str
    by: str
    words: str
    until: float
    arguments: dict[str, str] = Field(default_factory=dict)
    others: tuple[str, ...] = ()


class SecondGiven(Event):
    """``by``, who is somebody else than ``asked_by``, confirmed the act."""

    type: Literal["second.given"] = "second.given"
    act: str
    words: str
    by: str
    asked_by: str
