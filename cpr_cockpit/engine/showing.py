"""What faces are shown: the View of a Session, made anew at each look from the Run, the judge's word and the clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from cpr_cockpit.core import diagram, showing, showing_code, showing_log, showing_panel, showing_window
from cpr_cockpit.core.checklist import Standing
from cpr_cockpit.core.events import PlanMade
from cpr_cockpit.core.plan import Plan
from cpr_cockpit.core.run import Run
from cpr_cockpit.core.showing import Stage
from cpr_cockpit.core.signals import Source
from cpr_cockpit.core.standings import lists_in_force, standings
from cpr_cockpit.core.view import ListView, PlanView, View
from cpr_cockpit.core.view_json import sections
from cpr_cockpit.engine.afterwards import Afterwards
from cpr_cockpit.engine.gate import blocking_items
from cpr_cockpit.engine.preparing import plan_of
from cpr_cockpit.engine.shown import ShownSession

# Signatures expire slowly: the lists are made anew at a new mark, and this often for what expires by itself.
LISTS_EVERY_S = 10.0
REPORT_EVERY_S = 5.0

Render = Callable[[Run], str]


class Showing:
    """Makes Views of one session; ``render`` writes the report's preview.

    ``earlier``: seconds that steps took in the newest run before this one, by key; told once they were read.
    """

    def __init__(self, session: ShownSession, render: Render, findings: tuple[str, ...] = ()) -> None:
        self._session = session
        self._render = render
        self._findings = findings
        self._lists: tuple[tuple[object, ...], tuple[ListView, ...], Stage] | None = None
        self._report: tuple[tuple[object, ...], str] | None = None
        self._plan: tuple[PlanMade, Plan] | None = None
        self._told: tuple[View, dict[str, Any]] | None = None
        self.earlier: Mapping[str, float] = {}

    def sections(self) -> dict[str, Any]:
        """The View as JSON values, a member for each part."""
        view = self.view()
        told = sections(view, self._told)
        self._told = (view, told)
        return told

    def view(self) -> View:
        """The View as of now."""
        run, session = self._session.run_state, self._session
        lists, stage = self._listed(run)
        return View(
            run=session.settings.run,
            seq=run.seq,
            now=stage.now,
            phase=str(run.phase),
            header=showing.header(run),
            rail=showing.rail(run, stage),
            gate=showing.gate(run, stage),
            lists=lists,
            plan=self._planned(run),
            window=showing_window.window(run, stage),
            signals=showing_window.signals(run, stage),
            series=showing_window.series(run, stage),
            checks=showing_window.checks(run, stage),
            happenings=showing.happenings(run),
            log=showing_log.log(run),
            code=showing_code.code(run, stage.merge),
            panel=showing_panel.panel(run, stage),
            report=self._reported(run, stage.now),
            report_path=str(session.settings.folder / "report"),
        )

    def _planned(self, run: Run) -> PlanView:
        """The plan with its diagram."""
        shown, event = showing.plan(run), run.plan
        if event is None:
            return shown
        if self._plan is None or self._plan[0] is not event:
            try:
                self._plan = (event, plan_of(event))
            except (KeyError, ValueError):
                # A journal of another program's version: its steps are shown, as they were written.
                return shown
        plan, known = self._plan[1], diagram.Known(run, self.earlier)
        return replace(
            shown,
            stages=diagram.forth(plan, known, self._session.scaled.window_s),
            rungs=diagram.back(plan, known),
            lower=diagram.below(plan, known),
        )

    def _listed(self, run: Run) -> tuple[tuple[ListView, ...], Stage]:
        now = self._session.clock.now()
        newest = max(run.marked_at.values(), default=0.0)
        key = (len(run.marked_at), newest, run.gate, run.started_at, run.ended, now // LISTS_EVERY_S)
        if self._lists is not None and self._lists[0] == key:
            before = self._lists[2]
            return self._lists[1], self._stage(now, before.standings, before.blocking)
        stage = self._stage(now, standings(run, now), blocking_items(run, now))
        lists = showing.lists(stage)
        self._lists = (key, lists, stage)
        return lists, stage

    def _stage(self, now: float, standings: Mapping[str, Standing], blocking: tuple[str, ...]) -> Stage:
        session, watch = self._session, self._session.watch
        return Stage(
            now=now,
            policy=session.scaled,
            facts=session.settings.readiness,
            checklists=lists_in_force(session.run_state),
            standings=standings,
            blocking=blocking,
            findings=self._findings,
            verdict=watch.verdict if watch else None,
            production_look=watch.looks.get(Source.PROBES_PRODUCTION) if watch else None,
            slot_look=watch.looks.get(Source.PROBES_SLOT) if watch else None,
            later=watch.later if isinstance(watch, Afterwards) else None,
            back_check=session.back_check,
            answered_at=session.answered_at,
            merge=session.settings.merge,
        )

    def _reported(self, run: Run, now: float) -> str:
        key = (run.ended, now // REPORT_EVERY_S)
        if self._report is None or (self._report[0] != key and run.ended is None) or self._report[0][0] != run.ended:
            self._report = (key, self._render(run))
        return self._report[1]
