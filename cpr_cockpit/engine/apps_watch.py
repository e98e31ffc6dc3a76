"""Some of several apps under watch: the new version's users there beside the old one's in the others."""

from __future__ import annotations

from cpr_cockpit.core.plan import Act, Plan
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.engine.ports import Ports
from cpr_cockpit.engine.recorder import Recorder
from cpr_cockpit.engine.settings import SessionSettings
from cpr_cockpit.engine.share_watch import ShareWatch


class AppsWatch(ShareWatch):
    """The sources from the switch of the newest of these apps on; its judge has a control, as that of a share has.

    How the users are spread over the apps is nowhere told, so how many requests should come is not known either. When
    they have passed it judges on until the next app is seen to serve the new version, for a swap takes a while.
    """

    def __init__(
        self, settings: SessionSettings, scaled: Policy, plan: Plan, act: Act, ports: Ports, recorder: Recorder
    ) -> None:
        # Before its sources are told again what they have told.
        self._names = act.names
        super().__init__(settings, scaled, plan, act, ports, recorder)

    @property
    def where(self) -> str:
        """What is judged, in words."""
        return f"in {len(self._names)} of {len(self._plan.apps)} apps"

    @property
    def lost(self) -> str:
        """What it means that there is nothing to judge any more."""
        return f"{self._plan.new_version} does not serve in {', '.join(self._names)} any more"

    def _began(self) -> float | None:
        run = self._recorder.run
        return run.part_at if run.t0 is None and set(run.switched) == set(self._names) else None

    def _whole(self) -> bool:
        return self._recorder.run.on_gate
