"""What happens across the face: facts in the past tense, posted by who knows them, met by the app."""

from __future__ import annotations

from dataclasses import dataclass, field

from textual.message import Message
from textual.widget import Widget

from cpr_cockpit.core.view import View


@dataclass
class SessionMet(Message):
    """The session answered; Views follow."""

    run: str


@dataclass
class ViewArrived(Message):
    """A newer View is here."""

    view: View


@dataclass
class SessionLost(Message):
    """The session cannot be reached; ``final``: nobody tries again, ``words`` say why."""

    words: str
    final: bool = False


@dataclass
class RunEnded(Message):
    """The run has ended and its session has gone: nothing more will come."""


@dataclass
class CommandAnswered(Message):
    """The session answered a command: carried out, or ``refused`` in words."""

    name: str
    refused: str = ""


@dataclass
class Told(Message):
    """Words for the status line."""

    words: str


@dataclass
class FootLeft(Message):
    """A menu in the place of the foot was left for something else: nothing was chosen."""

    menu: Widget


@dataclass(frozen=True)
class Question:
    """One line is wanted from the person: ``title`` says what for, ``name`` and ``arguments`` are sent with it.

    ``argument``: the command's argument that takes the line.
    """

    title: str
    name: str
    argument: str
    arguments: dict[str, str] = field(default_factory=dict)
