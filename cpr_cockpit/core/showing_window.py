"""The window of a Run: clock, signal table, charts, checks, from the judge's verdict and the last readings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cpr_cockpit.core import showing_back as back
from cpr_cockpit.core import view as vw
from cpr_cockpit.core.afterwards import EXTENDED, Later
from cpr_cockpit.core.apps_words import part_words, rows_of, serving_words
from cpr_cockpit.core.business import newest_words
from cpr_cockpit.core.checklist import Due, open_reason
from cpr_cockpit.core.events import PlanMade
from cpr_cockpit.core.plan import app_of
from cpr_cockpit.core.ports import Sighting
from cpr_cockpit.core.run import Phase, Run
from cpr_cockpit.core.showing import Stage, takes
from cpr_cockpit.core.showing_flag import judged_version, share_mark, share_title
from cpr_cockpit.core.showing_further import further_signals, measured_at
from cpr_cockpit.core.showing_sources import sources
from cpr_cockpit.core.signals import Bin, Source
from cpr_cockpit.core.tally import reading
from cpr_cockpit.core.verdict import Figure, moment, percent
from cpr_cockpit.core.window_end import deadline_of, extended_words

_TREND = 30


def window(run: Run, stage: Stage) -> vw.Window:
    """The clock and what stands beside it; after GO the clock runs to the next check."""
    plan, rows = run.plan, []
    if run.judged_since is not None and plan is not None:
        # At the end nobody looks any more, and nothing is to be gone back from.
        looks = () if run.ended is not None else _looks(run, stage, plan)
        rows = [
            *looks,
            ("database", "not touched by this run"),
            ("card", run.card.path if run.card else "not written"),
        ]
    if serving := serving_words(run):
        rows.insert(0, ("apps", serving))
    since = run.judged_since
    if (run.on_share or run.on_gate) and plan is not None and since is not None:
        title, until = f"rolling, {part_words(run)}" if run.on_gate else share_title(run), since + plan.step_s
        return vw.Window(plan.step_s, since, until, tuple(rows), title, sources(run, stage), on_part=True)
    if run.phase is not Phase.KEEPING or run.t0 is None:
        deadline, length_s = deadline_of(run, stage.policy), stage.policy.window_s
        if deadline is not None and run.t0 is not None and run.extended is not None:
            rows.insert(0, ("window", extended_words(run)))
            length_s = deadline - run.t0
        return vw.Window(length_s, run.t0, deadline, tuple(rows), sources=sources(run, stage))
    later = _later(run.t0, stage)
    rows = [*_watch_rows(run, later), *rows]
    return vw.Window(later.length_s, later.start, later.next_due, tuple(rows), later.stage, sources(run, stage))


def _looks(run: Run, stage: Stage, plan: PlanMade) -> tuple[tuple[str, str], ...]:
    """Whether the way back is there, how long it takes, whether the platform answers."""
    told = back.answered(stage)
    return (
        back.fact(run, stage) or ("rollback", _way_back(run, stage, plan.slot, plan.old_version)),
        ("takes", takes(run)),
        *((told,) if told else ()),
    )


def _later(t0: float, stage: Stage) -> Later:
    """Where the schedule stands; before its first check that is the extended validation, shown since T0."""
    extended_s = stage.policy.extended_s
    return stage.later or Later(EXTENDED, t0 + extended_s, t0, extended_s)


def _watch_rows(run: Run, later: Later) -> list[tuple[str, str]]:
    following = "its last check was made" if later.next_due is None else f"next check {moment(later.next_due)}"
    rows = [("watch", f"{later.stage}, {following}")]
    if run.checks:
        at, check = run.checks[-1]
        cause = f" ({check.cause})" if check.cause else ""
        rows.append(("last", f"{moment(at)} {check.kind}{cause}: {check.sentence}"))
    if told := newest_words(run):
        rows.append(("figures", told))
    return rows


def _way_back(run: Run, stage: Stage, slot: str, old: str) -> str:
    """Whether the way back is there: the old version in the slot, or, while a share is judged, in production."""
    if run.by_flag and run.flag_at is not None:
        return f"flag off; else {_checked(stage.slot_look, f'slot {slot}', old, stage.now)}"
    if run.on_share and not run.by_flag:
        return f"end the routing; {_checked(stage.production_look, 'production', old, stage.now)}"
    return _checked(stage.slot_look, f"slot {slot}", old, stage.now)


def _checked(look: Sighting | None, where: str, old: str, now: float) -> str:
    if look is None:
        return "not checked yet"
    ago = f"{max(0.0, now - look.at):.0f} s ago"
    if look.ok and look.version == old:
        return f"checked {ago}: {where} {look.version}, {look.status}"
    return f"NOT READY {ago}: {where} {look.version or 'no version'}, {look.status or look.error or 'no answer'}"


# -- signals -----------------------------------------------------------------------------------------------------------


def signals(run: Run, stage: Stage) -> tuple[vw.Signal, ...]:
    """One row a figure that a person watches; ages of sources are in their rows, coverage is the judge's business."""
    if stage.verdict is None or run.judged_since is None:
        return ()
    figures = {figure.name: figure for figure in stage.verdict.figures}
    bins = _bins(run, stage)
    rows = []
    if (rate := figures.get("error rate")) is not None:
        trend = tuple(row.rate for row in bins)
        limits = (percent(stage.policy.target_error_rate), percent(stage.policy.error_rate))
        rows.append(_signal(rate, "error rate", limits, stage, trend, stage.policy.error_rate))
    rows += [
        _latency(figures[name], name, stage, tuple(getattr(row, name) for row in bins))
        for name in ("p50", "p95", "p99")
        if name in figures
    ]
    if (counted := figures.get("platform requests")) is not None:
        rows.append(_signal(counted, "requests counted", ("", ""), stage, (), None))
    if (counted := figures.get("platform 5xx")) is not None:
        rows.append(_signal(counted, "5xx counted", ("", ""), stage, (), None))
    if (probes := figures.get("probes failed in a row")) is not None:
        rows.append(_signal(probes, "probes failed in a row", ("", f"{probes.limit:g}"), stage, (), probes.limit))
    loads = [figures[name] for name in ("CPU", "memory") if name in figures]
    rows += [
        _signal(load, f"{load.name} of the plan", ("", f"{load.limit:g} %"), stage, (), load.limit) for load in loads
    ]
    return (*rows, *further_signals(stage))


def _latency(figure: Figure, name: str, stage: Stage, trend: tuple[float | None, ...]) -> vw.Signal:
    before = figure.before
    trigger = stage.policy.degradation * before if name == "p95" and before is not None else None
    words = (f"{figure.limit:g} ms" if figure.limit is not None else "", f"{trigger:.0f} ms" if trigger else "")
    return _signal(figure, f"{name} latency", words, stage, trend, trigger, target=figure.limit)


def _signal(
    figure: Figure,
    name: str,
    limits: tuple[str, str],
    stage: Stage,
    trend: tuple[float | None, ...],
    trigger: float | None,
    target: float | None = None,
) -> vw.Signal:
    return vw.Signal(
        key=figure.name,
        name=name,
        now=_value(figure, figure.value),
        target=limits[0],
        trigger=limits[1],
        before="" if figure.before is None else _value(figure, figure.before),
        n=figure.n,
        measured_at=measured_at(figure, stage),
        stale_after_s=_stale_after(figure, stage),
        state=_state(figure, trigger, target, stage),
        trend=trend[-_TREND:],
    )


def _value(figure: Figure, value: float | None) -> str:
    if value is None:
        return "no data"
    if figure.unit == "share":
        return percent(value)
    return f"{value:.0f}" if figure.unit == "requests" else f"{value:.0f} {figure.unit}".strip()


def _source(figure: Figure) -> str:
    if figure.name in ("error rate", "p50", "p95", "p99"):
        return Source.LOGS.value
    return Source.PROBES_PRODUCTION.value if figure.name.startswith("probes") else Source.PLATFORM.value


def _stale_after(figure: Figure, stage: Stage) -> float | None:
    ages = {one.name: one for one in stage.verdict.figures} if stage.verdict else {}
    age = ages.get(f"{_source(figure)} age")
    return age.limit if age is not None else None


def _state(figure: Figure, trigger: float | None, target: float | None, stage: Stage) -> vw.State:
    stale = _stale_after(figure, stage)
    if figure.value is None or (figure.age_s is not None and stale is not None and figure.age_s > stale):
        return vw.State.NO_DATA
    if trigger is not None and figure.value > trigger:
        return vw.State.FAIL
    aim = target if target is not None else stage.policy.target_error_rate if figure.name == "error rate" else None
    return vw.State.WARN if aim is not None and figure.value >= aim else vw.State.OK


# -- charts ------------------------------------------------------------------------------------------------------------


def series(run: Run, stage: Stage) -> tuple[vw.Series, ...]:
    """Error rate and p95 of the new version, bin by bin, from T0 to the window's end; later of the newest stretch."""
    since = run.judged_since
    if since is None:
        return ()
    part = bool(run.switched) and run.t0 is None
    mark = f"{len(run.switched)} apps" if part else share_mark(run)
    start, markers = (since, ((0.0, mark),)) if stage.later is None else (stage.later.start, ())
    bins, before, policy = _bins(run, stage), run.baseline, stage.policy
    rate_before = 100.0 * before.failures / before.requests if before is not None and before.requests else None
    errors = [(row, 100.0 * row.rate) for row in bins]
    slow = [(row, row.p95) for row in bins if row.p95 is not None]
    p95_before = before.p95 if before is not None else None
    slow_limit = policy.degradation * p95_before if p95_before is not None else policy.target_p95_ms
    return (
        vw.Series(
            key="error rate",
            title="ERROR RATE",
            unit="%",
            top=_top([100.0 * policy.error_rate * 2, *(value for _, value in errors)]),
            points=_points(start, errors),
            limit=100.0 * policy.error_rate,
            limit_words=f"{percent(policy.error_rate)} for {_span(policy.error_for_s)}",
            before=rate_before,
            markers=markers,
        ),
        vw.Series(
            key="p95",
            title="P95",
            unit="ms",
            top=_top([slow_limit * 1.5, *(value for _, value in slow)]),
            points=_points(start, slow),
            limit=slow_limit,
            limit_words=f"{slow_limit:.0f} ms for {_span(policy.degradation_for_s)}",
            before=p95_before,
            markers=markers,
        ),
    )


def _span(seconds: float) -> str:
    return f"{seconds / 60:g} min" if seconds >= 60 and seconds % 60 == 0 else f"{seconds:.3g} s"


def _top(values: Sequence[float]) -> float:
    return max(values) * 1.05


def _points(start: float, rows: Sequence[tuple[Bin, float]]) -> tuple[vw.Point, ...]:
    return tuple(vw.Point(row.start - start, row.length, value, value, value) for row, value in rows)


def _bins(run: Run, stage: Stage) -> list[Bin]:
    """The newest whole answer of the logs, for the new version."""
    body: dict[str, Any] | None = run.observations.get(Source.LOGS.value)
    told = stage.later.logs if stage.later else reading(body) if body is not None else None
    if told is None or run.plan is None or told.error or told.partial:
        return []
    version = judged_version(run)
    rows = [row for row in told.bins if row.version == version and row.requests]
    return sorted(rows, key=lambda row: row.start)


# -- checks ------------------------------------------------------------------------------------------------------------


def checks(run: Run, stage: Stage) -> tuple[vw.Check, ...]:
    """What the machine checks now, what it proved on the way, and what a person still has to look at before GO."""
    left = back.follow_ups(run, stage)
    if run.judged_since is None or left:
        return tuple(left)
    rows = []
    look = stage.production_look
    if look is not None:
        state = vw.State.OK if look.ok else vw.State.FAIL
        rows.append(vw.Check(state, f"health {look.status or 'no answer'}, {look.version or look.error}", look.at))
    several = run.plan is not None and bool(run.plan.apps)
    for row in (*rows_of(run, "prove-production"), *rows_of(run, "keep-warm")):
        state = {None: vw.State.RUNNING, "done": vw.State.OK, "already": vw.State.OK}.get(row.result, vw.State.FAIL)
        words = row.words or row.title
        rows.append(vw.Check(state, f"{_app_of(run, row.key)}: {words}" if several else words, row.ended_at))
    figures = {figure.name: figure for figure in stage.verdict.figures} if stage.verdict else {}
    counted = figures.get("platform 5xx")
    if counted is not None and counted.value is not None:
        state = vw.State.OK if not counted.value else vw.State.WARN
        at = measured_at(counted, stage)
        rows.append(vw.Check(state, f"{counted.value:.0f} 5xx in {counted.n or 0} requests counted", at))
    return (*rows, *_open_items(stage))


def _app_of(run: Run, key: str) -> str:
    """The name of the app of a step, of several."""
    return app_of(key) or (run.plan.apps[0] if run.plan is not None else "")


def _open_items(stage: Stage) -> list[vw.Check]:
    return [
        vw.Check(vw.State.OPEN, item.text, None, item.key)
        for one in stage.checklists
        for item in one.items
        if item.due == Due.GO and open_reason(item, stage.standings.get(item.key), stage.now) is not None
    ]
