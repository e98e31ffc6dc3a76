"""Whole runs as events, one for each way to end; every text in them can be another one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.plan import PlanFacts
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.run import Run, fold
from cpr_cockpit.core.signals import Bin, Observation, ProbeCount, Source
from cpr_cockpit.core.strategy import blue_green

T0 = 1_760_000_040.0
"""2025-10-09 08:54:00 UTC: when production was seen to serve the new version."""

Ending = Literal["kept", "rolled_back", "partial", "held", "stopped", "failed"]
Mode = Literal["drill", "rehearse", "open"]


@dataclass(frozen=True)
class Told:
    """What a run tells: figures to change one at a time, and ``say``, which every free text goes through."""

    old: str = "v1.2.0"
    new: str = "v1.3.0"
    mode: Mode = "open"
    score: float = 92.0
    requests: int = 1000
    failures: int = 28
    p50: float = 71.0
    p95: float = 143.0
    p99: float = 231.0
    before_requests: int = 3000
    before_failures: int = 9
    before_p95: float = 121.0
    platform: int = 1200
    platform_5xx: int = 31
    cpu: float = 35.0
    memory: float = 62.0
    probes: int = 40
    probes_failed: int = 0
    swap_s: float = 41.0
    artifact: bool = True
    prefix: str = ""
    conditions: tuple[str, ...] = ()

    def say(self, text: str) -> str:
        return self.prefix + text


@dataclass
class Script:
    """Records with their times."""

    told: Told
    rows: list[ev.Record] = field(default_factory=list)
    at: float = T0 - 600.0

    def add(self, *events: ev.AnyEvent, after: float = 1.0) -> Script:
        for event in events:
            self.at += after
            self.rows.append(ev.Record(seq=len(self.rows) + 1, at=self.at, event=event, hash=f"{len(self.rows):064x}"))
        return self

    def step(
        self, key: str, way: ev.Way = "forward", *, seconds: float = 2.0, result: str = "done", **more: Any
    ) -> None:
        say = self.told.say
        title = say(key)
        self.add(
            ev.StepIntent(way=way, step=key, attempt=1, title=title, mutates=key in ("deploy", "swap", "swap-back"))
        )
        body = {
            "way": way,
            "step": key,
            "attempt": 1,
            "result": result,
            "words": say(f"{key} {result}"),
            "seconds": seconds,
        }
        self.add(ev.StepOutcome.model_validate(body | more), after=seconds)


def opened(told: Told) -> ev.RunOpened:
    return ev.RunOpened(
        run="r1",
        feature=told.say("0001-goals"),
        mode=told.mode,
        actor=told.say("anna"),
        environment={"app": told.say("cpr-api"), "production_url": "https://goals.example.net"},
        new_version=told.new,
        artifact_sha256="ab" * 32,
        policy=Policy().to_dict(),
        declared_delay_s=2.0,
        program="1.0",
    )


def planned(told: Told) -> ev.PlanMade:
    plan = blue_green("green", told.new, PlanFacts(told.old, told.old, True), baseline_s=20.0, artifact=told.artifact)
    rows = {
        way: tuple(
            ev.PlannedStep(
                key=step.key,
                title=told.say(step.title),
                undo=told.say(step.undo.words),
                requests=("POST https://manager.example.net/" + step.key,) if step.act.mutates else (),
            )
            for step in steps
        )
        for way, steps in (("forward", plan.forward), ("back", plan.back))
    }
    return ev.PlanMade(
        strategy=plan.strategy,
        old_version=told.old,
        new_version=told.new,
        slot=told.say("green"),
        artifact=told.artifact,
        baseline_s=20.0,
        slot_exists=True,
        slot_version=told.old,
        forward=rows["forward"],
        back=rows["back"],
        remarks=tuple(told.say(one) for one in plan.remarks),
    )


def prepared(told: Told) -> Script:
    script = Script(told)
    level = "CONDITIONAL" if told.conditions else "READY"
    return script.add(
        opened(told),
        ev.ItemMarked(
            item="pre-production.support-on-standby", mark="signed", by=told.say("MK"), note=told.say("standing by")
        ),
        ev.GateJudged(level=level, score=told.score, conditions=told.conditions),
        planned(told),
        ev.CardWritten(path=told.say("rollback-card.md"), sha256="cd" * 32),
    )


def _baseline(told: Told) -> ev.BaselineTaken:
    return ev.BaselineTaken(
        start=T0 - 400,
        end=T0 - 100,
        requests=told.before_requests,
        failures=told.before_failures,
        p50=66.0,
        p95=told.before_p95,
        p99=181.0,
    )


def started(told: Told) -> Script:
    """Up to the step before the swap."""
    script = prepared(told).add(ev.Started(by=told.say("anna")))
    for key in ("ensure-slot", "keep-old", "deploy", "prove-slot", "warm-up"):
        script.step(key)
    script.step(
        "smoke", facts={told.say("health"): told.say("passed, 200"), told.say("goals"): told.say("passed, 401")}
    )
    script.add(_baseline(told))
    script.step("baseline")
    return script


def switched(told: Told) -> Script:
    """In the window, with a reading of every source."""
    script = started(told)
    script.at = T0 - told.swap_s
    script.add(ev.StepIntent(way="forward", step="swap", attempt=1, title=told.say("swap"), mutates=True), after=0.0)
    script.add(
        ev.StepAccepted(way="forward", step="swap", attempt=1, operation=told.say("https://manager/operations/1")),
        after=0.0,
    )
    script.at = T0
    script.add(ev.TrafficSwitched(way="forward", version=told.new, t0=T0), after=0.0)
    body = {
        "way": "forward",
        "step": "swap",
        "attempt": 1,
        "result": "done",
        "words": told.say("swapped"),
        "seconds": told.swap_s,
    }
    script.add(ev.StepOutcome.model_validate(body), after=0.0)
    script.step("prove-production")
    script.step("keep-warm")
    script.add(*(ev.Observed(source=one.source.value, body=one.to_dict()) for one in readings(told)))
    return script


def readings(told: Told) -> tuple[Observation, ...]:
    row = Bin(
        T0,
        60.0,
        told.new,
        told.requests,
        told.failures,
        told.p50,
        told.p95,
        told.p99,
        newest=T0 + 59.0,
        last_ok=T0 + 59.0,
    )
    points = (Bin(T0, 60.0, "", told.platform, told.platform_5xx),)
    probes = tuple(
        ProbeCount(T0 + 1.0 + place, int(place >= told.probes_failed), int(place < told.probes_failed), (told.new,))
        for place in range(told.probes)
    )
    return (
        Observation(Source.LOGS, T0 + 62.0, measured_at=T0 + 59.0, bins=(row,), whole=(row,), lag_p95=2.0),
        Observation(Source.PLATFORM, T0 + 62.0, T0 + 60.0, points, cpu_percent=told.cpu, memory_percent=told.memory),
        Observation(Source.PROBES_PRODUCTION, T0 + 62.0, measured_at=T0 + 60.0, probes=probes),
    )


def verdict(told: Told, kind: str, *, cause: str | None = None, rule: str | None = None) -> ev.VerdictGiven:
    figures = (
        {
            "name": "error rate",
            "value": told.failures / told.requests,
            "unit": "share",
            "n": told.requests,
            "limit": 0.05,
        },
        {"name": "p95", "value": told.p95, "unit": "ms", "limit": 200.0, "before": told.before_p95, "age_s": 2.0},
    )
    body = {
        "kind": kind,
        "cause": cause,
        "rule": rule,
        "sentence": told.say(f"the judge says {kind}"),
        "figures": figures,
    }
    return ev.VerdictGiven.model_validate(body)


def decided(told: Told, word: str, on: str) -> ev.Decided:
    return ev.Decided.model_validate(
        {"word": word, "by": told.say("anna"), "verdict": on, "sentence": told.say(f"so {word}")}
    )


def ended(told: Told, decision: Ending, production: str, slot: str | None, *, provisional: bool = False) -> ev.RunEnded:
    return ev.RunEnded(
        decision=decision,
        provisional=provisional,
        production_version=production,
        slot_version=slot,
        reason=told.say(f"it is {decision}"),
    )


def kept(told: Told, *, provisional: bool = False) -> Script:
    end = ended(told, "kept", told.new, told.old, provisional=provisional)
    return switched(told).add(verdict(told, "WAIT"), verdict(told, "GO"), decided(told, "keep", "GO"), end)


def rolled_back(told: Told, *, decision: Ending = "rolled_back") -> Script:
    """``decision`` partial: the slot could not be put back; failed: not even the swap back succeeded."""
    script = switched(told).add(
        verdict(told, "ROLLBACK", rule="error rate"), ev.Noted(by=told.say("bob"), words=told.say("slow"))
    )
    script.add(ev.TriggerRaised(trigger=told.say("security breach"), by=told.say("anna")))
    script.add(decided(told, "rollback", "ROLLBACK"))
    script.step("swap-back", "back", result="failed" if decision == "failed" else "done", seconds=12.0)
    if decision == "failed":
        return script.add(ended(told, "failed", told.new, told.old))
    script.add(ev.TrafficSwitched(way="back", version=told.old, t0=script.at))
    script.step("replace-bad", "back", result="failed" if decision == "partial" else "done")
    if decision == "partial":
        return script.add(ended(told, "partial", told.old, told.new))
    script.step("prove-rollback", "back")
    return script.add(ended(told, "rolled_back", told.old, told.old))


def held(told: Told) -> Script:
    script = switched(told).add(verdict(told, "HOLD", cause="stale"))
    return script.add(decided(told, "hold", "HOLD"), ended(told, "held", told.new, told.old))


def stopped(told: Told) -> Script:
    return prepared(told).add(ended(told, "stopped", told.old, None))


def blocked(told: Told) -> Script:
    script = Script(told).add(
        opened(told), ev.GateJudged(level="NOT READY", score=61.0, blockers=(told.say("UAT missing"),))
    )
    return script.add(ended(told, "failed", "unknown", None))


def failed(told: Told) -> Script:
    """The smoke tests on the slot failed: production was not switched."""
    script = prepared(told).add(ev.Started(by=told.say("anna")))
    script.step("deploy")
    script.step("smoke", result="failed", facts={told.say("health"): told.say("failed, 503")})
    return script.add(ended(told, "failed", told.old, told.new))


def troubled(told: Told) -> Script:
    """Doubt, a crash, a damaged journal, a source that fails, a GO against the data."""
    script = switched(told)
    script.add(
        ev.StepIntent(way="forward", step="prove-production", attempt=2, title=told.say("again"), mutates=False),
        ev.StepDoubtful(way="forward", step="prove-production", attempt=2, words=told.say("the connection was lost")),
        ev.Interrupted(silent_s=12.0, during=told.say("the window")),
        ev.JournalContinued(old_head="ef" * 32, first_bad=7, set_aside=told.say("journal.damaged.db")),
        ev.Observed(source="logs", body={"source": "logs", "at": T0 + 90.0, "error": told.say("no answer")}),
        verdict(told, "HOLD", cause="stale"),
        decided(told, "keep", "HOLD"),
        ended(told, "kept", told.new, told.old),
    )
    return script


ENDINGS: dict[str, Callable[[Told], Script]] = {
    "kept": kept,
    "rolled back": rolled_back,
    "partial": lambda told: rolled_back(told, decision="partial"),
    "rollback failed": lambda told: rolled_back(told, decision="failed"),
    "held": held,
    "stopped": stopped,
    "blocked": blocked,
    "failed": failed,
    "troubled": troubled,
}


def run(name: str, told: Told | None = None) -> Run:
    """The run that ends so."""
    return fold(ENDINGS[name](told or Told()).rows)
