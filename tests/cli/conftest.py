from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.commands import Command, ready_with
from tests.documents import folders
from tests.lab import running


@pytest.fixture
def feature(tmp_path: Path) -> Path:
    """A copy of the sample feature: READY, with the example cockpit.toml."""
    return folders.copy(tmp_path)


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs commands in this process, with a state folder of their own and no variable of ours."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for name in ("COCKPIT_ENVIRONMENT", "COCKPIT_USER_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return Command(capsys)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[running.RunningLab]:
    """One real lab for a module, met over the wire only."""
    folder = tmp_path_factory.mktemp("lab")
    with running.running(folder) as started:
        yield started


@pytest.fixture
def ready_file(lab: running.RunningLab, tmp_path: Path) -> Path:
    """The lab's ready file."""
    return ready_with(tmp_path, lab)
