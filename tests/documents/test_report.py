"""The deployment report: every heading of the procedure, honest words for each ending, numbers from the journal."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace

import pytest

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.run import fold
from cpr_cockpit.core.signals import Bin, Observation, Source
from cpr_cockpit.documents.papers.known import known
from cpr_cockpit.documents.report import render_report
from tests.documents import report_runs as runs
from tests.documents.report_runs import ENDINGS, T0, Told, run

# Step 12 of the procedure, in its order.
HEADINGS = (
    "## Summary",
    "## Key Metrics",
    "## Deployment Timeline",
    "## Production Validation",
    "### Smoke Tests",
    "### Performance Metrics",
    "### Monitoring",
    "## Issues",
    "### Critical Issues",
    "### High Priority Issues",
    "### Medium Priority Issues",
    "### Low Priority Issues",
    "## Rollback Capability",
    "## Monitoring Plan",
    "### First 24 Hours (Active Monitoring)",
    "### First Week (Enhanced Monitoring)",
    "### Ongoing (Standard Monitoring)",
    "## Communication",
    "### Deployment Announcement",
    "## Lessons Learned",
    "### What Went Well",
    "### What Could Be Improved",
    "### Recommendations for Future Deployments",
    "## Deployment Sign-Off",
)
LINES = (
    "**Deployment Date**: ",
    "**Deployment Status**: ",
    "**Production Readiness Score**: ",
    "**Rollback Executed**: ",
    "- Deployment Duration: ",
    "- Downtime: ",
    "- Error Rate Impact: ",
    "- Performance Impact: ",
    "- User Impact: ",
    "**Validation Results**: ",
    "- Health checks: ",
    "- Authentication: ",
    "- API endpoints: ",
    "- UI rendering: ",
    "- Critical journeys: ",
    "- API p50: ",
    "- API p95: ",
    "- API p99: ",
    "- UI load time: ",
    "- Error rate: ",
    "- Application logs: ",
    "- Error tracking: ",
    "- Performance dashboard: ",
    "- Infrastructure metrics: ",
    "**Rollback**: ",
    "**Post-Deployment Monitoring**: ",
    "**To**: Stakeholders, Users, Support Team",
    "**Subject**: ",
    "**Date**: ",
    "**What's New**:",
    "**User Impact**:",
    "**Known Issues**:",
    "**Feedback**:",
    "| Tech Lead |",
    "| Solution Owner |",
    "| Operations |",
)
PLANNED = ("Rollback Plan", "Previous Version", "Rollback Method", "Rollback Time Estimate", "Database Rollback")


def _text(name: str, told: Told | None = None) -> str:
    return render_report(run(name, told))


def _line(text: str, start: str) -> str:
    found = [line for line in text.splitlines() if line.startswith(start)]
    assert found, f"no line {start!r}"
    return found[0]


@pytest.mark.parametrize("name", ENDINGS)
def test_every_heading_and_line_of_the_procedure_is_there_in_its_order(name: str) -> None:
    lines = _text(name).splitlines()
    places = [lines.index(heading) for heading in HEADINGS]
    assert places == sorted(places)
    for start in LINES:
        assert sum(line.startswith(start) for line in lines) >= 1, start
    assert {"## Steps", "## Verdict"} <= set(lines)


@pytest.mark.parametrize("name", ENDINGS)
def test_no_heading_is_left_without_words(name: str) -> None:
    lines = [line for line in _text(name).splitlines() if line]
    for line, after in itertools.pairwise(lines):
        if line.startswith("#"):
            deeper = after.startswith("#" * (line.index(" ") + 1))
            assert deeper or not after.startswith("#"), line


@pytest.mark.parametrize("name", ENDINGS)
def test_the_way_back_is_told_or_said_not_to_apply(name: str) -> None:
    text = _text(name)
    if name == "blocked":
        assert "Not applicable: no plan was made, so there is nothing to return from." in text
    else:
        for word in PLANNED:
            assert f"\n- {word}: " in text


@pytest.mark.parametrize(
    ("name", "status", "executed"),
    [
        ("kept", "SUCCESS: KEPT v1.3.0", "NO"),
        ("rolled back", "FAILED: ROLLED BACK to v1.2.0", "YES"),
        ("partial", "PARTIAL: ROLLED BACK in part: production v1.2.0, slot green: v1.3.0: SKEW", "YES, in part"),
        (
            "rollback failed",
            "FAILED: THE ROLLBACK DID NOT SUCCEED (production v1.3.0, slot green: v1.2.0): look at once",
            "YES, and it did not succeed",
        ),
        ("held", "PARTIAL: HELD, nobody decided (production v1.3.0, slot green: v1.2.0): a person must look", "NO"),
        ("stopped", "NOT DEPLOYED: STOPPED before START, nothing was changed", "NO"),
        ("blocked", "FAILED before START, nothing was changed", "NO"),
        (
            "failed",
            "FAILED after START, production was not switched (production v1.2.0, slot green: v1.3.0): look",
            "NO",
        ),
    ],
)
def test_the_ending_is_worded_honestly(name: str, status: str, executed: str) -> None:
    text = _text(name)
    assert f"**Deployment Status**: {status}  " in text
    assert f"**Rollback Executed**: {executed}  " in text


@pytest.mark.parametrize("name", [name for name in ENDINGS if name not in ("kept", "troubled")])
def test_only_a_kept_run_is_announced_or_approved(name: str) -> None:
    text = _text(name)
    assert "We have deployed" not in text
    assert "is not announced as deployed" in text
    assert text.rstrip().splitlines()[-1].startswith("**Deployment Status**: NOT APPROVED FOR PRODUCTION")


@pytest.mark.parametrize("name", ["stopped", "blocked", "failed"])
def test_without_a_switch_what_needs_one_is_said_not_to_apply(name: str) -> None:
    text = _text(name)
    for start in ("- Downtime: ", "- Error Rate Impact: ", "- Performance Impact: ", "**Validation Results**: "):
        assert "not applicable: production was not" in _line(text, start)
    assert "Not applicable: production was not seen to serve v1.3.0." in text
    assert "users were not served by v1.3.0" in _line(text, "- User Impact: ")


def test_a_provisional_go_says_what_was_not_awaited() -> None:
    text = render_report(fold(runs.kept(Told(), provisional=True).rows))
    assert "SUCCESS: KEPT v1.3.0, provisionally: the extended validation was not awaited" in text
    assert "Await the extended validation: this GO is provisional." in text


def test_a_go_against_the_data_is_an_issue() -> None:
    assert "GO on the verdict HOLD, by anna: so keep" in _text("troubled")


@pytest.mark.parametrize("mode", ["drill", "rehearse"])
def test_a_rehearsal_says_so_in_its_first_line(mode: runs.Mode) -> None:
    first = _text("kept", Told(mode=mode)).splitlines()[0]
    assert first.startswith("**REHEARSAL**: a ")
    assert "no production was touched" in first
    assert "REHEARSAL, not to be sent" in _text("kept", Told(mode=mode))
    assert "REHEARSAL" not in _text("kept")


def test_a_rehearsal_is_never_approved() -> None:
    script = runs.kept(Told(mode="rehearse"))
    script.add(*(ev.ItemMarked(item=f"sign-off.{who}", mark="signed", by="TL") for who in _ROLES))
    assert "approval does not apply to a rehearsal" in render_report(fold(script.rows))


_ROLES = ("tech-lead", "solution-owner", "operations")


@pytest.mark.parametrize("signed", range(len(_ROLES) + 1))
def test_approval_needs_every_role(signed: int) -> None:
    script = runs.kept(Told())
    script.add(*(ev.ItemMarked(item=f"sign-off.{who}", mark="signed", by=f"by-{who}") for who in _ROLES[:signed]))
    text = render_report(fold(script.rows))
    assert ("**Deployment Status**: APPROVED FOR PRODUCTION" in text) is (signed == len(_ROLES))
    assert text.count("| not signed | not signed | not signed |") == len(_ROLES) - signed
    for who in _ROLES[:signed]:
        assert f"| by-{who} | signed in the journal | 2025-10-09 " in text


def test_a_waived_check_in_production_does_not_pass() -> None:
    script = runs.switched(Told())
    mark = ev.ItemMarked(item="production-critical-path.login", mark="waived", by="MK", note="no time")
    assert "- Authentication: not measured (waived by MK" in render_report(fold(script.add(mark).rows))
    signed = ev.ItemMarked(item="production-critical-path.login", mark="signed", by="MK")
    assert "- Authentication: PASS (signed by MK" in render_report(fold(script.add(signed).rows))
    broken = ev.ItemMarked(item="production-critical-path.login", mark="failed", by="MK", note="401")
    assert "- Authentication: FAIL (failed by MK" in render_report(fold(script.add(broken).rows))


# -- every number comes from the journal -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "change", "before", "after"),
    [
        ("**Production Readiness Score**", {"score": 81.0}, "92/100", "81/100"),
        ("- Error Rate Impact", {"failures": 47}, "2.8 % of 1,000", "4.7 % of 1,000"),
        ("- Error Rate Impact", {"failures": 47}, "+2.5 percentage points", "+4.4 percentage points"),
        ("- User Impact", {"requests": 2000}, "28 of 1,000", "28 of 2,000"),
        (
            "- Performance Impact",
            {"p95": 150.0},
            "p95 143 ms, before 121 ms (+22 ms)",
            "p95 150 ms, before 121 ms (+29 ms)",
        ),
        ("- Performance Impact", {"before_p95": 143.0}, "(+22 ms)", "(no change)"),
        ("- Before the switch", {"before_failures": 60}, "0.3 % of 3,000", "2.0 % of 3,000"),
        ("- API p50", {"p50": 99.6}, "71 ms", "100 ms"),
        ("- API p50", {"p50": 101.0}, "within the target", "TARGET MISSED"),
        ("- API p95", {"p95": 200.0}, "within the target", "TARGET MISSED"),
        ("- API p99", {"p99": 777.0}, "231 ms", "777 ms"),
        ("- Error rate:", {"failures": 9}, "TARGET MISSED", "within the target"),
        ("- Infrastructure metrics", {"cpu": 91.0}, "CPU 35 %", "CPU 91 %"),
        ("- Infrastructure metrics", {"memory": 91.0}, "memory 62 %", "highest 91 %, above the warning"),
        ("- Front end (platform)", {"platform_5xx": 60}, "2.6 % of 1,200", "5.0 % of 1,200"),
        ("- Downtime", {"probes": 50}, "0 of 40 own probes", "0 of 50 own probes"),
        ("- Downtime", {"probes_failed": 15}, "none seen", "15 s without a good answer, 15 s at a stretch: 15 of 40"),
        ("- Rollback Time Estimate", {"swap_s": 55.0}, "own swap took 41 s", "own swap took 55 s"),
        ("- Previous Version", {"artifact": False}, "its artifact is kept", "no artifact of it could be had"),
        ("**Issues**", {"conditions": ("p95 is close",)}, "NONE in the journal", "1 medium"),
    ],
)
def test_a_number_changes_with_the_journal(start: str, change: dict[str, object], before: str, after: str) -> None:
    told = Told()
    assert before in _line(_text("kept", told), start)
    changed = _line(_text("kept", replace(told, **change)), start)  # type: ignore[arg-type]
    assert after in changed
    assert before not in changed


def test_every_number_of_the_metrics_is_in_the_events() -> None:
    """No figure is made up: with other figures none of the old ones is left."""
    one = Told()
    other = Told(
        requests=1777, failures=555, p50=611.0, p95=622.0, p99=633.0, before_requests=4111, before_failures=411,
        before_p95=644.0, platform=1888, platform_5xx=577, cpu=88.0, memory=99.0, probes=37,
    )  # fmt: skip
    texts = [_text("rolled back", told) for told in (one, other)]
    for mine, told, foreign in ((texts[0], one, other), (texts[1], other, one)):
        assert f"{told.failures:,} of {told.requests:,}" in mine
        for value in (foreign.p95, foreign.p99, foreign.before_p95):
            assert f"{value:.0f} ms" not in mine
        assert f"{foreign.requests:,}" not in mine
        assert f"{foreign.platform:,}" not in mine


def test_what_was_not_measured_says_so() -> None:
    script = runs.started(Told())
    script.at = T0
    script.add(ev.TrafficSwitched(way="forward", version="v1.3.0", t0=T0))
    text = render_report(fold(script.rows))
    for start in (
        "- API p50",
        "- API p95",
        "- API p99",
        "- UI load time",
        "- Error rate",
        "- Downtime",
        "- Application logs",
    ):
        assert _line(text, start).startswith(f"{start}: not measured"), start
    assert "CPU not measured; memory not measured" in text
    assert "**Deployment Status**: NOT ENDED: deploying" in text
    assert not re.search(r"\bnan\b|\binf\b|: None\b|None%|None ms", text)


def test_a_source_that_failed_keeps_the_last_believed_figures_and_is_named() -> None:
    text = _text("troubled")
    assert "2.8 % of 1,000" in _line(text, "- Error rate:")
    assert "- Source logs: its last answer at 08:55:30 UTC was not used: no answer" in text


def test_figures_dated_in_the_future_are_not_believed() -> None:
    script = runs.switched(Told())
    body = runs.readings(Told(failures=999))[0].to_dict() | {"measured_at": T0 + 9999.0}
    text = render_report(fold(script.add(ev.Observed(source="logs", body=body)).rows))
    assert "2.8 % of 1,000" in _line(text, "- Error rate:")


def test_all_times_are_utc_and_a_run_over_midnight_tells_the_day() -> None:
    text = _text("kept")
    assert "| Time (UTC on 2025-10-09) |" in text
    assert "| 08:54:00 | Traffic switched | production serves v1.3.0 | done |" in text
    script = runs.kept(Told())
    script.add(ev.Noted(by="anna", words="next day"), after=86_400.0)
    assert re.search(r"\| 2025-10-10 \d\d:\d\d:\d\d \| Note \| anna: next day \|", render_report(fold(script.rows)))


@pytest.mark.parametrize("name", ENDINGS)
def test_a_report_can_be_rendered_after_every_event(name: str) -> None:
    rows = ENDINGS[name](Told()).rows
    for length in range(len(rows) + 1):
        lines = render_report(fold(rows[:length])).splitlines()
        assert set(HEADINGS) <= set(lines)


@pytest.mark.parametrize(("failures", "words", "normal"), [(0, "0.0 % of 90", True), (9, "10.0 % of 90", False)])
def test_after_a_rollback_only_whole_bins_behind_the_switch_back_tell_of_it(
    failures: int, words: str, normal: bool
) -> None:
    script = runs.rolled_back(Told())
    back = next(
        row.event.t0 for row in script.rows if isinstance(row.event, ev.TrafficSwitched) and row.event.way == "back"
    )
    bins = (
        Bin(back - 30.0, 60.0, "v1.2.0", 500, 400),
        Bin(back + 30.0, 60.0, "v1.2.0", 90, failures),
        Bin(back + 30.0, 60.0, "v1.3.0", 70, 70),
    )
    body = Observation(Source.LOGS, back + 95.0, bins=bins).to_dict()
    state = fold(script.add(ev.Observed(source="logs", body=body)).rows)
    line = _line(render_report(state), "- Error rate of v1.2.0 after the rollback")
    assert line.endswith(f": {words} requests failed (whole bins after the switch back)")
    fields = {one.path: one.value for one in known(state)}
    assert fields["rollback", "post_rollback_status", "error_rate_normal"] is normal
    assert ("rollback", "post_rollback_status", "no_data_corruption") not in fields
    assert "after the rollback: not measured" in _text("rolled back")
