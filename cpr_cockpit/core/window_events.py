"""What is recorded of the critical window's length."""

from __future__ import annotations

from typing import Literal

from cpr_cockpit.core.event import Event


class WindowExtended(Event):
    """``by`` has made the critical window longer: it ends at ``until`` (epoch seconds); ``words``: why."""

    type: Literal["window.extended"] = "window.extended"
    by: str
    until: float
    words: str = ""
