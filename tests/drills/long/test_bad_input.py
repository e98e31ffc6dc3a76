"""What people and machines get wrong: one clear message (what, what was not changed, what next) and its exit code."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.drills.cockpit import Going, Home, LabWatch, kill_session, lab_of
from tests.drills.long.series import assert_all_of, batches
from tests.lab.running import until
from tests.lab.test_lab_ends import _descendants as descendants
from tests.lab.test_lab_ends import _living as living

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

Case = Callable[[Home], None]


def _killed_at(home: Home, kind: str, **members: str) -> tuple[Path, LabWatch]:
    """The folder of a drill whose session was killed at this event."""
    drill = home.start("drill", "--window", "10s", "--json")
    folder = home.folder()
    watch = LabWatch(lab_of(folder))
    drill.wait_for_type(kind, **members)
    kill_session(folder)
    assert drill.end().code == 40
    return folder, watch


def _blocked(home: Home, folder: Path, watch: LabWatch, *words: str) -> None:
    """The resume ends before START, and nothing was changed."""
    ended = home.run("resume", folder.name, "--json")
    outcome = ended.outcome
    assert (ended.code, outcome["decision"]) == (1, "failed"), (outcome, ended.err)
    for word in (*words, "Nothing was changed"):
        assert word in outcome["reason"], outcome["reason"]
    assert [entry for entry in watch.log() if entry["kind"].startswith(("swap", "deploy"))] == []


def _failed(home: Home, folder: Path, watch: LabWatch, *words: str) -> None:
    """The resume ends after START, with the version that serves, and no swap was sent."""
    ended = home.run("resume", folder.name, "--json", timeout=600.0)
    outcome = ended.outcome
    assert (ended.code, outcome["decision"], outcome["production_version"]) == (40, "failed", "v1.2.0"), outcome
    for word in words:
        assert word in outcome["reason"], outcome["reason"]
    assert watch.swaps() == watch.swaps("swap.accepted") == []


def _change_ready_file(folder: Path, **members: str) -> None:
    path = folder / "lab.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | members), "utf-8")


def no_zip_before_start(home: Home) -> None:
    folder, watch = _killed_at(home, "run.opened")
    (folder / "artifacts" / "new.zip").write_bytes(b"<html>404 Not Found</html>")
    _blocked(home, folder, watch, "new.zip is not a readable zip", "Build the artifact of v1.3.0 again")


def no_zip_after_start(home: Home) -> None:
    folder, watch = _killed_at(home, "run.started")
    (folder / "artifacts" / "new.zip").write_bytes(b"<html>404 Not Found</html>")
    _failed(home, folder, watch, "new.zip is not a readable zip", "Nothing was sent", "Build the artifact of v1.3.0")


def wrong_credential_before_start(home: Home) -> None:
    folder, watch = _killed_at(home, "run.opened")
    _change_ready_file(folder, client_secret="wrong")
    _blocked(home, folder, watch, "Signing in", "refused", "Check the client id and its secret")


def wrong_credential_after_start(home: Home) -> None:
    folder, watch = _killed_at(home, "step.intent", step="baseline")
    _change_ready_file(folder, client_secret="wrong")
    _failed(home, folder, watch, "Signing in", "Check the client id and its secret")


def a_group_that_does_not_exist(home: Home) -> None:
    folder, watch = _killed_at(home, "run.opened")
    _change_ready_file(folder, resource_group="rg-nowhere")
    _blocked(home, folder, watch, "rg-nowhere", "Check the pinned names")


def an_app_that_does_not_exist(home: Home) -> None:
    folder, watch = _killed_at(home, "run.opened")
    _change_ready_file(folder, app="no-such-app")
    _blocked(home, folder, watch, "no-such-app", "Check the pinned names")


def a_slot_that_will_not_start(home: Home) -> None:
    folder, watch = _killed_at(home, "run.opened")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("main.py", "raise SystemExit('no setting DATABASE')\n")
    (folder / "artifacts" / "new.zip").write_bytes(packed.getvalue())
    _failed(home, folder, watch, "Deploy v1.3.0 to slot green", "did not come up", "production serves v1.2.0")


def a_second_session_on_the_same_run(home: Home) -> None:
    drill = home.start("drill", "--window", "10s", "--json")
    drill.wait_for_type("run.started")
    folder = home.folder()
    watch = LabWatch(lab_of(folder))
    for arguments in ((), ("--go-on",), ("--rollback", "ana")):
        second = subprocess.run(
            [sys.executable, "-m", "cpr_cockpit.session_main", str(folder), *arguments],
            env=home.environment,
            capture_output=True,
            text=True,
            timeout=60.0,
            check=False,
        )
        assert second.returncode == 1
        (line,) = second.stderr.splitlines()
        assert "session" in line
        assert "Nothing was changed" in line
    followed = home.run("resume", folder.name, "--json")
    first = drill.end()
    assert (first.code, followed.code) == (0, 0)
    assert followed.outcome["decision"] == first.outcome["decision"] == "kept"
    assert [entry["version"] for entry in watch.swaps()] == ["v1.3.0"]


def the_lab_is_killed(home: Home) -> None:
    drill = home.start("drill", "--window", "60s", "--json")
    drill.wait_for_type("step.outcome", step="keep-warm")
    folder = home.folder()
    lab = _lab_process(folder)
    children = descendants(lab)
    assert len(children) >= 3  # two slots and the clients
    os.kill(lab, signal.SIGKILL)
    assert until(lambda: not living({lab, *children}), 5.0), living({lab, *children})
    assert home.run("status", folder.name).code == 0
    _never_go(drill)


def _lab_process(folder: Path) -> int:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            words = (entry / "cmdline").read_bytes().split(b"\0") if (entry / "cmdline").exists() else []
            if b"cpr_cockpit.lab" in words and str(folder / "lab.json").encode() in words:
                return int(entry.name)
    raise AssertionError("no lab runs for this drill")


def _never_go(drill: Going) -> None:
    """With its lab gone the run ends by no decision to keep: the watch says what it cannot see any more."""
    drill.wait_for(lambda line: line["type"] == "verdict" and line["kind"] in ("HOLD", "ROLLBACK"))


CASES: tuple[Case, ...] = (
    no_zip_before_start,
    no_zip_after_start,
    wrong_credential_before_start,
    wrong_credential_after_start,
    a_group_that_does_not_exist,
    an_app_that_does_not_exist,
    a_slot_that_will_not_start,
    a_second_session_on_the_same_run,
    the_lab_is_killed,
)


@pytest.mark.parametrize("cases", batches(CASES), ids=lambda cases: "; ".join(case.__name__ for case in cases))
def test_a_drill_with_bad_input(cases: list[Case], tmp_path: Path) -> None:
    assert_all_of(cases, tmp_path, lambda home, case: case(home))


def test_a_state_folder_that_cannot_be_written(home: Home) -> None:
    home.state.write_text("a file where the folder should be", "utf-8")
    ended = home.run("drill", "--json")
    assert (ended.code, ended.out) == (1, "")
    (line,) = ended.err.splitlines()
    for word in (str(home.state), "cannot be written", "Nothing was changed", "Set XDG_STATE_HOME"):
        assert word in line


@pytest.mark.parametrize("command", ["status", "report", "resume", "rollback", "stop"])
def test_a_run_that_does_not_exist(home: Home, command: str) -> None:
    (home.state / "cpr-cockpit" / "runs" / "another").mkdir(parents=True)
    ended = home.run(command, "nowhere")
    assert (ended.code, ended.out) == (2, "")
    (line,) = ended.err.splitlines()
    assert "There is no run 'nowhere'" in line
    assert "cpr-cockpit runs" in line


def test_a_port_that_is_taken(home: Home) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ended = home.run("lab", "--ready-file", str(home.root / "ready.json"), "--port", port)
    assert (ended.code, ended.out) == (1, "")
    (line,) = ended.err.splitlines()
    for word in (port, "in use", "Nothing was started"):
        assert word in line
    assert not (home.root / "ready.json").exists()
