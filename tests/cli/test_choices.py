"""What ``init`` asks a person, or nobody; and the file that comes of odd names."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from cpr_cockpit.adapters.git_facts import git_facts
from cpr_cockpit.cli.choices import Chooser, NoChoice
from cpr_cockpit.cli.init import written
from cpr_cockpit.config import load
from cpr_cockpit.config.first_file import FirstFile

APPS = ("goals-api", "goals-web", "payments")


def chooser(*answers: str, yes: bool = False, attended: bool = True) -> Chooser:
    left = iter(answers)
    return Chooser(yes, lambda question: next(left, ""), attended)


def chosen(asks: Chooser, told: str = "", found: tuple[str, ...] = APPS) -> str:
    return asks.one("app", found, lambda one: (one,), told, "--app")


def test_a_person_picks_by_number_or_by_name_and_is_told_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert chosen(chooser("2")) == "goals-web"
    assert chosen(chooser("9", "gaols-api", "Payments")) == "payments"
    assert "nearest match: goals-api" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: chosen(chooser("")), "No app was chosen."),
        (lambda: chosen(chooser(attended=False)), "several apps: goals-api, goals-web, payments. Name one with --app"),
        (lambda: chosen(chooser(), "goals-ap"), "no app 'goals-ap' (nearest match: goals-api)"),
        (lambda: chosen(chooser(), found=()), "no app that this sign-in sees"),
    ],
)
def test_where_nothing_is_chosen_it_says_why(ask: Callable[[], str], words: str) -> None:
    with pytest.raises(NoChoice) as caught:
        ask()
    assert words in str(caught.value)


def test_without_a_person_the_only_one_is_taken_and_the_first_with_yes() -> None:
    assert chosen(chooser(attended=False), found=("goals",)) == "goals"
    assert chosen(chooser(yes=True)) == "goals-api"
    assert chosen(chooser(attended=False), "PAYMENTS") == "payments"
    assert not chooser("y", attended=False).agreed("Write?")
    assert [chooser(answer).agreed("Write?") for answer in ("y", "Yes", "", "n")] == [True, True, False, False]


def test_odd_names_make_a_file_that_can_be_read(tmp_path: Path) -> None:
    guid = "8b1f3c52-6f0e-4d55-9a43-0c5a3f6f2b11"
    first = FirstFile(
        environment="pro duction.eu",
        tenant=guid,
        subscription=guid,
        resource_group="rg",
        app="goals",
        slot="green",
        workspace_id=guid,
        production_url="https://goals.example.net",
        slot_url="https://goals-green.example.net",
        tag=("cpr environment", 'a"b\\c'),
        person=('Ana "the \\ lead" Šimić', "AŠ"),
        code={"path": "..", "branch": "feature/x", "main": "main", "remote": "origin"},
        version="v1.2.3",
    )
    (tmp_path / "cockpit.toml").write_text(first.text(), "utf-8")
    settings = load(tmp_path / "cockpit.toml", {}).settings
    assert settings.environments["pro duction.eu"].tag == {"cpr environment": 'a"b\\c'}
    assert settings.people[0].name == 'Ana "the \\ lead" Šimić'


def test_git_tells_of_the_repository_and_who_works_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    assert git_facts(tmp_path).root is None
    for words in (
        ("init", "-q", "-b", "feature/0001"),
        ("config", "user.name", "Marta Lindqvist"),
        ("remote", "add", "origin", "https://example.net/goals"),
    ):
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True, capture_output=True)
    facts = git_facts(tmp_path)
    assert (facts.remote, facts.branch, facts.main, facts.tag) == ("origin", "feature/0001", "main", "")
    assert (facts.person, facts.root) == ("Marta Lindqvist", tmp_path.resolve())


def _first(environment: str = "production") -> FirstFile:
    guid = "8b1f3c52-6f0e-4d55-9a43-0c5a3f6f2b11"
    hosts = ("https://goals.example.org", "https://goals-green.example.org")
    return FirstFile(environment, guid, guid, "rg", "goals", "green", guid, *hosts)


@pytest.mark.parametrize("yes", [True, False])
def test_what_stood_in_the_file_is_kept_beside_it(
    tmp_path: Path, yes: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "cockpit.toml"
    for text in ("# what I wrote\n", "# once more\n"):
        path.write_text(text, "utf-8")
        assert written(path, _first().text(), chooser("y", yes=yes)) == 0
    assert (tmp_path / "cockpit.toml.before").read_text("utf-8") == "# what I wrote\n"
    assert (tmp_path / "cockpit.toml.before-2").read_text("utf-8") == "# once more\n"
    assert "is kept as" in capsys.readouterr().out
    assert load(path, {}).settings.environments["production"].app == "goals"


def test_a_file_behind_a_link_is_written_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    path, real = tmp_path / "cockpit.toml", tmp_path / "shared" / "cockpit.toml"
    real.write_text("# old\n", "utf-8")
    path.symlink_to(real)
    assert written(path, _first().text(), chooser(yes=True)) == 0
    assert path.is_symlink()
    assert "[environments.production]" in real.read_text("utf-8")


def test_a_name_that_no_file_can_hold_is_no_traceback() -> None:
    assert _first(environment="pro\udcff").text().encode()
