"""The status of a run in one line, for people in a channel who have a minute and no screen."""

from __future__ import annotations

from cpr_cockpit.core.armed import armed_words, kept_words
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.run import Phase, Run
from cpr_cockpit.core.verdict import Figure, Verdict, percent
from cpr_cockpit.core.window_end import deadline_of


def status_line(run: Run, policy: Policy, verdict: Verdict | None, now: float) -> str:
    """What stands in an incident channel; ``policy`` is scaled to the window.

    Such as v1.3.0 on goals-api: 6:12 of 15:00, errors 0.4 % (n 1,204), p95 142 ms, WAIT.

    ``verdict``: the judge's newest word with its figures; None: it has not spoken in this session.
    """
    opened = run.opened
    app = opened.environment.get("app", "") if opened else ""
    version = run.plan.new_version if run.plan else opened.new_version if opened else ""
    parts = [_where(run, policy, now), *_figures(verdict), _word(run, verdict)]
    return f"{version or 'the next version'} on {app or 'the app'}: {', '.join(one for one in parts if one)}"


def _where(run: Run, policy: Policy, now: float) -> str:
    if run.ended is not None:
        return f"ended, {run.ended.decision.replace('_', ' ')}"
    if run.phase in (Phase.ROLLING_BACK, Phase.KEEPING):
        if run.phase is Phase.ROLLING_BACK:
            return "rolling back"
        told = (kept_words(run) or "kept", armed_words(run, policy))
        return "; ".join(one for one in told if one)
    deadline = deadline_of(run, policy)
    if deadline is not None and now > deadline:
        return f"window over for {clock(now - deadline)}"
    if run.t0 is not None:
        return f"{clock(now - run.t0)} of {clock((deadline_of(run, policy) or run.t0) - run.t0)}"
    if run.share:
        return f"{run.share:g} % of new sessions"
    return str(run.phase)


def clock(seconds: float) -> str:
    """``6:12`` of seconds; hours only where there are any."""
    whole = max(0, int(seconds))
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _figures(verdict: Verdict | None) -> list[str]:
    by_name = {one.name: one for one in verdict.figures} if verdict is not None else {}
    errors, p95 = by_name.get("error rate"), by_name.get("p95")
    return [words for words in (_errors(errors), _latency(p95)) if words]


def _errors(figure: Figure | None) -> str:
    if figure is None or figure.value is None:
        return ""
    n = f" (n {figure.n:,})" if figure.n is not None else ""
    return f"errors {percent(figure.value)}{n}"


def _latency(figure: Figure | None) -> str:
    return "" if figure is None or figure.value is None else f"p95 {figure.value:.0f} ms"


def _word(run: Run, verdict: Verdict | None) -> str:
    if run.ended is not None or run.phase is Phase.ROLLING_BACK or run.judged_since is None:
        return ""
    if verdict is None:
        return run.verdict.kind if run.verdict else ""
    return f"{verdict.kind.value} ({verdict.cause.value})" if verdict.cause else verdict.kind.value
