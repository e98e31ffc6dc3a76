"""The table [pipeline], and ``deploy = "pipeline"`` that asks for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from cpr_cockpit.config import Pipeline, load
from cpr_cockpit.wiring import Target, place_of
from tests.config.files import TEXT, changed, refused

STRATEGY = '[strategy]\nname = "blue-green"\ndeploy = "pipeline"\n'
GITHUB = (
    '[pipeline]\nkind = "github"\nproject = "goals/goals-api"\nworkflow = "deploy.yml"\nref = "v1.3.0"\n'
    'artifact = "goals-api"\n'
)


def test_the_pipeline_and_its_token_reach_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "cockpit.toml"
    path.write_text(f"{TEXT}\n{STRATEGY}\n{GITHUB}", "utf-8")
    settings = load(path, {"COCKPIT_PIPELINE_TOKEN": "of-a-pipeline"}).settings
    assert settings.strategy is not None
    assert settings.strategy.course.deploy == "pipeline"
    assert settings.pipeline is not None
    assert settings.pipeline.service == "https://api.github.com"
    target = Target(settings.environments["production"], pipeline=settings.pipeline)
    assert Target.from_dict(target.to_dict()) == target
    monkeypatch.setenv("COCKPIT_PIPELINE_TOKEN", "of-a-pipeline")
    place = place_of(target, {})
    assert (place.pipeline, place.pipeline_token) == (settings.pipeline, "of-a-pipeline")
    assert "of-a-pipeline" not in repr(place) + str(target.to_dict())


def test_an_own_server_is_asked_at_its_address() -> None:
    table = {
        "kind": "azure-devops",
        "project": "goals/Goals App",
        "workflow": "12",
        "ref": "v1.3.0",
        "artifact": "drop",
    }
    assert Pipeline.model_validate(table).service == "https://dev.azure.com"
    own = table | {"address": "https://devops.example/tfs/"}
    assert Pipeline.model_validate(own).service == "https://devops.example/tfs"


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (GITHUB.replace("github", "jenkins"), "github or azure-devops"),
        (GITHUB.replace("goals/goals-api", "goals-api"), "owner/repository"),
        (GITHUB.replace("goals/goals-api", "goals/../x"), "pipeline.project"),
        (GITHUB.replace('"deploy.yml"', '"../deploy.yml"'), "pipeline.workflow"),
        (GITHUB.replace('"v1.3.0"', '"--force"'), "pipeline.ref"),
        (GITHUB + 'address = "http://github.example"\n', "pipeline.address"),
        (GITHUB + 'address = "https://user@github.example"\n', "pipeline.address"),
        (GITHUB + 'token = "secret"\n', "pipeline.token"),
        (GITHUB.replace('artifact = "goals-api"\n', ""), "pipeline.artifact"),
        ("", "there is no table [pipeline]"),
    ],
)
def test_what_cannot_be_is_refused_by_name(table: str, words: str, tmp_path: Path) -> None:
    told = refused(tmp_path, f"{TEXT}\n{STRATEGY}\n{table}")
    assert any(words in problem for problem in told), told
    assert not any("secret" in problem for problem in told)


def test_the_commit_of_the_artifact(tmp_path: Path) -> None:
    path = tmp_path / "cockpit.toml"
    path.write_text(changed('version = "v1.3.0"', 'version = "v1.3.0"\ncommit = "4f2c6a1"'), "utf-8")
    artifacts = load(path, {}).settings.artifacts
    assert artifacts is not None
    assert artifacts.commit == "4f2c6a1"
    assert refused(tmp_path, changed('version = "v1.3.0"', 'version = "v1.3.0"\ncommit = "HEAD"'))
