"""``deployment-plan.md``: every step with undo and requests, gate, checklists, what to watch; and the writing."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from cpr_cockpit.core import events as ev
from cpr_cockpit.core.checklist import items_of
from cpr_cockpit.core.run import fold
from cpr_cockpit.core.standings import lists_in_force
from cpr_cockpit.documents.feature import read_feature
from cpr_cockpit.documents.papers.deployment_plan import render_deployment_plan
from cpr_cockpit.documents.papers.writing import PLAN, REPORT, feature_folder, write_papers
from tests.documents import report_runs as runs
from tests.documents.folders import DEPLOY, FEATURE, SAMPLE, copy
from tests.documents.report_runs import ENDINGS, Told, run


@pytest.mark.parametrize("name", [name for name in ENDINGS if name != "blocked"])
def test_every_step_is_there_with_its_undo_and_its_requests(name: str) -> None:
    state = run(name)
    assert state.plan is not None
    text = render_deployment_plan(state, None)
    for steps in (state.plan.forward, state.plan.back):
        for number, step in enumerate(steps, start=1):
            assert f"### Step {number}: {step.title}\n" in text
            assert f"- Undo: {step.undo}\n" in text
    assert text.count("- Request: POST https://manager.example.net/") == sum(
        len(step.requests) for step in (*state.plan.forward, *state.plan.back)
    )


def test_the_strategy_is_told_with_its_options_and_who_chose_it() -> None:
    state = run("kept")
    assert state.plan is not None
    assert "**Strategy**: blue-green  \n" in render_deployment_plan(state, None)
    state.plan = state.plan.model_copy(update={"preview": True, "control": 5.0})
    state.chosen = ev.StrategyChosen(by="ben", strategy="blue-green", words="preview", course={})
    told = render_deployment_plan(state, None)
    assert "**Strategy**: blue-green + preview + 5 % control, chosen by ben before START  \n" in told


@pytest.mark.parametrize("name", ENDINGS)
def test_every_item_in_force_is_there_with_its_mark(name: str) -> None:
    state = run(name)
    text = render_deployment_plan(state, None)
    items = list(items_of(lists_in_force(state)))
    assert text.count("\n- [") == len(items)
    if name != "blocked":
        assert "- [x] Support team on standby - signed by MK at 2025-10-09 08:44:02 UTC: standing by" in text


def test_the_gate_is_told_with_its_reasons() -> None:
    text = render_deployment_plan(run("kept", Told(conditions=("p95 is close", "no load test"))), None)
    assert "**Level**: CONDITIONAL" in text
    assert "- p95 is close\n- no load test\n" in text
    assert "- UAT missing" in render_deployment_plan(run("blocked"), None)
    assert "No plan was made." in render_deployment_plan(run("blocked"), None)


def test_what_the_documents_want_watched_is_told_with_its_place() -> None:
    documents = read_feature(SAMPLE)
    text = render_deployment_plan(run("kept"), documents)
    assert documents.findings
    for one in documents.findings:
        assert one.text in text
        assert one.file in text
    for result in documents.tests:
        assert f"| {result.name} | {result.total} | {result.passed} | {result.failed} |" in text
    assert "the feature's documents were not at hand" in render_deployment_plan(run("kept"), None)


def test_a_rehearsal_says_so_in_the_plans_first_line() -> None:
    assert render_deployment_plan(run("kept", Told(mode="rehearse")), None).startswith("**REHEARSAL**: ")


# -- writing -----------------------------------------------------------------------------------------------------------


def test_all_papers_are_written_whole_and_for_their_owner_only(tmp_path: Path) -> None:
    feature = copy(tmp_path)
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in feature.iterdir()}
    written = write_papers(tmp_path / "run", run("kept"), feature)
    assert [path.name for path in written] == [REPORT, PLAN, DEPLOY]
    assert {path.name for path in (tmp_path / "run" / "report").iterdir()} == {REPORT, PLAN, DEPLOY}
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in written)
    assert before == {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in feature.iterdir()}
    assert json.loads(written[2].read_text("utf-8"))["production_deployment"]["overall_status"] == "SUCCESS"
    assert "Every field that the run knows is in it" in written[0].read_text("utf-8")


def test_without_the_features_file_the_report_says_why(tmp_path: Path) -> None:
    feature = copy(tmp_path)
    write_papers(tmp_path, run("kept"), feature)
    written = write_papers(tmp_path, run("kept"), None)
    assert [path.name for path in written] == [REPORT, PLAN]
    assert not (tmp_path / "report" / DEPLOY).exists(), "one of an earlier time would be taken for this one's"
    assert "**automation-deploy.json**: NOT completed" in written[0].read_text("utf-8")
    assert "- the feature's folder is not at hand" in written[0].read_text("utf-8")
    (feature / DEPLOY).write_text('{"metadata": {', "utf-8")
    written = write_papers(tmp_path, run("kept"), feature)
    assert [path.name for path in written] == [REPORT, PLAN]
    assert "ends in the middle: truncated" in written[0].read_text("utf-8")
    (feature / DEPLOY).unlink()
    written = write_papers(tmp_path, run("kept"), feature)
    assert f"- {DEPLOY}" in written[0].read_text("utf-8")


def test_writing_again_gives_the_same_bytes(tmp_path: Path) -> None:
    feature = copy(tmp_path)
    first = [path.read_bytes() for path in write_papers(tmp_path, run("rolled back"), feature)]
    assert first == [path.read_bytes() for path in write_papers(tmp_path, run("rolled back"), feature)]


def test_papers_that_cannot_be_written_leave_the_old_ones(tmp_path: Path) -> None:
    written = write_papers(tmp_path, run("kept"), None)
    before = written[0].read_bytes()
    (tmp_path / "report" / f"{REPORT}.{os.getpid()}.part").mkdir()
    with pytest.raises(OSError, match="part"):
        write_papers(tmp_path, run("held"), None)
    assert written[0].read_bytes() == before


def test_the_features_copy_in_the_runs_folder_is_found(tmp_path: Path) -> None:
    script = runs.prepared(Told())
    state = fold(script.rows)
    assert feature_folder(tmp_path, state) is None
    (tmp_path / "feature" / "0001-goals").mkdir(parents=True)
    assert feature_folder(tmp_path, state) == tmp_path / "feature" / "0001-goals"


@pytest.mark.parametrize("name", ["..", ".", "", "/", "../../etc"])
def test_a_features_name_leads_nowhere_else(tmp_path: Path, name: str) -> None:
    body = runs.opened(Told()).model_dump() | {"feature": name}
    state = fold([ev.Record(seq=1, at=1.0, event=ev.RunOpened.model_validate(body), hash="0" * 64)])
    (tmp_path / "feature").mkdir()
    assert feature_folder(tmp_path, state) is None


def test_the_sample_is_named_as_the_runs_of_a_lab_name_it() -> None:
    assert SAMPLE.name == FEATURE
