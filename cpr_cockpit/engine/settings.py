"""What a Session is told when it is built; everything else it reads from its journal or observes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from cpr_cockpit import __version__
from cpr_cockpit.core.contact import Contact
from cpr_cockpit.core.custom import SignalSpec
from cpr_cockpit.core.events import RunOpened, Script
from cpr_cockpit.core.merging import MergePolicy
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.readiness import ReadinessFacts
from cpr_cockpit.core.strategies import Course
from cpr_cockpit.core.strategy import NEW_ARTIFACT
from cpr_cockpit.engine.zips import digest


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """One run of one feature in one environment.

    ``environment``: pinned ids and addresses (tenant, subscription, resource_group, app, production_url, slot_url), no
    secret. ``policy`` is at its real length; ``declared_delay_s``: how late telemetry is expected to come.
    ``signals``: the custom signals that the judge watches. ``observe``: look on while somebody else deploys, change
    nothing; ``new_version`` "" then stands for whatever other version production serves next. ``course``: by which
    strategy, its times at their real length. ``commit``: what the tag of the new version points to, "": nobody said.
    ``contacts``: whom the rollback card names. ``merge``: how the feature's repositories are merged (step 4).
    """

    run: str
    feature: str
    mode: str
    actor: str
    script: Script | None
    environment: dict[str, str]
    slot: str
    new_version: str
    policy: Policy
    window_s: float
    declared_delay_s: float
    readiness: tuple[ReadinessFacts, ...]
    folder: Path
    signals: tuple[SignalSpec, ...] = ()
    observe: bool = False
    course: Course = field(default_factory=Course)
    commit: str = ""
    contacts: tuple[Contact, ...] = ()
    merge: MergePolicy = field(default_factory=MergePolicy)

    @property
    def artifacts(self) -> Path:
        """The folder of the two zips."""
        return self.folder / "artifacts"

    def opening(self) -> RunOpened:
        """The run's first event."""
        return RunOpened.model_validate(
            {
                "run": self.run,
                "feature": self.feature,
                "mode": self.mode,
                "actor": self.actor,
                "script": self.script,
                "environment": self.environment,
                "new_version": self.new_version,
                "artifact_sha256": _digest_of(self.artifacts / NEW_ARTIFACT),
                "commit": self.commit,
                "policy": self.policy.to_dict() | {"window_s": self.window_s},
                "declared_delay_s": self.declared_delay_s,
                "program": __version__,
                "signals": tuple(spec.to_dict() for spec in self.signals),
                "observe": self.observe,
            }
        )


def _digest_of(path: Path) -> str:
    """The artifact's digest; "" where it is missing, which the plan then finds and a rollback does not mind."""
    try:
        return digest(path)
    except OSError:
        return ""
