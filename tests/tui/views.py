"""Sample Views: every state that a face has to draw, and one full of attacks. ``ALL`` has them by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from cpr_cockpit.core.view import Panel, Shape, View, Window
from tests.tui import view_figures as figures
from tests.tui import view_parts as parts
from tests.tui.view_controls import ATTACK, CARD, REPORT, TAKES, go_against, go_control, rollback_control, start_control
from tests.tui.view_parts import DEADLINE, NEW, NOW, OLD, SLOT, T0, WINDOW_S

_DONE = "36/36"
_GO_LATER = go_control(enabled=False, reason="opens at 14:17:11 UTC", type_this="", details=())
_UNTOUCHED = rollback_control(enabled=False, reason="production was not touched", details=())
_FACTS = (
    ("rollback", f"checked 12 s ago: slot {SLOT} {OLD}, 200"),
    ("takes", TAKES),
    ("database", "not touched by this run"),
    ("card", CARD),
)


def preparing() -> View:
    """Just opened: nothing was read yet."""
    start = start_control(enabled=False, reason="the plan is being made", details=())
    panel = Panel("PREPARING", Shape.CALM, "Reading who serves what.", start=start)
    header = replace(parts.HEADER, old_version="", strategy="")
    return View(
        "0001-a1b2", 1, T0 - 3600, "preparing", header, parts.rail("gate"), window=Window(WINDOW_S), panel=panel
    )


def gate_contradictions() -> View:
    """Two documents that disagree: NOT READY."""
    blocked = "4 reasons: score 71 is below 75"
    start = start_control(enabled=False, reason="30 checklist items are open", details=())
    panel = Panel("PREPARING", Shape.CALM, "The gate says NOT READY: score 71 is below 75", start=start)
    rail = parts.rail("gate", blocked_by=blocked, gate="NOT READY", lists="0/36")
    return replace(
        preparing(), seq=4, rail=rail, gate=parts.TORN_GATE, lists=parts.lists(lambda *_: "open"), panel=panel
    )


def lists_half_done() -> View:
    """READY by the gate; open, failed, deferred, waived and expired items in the lists."""
    rows = parts.lists(parts.half_done)
    blocking = sum(item.blocks for one in rows for item in one.items)
    start = start_control(enabled=False, reason=f"{blocking} checklist items are open", details=())
    panel = Panel(
        "READY TO START", Shape.CALM, f"{blocking} checklist items block START.", start=start, rollback=_UNTOUCHED
    )
    rail = parts.rail("lists", blocked_by=f"{blocking} items block START", gate="READY", lists="21/36")
    return View(
        "0001-a1b2",
        40,
        T0 - 900,
        "ready",
        parts.HEADER,
        rail,
        parts.READY_GATE,
        rows,
        parts.plan(now=T0 - 900),
        Window(WINDOW_S),
        panel=panel,
    )


def ready() -> View:
    """Everything stands: START is possible."""
    panel = Panel(
        "READY TO START",
        Shape.CALM,
        "The plan and the rollback card are ready.",
        start=start_control(),
        rollback=_UNTOUCHED,
    )
    rail = parts.rail("plan", gate="READY", lists=_DONE)
    return replace(lists_half_done(), seq=60, now=T0 - 400, rail=rail, lists=parts.lists(parts.all_done), panel=panel)


def deploying() -> View:
    """In the middle of the plan: the smoke tests run on the slot."""
    go = replace(_GO_LATER, reason="opens with the critical window")
    sentence = f"Smoke tests on slot {SLOT}, since 14:00:11 UTC."
    panel = Panel(
        "DEPLOYING", Shape.BUSY, sentence, go=go, rollback=rollback_control(reason="not measured yet in this run")
    )
    now = T0 - 108
    rail = parts.rail("plan", gate="READY", lists=_DONE, plan=f"Smoke tests on slot {SLOT}")
    return replace(
        ready(),
        seq=72,
        now=now,
        phase="deploying",
        rail=rail,
        plan=parts.plan(running="smoke", now=now),
        panel=panel,
        happenings=figures.happenings(now)[4:],
    )


def window_calm() -> View:
    """Five minutes into the window, nothing fired."""
    sentence = "Errors 0.31 % (0.28 % before, n 2412), p95 181 ms (176 before). No rule has fired."
    detail = "A rise to 5 % would show within 40 s, to 2 % by 14:10. The decision opens at 14:17:11 UTC."
    return View(
        "0001-a1b2",
        120,
        NOW,
        "window",
        parts.HEADER,
        parts.rail("window", gate="READY", lists=_DONE, window="WAIT"),
        parts.READY_GATE,
        parts.lists(parts.all_done),
        parts.plan(running="all"),
        Window(WINDOW_S, T0, DEADLINE, _FACTS, sources=figures.sources()),
        figures.signals(),
        figures.series(NOW - T0),
        figures.checks(),
        figures.happenings(),
        Panel("KEEP WATCHING", Shape.CALM, sentence, detail, go=_GO_LATER, rollback=rollback_control()),
    )


def window_breach() -> View:
    """The same minute of a bad release."""
    sentence = (
        "checkout: 41 of 97 requests failed since 14:06:10 (limit 2 %, control 0.2 %). False-alarm bound 1 in 100."
    )
    detail = "Fired by: sequential test, error rate. The written trigger (> 5 % for > 5 minutes) would fire at 14:11."
    panel = Panel(
        "ROLL BACK NOW", Shape.BREACH, sentence, detail, go=_GO_LATER, rollback=rollback_control(), worsened=2
    )
    calm = window_calm()
    return replace(
        calm,
        seq=131,
        rail=parts.rail("window", gate="READY", lists=_DONE, window="ROLLBACK"),
        panel=panel,
        window=replace(calm.window, sources=figures.sources(breach=True)),
        signals=figures.signals(breach=True),
        series=figures.series(NOW - T0, breach=True),
        checks=figures.checks(breach=True),
        happenings=figures.happenings(breach=True),
        log=figures.log(),
    )


def window_look() -> View:
    """A person must look: somebody else changed the app."""
    sentence = "Somebody else restarted slot green at 14:06:02: foreign change, look before you decide."
    panel = replace(window_calm().panel, word="LOOK", shape=Shape.LOOK, sentence=sentence, detail="", worsened=1)
    return replace(window_calm(), seq=125, panel=panel)


def window_no_data() -> View:
    """The logs fell silent two minutes ago; the chart has a gap before, and nothing since."""
    sentence = "Logs are 131 s old (limit 30 s): nothing is known of errors and latency. Probes answer."
    panel = replace(window_calm().panel, word="NO DATA", shape=Shape.NO_DATA, sentence=sentence, detail="", worsened=1)
    return replace(
        window_calm(),
        seq=126,
        panel=panel,
        signals=figures.without_data(figures.signals(), NOW),
        series=figures.series(NOW - T0 - 131, gaps=((60.0, 100.0),)),
    )


def go_possible() -> View:
    """The window has passed and the judge says GO."""
    now = DEADLINE + 4
    panel = Panel(
        "GO POSSIBLE",
        Shape.GO,
        "All rules held to the end of the window: errors 0.31 % (n 7210), p95 181 ms.",
        go=go_control(),
        rollback=rollback_control(),
        worsened=0,
    )
    return replace(
        window_calm(),
        seq=300,
        now=now,
        panel=panel,
        signals=figures.signals(now),
        series=figures.series(WINDOW_S),
        checks=figures.checks(now),
        happenings=figures.happenings(now),
    )


def overdue() -> View:
    """The window has passed without a decision, and the data does not carry GO."""
    panel = Panel(
        "OVERDUE",
        Shape.LOOK,
        "The window ended 3 min ago and nobody decided. The old version stays warm.",
        "Waiting for the last 60 s of data.",
        go=go_against(),
        rollback=rollback_control(),
        worsened=1,
    )
    now = DEADLINE + 180
    return replace(
        go_possible(), seq=310, now=now, panel=panel, signals=figures.signals(now), checks=figures.checks(now)
    )


def rolling_back() -> View:
    """The way back is being walked: swapping."""
    panel = Panel(
        "ROLLING BACK",
        Shape.BUSY,
        f"Swap back: {OLD} serves, since 14:07:19 UTC.",
        rollback=rollback_control(enabled=False, reason="under way", details=()),
        worsened=2,
    )
    return replace(
        window_breach(),
        seq=140,
        phase="rolling back",
        panel=panel,
        plan=parts.plan(running="swap-back", way="back"),
        rail=parts.rail("plan", gate="READY", lists=_DONE, plan=f"Swap back: {OLD} serves"),
    )


def _ended(base: View, word: str, shape: Shape, sentence: str, detail: str, seq: int) -> View:
    report = REPORT if word == "KEPT" else REPORT.replace("SUCCESS: kept", word)
    rail = parts.rail("papers", gate="READY", lists=_DONE, papers=word.lower())
    path = "/home/ana/.local/state/cpr-cockpit/runs/0001-a1b2/report/deployment-report.md"
    panel = Panel(word, shape, sentence, detail, worsened=base.panel.worsened)
    return replace(base, seq=seq, phase="ended", rail=rail, panel=panel, report=report, report_path=path)


def rolled_back() -> View:
    """Proven: the old version serves everywhere."""
    detail = f"Production serves {OLD}; the other slot: {OLD}."
    base = replace(rolling_back(), plan=parts.plan(running="all", way="back"))
    return _ended(base, "ROLLED BACK", Shape.FINAL, "Rolled back by ana: checkout failed.", detail, 170)


def kept() -> View:
    """Kept, with its report."""
    detail = f"Production serves {NEW}; the other slot: {OLD}."
    return _ended(go_possible(), "KEPT", Shape.FINAL, "Kept by ana at 14:17:20 UTC.", detail, 340)


def held() -> View:
    """Held: a person must look."""
    detail = f"Production serves {NEW}; the other slot: not read."
    return _ended(window_look(), "HELD", Shape.LOOK, "Held: the session could not prove who serves what.", detail, 200)


def hostile() -> View:
    """Text from outside in every place that can hold it."""
    calm = window_breach()
    signals = tuple(replace(row, name=ATTACK, now=ATTACK, before=ATTACK) for row in calm.signals[:3]) + calm.signals[3:]
    control = rollback_control(label=ATTACK, reason=ATTACK, details=(ATTACK, ATTACK * 9))
    first, *rest = calm.series
    gate = replace(
        parts.TORN_GATE,
        level=ATTACK,
        blockers=(ATTACK,),
        contradictions=(ATTACK,),
        findings=(ATTACK,),
        rows=tuple(replace(row, name=ATTACK, values=(ATTACK, ATTACK), taken=ATTACK) for row in parts.TORN_GATE.rows),
    )
    lists = tuple(
        replace(
            one, title=ATTACK, items=tuple(replace(item, text=ATTACK, value=ATTACK, note=ATTACK) for item in one.items)
        )
        for one in parts.lists(parts.half_done)
    )
    steps = tuple(replace(step, title=ATTACK, words=ATTACK, log=(ATTACK, ATTACK)) for step in calm.plan.forward)
    sources = tuple(replace(row, name=ATTACK, trouble=ATTACK * 9, trouble_at=NOW) for row in calm.window.sources)
    return replace(
        calm,
        run=ATTACK,
        header=replace(calm.header, feature=ATTACK, actor=ATTACK, new_version=ATTACK),
        rail=tuple(replace(stop, detail=ATTACK) for stop in calm.rail),
        gate=gate,
        lists=lists,
        plan=replace(calm.plan, forward=steps, takes=ATTACK, remarks=(ATTACK,)),
        window=replace(calm.window, facts=((ATTACK, ATTACK), *calm.window.facts), sources=sources),
        signals=signals,
        series=(replace(first, title=ATTACK, limit_words=ATTACK, markers=((0.0, ATTACK),)), *rest),
        checks=tuple(replace(row, text=ATTACK) for row in calm.checks),
        happenings=tuple(replace(row, who=ATTACK, text=ATTACK) for row in calm.happenings),
        log=replace(calm.log, trouble=ATTACK, newest=(ATTACK, ATTACK)),
        panel=replace(calm.panel, sentence=ATTACK, detail=ATTACK, go=go_control(label=ATTACK), rollback=control),
        report=ATTACK,
        report_path=ATTACK,
    )


ALL: dict[str, Callable[[], View]] = {
    one.__name__: one
    for one in (
        preparing,
        gate_contradictions,
        lists_half_done,
        ready,
        deploying,
        window_calm,
        window_breach,
        window_look,
        window_no_data,
        go_possible,
        overdue,
        rolling_back,
        rolled_back,
        kept,
        held,
        hostile,
    )
}
