"""A night of one request a minute: kept on synthetic evidence and still armed; without journeys it is held thin."""

from __future__ import annotations

import re

import pytest

from tests.drills.cockpit import Home

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

# 131 steps fit into a window of a minute at 300 a minute.
NIGHT = ("--window", "60s", "--requests-per-minute", "1", "--synthetic-go", "300", "--json")


def remarks(events: list[dict[str, object]]) -> str:
    """What was said of the night before START."""
    return " ".join(str(event["remarks"]) for event in events if event["type"] == "plan.made")


def test_with_journeys_it_is_kept_and_stays_armed(home: Home) -> None:
    ended = home.run("drill", *NIGHT, timeout=400.0)
    assert ended.code == 0, (ended.outcome, ended.err)
    told = re.search(
        r"v1\.3\.0 kept on (\d+) synthetic steps, (\d+) user requests; still armed: \d+ of 131 user requests judged",
        ended.outcome["reason"],
    )
    assert told is not None, ended.outcome
    assert int(told[1]) >= 131
    assert int(told[2]) < 10
    said = remarks(ended.events)
    assert "a verdict on users is impossible" in said or "no request of users" in said
    assert "which carries a GO" in said
    report = home.folder() / "report" / "deployment-report.md"
    assert f"kept on {told[1]} synthetic steps, {told[2]} user requests" in report.read_text("utf-8")


def test_without_journeys_it_is_held_thin_and_that_was_said_before(home: Home) -> None:
    ended = home.run("drill", *NIGHT, "--no-journeys", timeout=400.0)
    assert ended.outcome["decision"] == "held", (ended.outcome, ended.err)
    last = [event for event in ended.events if event["type"] == "verdict"][-1]
    assert (last["kind"], last["cause"]) == ("HOLD", "thin")
    assert "It will be held thin: no critical journey of HTTP steps is declared" in remarks(ended.events)
