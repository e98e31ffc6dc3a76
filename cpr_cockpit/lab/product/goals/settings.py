"""What a process of the Goals service is told by its platform and its release."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .configuration import Access
from .defects import CRASH_LOOP, DOUBLE_WORK, Defect

RELEASE = "release.json"
_WORKERS = "WORKERS_ENABLED"  # "0": switched off; like a framework's hosted services they run where nobody says so
_FLAG_REFRESH = 30.0  # seconds, as .NET has it
_ENVIRONMENT, _FATAL = "SLOT_ENVIRONMENT", "production"  # the setting, and the value that `crash-loop` dies of


class SettingsError(Exception):
    """The service cannot start with these settings: one sentence."""


@dataclass(frozen=True, slots=True)
class Settings:
    """`folder`: of the release; `token`: what signed-in users send; `role`, `instance`: names in telemetry.

    `password`: for which the token is given, "": nobody is given it. `port` 0: any free one. `built_in`: the release's
    own defect; `told`: the one it has in this lab. `seed`: of everything random. `configuration`: the store of feature
    flags, None without one; `flag_refresh`: seconds that what was read there is kept. `workers`: work in the
    background; `careless`: it takes what others may take too. `started`: epoch seconds. `ui_origin`: the origin whose
    pages may call the API, "": none.
    """

    folder: Path
    version: str
    built_in: Defect | None
    database: Path
    token: str
    password: str
    port: int
    instance: str
    slot: str
    role: str
    seed: int
    told: Defect | None
    configuration: Access | None
    flag_refresh: float
    workers: bool = True
    careless: bool = False
    ui_origin: str = ""
    started: float = field(default_factory=time.time)


def read(environment: Mapping[str, str], folder: Path) -> Settings:
    """The settings of the release in `folder`. Raises SettingsError."""
    version, built_in = _release(folder / RELEASE)
    told = _defect(environment.get("LAB_DEFECT") or "null", "The app setting LAB_DEFECT")
    kinds = {one.kind for one in (built_in, told) if one}
    if environment.get(_ENVIRONMENT) == _FATAL and CRASH_LOOP in kinds:
        raise SettingsError(f"The configuration of the environment '{_FATAL}' has no section 'Partner'.")
    return Settings(
        folder=folder,
        version=version,
        built_in=built_in,
        database=Path(_required(environment, "DATABASE")),
        token=_required(environment, "USER_TOKEN"),
        password=environment.get("USER_PASSWORD", ""),
        port=_number(environment, "PORT"),
        instance=environment.get("INSTANCE_ID") or secrets.token_hex(16),
        slot=environment.get("SLOT_NAME", ""),
        role=environment.get("WEBSITE_SITE_NAME") or "goals",
        seed=_number(environment, "SEED"),
        told=told,
        configuration=_configuration(environment),
        flag_refresh=_seconds(environment, "FLAG_REFRESH", _FLAG_REFRESH),
        # A version that does work twice does not know the setting either.
        workers=environment.get(_WORKERS) != "0" or DOUBLE_WORK in kinds,
        careless=DOUBLE_WORK in kinds,
        ui_origin=environment.get("UI_ORIGIN", ""),
    )


def _configuration(environment: Mapping[str, str]) -> Access | None:
    store = environment.get("APP_CONFIGURATION", "")
    if not store:
        return None
    return Access(store, _required(environment, "IDENTITY_ENDPOINT"), _required(environment, "IDENTITY_HEADER"))


def _required(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "")
    if not value:
        raise SettingsError(f"The app setting {name} is missing.")
    return value


def _number(environment: Mapping[str, str], name: str) -> int:
    text = environment.get(name) or "0"
    try:
        return int(text)
    except ValueError:
        raise SettingsError(f"The app setting {name} must be a whole number, found {text!r}.") from None


def _seconds(environment: Mapping[str, str], name: str, usual: float) -> float:
    text = environment.get(name) or str(usual)
    try:
        return float(text)
    except ValueError:
        raise SettingsError(f"The app setting {name} must be a number of seconds, found {text!r}.") from None


def _release(path: Path) -> tuple[str, Defect | None]:
    try:
        content = json.loads(path.read_text("utf-8"))
        version = content["version"]
        built_in = Defect.parse(content.get("defect"))
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise SettingsError(f"The release file {path.name} cannot be read ({error}).") from None
    if not isinstance(version, str) or not version:
        raise SettingsError(f"The release file {path.name} names no version.")
    return version, built_in


def _defect(text: str, where: str) -> Defect | None:
    try:
        return Defect.parse(json.loads(text))
    except ValueError as error:
        raise SettingsError(f"{where} cannot be read ({error}).") from None
