"""The rollback check: whether the way back is there, and where it is not, what is wrong and which rung would work.

Pure: what was looked at comes in a `Looked`. It only tells. No check ever keeps ROLLBACK from being tried.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cpr_cockpit.core.events import RollbackChecked
from cpr_cockpit.core.plan import PRODUCTION, ActKind, Plan
from cpr_cockpit.core.rights import PUBLISH, ROUTE, SWAP

EVERY_S = 30.0
"""Seconds between two checks in a window of full length."""
FLOOR_S = 1.0
CARD = "the rollback card, by somebody who can"
_SOON_S = 600.0
"""Seconds of a token below which its end is told beside the check."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What one check saw of the place that holds the old version (``where``: the slot, or production).

    ``listed``: the instances that Resource Manager names, None where it could not be read; ``met``: those that answered
    200 with the old version; ``answers``: how many did so where no instance tells its name. ``other``: what else was
    answered ("": nothing else). ``in_flight`` and ``preview``: a swap under way, and one that waits. ``manager``: why
    Resource Manager could not be read. ``ended``: why nothing is allowed any more; ``lacking``: rights that nobody
    grants; ``unread``: why the rights could not be read. ``token_s``: seconds for which this sign-in's token is good.
    ``app``: the name of the one of several where it was looked; "": there is only one.
    """

    where: str
    listed: int | None
    met: int
    answers: int
    other: str = ""
    in_flight: str = ""
    preview: str = ""
    manager: str = ""
    ended: str = ""
    lacking: tuple[str, ...] = ()
    unread: str = ""
    token_s: float | None = None
    app: str = ""


def concluded(plan: Plan, looks: Sequence[Looked], *, foreign: str = "") -> RollbackChecked:
    """The check as an event: what stands, or what is wrong in which app and which rung would work there now.

    ``looks``: one of each app, at least one. ``foreign``: what others changed and nobody has looked at: it voids the
    check until somebody has.
    """
    troubles = [(seen, one) for seen in looks for one in _troubles(plan, seen)]
    wrong = looks if foreign else [seen for seen in looks if _troubles(plan, seen)]
    told = [f"others changed something that nobody has looked at: {foreign}"] if foreign else []
    tokens = [seen.token_s for seen in looks if seen.token_s is not None]
    return RollbackChecked(
        ready=not wrong,
        words=_words(plan, looks),
        trouble="; ".join((*told, *_by_app(troubles))),
        rung="; ".join(_by_app([(seen, _rung(plan, seen)) for seen in wrong])),
        token_s=round(min(tokens)) if tokens else None,
    )


def _by_app(told: Sequence[tuple[Looked, str]]) -> list[str]:
    """Each text once, behind the names of the apps that it is about where there are several."""
    apps: dict[str, list[str]] = {}
    for seen, words in told:
        apps.setdefault(words, []).append(seen.app)
    return [f"{', '.join(names)}: {words}" if any(names) else words for words, names in apps.items()]


def _words(plan: Plan, looks: Sequence[Looked]) -> str:
    """What stands. Of the rights nobody knows where they cannot be read: that is told beside it."""
    names = ", ".join(seen.app for seen in looks if seen.app)
    whole = f"{_place(looks[0])} {plan.old_version}{f' in {names}' if names else ''}, {_counted(looks)}"
    unread = dict.fromkeys(seen.unread for seen in looks if seen.unread)
    return whole + "".join(f"; rights not read: {one}" for one in unread)


def _place(seen: Looked) -> str:
    return "production" if seen.where == PRODUCTION else f"slot {seen.where}"


def _counted(looks: Sequence[Looked]) -> str:
    listed, answers = [seen.listed for seen in looks], sum(seen.answers for seen in looks)
    if all(listed):
        return f"200 on {sum(seen.met for seen in looks)} of {sum(filter(None, listed))}"
    return f"200 in {answers} answers" if answers else "no answer"


def _answers_all(seen: Looked) -> bool:
    return seen.met >= seen.listed if seen.listed else seen.answers > 0


def _troubles(plan: Plan, seen: Looked) -> list[str]:
    found, place = [], _place(seen)
    if seen.ended:
        found.append(f"RIGHTS HAVE ENDED: {seen.ended}")
    elif seen.lacking:
        found.append(f"RIGHTS HAVE ENDED: nothing grants {', '.join(seen.lacking)}")
    if seen.other:
        found.append(f"{place} answers {seen.other}, not {plan.old_version}")
    elif not _answers_all(seen):
        found.append(f"{place} does not answer with {plan.old_version} everywhere: {_counted([seen])}")
    if seen.in_flight:
        found.append(f"an operation is under way ({seen.in_flight})")
    if seen.preview:
        found.append(f"a swap with preview waits in {seen.preview}")
    if seen.manager and not seen.ended:
        found.append(f"Resource Manager cannot be read: {seen.manager}")
    return found


def _rung(plan: Plan, seen: Looked) -> str:
    """What would bring the old version back now, by what was seen."""
    if seen.ended:
        return f"sign in or have the role activated again; until then {CARD}"
    if seen.manager:
        return f"ROLL BACK looks until it answers; from another network {CARD}"
    lacking, there = frozenset(seen.lacking), not seen.other and (seen.met > 0 or seen.answers > 0)
    if seen.where == PRODUCTION:
        # A share is judged: production holds the old version, and only the routing has to end.
        return f"have the role activated again; until then {CARD}" if ROUTE in lacking else "ROLL BACK ends the routing"
    if seen.in_flight and there and SWAP not in lacking:
        return "ROLL BACK waits until it has ended, looks again, and swaps"
    if there and SWAP not in lacking and not seen.preview:
        return "ROLL BACK still swaps; the platform warms the slot first"
    return _below(plan, lacking, there=there)


def _below(plan: Plan, lacking: frozenset[str], *, there: bool) -> str:
    """The rungs below the swap."""
    kinds = {(step.act.kind, step.act.slot) for step in plan.lower}
    if there and ROUTE not in lacking and (ActKind.ROUTE, plan.slot) in kinds:
        return f"ROLL BACK, then the next rung: all new sessions to slot {plan.slot}"
    if PUBLISH not in lacking and (ActKind.DEPLOY, PRODUCTION) in kinds:
        return f"ROLL BACK, then the next rung: deploy the kept {plan.old_version} to production"
    return CARD


def same(one: RollbackChecked, other: RollbackChecked) -> bool:
    """Whether two checks say the same; how long a token still lasts is no news."""
    return (one.ready, one.words, one.trouble, one.rung) == (other.ready, other.words, other.trouble, other.rung)


# -- for the faces -----------------------------------------------------------------------------------------------------


def line(checked: RollbackChecked, at: float, now: float) -> str:
    """``checked 12 s ago: slot green v1.2.0, 200 on 3 of 3``, or what is wrong."""
    ago = f"{max(0.0, now - at):.0f} s ago"
    if not checked.ready:
        return f"NOT READY {ago}: {checked.trouble}. What would work now: {checked.rung}"
    token = ""
    if checked.token_s is not None and checked.token_s < _SOON_S:
        token = f"; this sign-in is good for {max(0.0, checked.token_s - (now - at)) / 60:.0f} min"
    return f"checked {ago}: {checked.words}{token}"


def every_s(scale: float) -> float:
    """Seconds between two checks."""
    return max(FLOOR_S, EVERY_S * scale)


def stale_s(scale: float) -> float:
    """Seconds after which a check says nothing of now: it is not made any more, or something holds it up."""
    return 10.0 + 4.0 * every_s(scale)
