"""Step 4: the feature's repositories, their pull requests with live checks, and what can be done where it rests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from cpr_cockpit.core.code_view import CodeCheck, CodeRepository, CodeStep, CodeView
from cpr_cockpit.core.view import Control, Panel, View
from cpr_cockpit.tui.actions import bindings
from cpr_cockpit.tui.screens.base import CockpitScreen, title
from cpr_cockpit.tui.shown import Shown, ago, clock
from cpr_cockpit.tui.toned import Row, cell, chip, row
from cpr_cockpit.tui.widgets.rows import Rows

# A sign and a tone for a check's state: not every terminal has colours, and not every eye.
_CHECKS = {"failed": ("X", "fail"), "waiting": ("~", "run"), "running": ("~", "run"), "passed": ("+", "ok")}
_INDENT = 4
_CHIP = 9
_WIDE = 100
_GOOD = ("done", "already")
_WARNS = ("half merged", "merged, not tagged", "blocked")


class CodeScreen(CockpitScreen):
    """One pane: where step 4 stands, what its keys do, then each repository."""

    KEY: ClassVar[str] = "code"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("code"),
        Binding("escape,6", "app.go_back", "Back", show=False),
    ]
    HELP = (
        "The repositories of the feature and their merge into main. Nothing is merged before all of them have green "
        "checks; then one after another, each pinned to the head that was looked at. The tag is set on the merge "
        "commit, once CI has built it. Half merged: look again, take it back by a pull request, or go on for a "
        "reason. Before START only. esc goes back."
    )

    def panes(self) -> Iterable[Widget]:
        """One pane."""
        yield Rows(id="code", classes="pane", wrap=True, indent=_INDENT)

    def draw(self, view: View, shown: Shown) -> None:
        """Draw the repositories as of now."""
        pane, code = self.query_one("#code", Rows), view.code
        title(pane, f"CODE  {code.state.upper()}")
        pane.show(lambda width: code_rows(code, view.panel, width, shown.now))


def code_rows(code: CodeView, panel: Panel, width: int, now: float) -> list[Row]:
    """Where it stands, what the keys do, then each repository with its steps and checks."""
    if not code.repositories:
        return [
            row("No repository of the feature is known at its Git host."),
            row(("Step 4 is signed by hand then: list Merge to Main Branch (2).", "dim")),
        ]
    rows = [row((code.sentence, "warn" if code.state in _WARNS else "strong"))] if code.sentence else []
    by = f", begun by {code.by}" if code.by else ""
    rows.append(row((f"merge by {code.method}, tag {code.tag}{by}", "dim")))
    rows += [_key_row(one) for one in (panel.merge, panel.revert, panel.go_on) if one is not None]
    for one in code.repositories:
        rows += [(), *repository_rows(one, width, now)]
    return rows


def _key_row(control: Control) -> Row:
    """What the key would do, or why it does nothing now."""
    reason = f": {control.reason}" if control.reason else ""
    if not control.enabled:
        return row((f"({control.key})  {control.label}{reason}", "dim"))
    return row((f" {control.key} ", "here"), ("  ", ""), (control.label, "key"), (reason, "warn"))


def repository_rows(one: CodeRepository, width: int, now: float) -> list[Row]:
    """One repository: its heads, what is in the way, its steps, its checks."""
    warns = one.word == "CONFLICT" or one.word.startswith("not known")
    rows = [row((one.name, "strong"), "  ", (one.word, "fail" if warns else ""))]
    if one.head or one.main:
        rows.append(row((f"  {one.source} {one.head or 'gone'} > {one.into} {one.main}", "dim")))
    if one.pull:
        rows.append(row(f"  pull request #{one.pull}  ", (one.url, "dim")))
    if one.in_the_way:
        rows.append(row(("  ! ", "fail"), (one.in_the_way, "warn")))
    rows += [row(("  ! ", "warn"), (words, "warn")) for words in one.deploys]
    steps, checks = one.steps, one.checks
    if width < _WIDE:
        steps = telling(steps)
        checks = checks if any(step.key == "checks" and step.state != "done" for step in steps) else ()
    rows += [_step_row(step, width, now) for step in steps]
    rows += [_check_row(check) for check in checks]
    if one.reviews and checks:
        rows.append(row((f"    reviews: {one.reviews}", "dim")))
    if not one.steps and one.looked_at is not None:
        rows.append(row((f"  looked at {clock(one.looked_at)} UTC", "dim")))
    return rows


def telling(steps: tuple[CodeStep, ...]) -> tuple[CodeStep, ...]:
    """Where there is little room: the newest step that is as it should be, and those under way or in trouble."""
    good = [step for step in steps if step.state in _GOOD]
    newest = max(good, key=lambda step: step.began_at or 0.0, default=None)
    return tuple(step for step in steps if step is newest or step.state not in (*_GOOD, "waiting"))


def _step_row(step: CodeStep, width: int, now: float) -> Row:
    running = step.state == "running" and step.began_at is not None
    took = ago(now - step.began_at) if running and step.began_at is not None else ""
    if step.seconds is not None:
        took = f"{step.seconds:.0f} s"
    room = 20
    return row("  ", *chip(step.state, _CHIP), (cell(step.title, room), "dim" if step.state == "waiting" else ""),
               "  ", (cell(took, 6), "dim"), "  ", step.words)  # fmt: skip


def _check_row(check: CodeCheck) -> Row:
    sign, tone = _CHECKS.get(check.state, ("?", "dim"))
    required = "required" if check.required else "not required"
    words = f"  {check.words}" if check.words else ""
    return row((f"    {sign} {check.state:<8} ", tone), check.name, (f"  {required}{words}", "dim"))
