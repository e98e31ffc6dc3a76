"""`plan`: every request, none sent that changes anything."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.commands import Command, as_environment, ready_with, sign_in
from tests.documents import folders
from tests.lab.running import RunningLab


def test_the_whole_plan_on_a_lab_changes_nothing(
    command: Command, feature: Path, lab: RunningLab, ready_file: Path
) -> None:
    ready = lab.ready
    before = lab.control("GET", "/operations")["log"]
    said = command("plan", feature, "--lab", ready_file)
    assert (said.code, said.err) == (0, "")
    site = f"{ready['resource_manager']}/subscriptions/{ready['subscription']}/resourceGroups/{ready['resource_group']}"
    assert "Environment lab (REHEARSAL). Gate: READY." in said.out
    assert "# Plan: v1.2.0 to v1.3.0, blue-green" in said.out
    assert "- logs: " in said.out, "what a run's own plan remarks"
    assert f"POST {site}/providers/Microsoft.Web/sites/{ready['app']}/slots/green/slotsswap" in said.out
    assert "/api/zipdeploy?isAsync=true" in said.out
    assert said.out.index("## Before START: merge") < said.out.index("# Plan: ")
    assert "- channel lab is told of decision, " in said.out
    assert re.search(r"\(uses the app; at most [^)]*\)\n +POST ", said.out)
    assert "Smoke test of the deployment: deleted at once" in said.out
    assert "--src-path '<folder of the run>/artifacts/old.zip'" in said.out
    assert ready["client_secret"] not in said.out
    assert ready["user_token"] not in said.out
    assert lab.control("GET", "/operations")["log"] == before
    assert lab.version(ready["slot_url"]) == ready["versions"]["serving"]


def test_a_preview_is_planned_with_its_requests_its_way_back_and_the_times_that_are_known(
    command: Command, feature: Path, lab: RunningLab, ready_file: Path
) -> None:
    before = lab.control("GET", "/operations")["log"]
    said = command("plan", feature, "--lab", ready_file, "--preview")
    assert (said.code, said.err) == (0, "")
    assert "forth: slot ? > proof ? > baseline up to 5m > preview ? > swap ? > proof > window 15m" in said.out
    assert "back: preview off ? > swap back ?" in said.out
    assert said.out.count("/slots/green/applySlotConfig") == 1
    assert said.out.count("/slots/green/resetSlotConfig") == 1
    assert "az webapp deployment slot swap" in said.out
    assert "--slot green --target-slot green --action reset" in said.out
    assert lab.control("GET", "/operations")["log"] == before


def test_a_preview_of_what_is_configured_as_a_canary_is_refused(
    command: Command, feature: Path, ready_file: Path
) -> None:
    path = feature / "cockpit.toml"
    path.write_text(path.read_text("utf-8") + '\n[strategy]\nname = "canary"\n', "utf-8")
    said = command("plan", feature, "--lab", ready_file, "--preview")
    assert said.code == 1
    assert "--strategy blue-green beside --preview" in said.err
    assert command("plan", feature, "--lab", ready_file, "--preview", "--strategy", "blue-green").code == 0


def test_the_same_plan_for_an_environment_but_for_its_name(
    command: Command, feature: Path, lab: RunningLab, ready_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (feature / "cockpit.toml").write_text(as_environment(lab), "utf-8")
    on_lab = command("plan", feature, "--lab", ready_file).out
    sign_in(monkeypatch, lab)
    said = command("plan", feature)
    assert (said.code, said.err) == (0, "")

    def without(text: str, part: str) -> list[str]:
        # Without tests of its own an environment's health alone is asked, a lab's product by its own tests.
        # The lab alone has a Git host. What the logs tell of themselves changes from one minute to the next.
        text = re.sub(r"## (Before START|Who is told).*?\n(?=# )", "", text, flags=re.DOTALL)
        lasting = (line for line in text.split("\n") if not line.startswith(("- logs: ", "- at this hour ")))
        steps = "\n".join(lasting).split("\n\n")
        return [
            step for step in steps if not step.startswith(part) and "Smoke tests" not in step and "Warm" not in step
        ]

    assert without(said.out, "Environment loop. Gate: READY.") == without(on_lab, "Environment lab (REHEARSAL).")
    assert len(without(on_lab, "Environment lab")) > 20


def test_a_gate_that_blocks_is_told_above_the_plan(command: Command, feature: Path, ready_file: Path) -> None:
    (feature / folders.REPORT).unlink()
    said = command("plan", feature, "--lab", ready_file)
    assert said.code == 0
    assert said.out.startswith("Environment lab (REHEARSAL). Gate: NOT READY (test-report.md: missing")


def test_an_artifact_that_is_no_zip_is_refused(
    command: Command, feature: Path, tmp_path: Path, lab: RunningLab
) -> None:
    packages = lab.ready["packages"] | {"good": lab.ready["packages"]["bad"]}
    said = command("plan", feature, "--lab", ready_with(tmp_path, lab, packages=packages))
    assert said.code == 1
    assert "Nothing was changed." in said.err


def test_an_environment_that_does_not_answer_is_undetermined(
    command: Command, feature: Path, tmp_path: Path, lab: RunningLab
) -> None:
    said = command("plan", feature, "--lab", ready_with(tmp_path, lab, resource_manager="https://127.0.0.1:9"))
    assert said.code == 3
    assert "Nothing was changed." in said.err


def test_without_settings_and_lab_there_is_no_plan(command: Command, feature: Path) -> None:
    (feature / "cockpit.toml").unlink()
    said = command("plan", feature)
    assert said.code == 1
    assert "cockpit.toml: is missing" in said.err
    assert "--lab FILE" in said.err


def test_without_artifacts_there_is_nothing_to_plan(command: Command, feature: Path) -> None:
    path = feature / "cockpit.toml"
    path.write_text(path.read_text("utf-8").partition("# The old version's zip")[0], "utf-8")
    said = command("plan", feature)
    assert said.code == 1
    assert "artifacts is missing" in said.err


def test_an_artifact_that_is_not_there_is_told_before_azure_is_asked(command: Command, feature: Path) -> None:
    said = command("plan", feature)
    assert said.code == 1
    assert "goals-api-v1.3.0.zip" in said.err


def test_a_lab_and_an_environment_at_once_is_wrong_use(command: Command, feature: Path) -> None:
    assert command("plan", feature, "--lab", "x", "--environment", "y").code == 2


@pytest.mark.parametrize("verb", [("plan",), ("open", "--plain")])
def test_with_one_app_rolling_is_refused_with_its_reason(
    command: Command, feature: Path, lab: RunningLab, ready_file: Path, verb: tuple[str, ...]
) -> None:
    before = lab.control("GET", "/operations")["log"]
    said = command(*verb, feature, "--lab", ready_file, "--strategy", "rolling")
    assert said.code == 1
    assert "rolling needs several apps, and there is one" in said.err
    assert "Nothing was changed." in said.err
    assert lab.control("GET", "/operations")["log"] == before


def test_check_says_it_too_where_it_is_configured(command: Command, feature: Path, ready_file: Path) -> None:
    with (feature / "cockpit.toml").open("a", encoding="utf-8") as file:
        file.write('\n[strategy]\nname = "rolling"\n')
    said = command("check", feature, "--lab", ready_file)
    assert said.code == 1
    assert "rolling needs several apps, and there is one" in said.out
