from __future__ import annotations

import tomllib
from dataclasses import fields
from pathlib import Path

import pytest
from pydantic import BaseModel

from cpr_cockpit.config import Artifacts, Cloud, Environment, Person, SettingsError, Smoke, find, load
from cpr_cockpit.config.journeys_table import Capture, Journey, JourneyStep, Secret
from cpr_cockpit.config.model import Settings
from cpr_cockpit.config.places import Key, lines_of
from cpr_cockpit.config.policy import PolicySettings
from cpr_cockpit.core.policy import Policy
from tests.config.files import SAMPLE, TEXT, changed

MODELS: tuple[type[BaseModel], ...] = (
    *(Settings, Environment, Cloud, Person, Smoke, Artifacts),
    *(Journey, JourneyStep, Capture, Secret),
)


def test_the_shipped_example_is_valid_and_says_what_the_procedure_says() -> None:
    loaded = load(SAMPLE, {})
    assert loaded.policy == Policy()
    name, environment = loaded.environment(None)
    assert (name, environment.feature_operation) == ("production", "POST /api/v1/goals")
    assert [test.status for test in loaded.settings.smoke] == [200, 401, 200, 201, 200]


def test_the_policys_table_has_every_field_of_the_policy_with_its_default() -> None:
    assert set(PolicySettings.model_fields) == {one.name for one in fields(Policy)} - {"scale"} | {"two_person"}
    assert PolicySettings().policy() == Policy()


def test_units_in_values_are_those_of_the_names(tmp_path: Path) -> None:
    text = changed('target_p95_ms = "200ms"', 'target_p95_ms = "0.25s"\nwarning_cpu_percent = "75%"\ntolerance = "7%"')
    (tmp_path / "cockpit.toml").write_text(text, "utf-8")
    policy = load(tmp_path / "cockpit.toml", {}).policy
    assert (policy.target_p95_ms, policy.warning_cpu_percent, policy.tolerance) == (250.0, 75.0, 0.07)


def test_a_mark_before_utf_8_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    (tmp_path / "cockpit.toml").write_bytes(b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode())
    assert load(tmp_path / "cockpit.toml", {}).settings == load(SAMPLE, {}).settings


def test_variables_win_over_the_file() -> None:
    variables = {
        "COCKPIT_POLICY__WINDOW_S": "20m",
        "COCKPIT_POLICY__REQUIRE_READY": "true",
        "COCKPIT_ENVIRONMENTS__PRODUCTION__RESOURCE_GROUP": "123",
        "COCKPIT_ARTIFACTS__VERSION": "v1.4.0",
        "COCKPIT_USER_TOKEN": "of-a-user",
        "COCKPIT_ENVIRONMENT": "production",
    }
    loaded = load(SAMPLE, variables)
    assert (loaded.policy.window_s, loaded.policy.require_ready) == (1200.0, True)
    assert loaded.settings.environments["production"].resource_group == "123"
    assert loaded.settings.artifacts is not None
    assert loaded.settings.artifacts.version == "v1.4.0"
    assert "of-a-user" not in repr(loaded)


def test_without_a_word_about_it_no_operation_is_the_features(tmp_path: Path) -> None:
    (tmp_path / "cockpit.toml").write_text(changed('feature_operation = "POST /api/v1/goals"\n', ""), "utf-8")
    assert load(tmp_path / "cockpit.toml", {}).environment(None)[1].feature_operation == ""


def test_a_name_with_a_hyphen_is_met_by_an_underscore(tmp_path: Path) -> None:
    (tmp_path / "cockpit.toml").write_text(TEXT.replace("environments.production", "environments.prod-eu"), "utf-8")
    loaded = load(tmp_path / "cockpit.toml", {"COCKPIT_ENVIRONMENTS__PROD_EU__SLOT": "blue"})
    assert loaded.settings.environments["prod-eu"].slot == "blue"


def test_of_several_environments_one_must_be_named(tmp_path: Path) -> None:
    first = TEXT[TEXT.index("[environments") : TEXT.index("# Another cloud")]
    (tmp_path / "cockpit.toml").write_text(TEXT + first.replace("production]", "trial]"), "utf-8")
    loaded = load(tmp_path / "cockpit.toml", {})
    assert loaded.environment("trial")[0] == "trial"
    with pytest.raises(SettingsError, match=r"name one with --environment. Allowed: production, trial\."):
        loaded.environment(None)
    with pytest.raises(SettingsError, match=r"nearest match: trial"):
        loaded.environment("trail")


def test_no_field_is_a_secrets_place() -> None:
    every = {name for model in MODELS for name in model.model_fields}
    assert len(every) > 25
    # A table of where secrets come from: none of its fields holds one.
    every.remove("secrets")
    assert not [name for name in every if any(word in name for word in ("secret", "password", "token", "key"))]


def test_every_field_says_what_is_allowed() -> None:
    every: tuple[type[BaseModel], ...] = (*MODELS, PolicySettings)
    for model in every:
        assert [name for name, field in model.model_fields.items() if not field.description] == []


def test_the_file_is_looked_for_up_to_the_repository_and_no_further(tmp_path: Path) -> None:
    feature = tmp_path / "repository" / "specs" / "0001-goal"
    feature.mkdir(parents=True)
    (tmp_path / "cockpit.toml").write_text(TEXT, "utf-8")
    assert find(feature) is None
    (tmp_path / "repository" / ".git").mkdir()
    assert find(feature) is None
    (tmp_path / "repository" / "cockpit.toml").write_text(TEXT, "utf-8")
    assert find(feature) == tmp_path / "repository" / "cockpit.toml"
    (feature / "cockpit.toml").write_text(TEXT, "utf-8")
    assert find(feature) == feature / "cockpit.toml"


PLACES = r"""# a comment with [brackets] = "and more"
title = "x" # [no.table]
"quoted key" = '''
[not.a.table]
a = 1
'''
list = [
  1, # ]
  "]",
]
a.b = 'literal \'
[one.'two']
three = { x = 1, y = "}" }
[[many]]
k = 1
[[many]]

k = 2
  [many.inner]
  deep = '''
'''
"""


def test_lines_are_found_among_strings_comments_and_arrays() -> None:
    tomllib.loads(PLACES)
    found = lines_of(PLACES)
    lines = PLACES.splitlines()

    def says(key: Key, start: str) -> bool:
        return lines[found[key] - 1].strip().startswith(start)

    assert says(("title",), "title")
    assert says(("quoted key",), '"quoted key"')
    assert says(("list",), "list")
    assert says(("a", "b"), "a.b")
    assert says(("one", "two"), "[one")
    assert says(("one", "two", "three"), "three")
    assert says(("many", 0, "k"), "k = 1")
    assert says(("many", 1, "k"), "k = 2")
    assert says(("many", 1, "inner"), "[many.inner]")
    assert says(("many", 1, "inner", "deep"), "deep")
    assert ("not", "a", "table") not in found
    assert ("no", "table") not in found
