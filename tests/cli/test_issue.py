"""``issue``: recorded after a run's end, changed by its number, in report, JSON and status; the journal stays whole."""

from __future__ import annotations

import json
from functools import partial

import pytest

from cpr_cockpit.cli.written import write
from cpr_cockpit.core.run import fold
from cpr_cockpit.engine.afterword import with_afterword
from cpr_cockpit.engine.desk_issues import issue_event
from cpr_cockpit.engine.journal import read
from cpr_cockpit.engine.writer import FILE
from tests.cli import runs
from tests.cli.commands import Command
from tests.documents import folders

RUN = "20260101-000000-goal-aaaa"


def test_an_issue_after_the_end_stands_in_list_report_file_and_status(command: Command) -> None:
    folder = runs.ended(RUN)
    folders.copy(folder / "feature")
    before = (folder / FILE).read_bytes()
    words = ("--severity", "high", "--category", "performance", "--title", "slow | search", "--as", "ana")
    told = command("issue", RUN, *words)
    assert (told.code, told.err) == (0, "")
    assert "ISSUE-001 HIGH OPEN performance: slow | search (ana)" in told.out
    assert command("issue", RUN, "--update", "1", "--status", "resolved", "--resolution", "index").code == 0
    assert (folder / FILE).read_bytes() == before
    assert "1 recorded, 0 not resolved" in command("status", RUN).out
    assert json.loads(command("issue", RUN, "--list", "--json").out)[0]["resolution"] == "index"
    assert command("report", RUN).code == 0
    report = (folder / "report" / "deployment-report.md").read_text("utf-8")
    assert "- **ISSUE-001**: slow \\| search (recorded by ana" in report
    assert "  - Resolution: index\n  - Status: RESOLVED" in report


@pytest.mark.usefixtures("command")
def test_two_who_write_at_once_get_two_numbers() -> None:
    """Each has read the run before the other one wrote."""
    folder = runs.ended(RUN)
    records = read(folder)
    run = fold(records)
    for title in ("slow", "logo"):
        told = {"severity": "LOW", "title": title}
        write(folder, records, run, partial(issue_event, by="ana", fields=told), "issue", told)
    seen = fold(with_afterword(folder, records))
    assert [(number, one.title) for number, one in seen.issues.items()] == [(1, "slow"), (2, "logo")]


def test_what_is_no_issue_is_refused_and_nothing_is_written(command: Command) -> None:
    folder = runs.ended(RUN)
    for words in (["--severity", "urgent", "--title", "x"], ["--title", "x"], ["--update", "7", "--status", "OPEN"]):
        told = command("issue", RUN, *words)
        assert told.code == 2
        assert "Nothing was recorded" in told.err
    assert not (folder / "afterword").exists()
    assert "0 of 0 not resolved" in command("issue", RUN).out
