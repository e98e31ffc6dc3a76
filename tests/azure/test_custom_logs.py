from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from cpr_cockpit.adapters.azure.custom_logs import KqlSignal, SignalLogs
from cpr_cockpit.adapters.figures import KqlFigure
from cpr_cockpit.core.business import FigureSpec
from cpr_cockpit.core.custom import CustomSignals, Limit, SignalSpec
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.ports import Asked, PortError
from cpr_cockpit.core.signals import Observation, Source
from cpr_cockpit.core.triggers import Finding
from cpr_cockpit.core.verdict import HoldCause, VerdictKind
from tests.azure.clocks import FixedClock
from tests.azure.conftest import Azure
from tests.azure.rows import request
from tests.azure.wire import Answer, Wire

T0 = 1_700_000_000.0
HOUR = 3600.0
LATE = 4.0
QUERY = "/v1/workspaces/33333333-3333-3333-3333-333333333333/query"
LOGINS = """AppRequests
| where TimeGenerated >= {start} and TimeGenerated < {end}
| where Name == "login" and isempty(SyntheticSource)
| summarize Good = countif(Success), Total = count(), Count = count() by bin(TimeGenerated, 10s)"""
SLOWEST = """AppRequests
| where TimeGenerated >= {start} and TimeGenerated < {end} and Name == "login"
| summarize Value = max(DurationMs)"""
INVALID = "The request had some invalid properties"
SPEC = SignalSpec("logins", Limit.DROP, 0.5, for_s=300.0, every_s=15.0, delay_s=60.0, rollback=True)
SHARE = replace(SPEC, limit=Limit.SHARE_ABOVE, bound=0.02)
SLOW = replace(SPEC, limit=Limit.ABOVE, bound=200.0)


class Workspace:
    """Rows of logins and of the cockpit's own probes, each there ``LATE`` seconds after its time; and the signals."""

    def __init__(self, azure: Azure, wire: Wire) -> None:
        self.wire, self.clock = wire, FixedClock(T0)
        self.logs = SignalLogs(azure.environment, azure.credential, azure.transport, self.clock)
        self.rows: list[dict[str, Any]] = []

    def happen(self, start: float, end: float, *, every: float = 5.0, logins: bool = True, **members: Any) -> None:
        """A login every ``every`` seconds, and beside it a probe."""
        for number in range(round((end - start) / every)):
            at = start + number * every
            late: dict[str, Any] = {"_ingestion": at + LATE}
            self.rows.append(request(at, Name="health", SyntheticSource="probe", **late))
            if logins:
                self.rows.append(request(at, **({"Name": "login"} | late | members)))

    async def read(self, signal: KqlSignal, now: float, since: float | None = None) -> Observation:
        self.clock.at = now
        known = [row for row in self.rows if row["_ingestion"] <= now]
        self.wire.answer_tables({"AppRequests": known}, {"_ResourceId": ""}, now)
        return await signal.read(Asked(now, T0, "v1", "v2", 900.0, 1.0, since))

    async def refuse(self, signal: KqlSignal, answer: Answer) -> None:
        """A reading in which the signal's own query is answered like that; how far the logs have come is told."""
        columns = [{"name": "Newest", "type": "datetime"}, {"name": "LagS", "type": "real"}]
        rows = [["2023-11-14T22:14:15Z", LATE]]
        pipeline = Answer(body={"tables": [{"name": "PrimaryResult", "columns": columns, "rows": rows}]})
        self.wire.answer_no_queries()
        self.wire.on("POST", QUERY, pipeline, answer)
        await signal.read(Asked(T0 + 60.0, T0, "v1", "v2", 900.0, 1.0))

    def signal(self, spec: SignalSpec = SPEC, text: str = LOGINS, least_delay_s: float = 0.0) -> KqlSignal:
        return KqlSignal(self.logs, spec, text, least_delay_s)


@pytest.fixture
async def workspace(azure: Azure, wire: Wire) -> AsyncIterator[Workspace]:
    made = Workspace(azure, wire)
    yield made
    await made.logs.close()


async def test_the_hour_before_and_then_stretches_without_gap_or_overlap(workspace: Workspace) -> None:
    workspace.happen(T0 - HOUR, T0 + 60.0)
    signal = workspace.signal()
    first, second, third = [await workspace.read(signal, T0 + after) for after in (15.0, 30.0, 45.0)]
    before, block = first.blocks
    assert (before.start, before.end, before.requests, before.failures) == (T0 - HOUR, T0, 720, 0)
    # Rows need 4 s, and one second more is waited for those that need longer.
    assert (block.start, block.end, block.requests) == (T0, T0 + 10.0, 2)
    assert (first.source, first.name, first.at, first.measured_at) == (Source.CUSTOM, "logins", T0 + 15.0, T0 + 10.0)
    assert first.lag_p95 == LATE + 1.0
    assert [(one.blocks[-1].start - T0, one.blocks[-1].end - T0) for one in (second, third)] == [(10, 25), (25, 40)]
    assert sum(one.blocks[-1].requests for one in (first, second, third)) == 8
    assert second.blocks[0] == before
    (figure,) = third.readings
    assert (figure.name, figure.value, figure.unit, figure.n, figure.before) == ("logins", 12.0, "events", 8, 12.0)
    assert Observation.from_dict(third.to_dict()) == third


async def test_after_go_a_new_session_tells_the_stretch_beside_the_hour_before_the_switch(workspace: Workspace) -> None:
    later = T0 + 3 * HOUR
    workspace.happen(T0 - HOUR, T0)
    workspace.happen(later - 1200.0, later + 1000.0)
    signal = workspace.signal()
    before, block = (await workspace.read(signal, later, since=later - 900.0)).blocks
    assert (before.start, before.end, before.requests) == (T0 - HOUR, T0, 720)
    assert (block.start, block.end, block.requests) == (later - 900.0, later - 5.0, 179)
    # A machine that was away tells its newest stretch alone.
    again = (await workspace.read(signal, later + 1000.0, since=later + 100.0)).blocks
    assert again[0] == before
    assert (again[1].start, again[1].end) == (later + 100.0, later + 995.0)


async def test_what_the_judge_makes_of_it(workspace: Workspace) -> None:
    workspace.happen(T0 - HOUR, T0 + 60.0, every=1.0)
    workspace.happen(T0 + 60.0, T0 + 300.0, every=1.0, logins=False)
    signal, judge = workspace.signal(), CustomSignals([SPEC], Policy())
    judge.begin(T0)
    said: dict[VerdictKind, tuple[float, Finding]] = {}
    for turn in range(1, 20):
        now = T0 + 15.0 * turn
        judge.take(await workspace.read(signal, now))
        said |= {finding.kind: (now - T0, finding) for finding in judge.findings(now) if finding.kind not in said}
    assert list(said) == [VerdictKind.WAIT, VerdictKind.ROLLBACK]
    assert said[VerdictKind.ROLLBACK][0] <= 60.0 + Policy().early_patience_s + 30.0
    assert "60 per minute before, not to drop by 50 %" in said[VerdictKind.ROLLBACK][1].sentence


async def test_logs_that_stand_still_are_stale_and_never_a_drop(workspace: Workspace) -> None:
    workspace.happen(T0 - HOUR, T0 + 60.0, every=1.0)
    signal, judge = workspace.signal(), CustomSignals([SPEC], Policy())
    judge.begin(T0)
    for turn in range(1, 12):
        judge.take(await workspace.read(signal, T0 + 15.0 * turn))
    (found,) = judge.findings(T0 + 165.0)
    assert (found.kind, found.cause) == (VerdictKind.HOLD, HoldCause.STALE)


async def test_logs_that_are_dated_ahead_are_refused(workspace: Workspace) -> None:
    workspace.happen(T0 - HOUR, T0 + 30.0)
    workspace.rows.append(request(T0 + 120.0, Name="login", _ingestion=T0 + 30.0))
    judge = CustomSignals([SPEC], Policy())
    judge.begin(T0)
    seen = await workspace.read(workspace.signal(), T0 + 30.0)
    assert seen.measured_at == T0 + 120.0
    judge.take(seen)
    assert [one.cause for one in judge.findings(T0 + 30.0)] == [HoldCause.STALE]


async def test_an_empty_workspace_tells_nothing(workspace: Workspace) -> None:
    seen = await workspace.read(workspace.signal(), T0 + 100.0)
    assert (seen.blocks, seen.readings, seen.measured_at, seen.error) == ((), (), None, None)


async def test_a_delay_of_its_own_is_waited_for(workspace: Workspace) -> None:
    workspace.happen(T0 - HOUR, T0 + 60.0)
    seen = await workspace.read(workspace.signal(least_delay_s=30.0), T0 + 60.0)
    assert (seen.measured_at, seen.lag_p95) == (T0 + 30.0, 30.0)


async def test_good_ones_of_a_total_are_a_share(workspace: Workspace) -> None:
    workspace.happen(T0 - HOUR, T0)
    workspace.happen(T0, T0 + 60.0, Success=False)
    seen = await workspace.read(workspace.signal(SHARE), T0 + 60.0)
    before, block = seen.blocks
    assert (before.requests, before.failures) == (720, 0)
    assert (block.requests, block.failures) == (11, 11)
    (figure,) = seen.readings
    assert (figure.value, figure.unit, figure.n, figure.limit, figure.before) == (1.0, "share", 11, 0.02, 0.0)


async def test_a_plain_value_is_asked_over_the_last_minute_and_a_stretch_without_one_ages(workspace: Workspace) -> None:
    workspace.happen(T0 - HOUR, T0, DurationMs=100.0)
    workspace.happen(T0, T0 + 15.0, DurationMs=900.0)
    workspace.happen(T0 + 15.0, T0 + 90.0, DurationMs=300.0)
    workspace.happen(T0 + 90.0, T0 + 300.0, logins=False)
    signal = workspace.signal(SLOW, SLOWEST)
    for now, value in ((30.0, 900.0), (90.0, 300.0), (95.0, 300.0)):
        seen = await workspace.read(signal, T0 + now)
        (figure,) = seen.readings
        assert (figure.value, figure.unit, figure.limit, figure.before) == (value, "", 200.0, 100.0)
        assert (seen.blocks, seen.measured_at) == ((), T0 + now - 5.0)
    seen = await workspace.read(signal, T0 + 200.0)
    assert seen.measured_at == T0 + 90.0


async def test_a_reading_that_fails_loses_nothing(workspace: Workspace) -> None:
    workspace.happen(T0 - HOUR, T0 + 60.0)
    signal = workspace.signal()
    await workspace.read(signal, T0 + 15.0)
    with pytest.raises(PortError, match="later"):
        await workspace.refuse(signal, Answer(503, {"error": {"code": "Busy", "message": "later"}}))
    seen = await workspace.read(signal, T0 + 45.0)
    assert (seen.blocks[-1].start, seen.blocks[-1].end) == (T0 + 10.0, T0 + 40.0)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            {"code": "SyntaxError", "innererror": {"code": "SYN0002", "message": "odd 'summ'", "line": 3, "pos": 2}},
            f"was refused: {INVALID} odd 'summ' (400 BadArgumentError). At line 3, column 3 of the query.",
        ),
        (
            {"code": "SemanticError", "innererror": {"code": "SEM0100", "message": "no Nam", "line": 2, "pos": 63}},
            f"was refused: {INVALID} no Nam (400 BadArgumentError). At line 2, column 34 of the query.",
        ),
        (
            {"code": "SemanticError", "message": "no such table"},
            f"was refused: {INVALID} no such table (400 BadArgumentError).",
        ),
    ],
    ids=["syntax", "behind literals", "no place"],
)
async def test_a_query_that_is_refused_is_told_with_the_place_where_it_was_written(
    workspace: Workspace, body: dict[str, Any], words: str
) -> None:
    workspace.happen(T0 - HOUR, T0 + 60.0)
    error = {"code": "BadArgumentError", "message": INVALID, "innererror": body}
    doing = "Reading the signal logins"
    with pytest.raises(PortError) as caught:
        await workspace.refuse(workspace.signal(), Answer(400, {"error": error}))
    assert caught.value.what.startswith(f"{doing} {words}")
    assert "Correct the query in cockpit.toml" in caught.value.next_step


@pytest.mark.parametrize(
    ("spec", "columns", "words"),
    [
        (SPEC, "Logins = count()", "no column Count or Good, which drop needs; it has Logins"),
        (SHARE, "Count = count()", "no column Good and Total, which share_above needs; it has Count"),
        (SLOW, "Total = count()", "no column Count or Value, which above needs; it has Total"),
        (SPEC, "Rows = count() by Count = Name", "Count is no number"),
        (SHARE, "Good = count() + 1, Total = count()", "Good and Total are 721 of 720"),
    ],
)
async def test_an_answer_without_what_the_limit_needs_is_told(
    workspace: Workspace, spec: SignalSpec, columns: str, words: str
) -> None:
    workspace.happen(T0 - HOUR, T0 + 60.0)
    text = LOGINS.partition("| summarize")[0] + f"| summarize {columns}"
    with pytest.raises(PortError, match=words):
        await workspace.read(workspace.signal(spec, text), T0 + 60.0)


async def test_a_count_that_no_number_of_this_machine_holds_is_an_error(workspace: Workspace) -> None:
    table = {"name": "PrimaryResult", "columns": [{"name": "Count", "type": "long"}], "rows": [[10**400]]}
    with pytest.raises(PortError, match="Count is no number"):
        await workspace.refuse(workspace.signal(), Answer(body={"tables": [table]}))


async def test_a_partial_answer_is_an_error(workspace: Workspace) -> None:
    workspace.happen(T0 - HOUR, T0 + 60.0)
    partial = {"tables": [], "error": {"code": "PartialError", "message": "There were some errors"}}
    with pytest.raises(PortError, match="was answered in part: There were some errors"):
        await workspace.refuse(workspace.signal(), Answer(body=partial))


async def test_a_figure_of_the_business_is_value_and_total_of_the_last_row_since_the_switch(
    workspace: Workspace,
) -> None:
    workspace.happen(T0 - 50.0, T0, Success=False)
    workspace.happen(T0, T0 + 50.0)
    workspace.wire.answer_tables({"AppRequests": workspace.rows}, {"_ResourceId": ""}, T0 + 60.0)
    window = "AppRequests | where TimeGenerated >= {start} and TimeGenerated < {end}"
    text = f"{window} | summarize Value = countif(Success), Total = count()"
    told = KqlFigure(FigureSpec("logins", "adoption"), workspace.logs, text)
    assert await told.read(T0, T0 + 60.0) == (20.0, 20)
    alone = replace(told, text=f"{window} | summarize Count = count()")
    with pytest.raises(PortError, match="no number Value"):
        await alone.read(T0, T0 + 60.0)
