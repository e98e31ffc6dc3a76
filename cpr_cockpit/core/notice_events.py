"""Events of the notices: that one is to be sent, what came of it at each channel, who answered, who could not."""

from __future__ import annotations

from typing import Literal

from cpr_cockpit.core.event import Event


class NoticeIntent(Event):
    """A notice is about to be sent to the channels ``to``.

    ``notice``: its id, the same in every try; ``about``: what a verdict's notice told ("HOLD thin"); ``title`` and
    ``line``: as sent.
    """

    type: Literal["notice.intent"] = "notice.intent"
    notice: str
    kind: str
    to: tuple[str, ...]
    title: str
    line: str
    about: str = ""


class NoticeOutcome(Event):
    """What came of a try to send a notice ``to`` one channel.

    failed: it is tried again; left: it is not, after the last try or because the run was over; needless: somebody had
    answered before it was taken, or was called again.
    """

    type: Literal["notice.outcome"] = "notice.outcome"
    notice: str
    kind: str
    to: str
    result: Literal["sent", "failed", "left", "needless"]
    attempt: int
    words: str = ""


class AlarmAcknowledged(Event):
    """A person has seen what was paged: from here on nobody is paged for it, and nothing is done by itself."""

    type: Literal["alarm.acknowledged"] = "alarm.acknowledged"
    by: str
    words: str = ""


class AlarmDelayed(Event):
    """This machine was away for ``away_s`` seconds while an alarm stood: the time to answer it counts anew."""

    type: Literal["alarm.delayed"] = "alarm.delayed"
    away_s: float
