"""How a lab ends, and how it refuses to begin: nothing is left behind, and one sentence says why."""

from __future__ import annotations

import concurrent.futures
import shutil
import signal
import socket
import subprocess
import threading
from pathlib import Path

import httpx
import pytest

from tests.lab import running

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds processes in /proc")


def _descendants(ancestor: int) -> set[int]:
    """Process ids of all children and their children."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text("utf-8").rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            parents[int(entry.name)] = int(fields[1])
    found: set[int] = set()
    while new := {pid for pid, parent in parents.items() if parent in found | {ancestor}} - found:
        found |= new
    return found


def _living(pids: set[int]) -> set[int]:
    """Those that are neither gone nor zombies."""
    living = set()
    for pid in pids:
        try:
            state = (Path("/proc") / str(pid) / "stat").read_text("utf-8").rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if state not in ("Z", "X"):
            living.add(pid)
    return living


@needs_proc
def test_kill_9_leaves_no_process_behind(tmp_path: Path) -> None:
    lab = running.start(tmp_path)
    children = _descendants(lab.process.pid)
    assert len(children) >= 3  # two slots and the clients
    lab.process.kill()
    lab.process.wait()
    assert running.until(lambda: not _living(children), 5.0), _living(children)
    # What no process is left to do.
    shutil.rmtree(Path(lab.ready["ca"]).parent)


@pytest.mark.long
@needs_proc
def test_a_lease_that_is_not_renewed_ends_the_lab_and_removes_its_folder(tmp_path: Path) -> None:
    lab = running.start(tmp_path, "--lease", "30")
    children, folder = _descendants(lab.process.pid), Path(lab.ready["ca"]).parent
    left = lab.control("GET", "/state")["lease_left"]
    assert 0.0 < left <= 30.0
    assert folder.is_dir()
    lab.control("POST", "/lease", json={"seconds": 0.2})
    assert lab.process.wait(20.0) == 0
    assert not folder.exists()
    assert not _living(children)


@needs_proc
def test_sigterm_ends_it_cleanly(tmp_path: Path) -> None:
    lab = running.start(tmp_path)
    children, folder = _descendants(lab.process.pid), Path(lab.ready["ca"]).parent
    lab.process.send_signal(signal.SIGTERM)
    assert lab.process.wait(20.0) == 0
    assert not folder.exists()
    assert not _living(children)
    assert (tmp_path / "lab.log").read_text("utf-8") == ""


def _refusal(ready_file: Path, *options: str) -> str:
    """The one line with which a lab refuses to begin."""
    command = running.command(ready_file, *options)
    done = subprocess.run(command, capture_output=True, text=True, timeout=30.0, check=False)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    return line


def test_a_taken_port_is_said_in_one_sentence_and_the_old_ready_file_stays(tmp_path: Path) -> None:
    old = tmp_path / "lab.json"
    old.write_text("of another lab", "utf-8")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        words = _refusal(old, "--port", str(port))
    assert str(port) in words
    assert "in use" in words
    assert "Nothing was started" in words
    assert old.read_text("utf-8") == "of another lab"
    assert list(tmp_path.iterdir()) == [old]


@pytest.mark.parametrize("obstacle", ["no folder", "a file for a folder", "a folder in its place"])
def test_a_ready_file_that_cannot_be_written_is_said_in_one_sentence(tmp_path: Path, obstacle: str) -> None:
    (tmp_path / "file").touch()
    place = {
        "no folder": tmp_path / "missing" / "lab.json",
        "a file for a folder": tmp_path / "file" / "lab.json",
        "a folder in its place": tmp_path,
    }[obstacle]
    words = _refusal(place)
    assert str(place) in words
    assert "Nothing was started" in words


def test_a_follower_of_the_log_and_a_request_that_is_cut_off_do_not_keep_the_lab(tmp_path: Path) -> None:
    lab = running.start(tmp_path)
    lab.control("PUT", "/telemetry", json={"fault": "cut"})
    following, asking = threading.Event(), threading.Event()

    def follow() -> int:
        with lab.kudu("production") as kudu, kudu.stream("GET", "/api/logstream") as stream:
            lines = stream.iter_lines()
            next(lines)
            following.set()
            return sum(1 for _ in lines)

    def ask() -> None:
        with lab.client(lab.ready["resource_manager"], lab.token()) as client:
            asking.set()
            client.get(f"{lab.ready['plan_id']}/providers/Microsoft.Insights/metrics", params=running.API_VERSION)

    with concurrent.futures.ThreadPoolExecutor() as threads:
        stream, request = threads.submit(follow), threads.submit(ask)
        try:
            assert following.wait(20.0)
            assert asking.wait(20.0)
            assert not request.done()
            lab.control("POST", "/stop")
            assert lab.process.wait(10.0) == 0
        finally:
            lab.process.kill()
            lab.process.wait()
        assert stream.result(5.0) >= 0, "it ended as a whole answer"
        with pytest.raises(httpx.TransportError):
            request.result(5.0)
    assert (tmp_path / "lab.log").read_text("utf-8") == ""
