"""The plan as a text: every step with its undo and the requests that it would send."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cpr_cockpit.core.plan import Act, ActKind, Plan, Step
from cpr_cockpit.core.ports import PlannedRequest

# They do as a user does, with data of their own that is deleted again.
_USES = frozenset({ActKind.SMOKE, ActKind.JOURNEYS})
Planned = Callable[[Act], tuple[PlannedRequest, ...]]
"""What an act would send; sends nothing."""


def render_plan(
    plan: Plan,
    planned: Planned,
    short: Sequence[str] = (),
    marks: Sequence[PlannedRequest] = (),
    told: Sequence[str] = (),
) -> str:
    """The way forth and the way back, with pinned ids. Nothing in it has been sent.

    ``short``: the strategy as stages with expected times, a line for each way. ``marks``: what
    marks a switch for those who read charts. ``told``: the channels, and of what each is told.
    """
    facts = plan.facts
    slot = f"serves {facts.slot_version or 'no version'}" if facts.slot_exists else "does not exist yet"
    of = f" of {plan.name('')}" if plan.apps else ""
    lines = [
        f"# Plan: {plan.old_version} to {plan.new_version}, {plan.strategy}",
        "",
        "Nothing of this has been sent; what was read is this:",
        "",
        f"- Production{of} ({facts.production_host or 'host not told'}) serves {facts.production_version}.",
        f"- Slot {plan.slot}{of} ({facts.slot_host or 'no host yet'}) {slot}.",
        *(f"- {remark}" for remark in plan.remarks),
        "",
        *(("## In short, with expected times", "", *(f"- {one}" for one in short), "") if short else ()),
        "Every step looks before it acts, and after: a change that has taken effect is not sent again.",
        "",
        "## The way forth",
        "",
        *_steps(plan.forward, planned),
        *(("## After GO", "", *_steps(plan.after, planned)) if plan.after else ()),
        "## The way back",
        "",
        *_steps(plan.back, planned),
        *(("## The way back where the swap is refused", "", *_steps(plan.lower, planned)) if plan.lower else ()),
    ]
    if marks:
        lines += ["## Release annotation", "", "At the switch, and at the switch back; nothing waits for it.", ""]
        lines += [*(f"       {line}" for request in marks for line in _request(request)), ""]
    if told:
        lines += ["## Who is told", "", *(f"- {one}" for one in told), ""]
    return "\n".join(lines)


def _steps(steps: tuple[Step, ...], planned: Planned) -> list[str]:
    lines: list[str] = []
    for number, step in enumerate(steps, 1):
        kind = "changes" if step.act.mutates else "uses the app" if step.act.kind in _USES else "reads"
        lines += [f"{number}. {step.title} ({kind}; at most {_duration(step.timeout_s)})"]
        lines += [f"       {line}" for request in planned(step.act) for line in _request(request)]
        lines += [f"   Undo: {step.undo.words}.", ""]
    return lines


def _request(request: PlannedRequest) -> list[str]:
    line = f"{request.method} {request.url}"
    return [line, f"    {request.body}"] if request.body else [line]


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
