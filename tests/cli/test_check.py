"""`check` on folders as people leave them: the gate, one clear message for each bad file, the exit code."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # its types are a package of their own

from cpr_cockpit.adapters.azure.site_sensors import CAPACITY
from cpr_cockpit.config import load
from cpr_cockpit.config.schema import schema
from cpr_cockpit.core.checklist import items_of
from cpr_cockpit.core.checklists import ALL_CHECKLISTS
from cpr_cockpit.core.workflow import table
from tests.cli.commands import Command, as_environment, ready_with, sign_in
from tests.documents import folders
from tests.lab.running import RunningLab, until

TAGGED = "code-readiness.release-tagged"


def _set(feature: Path, name: str, **values: object) -> None:
    body = json.loads((feature / name).read_text("utf-8"))
    for path, value in values.items():
        folders.change(body, path.replace("__", "."), value)
    (feature / name).write_text(json.dumps(body), "utf-8")


def _score(feature: Path, points: int, level: str) -> None:
    """The same score and level in all three documents."""
    readiness = {"deployment_readiness__production_readiness_score": points}
    phase = "prerequisite_validation__phase_7_complete__"
    _set(feature, folders.DEPLOY, **readiness, deployment_readiness__phase_7_status=level)
    _set(feature, folders.DEPLOY, **{f"{phase}score": points, f"{phase}status": level})
    report = (feature / folders.REPORT).read_text("utf-8")
    (feature / folders.REPORT).write_text(report.replace("92", str(points)).replace("READY", level), "utf-8")
    (feature / folders.TEST).unlink()


def test_a_ready_folder(command: Command, feature: Path) -> None:
    said = command("check", feature)
    assert (said.code, said.err) == (0, "")
    assert f"Gate of {folders.FEATURE}: READY, score 92 of 100" in said.out
    assert "the environment was not asked. Nothing was changed." in said.out


def test_a_conditional_folder(command: Command, feature: Path) -> None:
    _score(feature, 82, "CONDITIONAL")
    body = command.object("check", feature)
    assert (body["exit_code"], body["gate"]["level"], body["gate"]["score"]) == (4, "CONDITIONAL", 82)
    assert any("82: below 90" in reason for reason in body["gate"]["conditions"])


def test_a_folder_that_is_not_ready(command: Command, feature: Path) -> None:
    _score(feature, 60, "NOT READY")
    body = command.object("check", feature)
    assert (body["exit_code"], body["gate"]["level"]) == (1, "NOT READY")
    assert any("60: below 75" in reason for reason in body["gate"]["blockers"])


def test_the_policy_can_require_ready(command: Command, feature: Path) -> None:
    _score(feature, 82, "CONDITIONAL")
    settings = (feature / "cockpit.toml").read_text("utf-8")
    (feature / "cockpit.toml").write_text(settings.replace("require_ready = false", "require_ready = true"), "utf-8")
    said = command("check", feature)
    assert said.code == 1
    assert "policy requires READY" in said.out


def test_documents_that_disagree_are_both_shown(command: Command, feature: Path) -> None:
    _set(
        feature,
        folders.DEPLOY,
        deployment_readiness__production_readiness_score=96,
        prerequisite_validation__phase_7_complete__score=96,
    )
    said = command("check", feature)
    assert "automation-deploy.json says 96" in said.out
    assert "test-report.md says 92" in said.out
    assert "; 92 counts" in said.out


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:700])


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


BAD_FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (Path.unlink, "missing"),
    "empty": (lambda path: path.write_bytes(b""), "empty"),
    "truncated": (_truncate, "line"),
    "binary": (lambda path: path.write_bytes(bytes(range(256)) * 9), "binary"),
    "utf-32": (lambda path: path.write_bytes(path.read_text("utf-8").encode("utf-32")), "UTF-32"),
    "a folder": (_folder, "is a folder"),
    "a list": (lambda path: path.write_text("[]", "utf-8"), "object"),
}


@pytest.mark.parametrize("kind", BAD_FILES)
def test_a_bad_file_is_told_once_and_blocks(kind: str, command: Command, feature: Path) -> None:
    spoil, word = BAD_FILES[kind]
    spoil(feature / folders.DEPLOY)
    said = command("check", feature)
    assert said.code == 1
    told = [line for line in said.out.splitlines() if folders.DEPLOY in line and "blocked" in line]
    assert len(told) == 1
    assert word in told[0]
    assert "Traceback" not in said.out + said.err


def test_the_encodings_of_powershell_are_read(command: Command, feature: Path) -> None:
    for name in (folders.DEPLOY, folders.REPORT, folders.TEST):
        (feature / name).write_bytes(b"\xff\xfe" + (feature / name).read_text("utf-8").encode("utf-16-le"))
    assert command("check", feature).code == 0


def test_no_such_folder(command: Command, tmp_path: Path) -> None:
    said = command("check", tmp_path / "none")
    assert said.code == 2
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert f"{tmp_path / 'none'} is not there" in line


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("tenant =", "tenat =", "line 8: environments.production.tenat is no key here (nearest match: tenant)"),
        ('window_s = "15m"', 'window_s = "soon"', "policy.window_s is no duration"),
        ("[policy]", "[policy", "is no valid TOML"),
    ],
)
def test_settings_that_cannot_be_used_block(old: str, new: str, told: str, command: Command, feature: Path) -> None:
    path = feature / "cockpit.toml"
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    said = command("check", feature)
    assert said.code == 1
    assert told in said.out
    assert "READY by the documents; 1 blocking beside them" in said.out


def test_an_unknown_environment_is_told_with_the_nearest(command: Command, feature: Path) -> None:
    said = command("check", feature, "--environment", "productoin")
    assert said.code == 1
    assert "'productoin' (nearest match: production)" in said.out


def test_a_signed_in_smoke_test_needs_the_users_token(command: Command, feature: Path) -> None:
    path = feature / "cockpit.toml"
    text = path.read_text("utf-8").replace("goals-api.azurewebsites.net", "localhost:9")
    path.write_text(text.replace("goals-api-green.azurewebsites.net", "127.0.0.1:9"), "utf-8")
    cloud = "\n".join(
        f'{key} = "https://localhost:9"'
        for key in ("resource_manager", "authority", "logs", "logs_audience", "kudu_audience")
    )
    with path.open("a", encoding="utf-8") as file:
        file.write(f"[environments.production.cloud]\n{cloud}\n")
    said = command("check", feature, "--environment", "production")
    assert said.code == 1
    assert "variable COCKPIT_USER_TOKEN: is not set, and smoke test 'goals' is signed in" in said.out


def test_the_items_are_printed_with_what_their_evidence_proves(command: Command, feature: Path) -> None:
    said = command("check", feature, "--items")
    assert said.code == 0
    rows = table()
    assert len(rows) > 200
    assert [row.key for row in rows if f"{row.due:<11} {row.kind:<9} {row.key}: {row.text}" not in said.out] == []
    text = " ".join(said.out.split())
    assert [row.key for row in rows if " ".join(row.evidence.split()) not in text] == []
    assert len(command.object("check", feature, "--items")["items"]) == len(rows)


def test_each_line_of_the_procedure_is_traced_to_its_item(command: Command, feature: Path) -> None:
    said = command("check", feature, "--trace-procedure")
    items = list(items_of(ALL_CHECKLISTS))
    assert [item.key for item in items if f"{item.text}  ->  {item.key} (" not in said.out] == []
    assert f"{len(items)} lines of the procedure" in said.out


def _settled(lab: RunningLab) -> None:
    """Users' requests have reached the logs."""
    assert until(lambda: lab.control("GET", "/traffic")["total"] > 100)


def _only_the_load_is_not_known(body: dict[str, Any]) -> bool:
    """A lab's plan tells its load from its first whole minute on; a free tag, and that nobody is told, are notes."""
    return {one["name"] for one in body["readings"] if one["state"] != "ok"} <= {CAPACITY, TAGGED, "channels"}


def test_a_lab_is_verified_by_reading_alone(command: Command, feature: Path, lab: RunningLab, ready_file: Path) -> None:
    _settled(lab)
    before = lab.control("GET", "/operations")["log"]
    assert until(lambda: _only_the_load_is_not_known(command.object("check", feature, "--lab", ready_file)))
    body = command.object("check", feature, "--lab", ready_file)
    states = {one["name"]: one["state"] for one in body["readings"]}
    assert states.pop(CAPACITY) in ("ok", "unknown")
    assert states.pop(TAGGED) == "note"
    assert set(states.values()) == {"ok"}
    assert set(states) == {
        "artifact v1.3.0",
        "tag",
        "users at this hour",
        "channel lab",
        "production",
        "slot green",
        "swaps",
        "production health",
        "slot green health",
        "telemetry",
        "infrastructure.staging-healthy",
        "infrastructure.load-balancers",
        "infrastructure.ssl-certificates-valid",
        "database.backups",
        "configuration.environment-variables",
        "configuration.secrets",
        "configuration.api-keys",
        "configuration.cors",
        "monitoring.error-tracking",
        "monitoring.alert-rules",
        "monitoring.dashboard",
        "code-readiness.branch-up-to-date",
        "code-readiness.no-merge-conflicts",
        "code-readiness.ci-checks",
        "monitoring.logs",
        "monitoring.performance-monitoring",
        "communication.emergency-contacts",
    }
    assert body["environment"]["lab"] is True
    assert body["environment"]["subscription"] == lab.ready["subscription"]
    assert lab.ready["client_secret"] not in json.dumps(body)
    assert lab.ready["git_host"]["token"] not in json.dumps(body)
    assert lab.control("GET", "/operations")["log"] == before


def test_the_same_lab_as_an_environment_by_the_chain_of_azure_identity(
    command: Command, feature: Path, lab: RunningLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    harmless = '[strategy]\nname = "blue-green"\nharmless = ["app setting SLOT_ENVIRONMENT"]\n'
    (feature / "cockpit.toml").write_text(as_environment(lab) + harmless, "utf-8")
    sign_in(monkeypatch, lab)
    _settled(lab)
    assert until(lambda: _only_the_load_is_not_known(command.object("check", feature, "--environment", "loop")))
    monkeypatch.setenv("COCKPIT_ENVIRONMENTS__LOOP__TAG__CPR-ENVIRONMENT", "production")
    said = command("check", feature, "--environment", "loop")
    assert said.code == 1
    assert f"subscription {lab.ready['subscription']}: the app's tag cpr-environment says 'rehearsal'" in said.out
    assert "Allowed: 'production'." in said.out


def test_an_identity_that_is_refused_leaves_it_undetermined(
    command: Command, feature: Path, lab: RunningLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    (feature / "cockpit.toml").write_text(as_environment(lab), "utf-8")
    sign_in(monkeypatch, lab, secret="wrong")
    said = command("check", feature, "--environment", "loop")
    assert said.code == 3
    assert said.out.count("was refused") == 1, said.out
    assert "could not be determined" in said.out
    assert "wrong" not in said.out + said.err


def test_a_dead_environment_is_undetermined(command: Command, feature: Path, tmp_path: Path, lab: RunningLab) -> None:
    dead = "https://127.0.0.1:9"
    changes = dict.fromkeys(("resource_manager", "authority", "logs", "production_url", "slot_url"), dead)
    with (feature / "cockpit.toml").open("a", encoding="utf-8") as file:
        file.write(
            '[[code]]\npath = "../api"\nbranch = "feature/1"\n[[notify]]\nname = "on call"\nurl_env = "ONCALL"\n'
        )
    said = command("check", feature, "--lab", ready_with(tmp_path, lab, **changes))
    assert said.code == 3
    assert "no other host answers either" in said.out
    assert (
        said.out.count("note       [[checks]] with url, [[code]]: a lab asks nothing beyond this machine: ../api") == 1
    )
    assert "note       [[notify]]: a lab has its own: on call left out" in said.out
    assert "ok         channel lab: is told of" in said.out


def test_a_version_that_serves_already_blocks(command: Command, feature: Path, tmp_path: Path, lab: RunningLab) -> None:
    versions = lab.ready["versions"] | {"good": lab.ready["versions"]["serving"]}
    said = command("check", feature, "--lab", ready_with(tmp_path, lab, versions=versions))
    assert said.code == 1
    assert "serves v1.2.0 already" in said.out


def test_an_artifact_that_is_no_zip_blocks(command: Command, feature: Path, tmp_path: Path, lab: RunningLab) -> None:
    packages = lab.ready["packages"] | {"good": lab.ready["packages"]["bad"]}
    said = command("check", feature, "--lab", ready_with(tmp_path, lab, packages=packages))
    assert said.code == 1
    assert "is not a readable zip" in said.out


@pytest.mark.parametrize("content", ["", "[]", '{"control": 1}'], ids=["empty", "a list", "no lab"])
def test_a_bad_ready_file_is_told(content: str, command: Command, feature: Path, tmp_path: Path) -> None:
    path = tmp_path / "ready.json"
    path.write_text(content, "utf-8")
    for name in ("check", "plan", "open"):
        # Neither a terminal nor a setting is looked for before.
        said = command(name, feature, "--lab", path)
        assert (said.code, said.out) == (2, ""), name
        (line,) = said.err.splitlines()
        assert "Nothing was changed." in line
        assert str(path) in line


# The first steps of a team, on the same lab.


def test_init_asks_the_lab_and_git_and_what_it_writes_can_be_used(
    command: Command, lab: RunningLab, ready_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "team"
    folder.mkdir()
    path = folder / "cockpit.toml"
    said = command("init", folder, "--lab", ready_file)
    assert (said.code, path.exists()) == (1, False)
    assert "nobody was there to agree" in said.err
    said = command("init", folder, "--lab", ready_file, "--yes", "--environment", "loop")
    assert said.code == 0, said.err
    text = path.read_text("utf-8")
    assert text in said.out
    loaded, ready = load(path, {}), lab.ready
    _, environment = loaded.environment("loop")
    names = ("tenant", "subscription", "resource_group", "app", "slot", "workspace_id", "plan_id", "database_id")
    for name in (*names, "production_url", "slot_url", "app_insights_id"):
        assert getattr(environment, name) == ready[name], name
    assert environment.tag == ready["tag"]
    assert list(Draft202012Validator(schema()).iter_errors(tomllib.loads(text))) == []
    path.write_text(text.replace('window_s = "15m"', 'window_s = "30m"'), "utf-8")
    said = command("init", folder, "--lab", ready_file, "--environment", "loop")
    assert (said.code, '-window_s = "30m"\n+window_s = "15m"' in said.out) == (1, True)
    assert 'window_s = "30m"' in path.read_text("utf-8")

    monkeypatch.chdir(folder)
    sign_in(monkeypatch, lab)
    body = command.object("doctor")
    told = {one["name"]: one["state"] for one in body["readings"] if one["name"] not in ("power", "login")}
    assert {name for name, state in told.items() if state in ("failed", "unknown")} == set()
    assert body["role"]["AssignableScopes"] == [
        f"/subscriptions/{ready['subscription']}/resourceGroups/{ready['resource_group']}"
    ]
    assert ready["client_secret"] not in json.dumps(body)

    path.write_text(text.replace("workspace_id", "workspce_id"), "utf-8")
    said = command("doctor")
    assert said.code == 1
    assert "workspce_id is no key here (nearest match: workspace_id)" in said.out


def test_doctor_names_each_right_that_is_not_given_and_changes_nothing(
    command: Command, lab: RunningLab, ready_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = lab.control("GET", "/operations")["log"]
    sets = [{"actions": ["*"], "notActions": ["Microsoft.Web/sites/slots/slotsswap/action", "Microsoft.Insights/*"]}]
    lab.control("PUT", "/rights", json={"permissions": sets})
    try:
        said = command("doctor", "--lab", ready_file)
    finally:
        lab.control("PUT", "/rights", json={"permissions": [{"actions": ["*"], "notActions": []}]})
    assert said.code == 1
    lacking = [line for line in said.out.splitlines() if "not given: " in line]
    assert [line.split("not given: ")[1].split(" ")[0] for line in lacking] == [
        "Microsoft.Insights/metrics/read",
        "Microsoft.Insights/eventtypes/values/read",
        "Microsoft.Web/sites/slots/slotsswap/action",
    ]
    assert "roles: Owner ends in 7 h" in said.out
    assert '"Microsoft.Web/sites/slots/slotsswap/action"' in said.out
    assert "Nothing was changed." in said.out
    after = lab.control("GET", "/operations")["log"]
    assert [one for one in after[len(before) :] if one["kind"].startswith("request.mut")] == []
