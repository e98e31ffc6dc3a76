"""What Views are made of: a Session, or a journal that is played again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from cpr_cockpit.core.events import RollbackChecked
from cpr_cockpit.core.merging import MergePolicy
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.ports import Sighting
from cpr_cockpit.core.readiness import ReadinessFacts
from cpr_cockpit.core.run import Run
from cpr_cockpit.core.signals import Source
from cpr_cockpit.core.verdict import Verdict


class ShownClock(Protocol):
    """What time it is for a View."""

    def now(self) -> float:
        """Epoch seconds, UTC."""


class ShownSettings(Protocol):
    """What a View needs of a run's settings."""

    @property
    def run(self) -> str:
        """Its name."""

    @property
    def folder(self) -> Path:
        """Where it is kept."""

    @property
    def readiness(self) -> tuple[ReadinessFacts, ...]:
        """What the feature's documents say."""

    @property
    def merge(self) -> MergePolicy:
        """How the feature's repositories are merged."""


class ShownWatch(Protocol):
    """What a View needs of the watch."""

    @property
    def verdict(self) -> Verdict | None:
        """The judge's word, as of now."""

    @property
    def looks(self) -> Mapping[Source, Sighting]:
        """The newest look at each slot."""


class ShownSession(Protocol):
    """What Views are made of: a Session, or a journal that is played again."""

    @property
    def run_state(self) -> Run:
        """The Run as of now."""

    @property
    def clock(self) -> ShownClock:
        """Its clock."""

    @property
    def scaled(self) -> Policy:
        """The policy at the run's window."""

    @property
    def settings(self) -> ShownSettings:
        """Its settings."""

    @property
    def back_check(self) -> tuple[float, RollbackChecked] | None:
        """The newest rollback check and when it was made; None before the first one."""

    @property
    def answered_at(self) -> float | None:
        """When Resource Manager last gave a good answer; None where that is not known."""

    @property
    def watch(self) -> ShownWatch | None:
        """The watch; None before there is a plan."""
