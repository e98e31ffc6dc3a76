"""What a journal tells of the watch after GO: its checks, the limits that were crossed, where the schedule stood.

Readings are recorded with a check or a crossed limit only, and each tells of the newest stretch alone. So nothing is
judged anew here: word, sentence and figures are those that were recorded, as old as they are by now.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cpr_cockpit.core.afterwards import STAGES, Later, next_check, stage_at
from cpr_cockpit.core.events import VerdictGiven, WatchChecked
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.run import Run
from cpr_cockpit.core.signals import Observation, Source, staleness_limit
from cpr_cockpit.core.verdict import Figure, HoldCause, Verdict, VerdictKind


def watched_on(run: Run) -> float | None:
    """Since when the run was watched after GO, epoch seconds; None where that has not begun.

    A drill has no such watch.
    """
    if not run.checks or run.t0 is None or run.opened is None or run.opened.script is not None:
        return None
    return run.checks[0][0]


def later_of(run: Run, policy: Policy, now: float, logs: Observation | None) -> Later | None:
    """Where the schedule stood; ``logs``: the newest reading of a stretch, whose own bins tell which."""
    if watched_on(run) is None or run.t0 is None:
        return None
    check = run.checks[-1][1]
    following = next_check(run.t0, policy.scale, max(run.decided_at or 0.0, check.due), now)
    name = following.stage if following else stage_at(run.t0, policy.scale, now).name
    start, length = _stretch(check, logs)
    return Later(name, following.due if following else None, start, length, logs)


def _stretch(check: WatchChecked, logs: Observation | None) -> tuple[float, float]:
    rows = () if logs is None else (logs.bins or logs.whole)
    if not rows:
        return check.since, check.due - check.since
    start = min(row.start for row in rows)
    return start, max(row.end for row in rows) - start


def word_of(run: Run, policy: Policy, now: float, newest: Mapping[Source, float]) -> Verdict | None:
    """The last word of the watch, told by a check or by a verdict, with its figures; None before its first check.

    ``newest``: event time of the newest datum of each source that is recorded.
    """
    if watched_on(run) is None or run.t0 is None:
        return None
    at, rule = run.checks[-1][0], None
    said: WatchChecked | VerdictGiven = run.checks[-1][1]
    if run.verdict is not None and run.verdict_at is not None and run.verdict_at >= at:
        at, said, rule = run.verdict_at, run.verdict, run.verdict.rule
    ages = _ages(run.t0, policy, run.checks[-1][1].due, now, newest)
    return Verdict(
        VerdictKind(said.kind),
        HoldCause(said.cause) if said.cause in set(HoldCause) else None,
        rule,
        said.sentence,
        now,
        (*_figures(said.figures, now - at), *ages),
        warnings=_holding(run),
    )


def _figures(told: Iterable[Mapping[str, Any]], passed: float) -> Iterator[Figure]:
    """The recorded figures, older by the time that has passed; the ages of sources are told from their readings."""
    for body in told:
        figure = _figure(body)
        if figure is not None and not figure.name.endswith((" age", " coverage")):
            age = passed + (figure.age_s or 0.0)
            yield Figure(figure.name, figure.value, figure.unit, figure.n, age, figure.limit, figure.before)


def _figure(body: Mapping[str, Any]) -> Figure | None:
    """None for what is no figure to this program."""
    numbers = [body.get(name) for name in ("value", "n", "age_s", "limit", "before")]
    if not all(one is None or isinstance(one, int | float) for one in numbers):
        return None
    name, unit = body.get("name"), body.get("unit", "")
    if not isinstance(name, str) or not isinstance(unit, str):
        return None
    return Figure(
        name, body.get("value"), unit, body.get("n"), body.get("age_s"), body.get("limit"), body.get("before")
    )


def _ages(t0: float, policy: Policy, due: float, now: float, newest: Mapping[Source, float]) -> Iterator[Figure]:
    """How old each source's newest recorded datum is, and may be: the next one is recorded with the next check."""
    following = next_check(t0, policy.scale, due, due)
    pause = STAGES[-1].every_s * policy.scale if following is None else following.due - due
    poll_s = max(policy.poll_floor_s, stage_at(t0, policy.scale, now).poll_s * policy.scale)
    limit = pause + staleness_limit(poll_s, policy.platform_delay_s)
    for source in (Source.LOGS, Source.PLATFORM, Source.PROBES_PRODUCTION, Source.PROBES_SLOT):
        if source in newest:
            age = max(0.0, now - newest[source])
            yield Figure(f"{source.value} age", age, "s", age_s=age, limit=limit)


def _holding(run: Run) -> tuple[str, ...]:
    """The warnings that hold, as they were told."""
    last = {crossing.what: crossing for _, crossing in run.crossings}
    return tuple(crossing.sentence for crossing in last.values() if crossing.holds)
