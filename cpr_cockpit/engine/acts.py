"""What it is to carry out an act: what is read of it, and what a change and a check are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
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


class Saw(Protocol):
    """Hears of every look at who serves.

    ``switched`` is true where a swap is known to have taken effect though nothing answers; ``app``: where one looked.
    """

    def __call__(self, serving: Serving, switched: bool, *, app: str = "") -> None:
        """One look."""


class Routed(Protocol):
    """Hears of the share of new sessions that the slot, which serves ``version``, is seen to get."""

    def __call__(self, percent: float, version: str, *, app: str = "") -> None:
        """One look."""


@dataclass(frozen=True, slots=True)
class Context:
    """What an act is done in: the ports, the plan, the run's artifacts folder, who hears of every look at who serves.

    ``flagged(percent)`` hears of the share of the users for whom the plan's feature flag is seen to be on.
    ``lost``: a part of the journal is gone, so that nobody knows what was sent and may still be under way.
    ``begun(key)``: whether a step of that key was begun in this run, as its journal says.
    ``artifact_sha256``: of the new artifact when the run was opened; "" where that is not known. ``commit``: what the
    new version must have been built from, "": nobody said. ``run``: the run's name. ``switched``: whether production
    was seen to serve the new version. ``attended``: somebody is there who can look at what others changed.
    ``guard``: looks right before the first change of the way forth (`engine.first_change.Guard`).
    """

    ports: Ports
    plan: Plan
    artifacts: Path
    saw: Saw
    routed: Routed
    begun: Callable[[str], bool]
    lost: bool = False
    artifact_sha256: str = ""
    commit: str = ""
    run: str = ""
    flagged: Callable[[float], None] = lambda percent: None
    switched: Callable[[], bool] = lambda: False
    attended: bool = True
    guard: Callable[[], Awaitable[str]] | None = None

    def at(self, app: str) -> Context:
        """The same in one of several apps (`Act.app`)."""
        if not app:
            return self
        ports, saw, routed = self.ports.at(app), partial(self.saw, app=app), partial(self.routed, app=app)
        return replace(self, ports=ports, saw=saw, routed=routed)


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
