"""The table [strategy]: what a run is told of it, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from cpr_cockpit.config import load
from cpr_cockpit.core.canary import PERCENTS, STEP_S
from cpr_cockpit.core.strategies import Course
from tests.config.files import TEXT, refused


def _written(folder: Path, table: str) -> Path:
    path = folder / "cockpit.toml"
    path.write_text(f"{TEXT}\n[strategy]\n{table}\n", "utf-8")
    return path


def _course(folder: Path, table: str) -> Course:
    strategy = load(_written(folder, table), {}).settings.strategy
    assert strategy is not None
    return strategy.course


def test_a_canary_has_shares_and_their_time_unless_they_are_given(tmp_path: Path) -> None:
    assert _course(tmp_path, 'name = "canary"') == Course("canary", PERCENTS, STEP_S)
    given = 'name = "canary"\nshares = [1, "10%", 40.5]\nstep_s = "10m"\ncontrol = "5%"\nharmless = ["identity"]'
    assert _course(tmp_path, given) == Course("canary", (1.0, 10.0, 40.5), 600.0, 5.0, ("identity",))


def test_a_swap_may_be_previewed(tmp_path: Path) -> None:
    assert _course(tmp_path, 'name = "blue-green"\npreview = true') == Course(preview=True)


def test_a_flag_is_raised_or_beside_another_strategy_the_kill_switch(tmp_path: Path) -> None:
    flagged = 'name = "feature-flag"\nflag = "goal-suggestions"\nshares = [10, 50]'
    assert _course(tmp_path, flagged) == Course("feature-flag", (10.0, 50.0), STEP_S, flag="goal-suggestions")
    beside = 'name = "canary"\nflag = "Goal suggestions/2"'
    assert _course(tmp_path, beside) == Course("canary", flag="Goal suggestions/2")


def test_without_the_table_it_is_all_at_once(tmp_path: Path) -> None:
    path = tmp_path / "cockpit.toml"
    path.write_text(TEXT, "utf-8")
    assert load(path, {}).settings.strategy is None


def test_rolling_has_the_time_of_its_gates_and_how_many_apps_are_switched_between_them(tmp_path: Path) -> None:
    assert _course(tmp_path, 'name = "rolling"') == Course("rolling", step_s=STEP_S, at_once=1)
    given = 'name = "rolling"\nat_once = 2\nstep_s = "10m"'
    assert _course(tmp_path, given) == Course("rolling", step_s=600.0, at_once=2)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ('name = "all-at-once"', "blue-green or canary or rolling or feature-flag"),
        ('name = "rolling"\nat_once = 0', "strategy.at_once"),
        ('name = "rolling"\nat_once = "2"', "strategy.at_once"),
        ('name = "canary"\nshares = [5, 5]', "shares rise"),
        ('name = "canary"\nshares = [25, 5]', "shares rise"),
        ('name = "canary"\nshares = []', "shares rise"),
        ('name = "canary"\nshares = [0, 5]', "strategy.shares[1]"),
        ('name = "canary"\nshares = [5, 100]', "strategy.shares[2]"),
        ('name = "canary"\nstep_s = "5"', "strategy.step_s"),
        ('name = "canary"\nstep_s = "30s"', "strategy.step_s"),
        ('name = "blue-green"\ncontrol = 60', "strategy.control"),
        ('name = "blue-green"\nharmless = [""]', "strategy.harmless[1]"),
        ('nam = "canary"', "strategy.nam"),
        ('name = "canary"\npreview = true', "preview belongs to blue-green"),
        ('name = "blue-green"\npreview = "yes"', "strategy.preview"),
        ('name = "feature-flag"', "needs a flag"),
        ('name = "feature-flag"\nflag = "goals"\ncontrol = 5', "has no control"),
        ('name = "feature-flag"\nflag = "a:b"', "strategy.flag"),
        ('name = "blue-green"\nflag = "50%"', "strategy.flag"),
        ('name = "blue-green"\nflag = " goals"', "strategy.flag"),
    ],
)
def test_what_cannot_be_is_refused_by_name(table: str, words: str, tmp_path: Path) -> None:
    told = refused(tmp_path, f"{TEXT}\n[strategy]\n{table}\n")
    assert any(words in problem for problem in told), told
