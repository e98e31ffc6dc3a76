"""Parts of sample Views that stand still: header, gate, checklists, plan, and times to hang them on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from cpr_cockpit.core import checklists
from cpr_cockpit.core.checklist import Checklist, Item, Kind
from cpr_cockpit.core.plan import PlanFacts, Step
from cpr_cockpit.core.strategy import blue_green
from cpr_cockpit.core.view import (
    FactRow,
    Gate,
    Header,
    ItemRow,
    ListView,
    PlanChoice,
    PlanStage,
    PlanStep,
    PlanView,
    Stop,
)

OLD, NEW, SLOT = "v1.2.0", "v1.3.0", "green"
WINDOW_S = 900.0
T0 = datetime(2026, 3, 3, 14, 2, 11, tzinfo=UTC).timestamp()
DEADLINE = T0 + WINDOW_S
# Five minutes and twenty seconds into the window, as in the pictures of the design.
NOW = T0 + 320.0

HEADER = Header(
    feature="0001-personal-goal-management",
    old_version=OLD,
    new_version=NEW,
    target="production",
    strategy="blue-green",
    banner="REHEARSAL",
    banner_detail="lab, loopback only",
    actor="ana",
    ids=(
        ("tenant", "8d6f5a2e-0000-4000-8000-3c1f5e9b7a10"),
        ("subscription", "1c2b3a49-0000-4000-8000-7f6e5d4c3b2a"),
        ("resource_group", "rg-goals"),
        ("app", "goals-api"),
    ),
)

_TITLES = {"gate": "Gate", "lists": "Lists", "plan": "Production", "window": "Window", "papers": "Papers"}


def rail(here: str, *, blocked_by: str = "", **details: str) -> tuple[Stop, ...]:
    """The rail with ``here`` as the place; ``details`` by stop."""
    keys = list(_TITLES)
    rows = []
    for key, title in _TITLES.items():
        state = "done" if keys.index(key) < keys.index(here) else "open"
        if key == here:
            state = "blocked" if blocked_by else "here"
        rows.append(Stop(key, title, state, details.get(key, ""), blocked_by if key == here else ""))
    return tuple(rows)


# -- gate --------------------------------------------------------------------------------------------------------------

_SOURCES = ("automation-deploy.json", "test-report.md")
READY_GATE = Gate(
    level="READY",
    score="95/100",
    sources=_SOURCES,
    rows=(
        FactRow("production readiness score", ("95", "95"), "95", agree=True),
        FactRow("open CRITICAL issues", ("0", "0"), "0", agree=True),
        FactRow("open HIGH issues", ("0", "-"), "0", agree=True),
        FactRow("UAT approval", ("approved", "approved"), "approved", agree=True),
        FactRow("CI checks", ("passing", "-"), "passing", agree=True),
        FactRow("merge conflicts", ("none", "-"), "none", agree=True),
        FactRow("documented decision", ("READY", "READY"), "READY", agree=True),
    ),
    findings=("p95 of GET /goals rose by 12 % under load: watched by name in the window",),
)
TORN_GATE = Gate(
    level="NOT READY",
    score="71/100",
    sources=_SOURCES,
    rows=(
        FactRow("production readiness score", ("95", "71"), "71", agree=False),
        FactRow("open CRITICAL issues", ("0", "1"), "1", agree=False),
        FactRow("open HIGH issues", ("0", "2"), "2", agree=False),
        FactRow("UAT approval", ("approved", "missing"), "missing", agree=False),
        FactRow("CI checks", ("passing", "-"), "passing", agree=True),
        FactRow("merge conflicts", ("none", "-"), "none", agree=True),
        FactRow("documented decision", ("READY", "NOT READY"), "NOT READY", agree=False),
    ),
    blockers=(
        "score 71 is below 75",
        "1 open CRITICAL issue: goals of other users are readable by id",
        "2 open HIGH issues",
        "UAT approval is missing",
    ),
    contradictions=(
        "production readiness score: automation-deploy.json says 95, test-report.md says 71; taken: 71",
        "open CRITICAL issues: automation-deploy.json says 0, test-report.md says 1; taken: 1",
        "UAT approval: automation-deploy.json says approved, test-report.md says missing; taken: missing",
    ),
    findings=("p95 of GET /goals rose by 12 % under load",),
)

# -- checklists --------------------------------------------------------------------------------------------------------

SHOWN = (*checklists.PRE_DEPLOYMENT, checklists.PRE_PRODUCTION, checklists.CRITICAL_WINDOW)


def lists(mark: Callable[[int, Item], str]) -> tuple[ListView, ...]:
    """Checklists of the procedure, each item marked by ``mark(place among all items, item)``."""
    place, found = 0, []
    for one in SHOWN:
        found.append(_list(one, mark, place))
        place += len(one.items)
    return tuple(found)


def _list(one: Checklist, mark: Callable[[int, Item], str], first: int) -> ListView:
    rows = tuple(_item(item, mark(first + place, item), first + place) for place, item in enumerate(one.items))
    done = sum(row.stands for row in rows)
    return ListView(one.key, one.title, one.step, done == len(rows), done, rows)


_VALUES = {"measured": "read as configured, 61 days left", "derived": "follows from 2 items", "signed": ""}
_NOTES = {
    "failed": "1 of 3 alert rules is disabled",
    "deferred": "waits for the slot, step 7",
    "waived": "no CDN in front of this app",
}


def _item(item: Item, mark: str, place: int) -> ItemRow:
    by = {"open": "", "measured": "cockpit", "derived": "cockpit"}.get(mark, "ana")
    return ItemRow(
        key=item.key,
        text=item.text,
        kind=str(item.kind),
        due=str(item.due),
        evidence=item.evidence,
        mark=mark,
        stands=mark in ("measured", "derived", "signed", "waived"),
        blocks=mark in ("open", "failed", "expired") and str(item.due) not in ("GO", "final"),
        by=by,
        value=_VALUES.get(mark, ""),
        note=_NOTES.get(mark, ""),
        at=None if mark == "open" else T0 - 3000.0 + 20.0 * place,
    )


def all_done(_place: int, item: Item) -> str:
    """Every item as well proven as it can be, but for what is due at GO."""
    return "open" if str(item.due) == "GO" else str(item.kind)


def half_done(place: int, item: Item) -> str:
    """A morning's work: some of every mark."""
    if str(item.due) == "GO":
        return "open"
    odd = {3: "waived", 7: "failed", 11: "deferred", 14: "expired"}
    if place in odd:
        return odd[place]
    return str(item.kind) if place < 18 or item.kind is Kind.MEASURED else "open"


# -- plan --------------------------------------------------------------------------------------------------------------

_PLAN = blue_green(SLOT, NEW, PlanFacts(OLD, OLD, True), baseline_s=20.0, artifact=True)


def plan(
    *, running: str = "", way: str = "forward", failed: str = "", since: float = 12.0, now: float = NOW
) -> PlanView:
    """The plan with every step before ``running`` (or before ``failed``) done; "all" of a way: all of it is done."""
    forward = _steps(_PLAN.forward, "forward", running if way == "forward" else "all", failed, now - since)
    back = _steps(_PLAN.back, "back", running if way == "back" else "", failed, now - since)
    measured = way == "back" or running == "all"
    begun = bool(running) or way == "back"
    return PlanView(
        number=1,
        choices=CHOICES,
        fixed="START was pressed by ana" if begun else "",
        stages=_diagram(forward),
        rungs=(PlanStage("swap back", "~41s", "waiting"), PlanStage("old into slot", "~14s", "waiting")),
        lower=(
            PlanStage("all to slot", "", "waiting"),
            PlanStage("redeploy", "~14s", "waiting"),
            PlanStage("routing off", "", "waiting"),
            PlanStage("proof", "", "waiting"),
            PlanStage("card, by hand", "", "waiting"),
        ),
        strategy="blue-green",
        old_version=OLD,
        new_version=NEW,
        slot=SLOT,
        forward=forward,
        back=back,
        takes="API about 41 s (this run's own swap), then the slot about 14 s; database not touched"
        if measured
        else "not measured yet in this run",
        card="/home/ana/.local/state/cpr-cockpit/runs/0001-a1b2/rollback-card.md",
    )


CHOICES = (
    PlanChoice("blue-green", "blue-green: everybody at once, by a swap", True),
    PlanChoice(
        "canary",
        "canary: 5, 25, 50 % of new sessions first, each judged, then everybody",
        False,
        "users who are routed to it would meet other settings: slot green differs from production in: app setting "
        "Flags:New, connection string Db. Make them alike, or declare them harmless in [strategy].",
    ),
    PlanChoice("control=5", "control: 5 % of new sessions stay on the old version after the swap", False),
    PlanChoice("preview=on", "preview: production's settings are proven on the slot before the swap", False),
)


def _diagram(forward: tuple[PlanStep, ...]) -> tuple[PlanStage, ...]:
    """The stages of a swap, as far as its steps have come."""
    names = (
        ("slot", "deploy", "~14s"),
        ("proof", "prove-telemetry", "?"),
        ("baseline", "baseline", "up to 20s"),
        ("swap", "swap", "~41s"),
        ("proof", "keep-warm", ""),
    )
    state = {one.key: one.state for one in forward}
    return (*(PlanStage(name, time, state[key]) for name, key, time in names), PlanStage("window", "15m", "waiting"))


def _steps(steps: tuple[Step, ...], way: str, here: str, failed: str, began: float) -> tuple[PlanStep, ...]:
    keys = [step.key for step in steps]
    reached = len(keys) if here == "all" else keys.index(here) if here in keys else 0
    rows = []
    for place, step in enumerate(steps):
        if place < reached:
            words = f"{step.title}: seen"
            rows.append(
                PlanStep(step.key, step.title, way, "done", step.undo.words, True, words, began - 60, 14.0, 1, (words,))
            )
        elif step.key == here:
            state = "failed" if failed else "running"
            log = (
                "accepted: operation 7f3a",
                "the front end still serves the old version",
                *((failed,) if failed else ()),
            )
            seconds = 31.0 if failed else None
            rows.append(
                PlanStep(step.key, step.title, way, state, step.undo.words, True, failed, began, seconds, 1, log)
            )
        else:
            rows.append(PlanStep(step.key, step.title, way, "waiting", step.undo.words))
    return tuple(rows)
