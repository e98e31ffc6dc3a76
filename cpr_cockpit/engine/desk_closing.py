"""Closing a run's paperwork by its session; and the marks of what files prove, which a command has read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

from cpr_cockpit.core.checklist import Mark
from cpr_cockpit.core.closing import closed_event, closing_lists, left, open_words, why_not
from cpr_cockpit.core.events import ItemMarked
from cpr_cockpit.core.inert import clean
from cpr_cockpit.core.ports import Clock
from cpr_cockpit.core.run import Run
from cpr_cockpit.core.standings import PROGRAM, standings
from cpr_cockpit.engine.host import CommandError
from cpr_cockpit.engine.recorder import Recorder

LONGEST = 500
Handler = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


def from_files(run: Run, proven: Mapping[str, str]) -> Iterator[ItemMarked]:
    """What is new of what files prove, of the items looked at ("": nothing proves it). What a person marked stands."""
    asked = {item.key for one in closing_lists(run) for item in one.items}
    for item, words in proven.items():
        before = run.standings.get(item)
        if item not in asked or (before is not None and before.by != PROGRAM):
            continue
        value = clean(words)[:LONGEST]
        if value and (before is None or before.value != value):
            yield ItemMarked(item=item, mark=Mark.DERIVED, by=PROGRAM, value=value)
        elif not value and before is not None and before.mark == Mark.DERIVED:
            yield ItemMarked(item=item, mark=Mark.FAILED, by=PROGRAM, value="it was read before, and is not there now")


def closing_commands(
    recorder: Recorder, clock: Clock, text: Callable[[dict[str, Any], str], str]
) -> dict[str, Handler]:
    """The command ``close`` by name; ``text`` reads an argument as text that a journal can hold."""

    async def close(arguments: dict[str, Any]) -> dict[str, Any]:
        run, by = recorder.run, text(arguments, "by").strip()
        if not by:
            raise CommandError("Closing a run needs a name under it. It was not closed.")
        if why := why_not(run):
            raise CommandError(f"The run is not closed now: {why}. Nothing was changed.")
        now = clock.now()
        known = standings(run, now)
        still = left(run, known, now)
        if still:
            raise CommandError(open_words(still))
        recorder.record(closed_event(run, known, by, clean(text(arguments, "words"))[:LONGEST]))
        return {}

    return {"close": close}
