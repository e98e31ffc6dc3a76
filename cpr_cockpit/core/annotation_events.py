"""Events of the release annotation: a switch is to be marked in Application Insights, and whether it was."""

from __future__ import annotations

from typing import Literal

from cpr_cockpit.core.event import Event


class AnnotationIntent(Event):
    """The switch at ``moment`` (epoch seconds) is about to be marked under ``id``, the same in every try."""

    type: Literal["annotation.intent"] = "annotation.intent"
    id: str
    way: Literal["forward", "back"]
    name: str
    moment: float


class AnnotationOutcome(Event):
    """What came of it. already: an earlier try was seen to have been taken; failed: the deployment goes on without."""

    type: Literal["annotation.outcome"] = "annotation.outcome"
    id: str
    way: Literal["forward", "back"]
    result: Literal["written", "already", "failed"]
    words: str = ""
