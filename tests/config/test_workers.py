"""The table [workers]: one rule, and its way into a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from cpr_cockpit.cli.release import aim
from cpr_cockpit.config import load
from cpr_cockpit.core.workers import WorkerRule
from cpr_cockpit.wiring import Target, place_of
from tests.config.files import TEXT, refused

STICKY = '[workers]\nrule = "sticky-off"\nsetting = "WEBJOBS_STOPPED"\noff = "1"\npath = "/api/workers"\n'


def test_the_rule_and_its_address_reach_the_run(tmp_path: Path) -> None:
    path = tmp_path / "cockpit.toml"
    path.write_text(f"{TEXT}\n{STICKY}", "utf-8")
    loaded = load(path, {})
    chosen = aim(loaded, environment="production", lab=None)
    assert chosen.course.workers == WorkerRule("sticky-off", "WEBJOBS_STOPPED", "1")
    assert chosen.course.declared == (*chosen.course.harmless, "app setting WEBJOBS_STOPPED")
    assert Target.from_dict(chosen.target.to_dict()) == chosen.target
    assert place_of(chosen.target, {}).workers == loaded.settings.workers


def test_without_the_table_nothing_is_declared(tmp_path: Path) -> None:
    path = tmp_path / "cockpit.toml"
    path.write_text(TEXT, "utf-8")
    chosen = aim(load(path, {}), environment="production", lab=None)
    assert (chosen.course.workers, chosen.target.workers) == (None, None)


@pytest.mark.parametrize("rule", ["idempotent", "none"])
def test_the_other_rules_need_no_setting(tmp_path: Path, rule: str) -> None:
    path = tmp_path / "cockpit.toml"
    path.write_text(f'{TEXT}\n[workers]\nrule = "{rule}"\n', "utf-8")
    workers = load(path, {}).settings.workers
    assert workers is not None
    assert workers.declared == WorkerRule(rule)
    assert workers.declared.harmless == ()


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (STICKY.replace("sticky-off", "twice"), "workers.rule"),
        (STICKY.replace('setting = "WEBJOBS_STOPPED"\n', ""), "setting is missing"),
        (STICKY.replace("sticky-off", "idempotent"), "setting belongs to the rule"),
        (STICKY.replace("WEBJOBS_STOPPED", "WEB JOBS"), "workers.setting"),
        (STICKY.replace('"1"', '""'), "workers.off"),
        (STICKY.replace('"1"', "1"), "workers.off"),
        (STICKY.replace("/api/workers", "api/workers"), "workers.path"),
        (STICKY.replace("/api/workers", "/api/workers?all=1"), "workers.path"),
        (STICKY.replace("/api/workers", "//elsewhere.example/"), "workers.path"),
        (STICKY + 'token = "secret"\n', "workers.token"),
    ],
)
def test_what_may_not_stand_there(tmp_path: Path, table: str, words: str) -> None:
    told = refused(tmp_path, f"{TEXT}\n{table}")
    assert any(words in problem for problem in told), told
    assert not any("secret" in problem for problem in told)
