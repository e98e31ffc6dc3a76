"""The judge's protocol, version 1: scrapes in as JSON objects, one verdict for each.

``start`` begins a run, ``obs`` brings a scrape (or tells that one was lost), ``end`` asks for the final verdict. The
scrapes become the judge's own observations: minutes for the written triggers, blocks for the early tests. What cannot
be true (from the future, told twice, word for word the same as before, impossible counts) is not taken as data.
"""

from __future__ import annotations

import math
import statistics
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cpr_cockpit.core.blocks import Block
from cpr_cockpit.core.histograms import Edges
from cpr_cockpit.core.judge import Judge
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.scrapes import Arm, History, Ledger, Minutes, Repeats, arm_of
from cpr_cockpit.core.signals import Baseline, Observation, Source
from cpr_cockpit.core.verdict import HoldCause, Verdict, VerdictKind

NEW, OLD = "the new version", "the old version"
_ENOUGH_CONTROL = 200
"""Requests of the control that stand in for a history where there is none."""
_LATEST = 20
"""Scrapes whose lateness tells the usual one: a single straggler must not stretch what may be missing."""


class ProtocolError(ValueError):
    """A message that cannot be used; the run goes on as if it had not come."""


class ProtocolJudge:
    """Serves many runs, one after another."""

    def __init__(self) -> None:
        self._run: _Run | None = None

    def answer(self, message: Any) -> dict[str, Any]:
        """The answer to one message; ProtocolError where it is none."""
        if not isinstance(message, Mapping):
            raise ProtocolError("a message is an object")
        kind = message.get("type")
        if kind == "start":
            self._run = _Run(message)
            return {"verdict": "wait", "reason": "nothing has been observed yet"}
        if kind not in ("obs", "end"):
            raise ProtocolError(f"a message is of type start, obs or end, found {kind!r}")
        if self._run is None:
            raise ProtocolError(f"{kind} before any start")
        return self._run.end() if kind == "end" else self._run.observe(message)


class _Run:
    """One run; the switch is at 0."""

    def __init__(self, message: Mapping[str, Any]) -> None:
        mode = message.get("mode")
        if mode not in ("bluegreen", "canary"):
            raise ProtocolError(f"mode is bluegreen or canary, found {mode!r}")
        self._canary = mode == "canary"
        self._delay = _number(message, "delay", 0.0, 86_400.0)
        self._share = _number(message, "share", 0.0, 1.0, default=1.0) if self._canary else 1.0
        self._window = _number(message, "window", 1.0, 604_800.0, default=900.0)
        self._edges = Edges(message.get("edges_ms"))
        self._policy = Policy().scaled(self._window)
        self._history = History(self._edges)
        self._judge: Judge | None = None
        self._wall = -math.inf
        self._began: float | None = None
        self._minutes = Minutes(self._policy.bin_s, self._edges)
        self._ledger = Ledger()
        self._repeats = Repeats()
        self._late: deque[float] = deque(maxlen=_LATEST)

    # -- what it is told ---------------------------------------------------------------------------------------------

    def observe(self, message: Mapping[str, Any]) -> dict[str, Any]:
        wall = _number(message, "wall", -1e12, 1e12)
        self._wall = max(self._wall, wall)
        if message.get("lost") is not True:
            t, interval = _number(message, "t", -1e12, 1e12), _number(message, "interval", 1e-3, 86_400.0)
            new = arm_of(message.get("new"), self._edges)
            base = arm_of(message.get("base"), self._edges)
            if t <= 0.0:
                self._take_history(t, interval, base)
            else:
                self._take(t, interval, new, base)
        return self._answer(last=False)

    def end(self) -> dict[str, Any]:
        self._wall = max(self._wall, self._window)
        judge = self._judging()
        covered = self._ledger.covered(self._wall - max(self._delay, self._lag), self._window)
        stale = judge.verdict(self._wall, last=True).cause is HoldCause.STALE
        if covered is not None and covered < self._policy.coverage and not stale:
            judge.hold(HoldCause.INCOMPLETE, f"the scrapes cover {100 * covered:.0f} % of the time since the switch")
        return self._answer(last=True)

    @property
    def _lag(self) -> float:
        """Seconds by which scrapes usually come late."""
        return statistics.median(self._late) if self._late else 0.0

    def _take_history(self, t: float, interval: float, base: Arm | None) -> None:
        if base is not None and self._began is None:
            self._history.add(t, interval, base)

    def _take(self, t: float, interval: float, new: Arm | None, base: Arm | None) -> None:
        judge = self._judging(interval)
        if t > self._wall + self._policy.skew_s:
            judge.observe(Observation(Source.LOGS, self._wall, measured_at=t))
            return
        if self._ledger.knows(t):
            return
        if new is not None and self._repeats.new(new):
            new = None
        if base is not None and self._repeats.base(base):
            base = None
        if new is None:
            return
        self._ledger.add(t, interval)
        if self._history.requests == 0 and base is not None:
            self._stand_in(t, interval, base)
        self._late.append(max(0.0, self._wall - t))
        judge = self._judging()
        middle = t - 0.5 * interval
        touched = [self._minutes.add(NEW, middle, t, new)]
        if base is not None and base.requests:
            touched.append(self._minutes.add(OLD, middle, t, base))
        blocks = [self._block(NEW, t, interval, new)]
        if base is not None:
            blocks.append(self._block(OLD, t, interval, base))
        judge.observe(
            Observation(
                Source.LOGS,
                self._wall,
                measured_at=t,
                bins=tuple(row for rows in touched for row in rows),
                whole=tuple(self._minutes.whole(t)),
                lag_p95=self._lag,
                blocks=tuple(blocks),
            )
        )

    def _stand_in(self, t: float, interval: float, base: Arm) -> None:
        """Without any history the control's own first requests stand in for it."""
        self._history.stand_in(t, interval, base)
        if self._history.standing_in >= _ENOUGH_CONTROL and self._judge is not None:
            self._judge.baseline(self._baseline())

    def _block(self, version: str, t: float, interval: float, arm: Arm) -> Block:
        slow = self._history.slow(arm)
        return Block(
            t - interval, interval, version, arm.requests, arm.errors, slow, arm.endpoints, arm.instances, arm.weight
        )

    # -- what it answers ---------------------------------------------------------------------------------------------

    def _judging(self, interval: float = 0.0) -> Judge:
        if self._judge is None:
            if interval > self._policy.bin_s:
                self._policy = replace(self._policy, bin_s=min(interval, self._window), block_s=interval)
                self._minutes = Minutes(self._policy.bin_s, self._edges)
            self._began = self._wall
            self._judge = Judge(
                self._policy, NEW, OLD, self._delay, sources=(Source.LOGS,), share=self._share, control=True
            )
            self._judge.t0(0.0)
            if self._history.requests:
                self._judge.baseline(self._baseline())
        return self._judge

    def _baseline(self) -> Baseline:
        return self._history.baseline(self._policy.scale)

    def _answer(self, *, last: bool) -> dict[str, Any]:
        if self._judge is None:
            return {"verdict": "wait", "reason": "nothing of the new version has been observed yet"}
        return _told(self._judge.verdict(self._wall, last=last))


def _told(verdict: Verdict) -> dict[str, Any]:
    told: dict[str, Any] = {"verdict": verdict.kind.value.lower(), "reason": verdict.sentence}
    if verdict.cause is not None:
        told["cause"] = verdict.cause.value
    if verdict.rule is not None:
        told["rule"] = verdict.rule
    if verdict.pending and verdict.kind is not VerdictKind.ROLLBACK:
        told["pending"] = list(verdict.pending)
    if verdict.visible:
        told["visible"] = verdict.visible
    return told


def _number(message: Mapping[str, Any], name: str, low: float, high: float, *, default: float | None = None) -> float:
    value = message.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ProtocolError(f"{name} is a number from {low:g} to {high:g}, found {value!r}")
    return float(value)
