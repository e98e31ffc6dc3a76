"""``follow-up``: what is left to do after a rollback, and signing it once the run has ended."""

from __future__ import annotations

from pathlib import Path

from cpr_cockpit.engine.afterword import FOLDER
from cpr_cockpit.engine.journal import read
from cpr_cockpit.engine.writer import FILE
from tests.cli import runs
from tests.cli.commands import Command
from tests.engine.users import ERRORS

RUN = "20260101-000000-goal-aaaa"
ITEM = "rollback-follow-up.release-withdrawn"


def test_what_is_left_is_listed_with_what_the_machine_measured(command: Command) -> None:
    runs.ended(RUN, ERRORS)
    told = command("follow-up", RUN)
    assert told.code == 0
    assert "left to do" in told.out
    assert "[x] rollback-follow-up.errors-at-baseline" in told.out
    assert f"[ ] {ITEM}" in told.out


def test_a_signature_after_the_end_stands_in_list_and_report_and_the_journal_is_untouched(command: Command) -> None:
    folder = runs.ended(RUN, ERRORS)
    before = (folder / FILE).read_bytes()
    told = command("follow-up", RUN, "--sign", ITEM, "--as", "ana", "--note", "tag deleted")
    assert told.code == 0
    assert f"[x] {ITEM}" in told.out
    assert "signed (ana, tag deleted)" in told.out
    assert command("follow-up", RUN, "--sign", "post-rollback.root-cause", "--as", "ben").code == 0
    assert (folder / FILE).read_bytes() == before
    assert read(folder)[-1].event.type == "run.ended"
    assert command("report", RUN).code == 0
    report = (folder / "report" / "deployment-report.md").read_text("utf-8")
    assert "tag deleted" in report
    assert "- [x] Release withdrawn" in report
    assert "- [ ] Revert or flag in main" in report


def test_a_run_that_was_kept_has_no_follow_up(command: Command) -> None:
    folder = runs.ended(RUN)
    told = command("follow-up", RUN, "--sign", ITEM)
    assert (told.code, told.out) == (1, "")
    assert "was not rolled back" in told.err
    assert not (folder / FOLDER).exists()


def test_an_item_that_is_none_is_refused_with_those_that_are(command: Command) -> None:
    runs.ended(RUN, ERRORS)
    told = command("follow-up", RUN, "--sign", "database.backups")
    assert told.code == 2
    assert ITEM in told.err


def test_an_afterword_of_another_run_is_not_taken_for_this_one_s(command: Command) -> None:
    one, other = runs.ended(RUN, ERRORS), runs.ended("20260102-000000-goal-bbbb", ERRORS)
    assert command("follow-up", other.name, "--sign", ITEM).code == 0
    (other / FOLDER).rename(one / FOLDER)
    told = command("follow-up", RUN)
    assert told.code == 50
    assert "afterword of another run" in told.err
    assert Path(one / FILE).exists()
