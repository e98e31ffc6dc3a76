from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cpr_cockpit.config import Environment, Signal
from cpr_cockpit.core.custom import Limit
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.ports import Asked, PortError
from cpr_cockpit.core.signals import Source
from cpr_cockpit.engine.settings import SessionSettings
from cpr_cockpit.wiring import Target, outside_of, place_of, read_config, write_config

ENVIRONMENT = Environment(
    tenant="5d0b7a6e-3c1f-4f0e-9a55-2f6f0f4f8c01",
    subscription="8b1f3c52-6f0e-4d55-9a43-0c5a3f6f2b11",
    resource_group="rg",
    app="goals",
    workspace_id="c2a4b9d0-71e5-4b7c-8f5a-6d1e2f3a4b5c",
    production_url="https://goals.azurewebsites.net",
    slot_url="https://goals-green.azurewebsites.net",
    telemetry_delay_s=120.0,
)
LOGINS = Signal(name="logins", kql="T | where A >= {start} and A < {end} | count", drop=0.5, on_breach="rollback")
ORDERS = Signal(
    name="orders",
    url="https://127.0.0.1:9/metrics",
    field="/orders",
    header="X-Api-Key",
    header_env="ORDERS_KEY",
    below=20.0,
)
TARGET = Target(ENVIRONMENT, signals=(LOGINS, ORDERS))


def _settings(folder: Path, mode: str = "open") -> SessionSettings:
    return SessionSettings(
        run="r",
        feature="f",
        mode=mode,
        actor="a",
        script=None,
        environment={},
        slot="green",
        new_version="v2",
        policy=Policy(),
        window_s=900.0,
        declared_delay_s=120.0,
        readiness=(),
        folder=folder,
    )


def test_signals_reach_the_session_and_no_secret_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDERS_KEY", "s3cret")
    write_config(_settings(tmp_path), TARGET)
    config = read_config(tmp_path)
    assert config.target == TARGET
    logins, orders = config.settings.signals
    assert (logins.name, logins.limit, logins.delay_s, logins.rollback) == ("logins", Limit.DROP, 120.0, True)
    assert (orders.name, orders.limit, orders.delay_s, orders.rollback) == ("orders", Limit.BELOW, 0.0, False)
    place = place_of(config.target, config.ready)
    assert place.secrets == {"ORDERS_KEY": "s3cret"}
    assert "s3cret" not in (tmp_path / "session.json").read_text("utf-8") + repr(place) + repr(config)


def test_a_run_of_an_older_program_has_none(tmp_path: Path) -> None:
    body = TARGET.to_dict()
    del body["signals"]
    assert Target.from_dict(body).signals == ()


def test_a_lab_has_none() -> None:
    assert Target(signals=(LOGINS,)).specs == ()


async def test_each_signal_has_a_reader_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ORDERS_KEY", raising=False)
    async with outside_of(place_of(TARGET, {})) as ports:
        custom = [one for one in ports.readers if one.source is Source.CUSTOM]
        assert [(one.name, one.poll_s) for one in custom] == [("logins", 15.0), ("orders", 15.0)]
        with pytest.raises(PortError, match="variable ORDERS_KEY is not set"):
            await custom[1].read(Asked(2.0, 1.0, "v1", "v2", 900.0, 1.0))
    async with outside_of(place_of(replace(TARGET, signals=()), {})) as ports:
        assert not [one for one in ports.readers if one.source is Source.CUSTOM]
