"""Parts of sample Views that move: signals, charts, checks, happenings of the window, made from a seed."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import replace

from cpr_cockpit.core.source_row import SourceRow
from cpr_cockpit.core.view import Check, Happening, LogView, Point, Series, Signal, State
from tests.tui.view_parts import NEW, NOW, OLD, SLOT, T0

STEP_S = 10.0


def points(
    until: float, value: Callable[[float], float], *, gaps: tuple[tuple[float, float], ...] = ()
) -> tuple[Point, ...]:
    """A point every ten seconds up to ``until`` seconds after T0, but for the ``gaps``."""
    chance = random.Random(7)
    rows = []
    for place in range(int(until // STEP_S)):
        start = place * STEP_S
        if any(begin <= start < end for begin, end in gaps):
            continue
        typical = value(start)
        spread = abs(typical) * 0.12 * chance.random()
        rows.append(Point(start, STEP_S, max(0.0, typical - spread), typical + spread, typical))
    return tuple(rows)


def wave(middle: float, swing: float) -> Callable[[float], float]:
    """A quiet figure around ``middle``."""
    return lambda at: middle + swing * math.sin(at / 23.0) * math.cos(at / 61.0)


def rising(low: float, high: float, begins: float) -> Callable[[float], float]:
    """Quiet, then up to ``high`` within two minutes from ``begins`` on."""
    return lambda at: low if at < begins else low + (high - low) * min(1.0, (at - begins) / 120.0)


def series(until: float, *, breach: bool = False, gaps: tuple[tuple[float, float], ...] = ()) -> tuple[Series, ...]:
    """Error rate and p95, with the swap marked; in a breach the rate climbs over its limit."""
    rate = rising(0.3, 7.4, 180.0) if breach else wave(0.31, 0.12)
    p95 = rising(178.0, 209.0, 180.0) if breach else wave(181.0, 14.0)
    marks = ((0.0, "swap"),)
    return (
        Series(
            "error rate", "ERROR RATE", "%", 10.5, points(until, rate, gaps=gaps), 5.0, "5 % for 5 min", 0.28, marks
        ),
        Series("p95", "P95", "ms", 396.0, points(until, p95, gaps=gaps), 264.0, "264 ms for 5 min", 176.0, marks),
    )


def _trend(value: Callable[[float], float]) -> tuple[float | None, ...]:
    return tuple(value(place * STEP_S) for place in range(30))


_PLATFORM = ("requests counted", "5xx counted", "CPU of the plan", "memory of the plan")
_KEYS = {
    "p50 latency": "p50",
    "p95 latency": "p95",
    "p99 latency": "p99",
    "requests counted": "platform requests",
    "5xx counted": "platform 5xx",
    "CPU of the plan": "CPU",
    "memory of the plan": "memory",
}


def signal(
    name: str,
    now: str,
    target: str,
    trigger: str,
    before: str,
    n: int | None = None,
    *,
    age: float | None = 12.0,
    state: str = State.OK,
    trend: tuple[float | None, ...] = (),
    at: float = NOW,
) -> Signal:
    """One row; stale after half a minute, what the platform measures after a minute and a half."""
    measured_at = None if age is None else at - age
    stale = 90.0 if name in _PLATFORM else 30.0
    return Signal(_KEYS.get(name, name), name, now, target, trigger, before, n, measured_at, stale, state, trend)


def signals(at: float = NOW, *, breach: bool = False) -> tuple[Signal, ...]:
    """Eleven signals; in a breach three of them fail and one warns."""
    fail = State.FAIL if breach else State.OK
    rate = _trend(rising(0.003, 0.074, 180.0) if breach else wave(0.0031, 0.001))
    slow = _trend(rising(178.0, 209.0, 180.0) if breach else wave(181.0, 14.0))
    rate_now = "7.42 %" if breach else "0.31 %"
    return (
        signal("error rate", rate_now, "1 %", "5 %", "0.28 %", 2412, state=fail, trend=rate, at=at),
        signal("p50 latency", "97 ms", "100 ms", "", "95 ms", 2412, trend=_trend(wave(97, 4)), at=at),
        signal(
            "p95 latency",
            "209 ms" if breach else "181 ms",
            "200 ms",
            "264 ms",
            "176 ms",
            2412,
            state=State.WARN if breach else State.OK,
            trend=slow,
            at=at,
        ),
        signal("p99 latency", "402 ms", "500 ms", "", "388 ms", 2412, trend=_trend(wave(402, 30)), at=at),
        signal("requests counted", "2450", "", "", "", 2450, age=41.0, at=at),
        signal("5xx counted", "96" if breach else "0", "", "", "", 2450, age=41.0, state=fail, at=at),
        signal("probes failed in a row", "0", "", "3", "", 320, age=1.0, at=at),
        signal("checkout", "42 %" if breach else "0.4 %", "", "2 %", "0.2 %", 97, state=fail, trend=rate, at=at),
        signal("POST /goals", "0.2 %", "", "2 %", "0.2 %", 241, trend=_trend(wave(0.002, 0.001)), at=at),
        signal("CPU of the plan", "38 %", "", "80 %", "36 %", age=41.0, trend=_trend(wave(38, 3)), at=at),
        signal("memory of the plan", "62 %", "", "85 %", "61 %", age=41.0, trend=_trend(wave(62, 1)), at=at),
    )


def without_data(rows: tuple[Signal, ...], at: float) -> tuple[Signal, ...]:
    """The same signals after the logs have been silent for two minutes; the probes go on."""
    return tuple(
        row
        if row.key.startswith("probes")
        else signal(
            row.name,
            "no data",
            row.target,
            row.trigger,
            row.before,
            row.n,
            age=131.0,
            state=State.NO_DATA,
            trend=(*row.trend[:18], *(None for _ in row.trend[18:])),
            at=at,
        )
        for row in rows
    )


def checks(at: float = NOW, *, breach: bool = False) -> tuple[Check, ...]:
    """Machine checks as they stand, and two open items; in a breach two fail."""
    bad = State.FAIL if breach else State.OK
    return (
        Check(State.OK, f"health 200, {NEW}", at - 1.0),
        Check(State.OK, f"production serves {NEW} on 3 of 3, slot {SLOT} {OLD}", T0 + 53.0),
        Check(State.OK, "login journey, 412 ms", T0 + 58.0),
        Check(bad, "41 of 97 checkout requests failed" if breach else "create goal, 201 in 88 ms", at - 12.0),
        Check(State.WARN if breach else State.OK, f"{96 if breach else 0} 5xx in 2450 requests counted", at - 41.0),
        Check(State.RUNNING, "error log scan", at - 4.0),
        Check(State.OPEN, "Critical user journeys working", None, "critical-window.critical-journeys"),
        Check(State.OPEN, "No user complaints in support channels", None, "critical-window.no-complaints"),
    )


def happenings(at: float = NOW, *, breach: bool = False) -> tuple[Happening, ...]:
    """The newest first."""
    judge = "ROLLBACK: 41 of 97 checkout requests failed since 14:06:10" if breach else "WAIT: no rule has fired"
    return (
        Happening(at - 1.0, "judge", judge),
        Happening(at - 33.0, "ana", "signed 'support briefed'"),
        Happening(T0 + 89.0, "check", "login journey passed on production, 412 ms"),
        Happening(T0, "azure", f"swap finished: production serves {NEW} on 3 of 3 instances (41 s)"),
        Happening(T0 - 41.0, "marek", "confirmed START as second person"),
        Happening(T0 - 160.0, "cockpit", f"smoke tests passed on slot {SLOT}: 6 of 6"),
    )


def log() -> LogView:
    """A log in which the checkout fails, whose stream broke once."""
    error = "14:07:09.318Z ERROR POST /api/v1/checkout answered 500 in 41 ms: SqlException: timeout at Goals.Store.Save"
    lines = tuple(f"2026-03-02T{error.replace('09.318', f'{9 - place:02}.318')}" for place in range(5))
    return LogView(True, 1204, 96, 1, NOW - 2.0, "", lines)


def _source(key: str, age: float | None, limit: float | None, lag: float | None, ago: float = 3.0) -> SourceRow:
    """A source that was asked, and answered, so many seconds ago."""
    newest = None if age is None else NOW - age
    name = key.replace("_", " ").replace("custom: ", "signal ")
    return SourceRow(key, name, True, T0, newest, limit, lag, NOW - ago, NOW - ago)


def sources(*, breach: bool = False) -> tuple[SourceRow, ...]:
    """Eleven sources and a signal; in a breach one is stale, one answers in part, one never did, one has recovered."""
    rows = (
        _source("logs", 12.0, 94.0, 31.0),
        _source("platform", 41.0, 242.0, None),
        _source("probes_production", 1.0, 4.0, 0.041, 1.0),
        _source("probes_slot", 1.0, 4.0, 0.038, 1.0),
        _source("exceptions", 191.0, None, 29.0),
        _source("dependencies", 14.0, 250.0, 30.0),
        _source("browser", None, None, None),
        _source("usage", 16.0, 250.0, 33.0),
        _source("plan", 62.0, 250.0, None),
        _source("database", 61.0, 250.0, None),
        _source("log_stream", 2.0, 250.0, None),
        _source("custom: checkout orders", 44.0, 184.0, 31.0),
    )
    return tuple(_troubled(row) for row in rows) if breach else rows


def _troubled(row: SourceRow) -> SourceRow:
    """What has befallen it in a breach, if anything."""
    told = {
        "dependencies": ("partial answer: dependencies: the query was throttled (ThrottledError)", None),
        "database": ("no answer within 30 s", None),
        "log_stream": ("The log stream ended after 71 s.", NOW - 60.0),
        "plan": ("Reading the plan's metrics was refused (403 AuthorizationFailed).", None),
    }
    if row.key not in told:
        return row
    words, recovered_at = told[row.key]
    row = replace(row, trouble=words, trouble_at=NOW - 75.0, recovered_at=recovered_at)
    if row.key == "database":
        return replace(row, newest=NOW - 281.0, answered_at=NOW - 281.0)
    return replace(row, newest=None, since=NOW - 300.0, answered_at=None) if row.key == "plan" else row
