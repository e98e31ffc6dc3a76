"""What a face may record that changes nothing of the deployment: an issue and more of it, a figure of the business."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from cpr_cockpit.core.business import FigureError, told
from cpr_cockpit.core.issue_events import IssueChanged, IssueRecorded
from cpr_cockpit.core.issues import IssueError, changed, number_of, recorded, told_in
from cpr_cockpit.core.run import Run
from cpr_cockpit.engine.host import CommandError
from cpr_cockpit.engine.recorder import Recorder

Handler = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


def issue_event(run: Run, by: str, fields: Mapping[str, str]) -> IssueRecorded | IssueChanged:
    """A new issue, or with ``number`` (or all of it in one ``line``) what is new of one; IssueError."""
    if line := fields.get("line", ""):
        fields = told_in(line)
    if number := fields.get("number", ""):
        return changed(run.issues, by, number_of(number), fields)
    return recorded(run.issues, by, fields)


def issue_commands(recorder: Recorder, text: Callable[[dict[str, Any], str], str]) -> dict[str, Handler]:
    """The commands by name; ``text`` reads an argument as text that a journal can hold."""

    async def issue(arguments: dict[str, Any]) -> dict[str, Any]:
        by = text(arguments, "by").strip()
        if not by:
            raise CommandError("An issue needs a name under it. Nothing was recorded.")
        try:
            event = issue_event(recorder.run, by, {name: text(arguments, name) for name in arguments})
        except IssueError as error:
            raise CommandError(f"{error} Nothing was recorded.") from error
        recorder.record(event)
        return {"number": event.number}

    async def figure(arguments: dict[str, Any]) -> dict[str, Any]:
        by, run = text(arguments, "by").strip(), recorder.run
        if not by or run.switched_at is None:
            why = "it needs a name under it" if not by else "production does not serve the new version yet"
            raise CommandError(f"A figure cannot be told now: {why}. Nothing was recorded.")
        try:
            recorder.record(told(text(arguments, "kind"), by, text(arguments, "line")))
        except FigureError as error:
            raise CommandError(f"{error} Nothing was recorded.") from error
        return {}

    return {"issue": issue, "figure": figure}
