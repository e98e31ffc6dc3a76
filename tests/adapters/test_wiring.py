from __future__ import annotations

import json
import ssl
import sys
from pathlib import Path
from subprocess import run
from typing import Any

import pytest

from cpr_cockpit.core.policy import Policy
from cpr_cockpit.engine.settings import SessionSettings
from cpr_cockpit.wiring import ConfigError, environment_of, read_config, write_config


def _ready(folder: Path, ca: Path) -> dict[str, Any]:
    local = "https://localhost:8443"
    return {
        "resource_manager": local,
        "authority": local,
        "ca": str(ca),
        "identity_endpoint": None,
        "identity_header": None,
        "tenant": "t",
        "client_id": "c",
        "client_secret": "s",
        "subscription": "s",
        "resource_group": "rg",
        "app": "goals",
        "slot": "green",
        "workspace_id": "w",
        "app_insights_id": "/a",
        "logs": local,
        "logs_audience": "https://api.loganalytics.io",
        "app_configuration": None,
        "production_url": "https://127.0.0.1:8444",
        "slot_url": "https://[::1]:8445",
        "packages": {},
        "versions": {},
        "control": {"url": "http://127.0.0.1:8446", "token": "x"},
        "user_token": "u",
    }


@pytest.fixture
def ready(tmp_path: Path, certificate: tuple[Path, ssl.SSLContext]) -> dict[str, Any]:
    return _ready(tmp_path, certificate[0])


def _write(folder: Path, ready: dict[str, Any], mode: str = "drill") -> None:
    (folder / "lab.json").write_text(json.dumps(ready), "utf-8")
    write_config(
        SessionSettings(
            run="r",
            feature="f",
            mode=mode,
            actor="drill",
            script=None,
            environment=environment_of(ready),
            slot="green",
            new_version="v2",
            policy=Policy(),
            window_s=30.0,
            declared_delay_s=2.0,
            readiness=(),
            folder=folder,
        )
    )


def test_a_lab_on_loopback_is_read(tmp_path: Path, ready: dict[str, Any]) -> None:
    _write(tmp_path, ready)
    config = read_config(tmp_path)
    assert config.settings.slot == "green"
    assert config.ready["user_token"] == "u"


@pytest.mark.parametrize("mode", ["drill", "rehearse"])
@pytest.mark.parametrize("name", ["resource_manager", "authority", "logs", "production_url", "slot_url"])
@pytest.mark.parametrize(
    "address",
    [
        "https://management.azure.com",
        "https://localhost.example.net",
        "https://127.0.0.1.example.net",
        "https://localhost@example.net",
        "https://10.0.0.1",
        "https://0.0.0.0",
    ],
)
def test_an_endpoint_off_this_machine_is_refused(
    tmp_path: Path, ready: dict[str, Any], mode: str, name: str, address: str
) -> None:
    _write(tmp_path, ready | {name: address}, mode)
    with pytest.raises(ConfigError) as caught:
        read_config(tmp_path)
    assert f"{name} is {address}" in str(caught.value)
    assert "Nothing was changed." in str(caught.value)


def test_a_control_endpoint_off_this_machine_is_refused(tmp_path: Path, ready: dict[str, Any]) -> None:
    _write(tmp_path, ready | {"control": {"url": "http://example.net", "token": "x"}})
    with pytest.raises(ConfigError, match=r"control\.url"):
        read_config(tmp_path)


@pytest.mark.parametrize("name", ["client_secret", "user_token", "ca", "logs_audience", "slot"])
def test_a_ready_file_that_lacks_something_names_it(tmp_path: Path, ready: dict[str, Any], name: str) -> None:
    _write(tmp_path, ready)
    (tmp_path / "lab.json").write_text(json.dumps(ready | {name: None}), "utf-8")
    with pytest.raises(ConfigError, match=f"{name} is None"):
        read_config(tmp_path)


def test_a_ca_that_is_no_file_is_named(tmp_path: Path, ready: dict[str, Any]) -> None:
    _write(tmp_path, ready | {"ca": str(tmp_path / "none.pem")})
    with pytest.raises(ConfigError, match=r"none\.pem, which is no file"):
        read_config(tmp_path)


def test_reading_a_configuration_loads_no_client_of_azure() -> None:
    code = (
        "import cpr_cockpit.wiring, sys; print([n for n in sys.modules if n.partition('.')[0] in ('azure', 'aiohttp')])"
    )
    shown = run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert shown.stdout.strip() == "[]"
