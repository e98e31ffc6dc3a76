"""The command by which a person makes the critical window longer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from cpr_cockpit.core.inert import clean
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.ports import Clock
from cpr_cockpit.core.window_end import next_end, why_not_longer
from cpr_cockpit.core.window_events import WindowExtended
from cpr_cockpit.engine.host import CommandError
from cpr_cockpit.engine.recorder import Recorder

LONGEST = 500
Handler = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


def window_commands(
    recorder: Recorder, clock: Clock, policy: Policy, text: Callable[[dict[str, Any], str], str]
) -> dict[str, Handler]:
    """The command ``extend`` by name; ``policy`` is scaled, ``text`` reads an argument as text for the journal."""

    async def extend(arguments: dict[str, Any]) -> dict[str, Any]:
        now, run = clock.now(), recorder.run
        if why := why_not_longer(run, policy, now):
            raise CommandError(f"The window cannot be extended: {why}. Nothing was changed. GO or ROLLBACK decide.")
        words = clean(text(arguments, "words")).strip()[:LONGEST]
        until = next_end(run, policy, now)
        recorder.record(WindowExtended(by=text(arguments, "by"), until=until, words=words))
        return {"until": until}

    return {"extend": extend}
