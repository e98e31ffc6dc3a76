"""The tables [[checks]] and [[code]]: their way into a run, and what is said of those that cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from cpr_cockpit.cli.release import aim
from cpr_cockpit.config import SettingsError, load
from cpr_cockpit.wiring import Target, place_of
from tests.config.files import TEXT, refused

CHECK = """
[[checks]]
item = "configuration.cors"
name = "preflight"
url = "https://goals-api.azurewebsites.net/api/v1/goals"
method = "OPTIONS"
headers = { Origin = "https://goals.example.org" }
status = 204
answers = { Access-Control-Allow-Origin = "https://goals.example.org" }
within_ms = "2s"

[[checks]]
item = "database.backups"
name = "newest backup"
command = ["./newest-backup", "--at-most", "24h"]
timeout_s = "1m"
"""
CODE = """
[[code]]
path = "../goals-api"
branch = "feature/0001-goals"
"""


def test_both_reach_the_run_with_the_folder_tag_and_commit(tmp_path: Path) -> None:
    path = tmp_path / "cockpit.toml"
    path.write_text(f"{TEXT}\n{CHECK}\n{CODE}".replace('# commit = "5f1d', 'commit = "5f1d'), "utf-8")
    chosen = aim(load(path, {}), environment="production", lab=None)
    declared = chosen.target.declared
    assert [one.name for one in declared.checks] == ["preflight", "newest backup"]
    assert (declared.checks[0].within_ms, declared.checks[1].timeout_s) == (2000.0, 60.0)
    assert (declared.home, declared.tag) == (str(tmp_path), "v1.3.0")
    assert declared.commit.startswith("5f1d")
    assert Target.from_dict(chosen.target.to_dict()) == chosen.target
    assert place_of(chosen.target, {}).declared == declared
    assert place_of(chosen.target, {}).certificate_days == 14.0


def test_a_check_takes_its_secret_from_a_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOALS_KEY", "top-secret")
    path = tmp_path / "cockpit.toml"
    table = CHECK.replace('method = "OPTIONS"', 'header = "X-Key"\nheader_env = "GOALS_KEY"')
    path.write_text(f"{TEXT}\n{table}", "utf-8")
    chosen = aim(load(path, {}), environment="production", lab=None)
    assert "top-secret" not in str(chosen.target.to_dict())
    assert place_of(chosen.target, {}).secrets["GOALS_KEY"] == "top-secret"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("configuration.cors", "configuration.corss", "meant configuration.cors?"),
        ("configuration.cors", "communication.stakeholders-notified", "needs a person's signature"),
        ('name = "newest backup"', 'name = "preflight"', "as in checks[1]"),
        ("command = [", "status = 200\ncommand = [", "status belongs to url"),
        ('url = "https', 'command = ["./x"]\nurl = "https', "give either command or url"),
        ('command = ["./newest-backup", "--at-most", "24h"]', "", "give either command or url"),
        ('command = ["./newest-backup", "--at-most", "24h"]', 'command = [""]', "command names no program"),
        ("/api/v1/goals", "/api/v1/goals?code=123", "url holds a secret (code)"),
        ("https://goals-api", "http://goals-api", "is no https address"),
        ('method = "OPTIONS"', 'method = "POST"', "checks[1].method"),
        ('method = "OPTIONS"', 'header = "X-Key"', "header and header_env belong together"),
        ('method = "OPTIONS"', 'header = "X-Key"\nheader_env = "COCKPIT_KEY"', "begins with COCKPIT_"),
        ("{ Origin =", '{ "Ori gin" =', "holds a name that no header has"),
        ('{ Origin = "https', '{ Origin = " https', "holds a value that no header can carry"),
        ("{ Origin =", "{ Authorization =", "headers holds a secret (Authorization)"),
        ("{ Origin =", '{ "X-Functions-Key" =', "headers holds a secret (X-Functions-Key)"),
        ("{ Origin =", "{ Cookie =", "headers holds a secret (Cookie)"),
        ("configuration.cors", "first-hour-logs.data-corruption", "checks end with the extended validation"),
        ('timeout_s = "1m"', 'timeout_s = "1h"', "checks[2].timeout_s"),
        ('branch = "feature/0001-goals"', 'branch = "--upload-pack=x"', "code[1].branch"),
        ('branch = "feature/0001-goals"', 'branch = "a..b"', "code[1].branch"),
        ('branch = "feature/0001-goals"', "", "code[1].branch"),
    ],
)
def test_what_cannot_be_used_is_told_by_name(tmp_path: Path, old: str, new: str, words: str) -> None:
    tables = f"{CHECK}\n{CODE}"
    assert old in tables
    told = refused(tmp_path, f"{TEXT}\n{tables.replace(old, new, 1)}")
    assert any(words in one for one in told), told
    if "holds a secret" in words:
        assert "goals.example.org" not in str(told), "an error does not quote what may be one"


def test_a_repository_is_named_with_where_it_is(tmp_path: Path) -> None:
    path = tmp_path / "cockpit.toml"
    table = '[github]\napi = "https://ghe.example.org/api/v3/"\ntoken_env = "GHE_TOKEN"\n'
    path.write_text(f'{TEXT}\n{CODE}repository = "goals/goals-api"\n{table}', "utf-8")
    chosen = aim(load(path, {}), environment="production", lab=None)
    place = place_of(Target.from_dict(chosen.target.to_dict()), {})
    assert (place.code[0].repository, place.github.api) == ("goals/goals-api", "https://ghe.example.org/api/v3")
    assert (place.github.token_env, place.github_token) == ("GHE_TOKEN", "")
    for wrong in ('api = "http://ghe.example.org"', 'api = "https://me:pw@ghe.example.org"', 'token_env = "a b"'):
        path.write_text(f"{TEXT}\n[github]\n{wrong}\n", "utf-8")
        with pytest.raises(SettingsError, match="github"):
            load(path, {})
    for wrong in ("goals/..", "-goals/api", "goals/api/pulls", "goals/a?b"):
        path.write_text(f'{TEXT}\n{CODE}repository = "{wrong}"\n', "utf-8")
        with pytest.raises(SettingsError, match="repository"):
            load(path, {})
