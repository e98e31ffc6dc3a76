"""The tables [[journeys]] and [secrets.NAME]: their way into a run, and what is said of those that cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from cpr_cockpit.cli.release import aim, lacking
from cpr_cockpit.config import load
from cpr_cockpit.lab.journeys import TABLES
from cpr_cockpit.wiring import Target, place_of
from cpr_cockpit.wiring.journeys import lab_tables
from tests.config.files import TEXT, refused

JOURNEY = """
[secrets.login]
env = "GOALS_LOGIN"

[[journeys]]
name = "goals"
account = "deploy-check@goals.example"
critical = true

[[journeys.steps]]
name = "login"
method = "POST"
path = "/api/v1/sign-in"
body = { email = "deploy-check@goals.example", password = "{secret:login}" }
captures.token = { pointer = "/token" }
proves = ["login"]

[[journeys.steps]]
name = "list"
path = "/api/v1/goals"
headers = { Authorization = "Bearer {token}" }
exists = ["/0/id"]
within_ms = "2s"
proves = ["data", "feature"]

[[journeys]]
name = "browser"
account = "deploy-check@goals.example"
at = ["slot"]
command = ["npx", "playwright", "test"]
variables = { LOGIN_PASSWORD = "{secret:login}" }
timeout_s = "5m"
"""


def test_journeys_reach_the_run_and_no_secret_goes_with_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOALS_LOGIN", "top-hidden")
    path = tmp_path / "cockpit.toml"
    path.write_text(f"{TEXT}\n{JOURNEY}", "utf-8")
    chosen = aim(load(path, {}), environment="production", lab=None)
    tables = chosen.target.journeys
    assert [one.name for one in tables.journeys] == ["goals", "browser"]
    assert (tables.names("production"), tables.names("slot")) == (("goals",), ("goals", "browser"))
    assert (tables.journeys[0].steps[1].within_ms, tables.journeys[1].timeout_s) == (2000.0, 300.0)
    assert chosen.course.journeys == ("goals", "browser")
    assert Target.from_dict(chosen.target.to_dict()) == chosen.target
    assert place_of(chosen.target, {}).journeys == tables
    assert "top-hidden" not in str(chosen.target.to_dict())


def test_a_variable_that_is_not_set_is_told_beforehand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COCKPIT_USER_TOKEN", "of-a-user")
    path = tmp_path / "cockpit.toml"
    path.write_text(f"{TEXT}\n{JOURNEY}", "utf-8")
    words = [one.words() for one in lacking(aim(load(path, {}), environment="production", lab=None))]
    told = "variable GOALS_LOGIN: is not set, and it holds secret 'login' of journeys"
    assert words == [f"{told}. Allowed: what journeys sign in with."]


def test_the_labs_own_journeys_are_tables_that_a_file_could_hold() -> None:
    tables = lab_tables({"journeys": {"journeys": TABLES}})
    assert [one.critical for one in tables.journeys] == [True, False]
    assert lab_tables({"journeys": tables.to_dict()}) == tables
    assert lab_tables({}).journeys == ()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"Bearer {token}"', '"Bearer {tokn}"', "step 'list' refers to 'tokn', which no step before it captures"),
        ('"Bearer {token}"', '"Bearer {token"', "holds a brace by itself"),
        ('"Bearer {token}"', '"Bearer abcdef"', "headers holds a secret (Authorization)"),
        ('"{secret:login}" }\ncap', '"hunter2" }\ncap', "body holds a secret (password)"),
        ("[secrets.login]", "[secrets.logon]", "refers to secret 'login': there is no [secrets.login]"),
        (
            'env = "GOALS_LOGIN"',
            'env = "GOALS_LOGIN"\ncommand = ["pass"]',
            "found env and command",
        ),
        ('env = "GOALS_LOGIN"', 'vault = "https://x.vault.azure.net/keys/a"', "is no address of a secret"),
        ('env = "GOALS_LOGIN"', 'env = "COCKPIT_LOGIN"', "such variables stand for keys of this file"),
        ('{ pointer = "/token" }', '{ pointer = "/token", header = "X" }', "found pointer and header"),
        ('{ pointer = "/token" }', '{ regex = "(a+)+" }', "repeats what itself repeats"),
        ('{ pointer = "/token" }', '{ regex = "(a)(b)" }', "has several groups"),
        ('path = "/api/v1/goals"', 'path = "https://elsewhere.example/goals"', "is no path"),
        ('path = "/api/v1/goals"', 'path = "{secret:login}"', "is no path"),
        ('name = "list"', 'name = "login"', "two steps are called 'login'"),
        ('at = ["slot"]', 'at = ["somewhere"]', "at names 'somewhere'"),
        ('name = "browser"', 'name = "Goals"', "is called like another one"),
        ('name = "browser"', 'name = "goals"', "journey 'goals' is called like another one"),
        ("within_ms", 'form = { a = "1" }\nwithin_ms', "form is sent by POST"),
        ('command = ["npx", "playwright", "test"]', "", "give either steps or command"),
        ('proves = ["login"]', 'proves = ["logn"]', "(meant login?)"),
        ("within_ms = ", "status = [99]\nwithin_ms = ", "status"),
        ('LOGIN_PASSWORD = "{secret:login}"', 'LOGIN_PASSWORD = "{token}"', "a command has none"),
    ],
)
def test_what_cannot_be_used_is_told(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert JOURNEY.count(old) == 1, old
    problems = refused(tmp_path, f"{TEXT}\n{JOURNEY.replace(old, new)}")
    assert any(words in one for one in problems), problems
    assert "hunter2" not in str(problems)


def test_a_step_that_is_there_to_be_refused_may_hold_a_broken_token(tmp_path: Path) -> None:
    text = JOURNEY.replace('"Bearer {token}" }', '"Bearer broken" }\nstatus = 401')
    path = tmp_path / "cockpit.toml"
    path.write_text(f"{TEXT}\n{text}", "utf-8")
    assert load(path, {}).settings.journeys[0].steps[1].status == (401,)
