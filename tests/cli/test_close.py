"""``close``: refused with what is open while anything is; what the program can prove it marks; closed at last."""

from __future__ import annotations

import re
from pathlib import Path

from cpr_cockpit.core.checklist import items_of
from cpr_cockpit.core.checklists import QUALITY
from cpr_cockpit.engine.writer import FILE
from tests.cli import runs
from tests.cli.commands import Command
from tests.engine.users import ERRORS

RUN = "20260101-000000-goal-aaaa"
KEYS = [item.key for item in items_of(QUALITY)]


def beside(folder: Path, feature: Path) -> None:
    """What a person puts beside the feature: the papers, a line of progress, the changelog."""
    for name in ("deployment-plan.md", "deployment-report.md"):
        (feature / name).write_text((folder / "report" / name).read_text("utf-8"), "utf-8")
    deploy = feature / "automation-deploy.json"
    deploy.write_text(deploy.read_text("utf-8").replace("{", '{"version_deployed": "v1.3.0",', 1), "utf-8")
    (feature / "progress.md").write_text("- [x] Phase 8: Deploy\n", "utf-8")
    (feature / "CHANGELOG.md").write_text("## [1.3.0] - 2026-01-01\n- Goals\n\n## [1.2.0]\n", "utf-8")


def test_a_run_is_closed_only_when_the_32_stand(command: Command, feature: Path) -> None:
    folder = runs.ended(RUN)
    before = (folder / FILE).read_bytes()
    assert len(KEYS) == 32
    refused = command("close", RUN)
    assert refused.code == 1
    assert "are open: the run is not closed" in refused.out
    for item in ("quality-execution.deployed", "quality-documentation.report", "quality-rollback.plan"):
        assert f"[x] {item}" in refused.out
    assert "[ ] quality-documentation.changelog" in refused.out
    beside(folder, feature)
    told = command("close", RUN, "--feature", feature)
    assert "[x] quality-documentation.changelog" in told.out
    assert "CHANGELOG.md has v1.3.0 with 1 entries" in told.out
    left = re.findall(r"\[ \] (\S+)", told.out)
    assert command("close", RUN, "--waive", left[0], "--as", "ana").code == 2
    words = [word for item in left[1:] for word in ("--sign", item)]
    assert command("close", RUN, *words, "--as", "ana", "--note", "seen").code == 1
    closed = command("close", RUN, "--waive", left[0], "--note", "no screens", "--as", "ana")
    assert (closed.code, closed.err) == (0, "")
    assert "is closed by ana at" in closed.out
    assert (folder / FILE).read_bytes() == before
    assert "kept, closed" in command("runs").out
    assert "32 of 32 items, 1 of them waived" in command("status", RUN).out
    assert "**Run**: closed by ana" in (folder / "report" / "deployment-report.md").read_text("utf-8")
    again = command("close", RUN)
    assert (again.code, again.err) == (0, "")
    assert f"Run {RUN} was closed already by ana at " in again.out


def test_after_a_rollback_what_follows_it_closes_the_run(command: Command) -> None:
    folder = runs.ended(RUN, ERRORS)
    told = command("close", RUN)
    assert told.code == 1
    assert "[x] post-rollback.update-report" in told.out
    left = re.findall(r"\[ \] (\S+)", told.out)
    closed = command("close", RUN, *[word for item in left for word in ("--sign", item)])
    assert closed.code == 0
    assert "closed" in command("status", RUN).out
    assert "do not apply: v1.3.0 was rolled back" in (folder / "report" / "deployment-report.md").read_text("utf-8")
