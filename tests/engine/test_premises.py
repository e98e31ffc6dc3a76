"""The premises of a verdict: in words before START, proven in the slot, and never in the way of what must go on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from cpr_cockpit.core.checklist import Mark
from cpr_cockpit.core.events import Script
from cpr_cockpit.core.plan import Act
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.ports import Arrived, LogFacts, PlannedRequest, PortError
from cpr_cockpit.core.run import Phase, Run
from cpr_cockpit.engine.premises import told
from tests.engine.stage import AUTO, Stage
from tests.engine.virtual import VirtualClock
from tests.engine.world import NEW, OLD, World

NOW = 1_760_000_000.0
GOOD = LogFacts(900, 900.0, NOW - 3.0, 2.0, None, cap_known=True)
POLICY = Policy()
ITEM = "monitoring.performance-monitoring"


# -- in words --------------------------------------------------------------------------------------------------------


def test_premises_that_hold_are_told_without_a_warning() -> None:
    found = told(GOOD, NOW, POLICY, 180.0)
    assert found.sound
    assert found.warnings == ()
    assert found.summary == (
        "logs: 900 rows of users in the last hour, each for one request; delay 2.0 s (p95); daily cap not reached"
    )


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (replace(GOOD, requests=3600.0), "one row stands for 4 requests: the judge needs about 4 times as long"),
        (replace(GOOD, lag_p95=240.0), "telemetry comes 240 s late (p95) and 180 s are declared"),
        (replace(GOOD, newest=NOW - 2000.0), "is 2000 s old: no traffic, or no telemetry"),
        (replace(GOOD, stopped_at=NOW - 60.0), "takes no rows in since 08:52:20 UTC: the judge is blind"),
        (LogFacts(0, 0.0, None, None), "no request of users in the last hour: delay and sampling are not known"),
    ],
)
def test_a_premise_that_does_not_hold_says_what_it_means(facts: LogFacts, words: str) -> None:
    found = told(facts, NOW, POLICY, 180.0)
    assert any(words in remark for remark in found.remarks), found.remarks
    # Sampling costs time and nothing else: production's telemetry arrives all the same.
    assert found.sound is (facts.requests > facts.rows)


def test_a_cap_that_nobody_tells_of_is_not_known_and_no_warning() -> None:
    found = told(replace(GOOD, cap_known=False), NOW, POLICY, 180.0)
    assert found.summary.endswith("daily cap not known, the workspace tells nothing of it")
    assert found.warnings == ()


# -- in whole runs ---------------------------------------------------------------------------------------------------


@dataclass
class Logs:
    """The Premises port over a world: rows of what the slot serves come ``delay`` seconds after it was looked at.

    ``name``: under which name the new version's rows come; None: they do not come. ``down``: nothing can be read.
    """

    world: World
    name: str | None = NEW
    delay: float = 2.0
    down: bool = False
    asked: list[float] = field(default_factory=list)

    @property
    def clock(self) -> VirtualClock:
        return self.world.clock

    def planned(self, act: Act) -> tuple[PlannedRequest, ...]:
        """Nothing is planned in a simulated world."""
        return ()

    async def facts(self, *, since: float) -> LogFacts:
        if self.down:
            raise PortError("The logs do not answer.")
        return replace(GOOD, newest=self.clock.now() - self.delay, lag_p95=self.delay)

    async def by_hour(self, *, since: float) -> tuple[()]:
        return ()

    async def arrived(self, *, since: float) -> tuple[Arrived, ...]:
        self.asked.append(self.clock.now())
        if self.down:
            raise PortError("The logs do not answer.")
        rows = [Arrived(OLD, 90, self.clock.now() - self.delay, self.delay)]
        first = since + 5.0  # when the slot was first looked at: what is asked for begins the allowed skew before it
        if self.name is not None and self.world.slot == NEW and self.clock.now() >= first + self.delay:
            rows.append(Arrived(self.name, 6, first, self.delay))
        return tuple(rows)


def stage(script: Script | None = AUTO, **logs: Any) -> tuple[Stage, Logs]:
    made = Stage(script, window_s=30.0)
    found = Logs(made.world, **logs)
    made.world.premises = found
    return made, found


def step(run: Run) -> tuple[str | None, str]:
    row = run.row("prove-telemetry", "forward")
    assert row is not None
    return row.result, row.words


def test_telemetry_under_the_new_name_is_proven_in_the_slot_and_the_plan_says_what_holds() -> None:
    made, logs = stage()
    made.change(declared_delay_s=2.0)
    with made:
        run = made.whole_run()
    result, words = step(run)
    assert result == "done"
    assert words.startswith(f"6 rows of {NEW}, the newest ")
    assert logs.asked
    assert run.ended is not None
    assert run.ended.decision == "kept"
    assert run.plan is not None
    assert [remark for remark in run.plan.remarks if remark.startswith("logs: 900 rows")]
    assert run.standings[ITEM].mark == Mark.MEASURED


@pytest.mark.parametrize(
    ("logs", "said"),
    [
        ({"name": None}, f"NO TELEMETRY of {NEW} came within "),
        ({"name": f"{NEW}+abc"}, f"rows came under other names: {NEW}+abc"),
        ({"down": True}, "(The logs do not answer)"),
    ],
)
def test_a_drill_goes_on_without_and_says_so_after_twice_the_delay_and_one_poll(
    logs: dict[str, Any], said: str
) -> None:
    made, _ = stage(**logs)
    with made:
        run = made.whole_run()
    result, words = step(run)
    assert result == "done"
    assert said in words
    assert words.endswith("Gone on all the same")
    row = run.row("prove-telemetry", "forward")
    assert row is not None
    # Declared is half a second, measured are two: what cannot be measured is taken as declared.
    assert row.seconds <= 2.0 * 2.0 + POLICY.scaled(30.0).poll_logs_s + 1.0
    assert run.t0 is not None


def test_logs_that_cannot_be_read_are_a_warning_before_start() -> None:
    made, _ = stage(down=True)
    with made:
        run = made.whole_run()
    assert run.plan is not None
    [remark] = [one for one in run.plan.remarks if one.startswith("logs:")]
    assert "The logs do not answer. Delay, sampling and daily cap are not known" in remark
    assert run.standings.get(ITEM) is None or run.standings[ITEM].mark != Mark.MEASURED


# -- with a person at the keys ---------------------------------------------------------------------------------------


def test_a_production_run_stops_before_the_swap_where_nobody_could_judge() -> None:
    made, _ = stage(script=None, name=None)
    with made:
        life = made.begin()
        made.sign_and_start(life)
        assert life.live()
        life.end()
        run = life.run_state
    result, words = step(run)
    assert result == "failed"
    assert "Production was not switched" in words
    assert "require_telemetry = false" in words
    assert made.world.switches == []
    assert run.ended is not None
    assert (run.ended.decision, run.ended.production_version) == ("failed", OLD)


def test_a_policy_lets_it_go_on() -> None:
    made, _ = stage(script=None, name=None)
    made.change(policy=replace(POLICY, require_telemetry=False))
    with made:
        life = made.begin()
        made.sign_and_start(life)
        assert not life.live(lambda: life.run_state.phase is Phase.WINDOW)
        assert step(life.run_state)[0] == "done"


def test_nothing_of_it_stands_in_the_way_of_rollback() -> None:
    made, logs = stage(script=None, down=True, delay=600.0)
    made.change(declared_delay_s=600.0)
    with made:
        life = made.begin()
        made.sign_and_start(life)

        def waiting() -> bool:
            row = life.run_state.open_step
            return row is not None and row.key == "prove-telemetry" and bool(logs.asked)

        assert not life.live(waiting)
        began, asked = made.world.clock.now(), len(logs.asked)
        life.command("rollback", by="ana")
        assert life.live()
        life.end()
        assert made.world.clock.now() - began < 60.0
        assert len(logs.asked) <= asked + 1
        assert (made.world.production, made.world.slot) == (OLD, OLD)
        assert made.world.switches == []
