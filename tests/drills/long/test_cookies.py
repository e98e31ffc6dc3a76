"""A client that holds a routing cookie: at every stage it meets the version that the cockpit says it meets."""

from __future__ import annotations

import ssl
from pathlib import Path

import httpx
import pytest

from cpr_cockpit.core.pinned import pinned_words, slot_holds
from cpr_cockpit.core.run import fold
from cpr_cockpit.engine.journal import read
from tests.drills.cockpit import Going, Home, lab_of

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

OLD, NEW = "v1.2.0", "v1.3.0"


def met(folder: Path) -> str:
    """What a client meets in production with the cookie of the slot."""
    ready = lab_of(folder).ready
    trust = ssl.create_default_context(cafile=ready["ca"])
    with httpx.Client(verify=trust, trust_env=False, timeout=30.0) as client:
        cookie = f"x-ms-routing-name={ready['slot']}"
        answer = client.get(f"{ready['production_url']}/api/health", headers={"Cookie": cookie})
    return str(answer.json()["version"])


def told(folder: Path) -> tuple[str, str]:
    """The version that a cookie leads to, by the run's journal, and the words of it on the screen."""
    run = fold(read(folder))
    return slot_holds(run), pinned_words(run, run.last_at)


def agrees(folder: Path, version: str) -> None:
    """Whoever holds a cookie meets that version, and it is said so."""
    said, words = told(folder)
    assert (met(folder), said) == (version, version)
    assert f"the cookie of slot green, which leads to {version}" in words


def shared(home: Home, *options: str) -> tuple[Going, Path]:
    drill = home.start("drill", *options, "--window", "60s", "--json")
    drill.wait_for_type("run.started")
    folder = home.folder()
    drill.wait_for(lambda line: line["type"] == "share.routed" and line["percent"] > 0.0)
    return drill, folder


def test_of_a_canary_that_is_rolled_back(home: Home) -> None:
    drill, folder = shared(home, "--strategy", "canary", "--scenario", "errors")
    agrees(folder, NEW)
    drill.wait_for_type("step.outcome", step="replace-bad", way="back")
    agrees(folder, OLD)
    assert drill.end().code == 10


def test_of_a_canary_that_is_kept(home: Home) -> None:
    drill, folder = shared(home, "--strategy", "canary", "--extended")
    agrees(folder, NEW)
    drill.wait_for_type("step.outcome", step="keep-warm", way="forward")
    agrees(folder, OLD)
    drill.wait_for_type("decision", word="keep")
    agrees(folder, OLD)
    assert drill.end(400.0).code == 0


def test_of_a_control_before_and_after_go(home: Home) -> None:
    drill, folder = shared(home, "--control", "5", "--extended")
    agrees(folder, OLD)
    drill.wait_for_type("step.outcome", step="release-control", way="forward")
    agrees(folder, OLD)
    assert "until" in told(folder)[1]
    assert drill.end(400.0).code == 0


def test_of_a_control_that_is_rolled_back(home: Home) -> None:
    drill, folder = shared(home, "--control", "5", "--scenario", "errors")
    agrees(folder, OLD)
    drill.wait_for_type("step.outcome", step="replace-bad", way="back")
    agrees(folder, OLD)
    assert drill.end().code == 10
