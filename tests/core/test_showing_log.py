"""The live log as faces see it, and the load of the plan as the judge is told it by the plan's own source."""

from __future__ import annotations

from typing import Any

from cpr_cockpit.core.blocks import Reading
from cpr_cockpit.core.events import Observed, Record
from cpr_cockpit.core.evidence import Evidence
from cpr_cockpit.core.figures import warnings
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.run import Run
from cpr_cockpit.core.showing_log import ERRORS, INTERRUPTIONS, LINES, log
from cpr_cockpit.core.signals import Observation, Source
from cpr_cockpit.core.view import LogView

AT = 1_700_000_000.0


def heard(at: float = AT, **members: Any) -> Observation:
    readings = (Reading(LINES, 40.0), Reading(ERRORS, 2.0, n=40), Reading(INTERRUPTIONS, 1.0))
    told: dict[str, Any] = {"readings": readings, "lines": ("ERROR one", "ERROR two"), "measured_at": at - 1.0}
    return Observation(Source.LOG_STREAM, at, **told | members)


def run_of(*seen: Observation) -> Run:
    run = Run()
    for number, one in enumerate(seen, start=1):
        event = Observed(source=one.source.value, body=one.to_dict())
        run.apply(Record(seq=number, at=one.at, event=event, hash=""))
    return run


def test_nothing_was_heard_yet() -> None:
    assert log(run_of()) == LogView()


def test_counts_and_error_lines_the_newest_first() -> None:
    assert log(run_of(heard())) == LogView(True, 40, 2, 1, AT - 1.0, "", ("ERROR two", "ERROR one"))


def test_a_broken_stream_is_told_beside_its_figures() -> None:
    found = log(run_of(heard(partial="The log stream ended.")))
    assert (found.trouble, found.lines, found.heard) == ("The log stream ended.", 40, True)


def test_what_was_heard_stays_beside_an_error() -> None:
    found = log(run_of(heard(), Observation(Source.LOG_STREAM, AT + 15.0, error="no answer within 15 s")))
    assert (found.trouble, found.errors, found.at) == ("no answer within 15 s", 2, AT - 1.0)
    found = log(run_of(Observation(Source.LOG_STREAM, AT, error="refused (404)")))
    assert found == LogView(trouble="refused (404)")


# -- load of the plan --------------------------------------------------------------------------------------------------


def evidence() -> Evidence:
    made = Evidence(Policy(), "v2", "v1", 0.0, (Source.LOGS,))
    made.begin(AT)
    return made


def plan(at: float, cpu: float | None, **members: Any) -> Observation:
    readings = (Reading("CPU", cpu, "%", limit=80.0), Reading("instances", 2.0))
    return Observation(Source.PLAN, at, measured_at=at - 60.0, cpu_percent=cpu, readings=readings, **members)


def test_load_that_the_plan_tells_warns_after_a_quarter_of_an_hour() -> None:
    made = evidence()
    for minute in range(15):
        made.take(plan(AT + 60.0 * minute, 91.0))
    assert warnings(made) == ()
    made.take(plan(AT + 900.0, 91.0))
    assert warnings(made) == ("CPU above 80 % for 900 s",)
    made.take(plan(AT + 960.0, None))
    assert warnings(made) == ("CPU above 80 % for 900 s",)
    made.take(plan(AT + 1020.0, 60.0))
    assert warnings(made) == ()


def test_figures_that_came_count_where_others_of_the_same_answer_did_not() -> None:
    made = evidence()
    made.take(plan(AT, 91.0, partial="MemoryPercentage: too many (QueryThrottled)"))
    assert made.load_now["CPU"] == (AT, 91.0)
    assert made.further[Source.PLAN, ""].readings[1].value == 2.0
    assert made.state(Source.PLAN).words.value == "partial answer: MemoryPercentage: too many (QueryThrottled)"
