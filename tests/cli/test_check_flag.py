"""`check` and `plan` on a feature flag: what cannot be raised is told before anything begins."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from cpr_cockpit.cli.release import LAB_FLAG, aim, lacking, settings_in
from cpr_cockpit.config import SettingsError
from cpr_cockpit.core.ports import PRODUCTION, PortError
from cpr_cockpit.wiring import Target, outside_of, place_of
from tests.cli.commands import Command, as_environment, sign_in
from tests.lab.running import RunningLab

FLAG = '[strategy]\nname = "feature-flag"\nflag = "{}"\n'


def flag_line(said: str) -> list[str]:
    (told,) = [line for line in said.splitlines() if "configuration.feature-flags: " in line]
    return told.split()


def test_a_flag_is_looked_at_and_one_that_does_not_exist_fails(
    command: Command, feature: Path, lab: RunningLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(monkeypatch, lab)
    store = f'app_configuration = "{lab.ready["app_configuration"]}"\n'
    text = as_environment(lab).replace("[environments.loop.cloud]", f"{store}[environments.loop.cloud]")
    assert store in text
    path = feature / "cockpit.toml"
    path.write_text(text + FLAG.format("goal-suggestions"), "utf-8")
    told = flag_line(command("check", feature, "--environment", "loop").out)
    assert told[0] == "ok"
    assert "off" in told
    path.write_text(text + FLAG.format("goal-sugestions"), "utf-8")
    said = command("check", feature, "--environment", "loop")
    assert said.code == 1
    assert flag_line(said.out)[0] == "failed"
    assert "Flag goal-sugestions does not exist: create it" in " ".join(said.out.split())


def test_a_flag_needs_a_store_and_the_strategy_a_flag(feature: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COCKPIT_USER_TOKEN", "of-a-user")
    (missing,) = lacking(aim(settings_in(feature), environment="production", lab=None, strategy="feature-flag"))
    assert "strategy.flag is missing" in missing.words()
    with (feature / "cockpit.toml").open("a", encoding="utf-8") as file:
        file.write(FLAG.format("goals"))
    (missing,) = lacking(aim(settings_in(feature), environment="production", lab=None))
    assert "environments.production.app_configuration is missing" in missing.words()
    with pytest.raises(SettingsError) as caught:
        aim(settings_in(feature), environment="production", lab=None, control=5.0)
    assert "those with the flag off are the control" in caught.value.problems[0].words()


def test_a_flag_of_the_lab_is_raised_and_set_off_and_nobody_is_overwritten(lab: RunningLab) -> None:
    async def raised_and_off() -> None:
        async with outside_of(place_of(Target(), lab.ready)) as ports:
            flags = ports.flags
            assert flags is not None
            known = await ports.probe.flag(PRODUCTION, LAB_FLAG)
            assert (known.version, known.share, bool(known.instance)) == ("v1.2.0", 0.0, True)
            first = await flags.read(LAB_FLAG)
            await flags.write(LAB_FLAG, enabled=True, percent=25.0, etag=first.etag)
            with pytest.raises(PortError, match="Setting the feature flag") as caught:
                await flags.write(LAB_FLAG, enabled=True, percent=100.0, etag=first.etag)
            assert caught.value.status == 412
            assert not caught.value.ambiguous
            now = await flags.read(LAB_FLAG)
            assert now.share == 25.0
            await flags.write(LAB_FLAG, enabled=False, percent=None, etag=now.etag)
            assert (await flags.read(LAB_FLAG)).share == 0.0

    asyncio.run(asyncio.wait_for(raised_and_off(), 60.0))
