"""The plan: the way forth and the way back with their live state, and everything about the selected step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import ClassVar

from textual.containers import Container
from textual.widget import Widget

from cpr_cockpit.core.view import PlanStage, PlanStep, PlanView, View, legend
from cpr_cockpit.tui.plain_text import clean
from cpr_cockpit.tui.screens.base import TALL, CockpitScreen, show_or_hide, title
from cpr_cockpit.tui.shown import Shown, ago, clock
from cpr_cockpit.tui.toned import Row, Span, cell, chip, row, row_width, tone_of
from cpr_cockpit.tui.widgets.rows import Rows

# Below so many rows there is room for the steps alone.
LEAST_ROWS = 20

# Before and after a stage of the diagram, by its state.
_SIGNS = {"running": ("[", "]"), "failed": ("!", "!"), "done": ("", " ok"), "left": ("", " left")}


class PlanScreen(CockpitScreen):
    """Every step is visible before it runs, with its own undo."""

    KEY: ClassVar[str] = "plan"
    CSS_PATH = "plan.tcss"
    HELP = "Each step as it stands, with its undo and its log. A step is proven by looking, never assumed."

    # The step of each row; None: a heading.
    _steps: tuple[PlanStep | None, ...] = ()
    # The cursor follows the newest step until a person moves it.
    _follows = True

    def panes(self) -> Iterable[Widget]:
        """Steps and detail."""
        strategy = Rows(id="strategy", classes="pane")
        # It is shown whole: the cursor belongs to the steps.
        strategy.can_focus = False
        yield strategy
        with Container(id="plan-panes"):
            yield Rows(id="steps", classes="pane", cursor=True, empty="The plan is being made.")
            yield Rows(id="step", classes="pane", wrap=True, indent=2)

    def draw(self, view: View, shown: Shown) -> None:
        """Draw the plan of this View, the cursor on the newest step or where it was put."""
        steps = self.query_one("#steps", Rows)
        here = self.chosen
        plan = view.plan
        self._steps = (None, *plan.forward, None, *plan.back) if plan.forward else ()
        newest = self._newest_step()
        kept = next((at for at, one in enumerate(self._steps) if _same(one, here)), None)
        place = newest if self._follows and newest is not None else kept
        headings = frozenset(at for at, one in enumerate(self._steps) if one is None)
        steps.show(lambda width: plan_rows(plan, width, shown.now), place, headings)
        title(steps, f"PLAN  {plan.strategy}  slot {plan.slot}" if plan.forward else "PLAN")
        self._draw_step(view.plan)
        self._draw_strategy(plan)

    def _newest_step(self) -> int | None:
        """The row of the step that began last: a step of the way back may be over before any View shows it running."""
        begun = [(one.began_at, at) for at, one in enumerate(self._steps) if one and one.began_at is not None]
        return max(begun)[1] if begun else None

    def _draw_strategy(self, plan: PlanView) -> None:
        """The diagram: where there is little room only while something can be chosen."""
        pane = self.query_one("#strategy", Rows)
        width, rows = self.app.size
        tall = rows >= TALL
        brief = bool(plan.fixed) and not tall
        wanted = bool(plan.stages) and rows >= LEAST_ROWS and not (brief and self.has_class("-crowded"))
        show_or_hide(pane, wanted)
        if not wanted:
            return
        if brief:
            plan = _under_way(plan)
        why = f"fixed: {plan.fixed}" if plan.fixed else "o: another one, until START"
        unmeasured = legend((*plan.stages, *plan.rungs, *plan.lower))
        title(pane, "  ".join(part for part in (f"STRATEGY  {plan.strategy}", unmeasured, why) if part))
        # Padding and the place of a scrollbar, and the sides of a box; above the title, and in a box its lower edge.
        diagram = diagram_rows(plan, width - (5 if tall else 3))
        pane.show(diagram)
        height = len(diagram) + (2 if tall else 1)
        if pane.styles.height is None or pane.styles.height.value != height:
            pane.styles.height = height

    def _draw_step(self, plan: PlanView) -> None:
        detail = self.query_one("#step", Rows)
        title(detail, "STEP")
        detail.show(step_rows(self.chosen, plan))

    @property
    def chosen(self) -> PlanStep | None:
        """The step under the cursor."""
        index = self.query_one("#steps", Rows).index
        return self._steps[index] if index < len(self._steps) else None

    def on_rows_moved(self, event: Rows.Moved) -> None:
        """Show the step that the cursor came to, and stay there."""
        view = self._newest().view
        if event.rows.id == "steps" and view is not None:
            self._follows = event.index == self._newest_step()
            self._draw_step(view.plan)


def _under_way(plan: PlanView) -> PlanView:
    """The one way that is being gone, for where there is no room for all."""
    back = any(one.began_at is not None for one in plan.back)
    return replace(plan, stages=() if back else plan.stages, rungs=plan.rungs if back else (), lower=())


def _same(one: PlanStep | None, other: PlanStep | None) -> bool:
    return one is not None and other is not None and (one.key, one.way) == (other.key, other.way)


def diagram_rows(plan: PlanView, width: int) -> list[Row]:
    """The way forth, the way back, and what is below it, each as its stages in a row with their times."""
    ways = (("FORTH  ", plan.stages), ("BACK   ", plan.rungs), ("ELSE   ", plan.lower))
    return [line for name, stages in ways if stages for line in _way_rows(name, stages, width)]


def _way_rows(name: str, stages: Sequence[PlanStage], width: int) -> list[Row]:
    """One way; a line ends between two stages, never within one."""
    lines: list[list[Span]] = [[(name, "strong")]]
    for number, one in enumerate(stages):
        stage = _stage(one)
        then: list[Span] = [(" > ", "dim")] if number else []
        if number and row_width(tuple(lines[-1])) + row_width((*then, stage)) + 2 > width:
            lines[-1].append((" >", "dim"))
            lines.append([(" " * len(name), "")])
            then = []
        lines[-1] += [*then, stage]
    return [row(*line) for line in lines]


def _stage(stage: PlanStage) -> Span:
    """A state is told by a sign as well: not every terminal has colours, and not every eye."""
    before, after = _SIGNS.get(stage.state, ("", ""))
    tone = tone_of(stage.state)
    return clean(f"{before}{stage.name} {stage.time}".rstrip() + after), "" if tone == "dim" else tone


def plan_rows(plan: PlanView, width: int, now: float) -> list[Row]:
    """Both ways, each under its heading."""
    rows: list[Row] = []
    if not plan.forward:
        return rows
    for name, words, way in (
        ("FORTH", f"  {plan.old_version} > {plan.new_version}", plan.forward),
        ("BACK ", f"  {plan.new_version} > {plan.old_version}  takes: {plan.takes}", plan.back),
    ):
        rows.append(row((name, "strong"), (words, "dim")))
        rows += [_step_row(number, one, width, now) for number, one in enumerate(way, start=1)]
    return rows


def _step_row(number: int, step: PlanStep, width: int, now: float) -> Row:
    times = f"{clock(step.began_at):>10}", f"{_took(step, now):>10}"
    # A step that has not begun has no words and no times, which leaves its title more room.
    begun = bool(step.words) or any(one.strip() for one in times)
    words = cell(step.words, max(0, (width - 60) // 2)) if width >= 100 and begun else ""
    right = 20 if begun else 0
    title = max(10, width - 2 - 3 - 9 - right - len(words) - 2)
    mark = ">" if step.state == "running" else " "
    return row(
        (f"{mark} ", "run"),
        (f"{number:>2} ", "dim"),
        *chip(step.state, 9),
        (cell(step.title, title), "dim" if step.state == "waiting" else ""),
        "  ",
        (words, "dim"),
        *(((times[0], "dim"), (times[1], "strong" if step.state == "running" else "")) if begun else ()),
    )


def _took(step: PlanStep, now: float) -> str:
    if step.seconds is not None:
        return f"{step.seconds:.0f} s"
    return ago(now - step.began_at) if step.began_at is not None and step.state == "running" else ""


def step_rows(step: PlanStep | None, plan: PlanView) -> list[Row]:
    """Everything about one step, its undo and its log; then what the plan remarks."""
    rows: list[Row] = []
    if step is not None:
        changes = "" if step.state == "waiting" else "changes the environment" if step.mutates else "only looks"
        again = f", {step.attempts} attempts" if step.attempts > 1 else ""
        rows = [
            row((step.title, "strong")),
            row((step.state, tone_of(step.state)), f"  {changes}{again}"),
            row(("undo  ", "dim"), step.undo or "nothing to undo"),
        ]
        began = f"began {clock(step.began_at)} UTC" if step.began_at is not None else "not begun"
        took = f", took {step.seconds:.1f} s" if step.seconds is not None else ""
        rows.append(row(("time  ", "dim"), began + took))
        rows += [row(("log   ", "dim"), line) for line in step.log]
    rows += [row(("plan  ", "dim"), line) for line in plan.remarks]
    if plan.card:
        rows.append(row(("card  ", "dim"), plan.card))
    return rows
