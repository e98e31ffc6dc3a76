"""One session for one app, and the one act that this never holds up: a rollback."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.run import fold
from cpr_cockpit.core.strategy import NEW_ARTIFACT
from cpr_cockpit.engine.app_lock import AppBusy, AppLock, hold_all
from cpr_cockpit.engine.journal import read
from cpr_cockpit.engine.places import make_run_folder
from cpr_cockpit.engine.settings import SessionSettings
from cpr_cockpit.wiring import Target, environment_of, write_config
from tests.cli.commands import Command, ready_with
from tests.lab.running import RunningLab

SITE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/goals"
HOLD = """
import sys, time
from cpr_cockpit.engine.app_lock import AppLock
lock = AppLock("https://a", sys.argv[1], "first")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def _state(command: Command) -> None:
    """A state folder of the test's own."""


def test_a_second_lock_says_who_holds_the_first_and_what_to_do() -> None:
    with AppLock("https://a", SITE, "first"):
        with pytest.raises(AppBusy, match=r"Run first \(process \d+\) holds app goals: .* Nothing was changed\. Join"):
            AppLock("https://A", SITE.upper().replace("GOALS", "goals"), "second")
        AppLock("https://b", SITE, "of another lab").close()
    AppLock("https://a", SITE, "second").close()


def test_of_several_apps_all_are_held_or_none() -> None:
    others = ("https://a", f"{SITE}-2"), ("https://a", SITE)
    with AppLock("https://a", SITE, "first"):
        with pytest.raises(AppBusy, match=r"Run first \(process \d+\) holds app goals:"):
            hold_all(others, "second")
        AppLock("https://a", f"{SITE}-2", "third").close()
    with hold_all(others, "second"), pytest.raises(AppBusy, match="Run second"):
        AppLock("https://a", f"{SITE}-2", "third")


def test_a_lock_ends_with_its_process() -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLD, SITE], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdin is not None
    try:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(AppBusy, match=f"process {holder.pid}"):
            AppLock("https://a", SITE, "second")
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        AppLock("https://a", SITE, "second").close()
    finally:
        holder.kill()
        holder.wait()
        holder.stdin.close()
        holder.stdout.close()


def _run(lab: RunningLab) -> Path:
    """A run's folder on the lab, ready for its session."""
    folder = make_run_folder("20261125-000000-goal-0001")
    ready = ready_with(folder, lab)
    settings = SessionSettings(
        run=folder.name,
        feature="goal",
        mode="rehearse",
        actor="ML",
        script=None,
        environment=environment_of(lab.ready),
        slot=lab.ready["slot"],
        new_version=lab.ready["versions"]["good"],
        policy=Policy(),
        window_s=900.0,
        declared_delay_s=2.0,
        readiness=(),
        folder=folder,
    )
    shutil.copyfile(lab.ready["packages"]["good"], settings.artifacts / NEW_ARTIFACT)
    write_config(settings, Target(ready_file=ready.name))
    return folder


def _session(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cpr_cockpit.session_main", str(folder), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.long
def test_a_held_app_refuses_a_session_but_no_rollback(lab: RunningLab) -> None:
    folder = _run(lab)
    with AppLock(lab.ready["resource_manager"], lab.site, "another"):
        refused = _session(folder)
        assert refused.returncode == 1
        assert refused.stderr.startswith("Run another (process ")
        rolled_back = _session(folder, "--rollback", "ML")
    assert rolled_back.returncode == 0, rolled_back.stderr
    assert fold(read(folder)).ended is not None
