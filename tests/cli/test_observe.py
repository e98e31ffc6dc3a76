"""`open --observe`: what it may be told, and that it begins beside others, holds nothing and changes nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cpr_cockpit.core.run import Run, fold
from cpr_cockpit.core.showing import header
from cpr_cockpit.engine.app_lock import AppLock
from cpr_cockpit.engine.journal import read
from cpr_cockpit.engine.places import all_runs
from cpr_cockpit.engine.writer import writer_alive
from tests.cli.commands import Command, as_environment, sign_in
from tests.documents import folders
from tests.lab.running import RunningLab, until


def _observed(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own; whoever opened it leaves the face at once."""
    command = [sys.executable, "-m", "cpr_cockpit", "open", "--observe", "--plain", *map(str, words)]
    return subprocess.run(
        command, input="quit\n", capture_output=True, text=True, timeout=60, check=False, env=dict(os.environ)
    )


def _waits(folder: Path) -> Run:
    """The run once it waits for the switch."""
    assert until(lambda: fold(read(folder)).card is not None)
    return fold(read(folder))


def _stopped(command: Command, folder: Path) -> Run:
    command("stop", folder.name)
    assert until(lambda: not writer_alive(folder))
    return fold(read(folder))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--decide", "auto"), "--decide belongs to --observe"),
        (("--new-version", "v2"), "--new-version belongs to --observe"),
        (("--observe", "--json"), "--json belongs to --decide"),
        (("--observe", "--extended"), "--extended belongs to --decide"),
        (("--observe", "--window", "60s"), "--window belongs to --lab"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    command: Command, feature: Path, words: tuple[str, ...], said: str
) -> None:
    told = command("open", feature, *words)
    assert told.code == 2
    assert said in told.err
    assert all_runs() == []


def test_it_begins_beside_a_session_that_holds_the_app_though_the_gate_blocks(
    command: Command, feature: Path, lab: RunningLab, ready_file: Path
) -> None:
    (feature / folders.REPORT).unlink()
    changed = len(lab.log("request.mutating"))
    with AppLock(lab.ready["resource_manager"], lab.site, "a run that deploys"):
        opened = _observed(feature, "--lab", ready_file, "--as", "ml")
        assert opened.returncode == 0, opened.stderr
        assert "NOT READY" in opened.stderr
        assert "blocks nothing" in opened.stderr
        (folder,) = all_runs()
        run = _waits(folder)
    assert run.opened is not None
    assert (run.opened.observe, run.opened.mode, run.opened.new_version) == (True, "rehearse", "")
    assert list((folder / "artifacts").iterdir()) == []
    assert header(run).banner == "REHEARSAL OBSERVE ONLY"
    run = _stopped(command, folder)
    assert run.ended is not None
    assert (run.ended.decision, run.exit_code()) == ("stopped", 30)
    assert len(lab.log("request.mutating")) == changed
    assert lab.process.poll() is None


def test_an_environment_needs_no_artifacts(
    command: Command, feature: Path, lab: RunningLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    (feature / "cockpit.toml").write_text(as_environment(lab).split("[artifacts]")[0], "utf-8")
    sign_in(monkeypatch, lab)
    opened = _observed(feature, "--new-version", "v9.9.9")
    assert opened.returncode == 0, opened.stderr
    (folder,) = all_runs()
    run = _waits(folder)
    assert run.opened is not None
    assert (run.opened.mode, run.opened.new_version) == ("open", "v9.9.9")
    assert run.plan is not None
    assert run.plan.old_version == lab.ready["versions"]["serving"]
    _stopped(command, folder)
