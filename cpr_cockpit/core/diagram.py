"""A plan as a few stages with their expected times: what is shown of a strategy before START, and where it stands then.

Times are composed, never promised: of a step that this run has done its own; else of one like it in an earlier run of
the same app; else what the plan itself sets (the most that a baseline takes, the watch of a share). Where none is known
a sign says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, groupby

from cpr_cockpit.core import view as vw
from cpr_cockpit.core.plan import ActKind, Plan, Step, app_of, key_of
from cpr_cockpit.core.rolling_strategy import PREPARED
from cpr_cockpit.core.rows import StepRow
from cpr_cockpit.core.run import Run

_SLOT, _PROOF, _PREVIEW, _SWAP = "slot", "proof", "preview", "swap"
# What moves or starts an application, or waits for its telemetry; the rest is a request or a few looks.
_SLOW = frozenset({ActKind.DEPLOY, ActKind.SWAP, ActKind.PREVIEW, ActKind.RESET_PREVIEW, ActKind.PROVE_TELEMETRY})
# Which step of an earlier run is like one that was never needed yet.
_LIKE = {
    "swap-back": ("swap",),
    "replace-bad": ("deploy",),
    "redeploy-old": ("deploy",),
    "reset-preview": ("preview",),
    "prove-rollback": ("prove-production",),
    "prove-redeployed": ("prove-production",),
}
# Stages of which there are several, each with more of the users.
_RISING = ("share ", "flag ")
_WORDS: dict[str, str] = {
    "ensure-slot": _SLOT,
    "prove-alike": _SLOT,
    "keep-old": _SLOT,
    "deploy": _SLOT,
    "prove-built": _SLOT,
    "prove-setting": _SLOT,
    "prove-slot": _PROOF,
    "prove-workers-off": _PROOF,
    "prove-workers": _PROOF,
    "warm-up": _PROOF,
    "smoke": _PROOF,
    "journeys": _PROOF,
    "prove-telemetry": _PROOF,
    "baseline": "baseline",
    "preview": _PREVIEW,
    "prove-previewed": _PREVIEW,
    "warm-previewed": _PREVIEW,
    "smoke-previewed": _PREVIEW,
    "journeys-previewed": _PREVIEW,
    "route-off": _SWAP,
    "swap": _SWAP,
    "prove-production": _PROOF,
    "keep-warm": _PROOF,
    "prove-dark": _PROOF,
    "watch-dark": "dark",
    "flag-off": "flag off",
    "prove-flag-off": "flag off",
    "prove-calm": "calm",
    "await-switch": "switch by others",
    "await-old": "switch back by others",
    "route-back": "routing off",
    "reset-preview": "preview off",
    "swap-back": "swap back",
    "replace-bad": "old into slot",
    "prove-rollback": "proof",
    "route-old": "all to slot",
    "redeploy-old": "redeploy",
    "route-home": "routing off",
    "prove-redeployed": "proof",
    "prove-workers-back": "proof",
    "prove-workers-redeployed": "proof",
}
"""What the steps of a stage are called together; a step that is not here is a stage of its own, by its key."""


@dataclass(frozen=True, slots=True)
class Known:
    """What times are composed from: this run's rows, and seconds by key of the newest step of an earlier run."""

    run: Run
    earlier: Mapping[str, float]

    def row(self, step: Step, way: str) -> StepRow | None:
        """The newest row of the step."""
        return next((one for one in reversed(self.run.steps) if one.key == step.key and one.way == way), None)

    def expected(self, step: Step) -> float | None:
        """Seconds that the step is expected to take; None where nothing tells."""
        if step.act.seconds:
            return step.act.seconds
        # Of several apps, what the same took in another one.
        like = (step.key, key_of(step.key), *_LIKE.get(key_of(step.key), ()))
        own = (
            row.seconds for key in like for row in reversed(self.run.steps) if (row.key, row.result) == (key, "done")
        )
        return next(chain(own, (self.earlier[key] for key in like if key in self.earlier)), None)


def span(seconds: float) -> str:
    """A length of time as it is said: 41s, 5m, 2h."""
    if seconds < 100:
        return f"{seconds:.0f}s"
    return f"{seconds / 60:.0f}m" if seconds < 5400 else f"{seconds / 3600:.0f}h"


def forth(plan: Plan, known: Known, window_s: float) -> tuple[vw.PlanStage, ...]:
    """The stages of the way forth, and the critical window (``window_s`` seconds) that they lead to."""
    stages = _stages(plan, plan.forward, "forward", known)
    return (*stages, vw.PlanStage("window", span(window_s), _window_state(known.run)))


def _window_state(run: Run) -> str:
    """A window that a ROLLBACK, or an end without a decision, came before was left; GO and HOLD are its end."""
    if run.t0 is None:
        return "waiting"
    if run.decision is not None:
        return "left" if run.decision.word == "rollback" else "done"
    return "running" if run.ended is None else "left"


def back(plan: Plan, known: Known) -> tuple[vw.PlanStage, ...]:
    """The rungs of the way back."""
    return _stages(plan, plan.back, "back", known)


def below(plan: Plan, known: Known) -> tuple[vw.PlanStage, ...]:
    """The rungs below it, for when the swap back is refused; the card is the last of them.

    Of several apps those of one, which is the one that refused, once there is one.
    """
    if not plan.lower:
        return ()
    app = next((app_of(key) for key in reversed(known.run.refused)), plan.lower[0].act.app)
    steps = tuple(step for step in plan.lower if step.act.app == app)
    return (*_stages(plan, steps, "back", known), vw.PlanStage("card, by hand", "", "waiting"))


def lines(plan: Plan, known: Known, window_s: float) -> tuple[str, ...]:
    """All of it as a line of text for each way."""
    ways = (("forth", forth(plan, known, window_s)), ("back", back(plan, known)), ("else", below(plan, known)))
    words = ((name, " > ".join(f"{one.name} {one.time}".rstrip() for one in stages)) for name, stages in ways if stages)
    legend = vw.legend(stage for _, stages in ways for stage in stages)
    return (*(f"{name}: {stages}" for name, stages in words), *((legend,) if legend else ()))


def _stages(plan: Plan, steps: Iterable[Step], way: str, known: Known) -> tuple[vw.PlanStage, ...]:
    stages = [_stage(name, tuple(group), way, known) for name, group in groupby(steps, partial(_name, plan))]
    rising = [at for at, one in enumerate(stages) if one.name.startswith(_RISING) and one.name.endswith(" %")]
    for at in rising[1:]:
        # The word once: what follows is seen to be more of the same.
        stages[at] = replace(stages[at], name=stages[at].name.partition(" ")[2])
    return tuple(stages)


def _name(plan: Plan, step: Step) -> str:
    if plan.apps:
        return _name_in_app(plan, step)
    if step.key == "hold-back":
        return f"{step.act.percent:g} % control"
    if step.key not in _WORDS and step.act.percent:
        if step.act.kind in (ActKind.ROUTE, ActKind.WATCH_SHARE):
            return f"share {step.act.percent:g} %"
        if step.act.kind in (ActKind.SET_FLAG, ActKind.PROVE_FLAG, ActKind.WATCH_FLAG):
            return f"flag {step.act.percent:g} %"
    return _WORDS.get(step.key, step.key)


def _name_in_app(plan: Plan, step: Step) -> str:
    """Of several apps: what is done in all of them before the first is switched is one stage, a swap names its app."""
    key = key_of(step.key)
    if key in (*PREPARED, "keep-old", "journeys"):
        return "slots"
    if step.act.kind is ActKind.WATCH_APPS:
        return "gate"
    words = _WORDS.get(key, key)
    return f"{words} {plan.name(step.act.app)}" if step.act.kind is ActKind.SWAP else words


def _stage(name: str, steps: Sequence[Step], way: str, known: Known) -> vw.PlanStage:
    rows = [known.row(step, way) for step in steps]
    state = _state(rows)
    if state == "done":
        return vw.PlanStage(name, span(sum(row.seconds for row in rows if row is not None)), state)
    return vw.PlanStage(name, _time(steps, known), state)


def _time(steps: Sequence[Step], known: Known) -> str:
    """What a stage is expected to take; a time that is set stands as it is, one that is composed with ``~``."""
    told = [(step, known.expected(step)) for step in steps]
    if any(seconds is None and step.act.kind in _SLOW for step, seconds in told):
        return vw.UNMEASURED
    found = [seconds for _, seconds in told if seconds is not None]
    if not found:
        # A request, or a few looks: nothing of it is worth a word where nobody has measured it.
        return ""
    set_s = sum(step.act.seconds for step in steps)
    if any(step.act.kind is ActKind.BASELINE for step in steps):
        # What was measured before may be enough for it.
        return f"up to {span(set_s)}"
    return span(set_s) if set_s > sum(found) / 2 else f"~{span(sum(found))}"


def _state(rows: Sequence[StepRow | None]) -> str:
    results = [row.result if row is not None else "" for row in rows]
    if "failed" in results or "stopped" in results:
        return "failed"
    if all(result in ("done", "already") for result in results):
        return "done"
    if "left" in results:
        return "left"
    return "running" if any(row is not None for row in rows) else "waiting"
