"""Rights that end while a change is being carried out: told once, with what serves now and what can be done."""

from __future__ import annotations

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.plan import Step
from cpr_cockpit.core.ports import PortError
from cpr_cockpit.engine.acts import Context
from cpr_cockpit.engine.serving import answering


async def rights_ended(context: Context, way: ev.Way, step: Step, error: PortError) -> ev.Noted:
    """A note for whoever looks: the state may not be read any more, so nothing is sent until it may."""
    # The application itself is asked: that needs no right.
    serving = await answering(context.ports.probe, context.plan.slot)
    hand = " By hand, with other rights: the rollback card." if way == "back" else ""
    now = f"Now {serving.words(context.plan.slot)}."
    goes_on = f"Nothing is sent while the state cannot be read, and it goes on by itself as soon as it can.{hand}"
    return ev.Noted(by="cockpit", words=f"{step.title}: {error.what} {now} {error.next_step} {goes_on}")
