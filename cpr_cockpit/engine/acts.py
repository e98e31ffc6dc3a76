"""What it is to carry out an act: what is read of it, and what a change and a check are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from cpr_cockpit.core.plan import Plan
from cpr_cockpit.core.ports import Accepted, OperationState
from cpr_cockpit.engine.ports import Ports
from cpr_cockpit.engine.serving import Serving


class State(StrEnum):
    """What an observation says of an act."""

    DONE = "done"
    TO_DO = "to do"
    IN_FLIGHT = "in flight"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Reading:
    """An observation of an act: its state, in words, with the facts it stands on."""

    state: State
    words: str
    facts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Context:
    """What an act is done in: the ports, the plan, the run's artifacts folder, who hears of every look at who serves.

    ``saw(serving, switched)``: ``switched`` is true where a swap is known to have taken effect though nothing answers.
    ``routed(percent, version)`` hears of the share of new sessions that the slot, which serves that, is seen to get.
    ``lost``: a part of the journal is gone, so that nobody knows what was sent and may still be under way.
    ``artifact_sha256``: of the new artifact when the run was opened; "" where that is not known. ``attended``: somebody
    is there who can look at what others changed.
    """

    ports: Ports
    plan: Plan
    artifacts: Path
    saw: Callable[[Serving, bool], None]
    routed: Callable[[float, str], None]
    lost: bool = False
    artifact_sha256: str = ""
    attended: bool = True


class Change(Protocol):
    """An act that changes something."""

    async def observe(self, *, sent: bool) -> Reading:
        """Look; ``sent``: this act has been sent before in this run (perhaps by a session that died)."""

    async def send(self) -> Accepted:
        """Send it, once."""

    async def follow(self, operation: str) -> OperationState:
        """One look at the accepted operation."""


class Check(Protocol):
    """An act that only reads."""

    async def look(self) -> Reading:
        """DONE when it holds, TO_DO when it does not hold yet, REFUSED when it never will."""
