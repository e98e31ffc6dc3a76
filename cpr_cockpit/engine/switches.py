"""What a look at who serves tells: that production was switched, there or back, in one app or in each of several."""

from __future__ import annotations

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.run import Run
from cpr_cockpit.engine.serving import Serving

Told = ev.AppSwitched | ev.TrafficSwitched | ev.ReleasedDark


def told_by(run: Run, serving: Serving, *, switched: bool, app: str) -> tuple[Told, ...]:
    """What is new in a look: the first sighting of the other version is the switch.

    ``switched``: a swap is known to have taken effect though nothing answers; ``app``: where it was looked (`Act.app`).
    """
    plan = run.plan
    if plan is None:
        return ()
    back = run.decision is not None and run.decision.word == "rollback"
    version = plan.old_version if back else plan.new_version
    seen = [look.at for look in serving.sightings[:-1] if look.version == version or switched]
    if not seen:
        return ()
    way: ev.Way = "back" if back else "forward"
    if plan.apps:
        return _in_one_of(run, plan, ev.AppSwitched(way=way, app=app or plan.apps[0], version=version, t0=min(seen)))
    known = run.switched_back_at if back else run.switched_at
    if known is not None or (back and run.switched_at is None):
        return ()
    if run.by_flag and not back:
        return (ev.ReleasedDark(version=version, since=min(seen)),)
    return (ev.TrafficSwitched(way=way, version=version, t0=min(seen)),)


def _in_one_of(run: Run, plan: ev.PlanMade, event: ev.AppSwitched) -> tuple[ev.AppSwitched | ev.TrafficSwitched, ...]:
    """T0 is when the last app was switched; the way back ends where none of them serves the new version any more."""
    there, forward = event.app in run.switched, event.way == "forward"
    if there is forward:
        return ()
    last = len(run.switched) == (len(plan.apps) - 1 if forward else 1)
    if not last or (forward and run.t0 is not None):
        return (event,)
    t0 = max(event.t0, *run.switched.values()) if forward else event.t0
    return event, ev.TrafficSwitched(way=event.way, version=event.version, t0=t0)
