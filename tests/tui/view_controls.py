"""Controls of sample panels, the text of a sample report, and text that attacks a terminal."""

from __future__ import annotations

from dataclasses import replace

from cpr_cockpit.core.view import Control, Panel, Shape
from tests.tui.view_parts import NEW, OLD, SLOT

_IDS = "subscription 1c2b3a49-0000-4000-8000-7f6e5d4c3b2a, resource group rg-goals, app goals-api"
TAKES = "API about 41 s (this run's own swap), then the slot about 14 s; database not touched"
CARD = "/home/ana/.local/state/cpr-cockpit/runs/0001-a1b2/rollback-card.md"

REPORT = f"""# Deployment Report: 0001-personal-goal-management

**REHEARSAL**: a rehearse on the embedded lab, signed by `ana`; no production was touched.

**Deployment Status**: SUCCESS: kept
**Rollback Executed**: NO

## Summary

All rules held to the end of the window. Production serves `{NEW}`; the other slot: `{OLD}`.

## Timeline

| time | who | what |
| --- | --- | --- |
| 14:01:30 | marek | confirmed START as second person |
| 14:02:11 | azure | swap finished (41 s) |
"""


# Markup, link actions, escape sequences, bidirectional overrides, controls, zero widths, wide and combining characters.
ATTACK = (
    "[@click=app.quit]x[/] [bold red]b[/bold red] \x1b[31;1mred\x1b]8;;http://e.vil\x07 "
    "\u202egnp.exe\u2066 \x00\x07\x9b2J a\u200bb 漢字 e\u0301 [/"
)


def start_control(**changes: object) -> Control:
    """START, possible."""
    details = (
        f"runs the 8 steps of the plan on {_IDS}",
        f"production goes from {OLD} to {NEW}; {OLD} stays warm in slot {SLOT}",
        "undo: ROLL BACK, at any time from now on",
    )
    return replace(Control("s", f"START deploy {NEW} to production", True, details=details), **changes)  # type: ignore[arg-type]


def go_control(**changes: object) -> Control:
    """GO with the data: by the word."""
    details = (
        f"{NEW} stays in production, provisionally until the extended validation ends",
        "the watch goes on; ROLL BACK stays possible while the old version is warm",
    )
    return replace(Control("g", f"GO keep {NEW}", True, type_this="go", details=details), **changes)  # type: ignore[arg-type]


def go_against(**changes: object) -> Control:
    """GO against the data: by the version and a reason."""
    against = "against the data: type the version and a reason"
    return replace(go_control(reason=against, type_this=NEW, needs_reason=True), **changes)  # type: ignore[arg-type]


def rollback_control(**changes: object) -> Control:
    """ROLL BACK, possible."""
    details = (
        f"swaps {SLOT} and production, then puts {OLD} into {SLOT}, on {_IDS}",
        f"takes: {TAKES}",
        f"results in {OLD} everywhere",
        "nothing is lost: the database is not touched by this run",
        f"if it is refused: {CARD}",
    )
    return replace(Control("r", f"ROLL BACK to {OLD}", True, TAKES, details=details), **changes)  # type: ignore[arg-type]


SWAP_BACK = (
    "az webapp deployment slot swap --subscription 8b1f3c52-6f0e-4d55-9a43-0c5a3f6f2b11 --resource-group "
    "rg-goals-production --name goals-api --slot green --target-slot production"
)
BY_HAND = Panel(
    "BACK BY HAND",
    Shape.BREACH,
    "NO ANSWER OF RESOURCE MANAGER for 34 s. Production answers v1.3.0, slot green v1.2.0. (The service cannot be "
    "reached) What is done by hand is taken up as soon as it answers.",
    back="The whole way by hand: /home/ana/.local/state/cpr-cockpit/runs/20260101-goal-aaaa/rollback-card.md",
    warns=True,
    commands=(SWAP_BACK,),
    rollback=Control("r", "ROLL BACK to v1.2.0", enabled=False, reason="under way"),
)
