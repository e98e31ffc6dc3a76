"""What a scheduled check found, in one sentence with numbers."""

from __future__ import annotations

from collections.abc import Sequence

from cpr_cockpit.core.afterwards import EXTENDED, ScheduledCheck
from cpr_cockpit.core.events import WatchChecked
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.run import Run
from cpr_cockpit.core.signals import Baseline, Bin
from cpr_cockpit.core.verdict import Figure, HoldCause, Verdict, VerdictKind, percent

# A check that takes longer than this after it was due was made by another session, or by a machine that was away.
_LATE_S = 120.0


def check_figures(whole: Bin | None, before: Baseline | None, policy: Policy) -> tuple[Figure, ...]:
    """Users' figures of the checked time; without a row they are None, never 0."""
    n = whole.requests if whole is not None else 0
    rate = whole.rate if whole is not None and whole.requests else None
    return (
        Figure("error rate", rate, "share", n, None, policy.error_rate, before.rate if before else None),
        *(
            Figure(
                name,
                getattr(whole, name) if whole is not None else None,
                "ms",
                n,
                None,
                target,
                getattr(before, name) if before is not None else None,
            )
            for name, target in (
                ("p50", policy.target_p50_ms),
                ("p95", policy.target_p95_ms),
                ("p99", policy.target_p99_ms),
            )
        ),
    )


def extended_check(run: Run, policy: Policy, verdict: Verdict | None) -> WatchChecked:
    """The end of the extended validation, as the window's own judge sees it: figures since T0."""
    t0 = run.t0 if run.t0 is not None else run.last_at
    kind, cause = (verdict.kind, verdict.cause) if verdict is not None else (VerdictKind.HOLD, HoldCause.STALE)
    return WatchChecked(
        stage=EXTENDED,
        since=t0,
        due=t0 + policy.extended_s,
        kind=kind.value,
        cause=cause.value if cause is not None else None,
        sentence=verdict.sentence if verdict is not None else "there was no verdict yet",
        figures=tuple(figure.to_dict() for figure in verdict.figures) if verdict is not None else (),
    )


def check_event(
    check: ScheduledCheck,
    figures: Sequence[Figure],
    verdict: Verdict,
    *,
    probes: tuple[int, int],
    late_s: float,
    error: str = "",
    partial: str = "",
) -> WatchChecked:
    """The check with its sentence, to which a verdict other than GO adds its own.

    ``probes``: answered well, of how many; ``late_s``: seconds after it was due; ``error``: why the logs told nothing;
    ``partial``: why what they told is incomplete.
    """
    good, asked = probes
    parts = [
        _users(figures, error, partial),
        f"{good} of {asked} own probes answered" if asked else "no own probe was sent",
    ]
    load = [f"{one.name} {one.value:.0f} %" for one in verdict.figures if one.unit == "%" and one.value is not None]
    parts += [", ".join(load)] if load else []
    if verdict.kind is not VerdictKind.GO:
        parts.append(verdict.sentence)
    parts += [*verdict.warnings, *([verdict.visible] if verdict.visible else ())]
    if late_s >= _LATE_S:
        parts.append(f"made {late_s / 60.0:.0f} min late")
    return WatchChecked(
        stage=check.stage,
        since=check.since,
        due=check.due,
        kind=verdict.kind.value,
        cause=verdict.cause.value if verdict.cause else None,
        sentence="; ".join(parts),
        figures=tuple(figure.to_dict() for figure in figures),
    )


def _users(figures: Sequence[Figure], error: str, partial: str) -> str:
    rate, *speeds = figures
    if partial:
        # Its figures are not believed: whatever it lacks could be the failures.
        return f"what was told of the requests is incomplete ({partial})"
    if rate.value is None:
        return f"no request was told of{f' ({error})' if error else ''}"
    before = "" if rate.before is None else f", before {percent(rate.before)}"
    words = f"{percent(rate.value)} of {rate.n} requests failed{before}"
    told = [f"{one.name} {one.value:.0f}" for one in speeds if one.value is not None]
    return f"{words}; {', '.join(told)} ms" if told else words
