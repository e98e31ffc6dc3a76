"""Checklist items after START that a run's own journal proves: nobody marks them, they follow from its events.

A view, as what `checklist.derive` concludes: nothing of it is recorded, and any mark that was recorded comes before
it. Each value is the figure with its n; what the evidence proves stands in the item itself. What the journal does not
hold is left open, never guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cpr_cockpit.core.afterwards import EXTENDED
from cpr_cockpit.core.apps_words import rows_of
from cpr_cockpit.core.business import signed_by_figures
from cpr_cockpit.core.checklist import Mark, Standing
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.ports import PRODUCTION
from cpr_cockpit.core.run import Run
from cpr_cockpit.core.signals import Source
from cpr_cockpit.core.tally import reading
from cpr_cockpit.core.verdict import clock_time, percent
from cpr_cockpit.core.workers import DEAD_LETTERS

PROGRAM = "cockpit"
ROLLBACK_TARGET_S = 300.0
"""The procedure: a rollback takes less than five minutes."""
_DONE = ("done", "already")
_WRITTEN = Policy().to_dict()
NEW_PROBLEMS = "new exceptions"
"""The reading of the exceptions that counts kinds which were not there before the switch."""
PAGE_LOAD = "page load p75"
API_MS, UI_MS, UI_PRINCIPLE_MS = 200.0, 2000.0, 1000.0
"""The procedure's limits: step 8 asks for a UI that loads in under 2 s, the eighth principle for one in under 1 s."""
_HOUR = (EXTENDED, "first hour")
DEAD_LETTERS_ITEM = "rollback-follow-up.dead-letters"
TOLD = frozenset(
    {
        "production-health.health",
        "production-health.error-rate",
        "extended-performance.api",
        "extended-performance.ui",
        "extended-performance.no-degradation",
        "extended-monitoring.critical-errors",
        "extended-monitoring.infrastructure",
        "principles.performance",
        "quality-execution.deployed",
        "quality-execution.zero-downtime",
        "quality-monitoring.baseline",
        "quality-monitoring.error-tracking",
        "quality-monitoring.performance",
        "quality-rollback.database-scripts",
        "quality-rollback.plan",
        "quality-rollback.under-five-minutes",
        "rollback-follow-up.errors-at-baseline",
        DEAD_LETTERS_ITEM,
    }
)
"""Measured items due after START that this program reads, here or (errors at the baseline) after the way back."""
Found = Iterator[Standing]


def told_by_journal(run: Run) -> dict[str, Standing]:
    """The marks by item; none before the switch, nor once a rollback was decided."""
    if run.decision is not None and run.decision.word == "rollback":
        return {one.item: one for one in _dead_letters(run)}
    if run.t0 is None or run.observed:
        return {}
    return {one.item: one for look in (*_LOOKS, signed_by_figures) for one in look(run)}


def _mark(item: str, held: bool, at: float | None, value: str) -> Standing:
    return Standing(item, Mark.MEASURED if held else Mark.FAILED, PROGRAM, at or 0.0, value)


def _dead_letters(run: Run) -> Found:
    """Messages that workers gave up since the switch: no request of a user shows what was not done."""
    more = dead_letters_more(run)
    if more is None:
        if run.plan is not None and not run.plan.workers:
            yield _mark(DEAD_LETTERS_ITEM, True, run.decided_at, "no queue is watched: no background work is declared")
        return
    at, count, rose = more
    words = f"{count:.0f} dead letters, {rose:.0f} more than before the switch" if rose else f"{count:.0f} as before"
    yield _mark(DEAD_LETTERS_ITEM, not rose, at, words)


def dead_letters_more(run: Run) -> tuple[float, float, float] | None:
    """When the queue was last read, its dead letters, and how many more than before the switch; None: not told."""
    body = run.readings.get(Source.WORKERS.value)
    seen = reading(body) if body is not None else None
    told = next((one for one in seen.readings if one.name == DEAD_LETTERS), None) if seen is not None else None
    if seen is None or told is None or told.value is None or told.limit is None:
        return None
    return seen.at, told.value, max(0.0, told.value - told.limit)


def _serves(run: Run) -> Found:
    """The proof that production serves the new version everywhere, of every app."""
    rows = rows_of(run, "prove-production")
    if not rows or any(row.result not in _DONE for row in rows):
        return
    at, words = max(row.ended_at or 0.0 for row in rows), "; ".join(row.words for row in rows)
    for item in ("production-health.health", "quality-execution.deployed"):
        yield _mark(item, True, at, words)


def _downtime(run: Run) -> Found:
    """Once it was decided: before that the window still shows it."""
    probes = run.tally.forward
    if not probes.count or run.decision is None or run.t0 is None:
        return
    seen = f"{probes.failed} of {probes.count} looks from {clock_time(run.t0)} to {clock_time(probes.last_at or 0.0)}"
    down = probes.down_s
    value = f"down for {down:.0f} s, the longest {probes.longest_s:.0f} s: {seen} failed" if down else f"{seen} failed"
    yield _mark("quality-execution.zero-downtime", not probes.failed, probes.last_at, value)


def _users(run: Run) -> Found:
    """What the judge was told of users' requests last: error rate and p95, with their n."""
    at, figures = _figures(run)
    rate, p95 = figures.get("error rate", {}), figures.get("p95", {})
    value, n = _number(rate.get("value")), rate.get("n")
    if value is not None and n:
        target, before = _limit(run, "target_error_rate"), _number(rate.get("before"))
        words = f"{percent(value)} of {n}, target {percent(target)}{_before(before, percent)}"
        yield _mark("production-health.error-rate", value < max(target, before or 0.0), at, words)
    value, n = _number(p95.get("value")), p95.get("n")
    if value is not None and n:
        target, before = _limit(run, "target_p95_ms"), _number(p95.get("before"))
        yield _mark(
            "extended-performance.api", value < target, at, f"p95 {value:.0f} ms of {n}, target {target:.0f} ms"
        )
        if before is not None:
            most = _limit(run, "degradation") * before
            words = f"p95 {value:.0f} ms of {n}, before {before:.0f} ms, allowed {most:.0f} ms"
            yield _mark("extended-performance.no-degradation", value <= most, at, words)


def _before(value: float | None, words: Callable[[float], str]) -> str:
    return "" if value is None else f", before {words(value)}"


def _load(run: Run) -> Found:
    loads = run.tally.load
    limits = {"CPU": _limit(run, "warning_cpu_percent"), "memory": _limit(run, "warning_memory_percent")}
    if set(limits) <= set(loads):
        held = all(loads[name].peak <= most for name, most in limits.items())
        words = ", ".join(f"{name} at most {loads[name].peak:.0f} % of {most:g} %" for name, most in limits.items())
        yield _mark("extended-monitoring.infrastructure", held, max(one.at for one in loads.values()), words)


def _monitoring(run: Run) -> Found:
    """Sources that answered since the switch, and that there are figures to compare the next days with."""
    since = run.t0 or 0.0
    logs = run.heard.get((Source.LOGS.value, ""))
    if logs is not None and logs.newest is not None and logs.newest >= since:
        lag = f", {logs.lag_s:.0f} s late" if logs.lag_s is not None else ""
        words = f"users' requests up to {clock_time(logs.newest)}{lag}"
        yield _mark("quality-monitoring.performance", True, logs.newest, words)
    thrown = run.heard.get((Source.EXCEPTIONS.value, ""))
    # Where nothing was thrown its newest datum is old, or there is none: how fresh the logs are the requests tell.
    newest = max((one.newest or 0.0 for one in (logs, thrown) if one is not None), default=0.0)
    if thrown is not None and thrown.answered_at is not None and min(thrown.answered_at, newest) >= since:
        words = f"the exceptions answered at {clock_time(thrown.answered_at)}, the logs reach {clock_time(newest)}"
        yield _mark("quality-monitoring.error-tracking", True, thrown.answered_at, words)
        yield from _new_errors(run)
    hour = [(at, one) for at, one in run.checks if one.stage in _HOUR]
    rates = [(at, row) for at, one in hour for row in one.figures if row.get("name") == "error rate"]
    counted = [(at, n) for at, row in rates if (n := row.get("n"))]
    if counted:
        words = f"{len(counted)} checks of the first hour, {max(n for _, n in counted)} requests in the largest"
        yield _mark("quality-monitoring.baseline", True, counted[-1][0], words)


def _new_errors(run: Run) -> Found:
    body = run.readings.get(Source.EXCEPTIONS.value)
    seen = reading(body) if body is not None else None
    told = next((one for one in seen.readings if one.name == NEW_PROBLEMS), None) if seen is not None else None
    if seen is not None and told is not None and told.value is not None:
        words = f"{told.value:.0f} kinds of exception that were not there before, {told.n or 0} times"
        yield _mark("extended-monitoring.critical-errors", not told.value, seen.at, words)


def _pages(run: Run) -> Found:
    """Page loads of users' browsers; with the API's p95 the principle, whose limit for the UI is half the other's."""
    body = run.readings.get(Source.BROWSER.value)
    seen = reading(body) if body is not None else None
    load = next((one for one in seen.readings if one.name == PAGE_LOAD), None) if seen is not None else None
    value = load.value if load is not None else None
    at, figures = _figures(run)
    p95, n = _number(figures.get("p95", {}).get("value")), figures.get("p95", {}).get("n")
    if seen is not None and value is not None and load is not None:
        words = f"page load p75 {value:.0f} ms of {load.n or 0} in users' browsers, limit {UI_MS:g} ms"
        yield _mark("extended-performance.ui", value < UI_MS, seen.at, words)
    api = f"API p95 {p95:.0f} ms of {n}" if p95 is not None and n else "API not measured"
    page = f"page load p75 {value:.0f} ms" if value is not None else "UI not measured"
    words = f"{api}, limit {API_MS:g} ms; {page}: limit {UI_PRINCIPLE_MS:g} ms here, {UI_MS:g} ms in step 8"
    missed = (p95 is not None and bool(n) and p95 >= API_MS) or (value is not None and value >= UI_PRINCIPLE_MS)
    if missed or (p95 is not None and n and value is not None):
        yield _mark("principles.performance", not missed, at, words)


def _way_back(run: Run) -> Found:
    if run.card is not None:
        words = f"the card was written before START, sha256 {run.card.sha256[:12]}"
        yield _mark("quality-rollback.plan", True, run.started_at, words)
    swaps = [row for row in rows_of(run, "swap") if row.result == "done"]
    deploy = run.row("deploy", "forward")
    if not swaps:
        return
    parts = [("swap", sum(row.seconds for row in swaps))]
    if run.plan is not None and run.plan.artifact and deploy is not None and deploy.result == "done":
        parts.append((f"the slot after {PRODUCTION}" if run.plan.apps else "then the slot", deploy.seconds))
    whole = sum(seconds for _, seconds in parts)
    words = f"{', '.join(f'{name} {seconds:.0f} s' for name, seconds in parts)}: {whole:.0f} s by this run's own times"
    yield _mark("quality-rollback.under-five-minutes", whole < ROLLBACK_TARGET_S, swaps[-1].ended_at, words)


def _scripts(run: Run) -> Found:
    """What a machine read of the scripts before START holds on; what a person signed then, a person looks at again."""
    mark = run.standings.get("database.rollback-scripts")
    if mark is not None and mark.mark == Mark.MEASURED:
        at = run.marked_at["database.rollback-scripts"]
        yield _mark("quality-rollback.database-scripts", True, at, f"read at {clock_time(at)}: {mark.value}")


_LOOKS: tuple[Callable[[Run], Found], ...] = (
    _serves,
    _downtime,
    _users,
    _load,
    _monitoring,
    _pages,
    _way_back,
    _scripts,
)


def _figures(run: Run) -> tuple[float, Mapping[str, Mapping[str, Any]]]:
    """The newest figures that a verdict or a check told, by name, and when."""
    told = [*((at, one.figures) for at, one in run.verdicts), *((at, one.figures) for at, one in run.checks)]
    with_figures = [(at, figures) for at, figures in told if figures]
    if not with_figures:
        return 0.0, {}
    at, figures = max(with_figures, key=lambda one: one[0])
    return at, {str(one.get("name")): one for one in figures}


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _limit(run: Run, name: str) -> float:
    told = _number(run.opened.policy.get(name)) if run.opened else None
    return float(_WRITTEN[name]) if told is None else told
