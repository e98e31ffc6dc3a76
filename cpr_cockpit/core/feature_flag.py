"""A feature flag: the release that is deployed dark and shown to rising shares of the users, and the kill switch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from cpr_cockpit.core.canary import PERCENTS, STEP_S
from cpr_cockpit.core.plan import PRODUCTION, Act, ActKind, Plan, PlanFacts, Step, Undo
from cpr_cockpit.core.strategy import FEATURE_FLAG, NOTHING, blue_green

EVERYBODY = 100.0
FLAG_OFF = "flag-off"
PROVE_OFF = "prove-flag-off"
PROVE_CALM = "prove-calm"
FLAG_STEPS = frozenset({FLAG_OFF, PROVE_OFF, PROVE_CALM})
# After the flag is off, what is judged is whether that helped; longer than this nobody should have to wait for it.
CALM_MOST_S = 300.0
# A person may take hours; the judge watches meanwhile.
_LONGEST_S = 21_600.0
# There is a next rung: an App Configuration that does not answer is not waited for much longer.
_OFF_S = 30.0
_WRITE_S = 60.0
# Instances ask for their flags anew after an interval, 30 s by default, when a request comes; then once more.
_PROVE_S = 300.0
# On the way back users meet the fault meanwhile, and there is a next rung.
_PROVE_OFF_S = 120.0
# What is calm shows in its time; where the logs come too late to tell, the next rung is offered.
_CALM_FACTOR, _CALM_MORE_S = 3.0, 240.0


def arm(version: str, flag: str, *, on: bool) -> str:
    """The name of those requests of ``version`` for which the flag was on, or off."""
    return f"{version} with {flag} {'on' if on else 'off'}"


def feature_flag(
    slot: str,
    new: str,
    facts: PlanFacts,
    *,
    baseline_s: float,
    artifact: bool,
    flag: str,
    percents: tuple[float, ...] = PERCENTS,
    step_s: float = STEP_S,
) -> Plan:
    """Blue-green with the flag off; then the flag for ``percents`` of the users, rising, at last for everybody.

    Each share is judged for ``step_s`` seconds, requests with the flag on beside those with it off; the whole of it in
    the critical window, which begins when the flag is on for everybody. ValueError for other percents, or no flag.
    """
    _check(flag, percents)
    plan = blue_green(slot, new, facts, baseline_s=baseline_s, artifact=artifact)
    swap = next(at for at, step in enumerate(plan.forward) if step.act.kind is ActKind.SWAP)
    watch = Act(ActKind.WATCH_FLAG, PRODUCTION, version=new, seconds=step_s, flag=flag)
    dark = Step("watch-dark", f"Judge {new} with the flag off for {step_s:.0f} s", watch, NOTHING, _LONGEST_S)
    shares = (0.0, *percents, EVERYBODY)
    raised = (step for before, percent in pairwise(shares) for step in _raise(new, flag, before, percent, step_s))
    proven = replace(_proven(PROVE_OFF, PRODUCTION, "", flag, 0.0), timeout_s=_PROVE_OFF_S)
    back = (_off(flag), proven, _calm(new, flag, step_s))
    swap_back, *rest = plan.back
    swap_back = replace(swap_back, title=f"{swap_back.title}, unless the flag's being off is enough")
    words = f"once the flag was raised, ROLLBACK sets it off and leaves {new} dark in production, if that helps"
    return replace(
        plan,
        strategy=FEATURE_FLAG,
        forward=(
            *plan.forward[:swap],
            _proven("prove-dark", slot, new, flag, 0.0),
            *plan.forward[swap:],
            dark,
            *raised,
        ),
        back=(*back, swap_back, *rest),
        remarks=(*plan.remarks, words),
    )


def _check(flag: str, percents: tuple[float, ...]) -> None:
    if not flag:
        raise ValueError("the strategy feature-flag needs a flag, found none")
    if any(not 0.0 < one < EVERYBODY for one in percents) or sorted(set(percents)) != list(percents):
        raise ValueError(f"the shares of a feature flag rise between 0 and 100 %, found {percents}")


def with_kill_switch(plan: Plan, flag: str) -> Plan:
    """``plan`` of another strategy, whose way back begins with the flag off; no failure of that keeps it up."""
    words = f"ROLLBACK first sets the flag {flag} off, and goes on whatever comes of that"
    return replace(plan, back=(_off(flag), *plan.back), remarks=(*plan.remarks, words))


def _raise(new: str, flag: str, before: float, percent: float, step_s: float) -> Iterator[Step]:
    off = Act(ActKind.FLAG_OFF, PRODUCTION, flag=flag)
    undo = Undo(f"set the flag {flag} off, proven on every instance", (off, _prove_act(PRODUCTION, "", flag, 0.0)))
    act = Act(ActKind.SET_FLAG, PRODUCTION, version=new, flag=flag, percent=percent, before=before)
    yield Step(f"flag-{percent:g}", f"Flag {flag} on for {percent:g} % of the users", act, undo, _WRITE_S)
    yield _proven(f"prove-flag-{percent:g}", PRODUCTION, new, flag, percent)
    if percent < EVERYBODY:
        watch = Act(ActKind.WATCH_FLAG, PRODUCTION, version=new, seconds=step_s, percent=percent, flag=flag)
        title = f"Judge the flag on for {percent:g} % beside those with it off for {step_s:.0f} s"
        yield Step(f"watch-flag-{percent:g}", title, watch, NOTHING, _LONGEST_S)


def _off(flag: str) -> Step:
    again = Undo("raise the flag again, as a new run")
    return Step(FLAG_OFF, f"Flag {flag} off", Act(ActKind.FLAG_OFF, PRODUCTION, flag=flag), again, _OFF_S)


def _prove_act(slot: str, version: str, flag: str, percent: float) -> Act:
    return Act(ActKind.PROVE_FLAG, slot, version=version, flag=flag, percent=percent)


def _proven(key: str, slot: str, version: str, flag: str, percent: float) -> Step:
    where = PRODUCTION if slot == PRODUCTION else f"slot {slot}"
    state = f"on for {percent:g} %" if percent else "off"
    title = f"Every instance of {where} has the flag {flag} {state}"
    return Step(key, title, _prove_act(slot, version, flag, percent), NOTHING, _PROVE_S)


def _calm(new: str, flag: str, step_s: float) -> Step:
    seconds = min(step_s, CALM_MOST_S)
    act = Act(ActKind.PROVE_CALM, PRODUCTION, version=new, seconds=seconds, flag=flag)
    title, longest_s = f"Judge {new} with the flag off again for {seconds:.0f} s", seconds * _CALM_FACTOR + _CALM_MORE_S
    return Step(PROVE_CALM, title, act, NOTHING, longest_s)
