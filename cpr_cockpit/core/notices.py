"""Notices: what people outside the cockpit are told of a run, and the port that sends it. Nobody ever waits for one."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from cpr_cockpit.core.inert import clean

LONGEST_LINE = 400
"""Characters of one line of a notice; most services cut longer texts by themselves, and not where it reads well."""


class NoticeKind(StrEnum):
    """What a notice tells of. A channel names those that it gets; ``PAGE`` is repeated until somebody answers."""

    START = "start"
    VERDICT = "verdict"
    DECISION = "decision"
    END = "end"
    OVERDUE = "overdue"
    PAGE = "page"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a notice."""

    name: str
    media_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Notice:
    """One message. ``id``: the same whenever it is sent again, so that a receiver can know it; ``line``: the status.

    ``at``: when what it tells of happened (epoch seconds). Its texts are one line each, printable, of bounded length.
    """

    id: str
    run: str
    kind: NoticeKind
    at: float
    title: str
    line: str
    words: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()

    @property
    def text(self) -> str:
        """The status line, then everything else, a line each."""
        return "\n".join(one for one in (self.line, *self.words) if one)


class Notifier(Protocol):
    """One channel. ``kinds``: what is sent there; ``picture``: whether with a picture of the screen.

    ``trouble``: why nothing can be sent there, as far as is known without asking anybody, or "".
    """

    name: str
    kinds: frozenset[NoticeKind]
    picture: bool
    trouble: str

    async def look(self) -> str:
        """`trouble`, and what else is known before anything is sent; nothing is sent. Never raises."""

    async def send(self, notice: Notice) -> None:
        """Send it, once, within seconds. PortError, which quotes neither the address nor a secret."""


class Painter(Protocol):
    """Draws the screen for those who do not see it."""

    async def paint(self, view: dict[str, Any]) -> tuple[Attachment, ...]:
        """The window's screen of a View (as `view_json.sections`) as files; () where none can be made in time."""


def told(text: str) -> str:
    """Text as one line of a notice."""
    line = " ".join(clean(text).split())
    return line if len(line) <= LONGEST_LINE else f"{line[: LONGEST_LINE - 3]}..."
