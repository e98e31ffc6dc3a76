"""Times of earlier runs: of the same app only, the newest, and a broken journal keeps nobody from the others."""

from __future__ import annotations

import shutil
from pathlib import Path

from cpr_cockpit.engine.earlier import earlier_times
from cpr_cockpit.engine.settings import SessionSettings
from cpr_cockpit.engine.writer import FILE
from tests.engine.stage import Stage


def a_run(home: Path, name: str, *, app: str = "app", mode: str = "drill", laying_s: float = 0.5) -> SessionSettings:
    """A whole run of that name, whose deployments take so long; its settings."""
    with Stage(folder=home / name) as stage:
        stage.change(environment={**stage.settings.environment, "app": app, "slot": "green"}, mode=mode)
        stage.world.laying_s = laying_s
        stage.whole_run()
        return stage.settings


def test_the_newest_run_of_the_same_app_tells(tmp_path: Path) -> None:
    a_run(tmp_path, "20261101-100000-goal-0001", laying_s=5.0)
    now = a_run(tmp_path, "20261102-100000-goal-0002", laying_s=9.0)
    a_run(tmp_path, "20261103-100000-goal-0003", app="another", laying_s=1.0)
    a_run(tmp_path, "20261104-100000-goal-0004", mode="rehearse", laying_s=1.0)
    times = earlier_times(tmp_path, now)
    assert 5.0 < times["deploy"] < 9.0
    assert 1.0 < times["swap"] < 6.0
    # What was so already took no time of its own.
    assert "ensure-slot" not in times


def test_a_run_that_is_not_its_own_and_one_that_is_broken_tell_nothing(tmp_path: Path) -> None:
    first = a_run(tmp_path, "20261101-100000-goal-0001")
    assert earlier_times(tmp_path, first) == {}
    now = a_run(tmp_path, "20261102-100000-goal-0002")
    (tmp_path / "20261101-120000-goal-0009").mkdir()
    (tmp_path / "20261101-120000-goal-0009" / FILE).write_bytes(b"no database" * 100)
    (tmp_path / "a file").write_text("")
    assert "deploy" in earlier_times(tmp_path, now)
    shutil.rmtree(tmp_path)
    assert earlier_times(tmp_path, now) == {}
