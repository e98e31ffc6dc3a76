"""A lab says when it is ready and has ended; that of a rehearsal ends with its run."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from cpr_cockpit.engine.places import all_runs
from cpr_cockpit.lab_client import READY_FILE, read_ready
from tests.cli.commands import Command
from tests.lab.running import until


def test_the_lab_says_when_it_is_ready_and_when_it_has_ended(tmp_path: Path) -> None:
    ready = tmp_path / "lab.json"
    ready.write_text("of another lab", "utf-8")
    words = [sys.executable, "-m", "cpr_cockpit", "lab", "--fast", "--ready-file", str(ready)]
    lab = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert lab.stderr is not None
        said = lab.stderr.readline()
        assert said == f"The lab is ready; {ready} names its addresses and credentials. Ctrl-C ends it.\n"
        assert read_ready(ready)["app"] == "goals-lab"
        lab.send_signal(signal.SIGINT)
        out, err = lab.communicate(timeout=30.0)
    finally:
        lab.kill()
        lab.wait()
    assert (lab.returncode, out) == (0, "")
    assert err == "The lab has ended: nothing of it is left running.\n"


def test_a_lab_that_cannot_start_says_why_alone(tmp_path: Path) -> None:
    old = tmp_path / "lab.json"
    old.write_text("of another lab", "utf-8")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        words = [sys.executable, "-m", "cpr_cockpit", "lab", "--ready-file", str(old), "--port", port]
        done = subprocess.run(words, capture_output=True, text=True, timeout=30.0, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert "Nothing was started" in line


@pytest.mark.long
def test_a_rehearsal_that_is_left_before_start_is_ended_by_stop_with_its_lab(command: Command) -> None:
    left = subprocess.run(
        [sys.executable, "-m", "cpr_cockpit", "rehearse", "--fast", "--plain"],
        input="quit\n", capture_output=True, text=True, timeout=90, check=False, env=dict(os.environ),
    )  # fmt: skip
    assert left.returncode == 0, left.stderr
    (folder,) = all_runs()
    place = Path(read_ready(folder / READY_FILE)["ca"]).parent
    try:
        assert place.is_dir()
        assert "The session and its lab go on until it is ended with: " in left.stdout
        assert left.stdout.rstrip().endswith(f"cpr-cockpit stop {folder.name}")
    finally:
        said = command("stop")
    assert said.code == 0, said.err
    assert "STOPPED: stopped before START: nothing was changed" in said.out
    assert (folder / "outcome.json").is_file()
    assert until(lambda: not place.exists()), "the lab outlives its run"
