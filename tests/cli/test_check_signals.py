"""`check` on custom signals: bad KQL is refused, offline by its form and online in the service's own words."""

from __future__ import annotations

from pathlib import Path

import pytest

from cpr_cockpit.cli.release import aim, lacking, settings_in
from tests.cli.commands import Command, as_environment, sign_in
from tests.lab.running import RunningLab, until

SIGNALS = """
[[signals]]
name = "users"
kql = '''
AppRequests
| where TimeGenerated >= {start} and TimeGenerated < {end} and isempty(SyntheticSource)
| summarize Good = countif(Success), Total = count()
'''
share_above = "20%"
"""


def test_signals_are_tried_and_what_the_service_refuses_blocks_with_its_place(
    command: Command, feature: Path, lab: RunningLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = feature / "cockpit.toml"
    sign_in(monkeypatch, lab)
    path.write_text(as_environment(lab) + SIGNALS, "utf-8")
    assert until(lambda: "signal users: tells " in command("check", feature, "--environment", "loop").out)
    path.write_text(as_environment(lab) + SIGNALS.replace("(Success)", "(Succes)"), "utf-8")
    said = command("check", feature, "--environment", "loop")
    assert said.code == 1
    (told,) = [line for line in said.out.splitlines() if "signal users" in line]
    assert told.split()[0] == "failed"
    assert "'Succes'" in told
    assert "Correct the query in cockpit.toml" in told
    path.write_text(as_environment(lab) + SIGNALS.replace("| summarize", "| summarise"), "utf-8")
    (told,) = [
        line for line in command("check", feature, "--environment", "loop").out.splitlines() if "signal users" in line
    ]
    assert "At line 3, column 3 of the query." in told


def test_bad_kql_is_refused_without_asking_anybody(command: Command, feature: Path) -> None:
    with (feature / "cockpit.toml").open("a", encoding="utf-8") as file:
        file.write(SIGNALS.replace("countif(Success)", "countif(Success"))
    said = command("check", feature)
    assert said.code == 1
    assert "signals[1].kql cannot be a query: at its line 3, column 27, the bracket ( is never closed" in said.out


def test_a_header_of_a_signal_needs_its_variable(feature: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COCKPIT_USER_TOKEN", "of-a-user")
    monkeypatch.delenv("ORDERS_KEY", raising=False)
    with (feature / "cockpit.toml").open("a", encoding="utf-8") as file:
        file.write('[[signals]]\nname = "orders"\nurl = "https://127.0.0.1:9/"\nfield = "/a"\nabove = 1\n')
        file.write('header = "X-Api-Key"\nheader_env = "ORDERS_KEY"\n')
    chosen = aim(settings_in(feature), environment="production", lab=None)
    (missing,) = lacking(chosen)
    assert missing.words().startswith(
        "variable ORDERS_KEY: is not set, and signal 'orders' sends it as header X-Api-Key"
    )
    monkeypatch.setenv("ORDERS_KEY", "s3cret")
    assert lacking(chosen) == []
