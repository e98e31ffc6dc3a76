"""`open`: the run's folder, its session, one session for one app. Shown by the face of lines, which is left at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cpr_cockpit.core.run import Run, fold
from cpr_cockpit.engine.journal import read
from cpr_cockpit.engine.places import all_runs
from cpr_cockpit.engine.writer import writer_alive
from tests.cli.commands import Command, as_environment, ready_with, sign_in
from tests.documents import folders
from tests.lab.running import RunningLab, until


def _opened(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own; whoever opened it leaves the face at once."""
    command = [sys.executable, "-m", "cpr_cockpit", "open", *map(str, words), "--plain"]
    return subprocess.run(
        command, input="quit\n", capture_output=True, text=True, timeout=60, check=False, env=dict(os.environ)
    )


def _planned(folder: Path) -> Run:
    """The run once its plan is made."""
    assert until(lambda: fold(read(folder)).card is not None)
    return fold(read(folder))


def _stop(command: Command, folder: Path) -> None:
    command("stop", folder.name)
    assert until(lambda: not writer_alive(folder))


def test_a_rehearsal_on_a_lab_of_somebody_and_a_second_session_is_refused(
    command: Command, feature: Path, lab: RunningLab, ready_file: Path
) -> None:
    first = _opened(feature, "--lab", ready_file, "--as", "ml")
    assert first.returncode == 0, first.stderr
    (folder,) = all_runs()
    try:
        run = _planned(folder)
        assert run.opened is not None
        assert (run.opened.mode, run.opened.actor) == ("rehearse", "Marta Lindqvist")
        assert (folder / "borrowed-lab.json").stat().st_mode & 0o777 == 0o600
        assert lab.ready["client_secret"] not in (folder / "session.json").read_text("utf-8")
        assert (folder / "feature" / folders.FEATURE / folders.DEPLOY).is_file()

        second = _opened(feature, "--lab", ready_file)
        assert second.returncode == 1
        assert f"Run {folder.name} (process " in second.stderr
        assert "holds app goals-lab" in second.stderr
        assert "Nothing was changed." in second.stderr
        assert f"cpr-cockpit attach {folder.name}" in second.stderr
        assert all_runs() == [folder]
    finally:
        _stop(command, folder)
    third = _opened(feature, "--lab", ready_file)
    assert third.returncode == 0, third.stderr
    _stop(command, next(one for one in all_runs() if one != folder))
    assert lab.process.poll() is None


def test_an_environment_is_met_with_the_chain_of_azure_identity(
    command: Command, feature: Path, lab: RunningLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    (feature / "cockpit.toml").write_text(as_environment(lab), "utf-8")
    sign_in(monkeypatch, lab)
    opened = _opened(feature)
    assert opened.returncode == 0, opened.stderr
    (folder,) = all_runs()
    try:
        run = _planned(folder)
        assert run.opened is not None
        assert run.opened.mode == "open"
        assert run.opened.environment["subscription"] == lab.ready["subscription"]
        kept = json.loads((folder / "session.json").read_text("utf-8"))
        assert kept["target"]["environment"]["app"] == lab.ready["app"]
        assert not (folder / "lab.json").exists()
    finally:
        _stop(command, folder)


def test_a_folder_that_is_not_ready_opens_nothing(command: Command, feature: Path, ready_file: Path) -> None:
    (feature / folders.REPORT).unlink()
    said = command("open", feature, "--lab", ready_file, "--plain")
    assert said.code == 1
    assert "The gate says NOT READY: test-report.md: missing" in said.err
    assert all_runs() == []


def test_a_stranger_is_refused_with_the_nearest_person(command: Command, feature: Path, ready_file: Path) -> None:
    said = command("open", feature, "--lab", ready_file, "--as", "Jonas Webber", "--plain")
    assert said.code == 1
    assert "nearest match: Jonas Weber" in said.err
    assert "ML (Marta Lindqvist), JW (Jonas Weber)" in said.err


def test_a_bad_artifact_opens_nothing(command: Command, feature: Path, tmp_path: Path, lab: RunningLab) -> None:
    packages = lab.ready["packages"] | {"good": lab.ready["packages"]["bad"]}
    said = command("open", feature, "--lab", ready_with(tmp_path, lab, packages=packages), "--plain")
    assert said.code == 1
    assert "is not a readable zip" in said.err
    assert all_runs() == []


def test_an_environment_whose_smoke_tests_lack_their_token_opens_nothing(command: Command, feature: Path) -> None:
    said = command("open", feature, "--plain")
    assert said.code == 1
    assert "COCKPIT_USER_TOKEN" in said.err
    assert all_runs() == []


def test_without_a_terminal_nothing_is_begun(command: Command, feature: Path, ready_file: Path) -> None:
    said = command("open", feature, "--lab", ready_file)
    assert said.code == 1
    assert "--plain" in said.err
    assert all_runs() == []
