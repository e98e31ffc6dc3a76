"""Where a run deploys to: an environment of ``cockpit.toml``, or a lab. From here on both are the same: a Place."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cpr_cockpit.adapters.azure.environment import AzureEnvironment, is_loopback
from cpr_cockpit.config import (
    PIPELINE_TOKEN,
    STAGING_TOKEN,
    USER_TOKEN,
    Code,
    Environment,
    Figure,
    GitHub,
    Notify,
    Pipeline,
    Sentry,
    Signal,
    Smoke,
    Workers,
)
from cpr_cockpit.core.custom import SignalSpec
from cpr_cockpit.lab_client import READY_FILE
from cpr_cockpit.wiring.around import Around, around_lab, around_of
from cpr_cockpit.wiring.code import lab_code
from cpr_cockpit.wiring.declared import Declared
from cpr_cockpit.wiring.journeys import Given, JourneyTables, lab_tables

# Runs of these modes change a lab only: every endpoint must be on this machine.
LAB_MODES = frozenset({"drill", "rehearse"})
HEALTH = "/api/health"
FLAGS = "/api/flags"
# What the sample feature is about: of the operations of a lab's own product, the one that stands for the new feature.
LAB_FEATURE = "POST /api/v1/goals"
# A rehearsal tells nobody but its lab: the team's own channels are left alone.
LAB_CHANNEL = Notify(
    name="lab", url_env="LAB_WEBHOOK", events=("start", "verdict", "decision", "end", "overdue", "page")
)
_ENDPOINTS = ("resource_manager", "authority", "logs", "production_url", "slot_url")
_IDS = ("tenant", "subscription", "resource_group", "app", "workspace_id", "app_insights_id")
# A lab of an older program has none of them.
_MORE_IDS = ("plan_id", "database_id", "app_configuration")
_NEEDED = (*_ENDPOINTS, *_IDS, "slot", "ca", "client_id", "client_secret", "logs_audience", "user_token")
# Of each further app.
_ADDRESSES = ("production_url", "slot_url")
_STORE = "app_configuration"
_SHOWN = ("tenant", "subscription", "resource_group", "app", "slot", "production_url", "slot_url", "workspace_id")


class ConfigError(Exception):
    """The run's configuration cannot be used: file, key, what was found."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a run's folder keeps of where it deploys to; no secret.

    ``environment`` None: the lab whose ready file lies in the run's folder as ``ready_file``. ``smoke``: the tests of
    ``cockpit.toml``, none: those that fit the target. ``signals``: its custom signals; a lab has none. ``pipeline``:
    the team's, ``workers``: the rule of its background work; a lab has its own. ``figures``: of the business, read
    after GO; a lab has none.
    ``notify``: the channels in which people are told; a lab has one of its own, and no other is told of its runs.
    """

    environment: Environment | None = None
    ready_file: str = READY_FILE
    smoke: tuple[Smoke, ...] = ()
    signals: tuple[Signal, ...] = ()
    pipeline: Pipeline | None = None
    workers: Workers | None = None
    declared: Declared = field(default_factory=Declared)
    figures: tuple[Figure, ...] = ()
    notify: tuple[Notify, ...] = ()
    journeys: JourneyTables = field(default_factory=JourneyTables)

    def to_dict(self) -> dict[str, Any]:
        """For session.json."""
        environment = self.environment.model_dump() if self.environment else None
        smoke = [test.model_dump() for test in self.smoke]
        signals = [signal.model_dump() for signal in self.signals]
        pipeline = self.pipeline.model_dump() if self.pipeline else None
        told = {"environment": environment, "ready_file": self.ready_file, "smoke": smoke, "signals": signals}
        workers = self.workers.model_dump() if self.workers else None
        told |= {"figures": [one.model_dump() for one in self.figures]}
        told |= {"notify": [channel.model_dump() for channel in self.notify]}
        told |= {"pipeline": pipeline, "workers": workers, "declared": self.declared.to_dict()}
        return told | {"journeys": self.journeys.to_dict()}

    @classmethod
    def from_dict(cls, body: Mapping[str, Any]) -> Target:
        """From session.json; KeyError, TypeError or ValueError where it is none."""
        told = body["environment"]
        return cls(
            None if told is None else Environment.model_validate(told),
            str(body["ready_file"]),
            tuple(Smoke.model_validate(test) for test in body["smoke"]),
            tuple(Signal.model_validate(signal) for signal in body.get("signals", ())),
            None if body.get("pipeline") is None else Pipeline.model_validate(body["pipeline"]),
            None if body.get("workers") is None else Workers.model_validate(body["workers"]),
            Declared.from_dict(body.get("declared", {})),
            tuple(Figure.model_validate(one) for one in body.get("figures", ())),
            tuple(Notify.model_validate(channel) for channel in body.get("notify", ())),
            JourneyTables.from_dict(body.get("journeys", {})),
        )

    @property
    def specs(self) -> tuple[SignalSpec, ...]:
        """The custom signals as the judge knows them."""
        if self.environment is None:
            return ()
        return tuple(signal.spec(self.environment.telemetry_delay_s) for signal in self.signals)

    def pinned(self, ready: Mapping[str, Any]) -> dict[str, str]:
        """Ids and addresses for the journal, without secrets."""
        return environment_of(ready) if self.environment is None else _pinned(self.environment)


@dataclass(frozen=True, slots=True)
class AppPlace:
    """A further app of several."""

    azure: AzureEnvironment
    production_url: str
    slot_url: str


@dataclass(frozen=True, slots=True)
class Place:
    """Everything that the adapters are told. ``principal``: client id and secret; None: whoever is signed in.

    ``feature_operation``: the operation whose use is told ("": none).
    ``staging_token``: of a user of staging ("": none).
    ``ca``: the only authority that is trusted (a lab's); ``authority``: address of the sign-in, None: public Azure's.
    ``secrets``: the variables that headers of ``signals`` are taken from, those that are set. ``pipeline`` with
    ``pipeline_token``: the team's own, None: there is none. ``apps``: the further ones of several, in their order.
    ``workers``: the rule of background work; None: none is declared. ``declared``: what the team's machine reads;
    ``notify``: the channels, whose URLs are in ``secrets``;
    ``certificate_days``: for how many days a certificate must be good (a lab's are good for three).
    ``settings_file``: the documented names of app settings, "": none. ``code``: the feature's repositories, a lab's own
    on a lab; ``github``: where they are, ``github_token``: a lab's ("": it is looked for when it is first needed).
    ``around``: what is around the app; ``harmless``: differences between slot and production that are declared so.
    ``journeys``: those that are declared; ``journeys_given``: what only this process knows of them.
    """

    azure: AzureEnvironment
    slot: str
    production_url: str
    slot_url: str
    health_path: str
    smoke: tuple[Smoke, ...]
    on_lab: bool
    feature_operation: str = ""
    flags_path: str = FLAGS
    ca: str | None = None
    authority: str | None = None
    principal: tuple[str, str] | None = field(default=None, repr=False)
    user_token: str = field(default="", repr=False)
    staging_token: str = field(default="", repr=False)
    signals: tuple[Signal, ...] = ()
    telemetry_delay_s: float = 0.0
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    pipeline: Pipeline | None = None
    pipeline_token: str = field(default="", repr=False)
    workers: Workers | None = None
    apps: tuple[AppPlace, ...] = ()
    declared: Declared = field(default_factory=Declared)
    figures: tuple[Figure, ...] = ()
    certificate_days: float = 0.0
    settings_file: str = ""
    notify: tuple[Notify, ...] = ()
    code: tuple[Code, ...] = ()
    github: GitHub = field(default_factory=GitHub)
    github_token: str = field(default="", repr=False)
    journeys: JourneyTables = field(default_factory=JourneyTables)
    journeys_given: Given = field(default_factory=Given)
    around: Around = field(default_factory=Around)
    harmless: tuple[str, ...] = ()

    @property
    def sentry(self) -> Sentry | None:
        """Where exceptions are tracked, too; a lab asks nothing beyond this machine."""
        return None if self.on_lab else self.declared.sentry

    @property
    def sites(self) -> tuple[tuple[str, str], ...]:
        """Every app, as (address of Resource Manager, resource id)."""
        return tuple((one.resource_manager, one.site_id) for one in (self.azure, *(app.azure for app in self.apps)))


def environment_of(ready: Mapping[str, Any]) -> dict[str, str]:
    """The pinned ids and addresses of a lab, without its secrets; of a further app with its name behind an @."""
    further = {f"{name}@{one['app']}": str(one[name]) for one in _further(ready) for name in _ADDRESSES}
    store = {_STORE: str(ready[_STORE])} if ready.get(_STORE) else {}
    return {name: str(ready[name]) for name in _SHOWN} | store | further


def apps_of(ready: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of a lab's apps in their order; ConfigError where its ready file tells them wrongly."""
    return (str(ready["app"]), *(one["app"] for one in _further(ready)))


def _further(ready: Mapping[str, Any]) -> list[dict[str, str]]:
    """A lab's apps but the first, which is the lab's own; a lab of an older program tells of none."""
    told = ready.get("apps") or []
    try:
        found = [{name: one[name] for name in ("app", *_ADDRESSES)} for one in told]
    except (KeyError, TypeError) as error:
        raise ConfigError(f"the lab's ready file tells its apps wrongly ({error!r}). Nothing was changed.") from error
    odd = next((value for one in found for value in one.values() if not isinstance(value, str) or not value), None)
    if found and odd is not None:
        raise ConfigError(f"the lab's ready file tells its apps wrongly ({odd!r} is no text). Nothing was changed.")
    return [one for one in found if one["app"] != ready["app"]]


def _pinned(environment: Environment) -> dict[str, str]:
    told = {name: str(getattr(environment, name)) for name in _SHOWN}
    for one in environment.apps:
        told |= {f"{name}@{one.app}": getattr(one, name) for name in _ADDRESSES}
        told |= {f"resource_group@{one.app}": one.resource_group} if one.resource_group else {}
    told |= {_STORE: environment.app_configuration} if environment.app_configuration else {}
    return told if environment.health_path == HEALTH else told | {"health_path": environment.health_path}


def place_of(target: Target, ready: Mapping[str, Any], harmless: tuple[str, ...] = ()) -> Place:
    """The target with its secrets: a lab's from its ready file, an environment's from this process's variables.

    ``harmless``: differences between slot and production that are declared so.
    """
    if target.environment is None:
        return _lab(target, ready, harmless)
    _keep_secret(target)
    environment = target.environment
    cloud = environment.cloud
    ids = {name: getattr(environment, name) for name in (*_IDS, *_MORE_IDS)}
    other: dict[str, Any] = {}
    if cloud is not None:
        other = {
            "resource_manager": cloud.resource_manager,
            "manager_scope": cloud.resource_manager + "/.default",
            "kudu_scope": cloud.kudu_audience + "/.default",
            "logs": cloud.logs,
            "logs_audience": cloud.logs_audience,
        }
    azure = AzureEnvironment(**ids, **other)
    return Place(
        azure=azure,
        slot=environment.slot,
        production_url=environment.production_url,
        slot_url=environment.slot_url,
        health_path=environment.health_path,
        smoke=target.smoke,
        on_lab=False,
        feature_operation=environment.feature_operation,
        flags_path=environment.flags_path,
        authority=cloud.authority if cloud else None,
        user_token=os.environ.get(USER_TOKEN, ""),
        staging_token=os.environ.get(STAGING_TOKEN, ""),
        signals=target.signals,
        telemetry_delay_s=environment.telemetry_delay_s,
        secrets={name: os.environ[name] for name in variables_of(target) if os.environ.get(name)},
        pipeline=target.pipeline,
        pipeline_token=os.environ.get(PIPELINE_TOKEN, ""),
        workers=target.workers,
        declared=target.declared,
        figures=target.figures,
        certificate_days=environment.certificate_days,
        settings_file=environment.settings_file,
        notify=target.notify,
        code=target.declared.code,
        github=target.declared.github,
        journeys=target.journeys,
        around=around_of(environment),
        harmless=harmless,
        apps=tuple(
            AppPlace(_of_app(azure, one.app, one.resource_group), one.production_url, one.slot_url)
            for one in environment.apps
        ),
    )


def _of_app(azure: AzureEnvironment, app: str, resource_group: str = "") -> AzureEnvironment:
    """The same environment with another app, which runs on a plan of its own."""
    return replace(azure, app=app, resource_group=resource_group or azure.resource_group, plan_id="")


def variables_of(target: Target) -> tuple[str, ...]:
    """The variables that hold the secrets of signals, figures, checks, channels, Sentry and GitHub."""
    named = [one.header_env for one in target.signals] + [one.header_env for one in target.declared.checks]
    named += [one.header_env for one in target.figures]
    named += [one.url_env for one in target.notify]
    named.append(target.declared.github.token_env or None)
    if target.declared.sentry is not None:
        named.append(target.declared.sentry.token_env)
    return tuple(dict.fromkeys(name for name in named if name is not None))


def _keep_secret(target: Target) -> None:
    """Programs that this process runs are told no channel's URL, and what they write of declared secrets is hidden."""
    from cpr_cockpit.adapters.sensors.programs import keep_secret

    of_journeys = (one.env for one in target.journeys.secrets.values())
    keep_secret({*variables_of(target), *filter(None, of_journeys)}, (one.url_env for one in target.notify))


def _lab(target: Target, ready: Mapping[str, Any], harmless: tuple[str, ...]) -> Place:
    code, github, github_token = lab_code(ready)
    azure = AzureEnvironment(
        **{name: ready[name] for name in (*_IDS, "resource_manager", "logs", "logs_audience")},
        **{name: str(ready.get(name) or "") for name in _MORE_IDS},
        manager_scope=ready["resource_manager"].rstrip("/") + "/.default",
        loopback_only=True,
    )
    return Place(
        azure=azure,
        slot=ready["slot"],
        production_url=ready["production_url"].rstrip("/"),
        slot_url=ready["slot_url"].rstrip("/"),
        health_path=HEALTH,
        smoke=target.smoke,
        on_lab=True,
        feature_operation=LAB_FEATURE,
        ca=ready["ca"],
        authority=ready["authority"],
        principal=(ready["client_id"], ready["client_secret"]),
        user_token=ready["user_token"],
        staging_token=ready["user_token"],
        pipeline=Pipeline.model_validate(ready["pipeline"]["table"]) if ready.get("pipeline") else None,
        pipeline_token=str(ready["pipeline"]["token"]) if ready.get("pipeline") else "",
        workers=lab_workers(ready),
        declared=replace(target.declared, tag=str(ready.get("versions", {}).get("good", "")), commit=""),
        code=code,
        github=github,
        github_token=github_token,
        notify=(LAB_CHANNEL,) if ready.get("webhook_url") else (),
        secrets={LAB_CHANNEL.url_env: str(ready.get("webhook_url") or "")},
        journeys=lab_tables(ready),
        journeys_given=Given({"login": str(ready.get("user_password", ""))}),
        settings_file=str(ready.get("settings_file") or ""),
        around=around_lab(ready),
        harmless=harmless,
        apps=tuple(
            AppPlace(_of_app(azure, one["app"]), one["production_url"].rstrip("/"), one["slot_url"].rstrip("/"))
            for one in _further(ready)
        ),
    )


def lab_workers(ready: Mapping[str, Any]) -> Workers | None:
    """The table of a lab's own product; None where its lab is of an older program."""
    return Workers.model_validate(ready["workers"]) if ready.get("workers") else None


def _git_host(path: Path, ready: Mapping[str, Any]) -> str:
    """The address of a lab's Git host. ConfigError where the ready file tells it wrongly."""
    try:
        _, github, _ = lab_code(ready)
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(
            f"{path}: tells its Git host wrongly ({type(error).__name__}). Nothing was changed. Begin a new run."
        ) from error
    return github.api


def check_ready(path: Path, ready: Mapping[str, Any]) -> None:
    """Refuse what `read_ready` gave where it lacks something or names another machine. ConfigError."""
    wrong = next((name for name in _NEEDED if not isinstance(ready.get(name), str) or not ready[name]), None)
    if wrong is not None:
        raise ConfigError(
            f"{path}: {wrong} is {ready.get(wrong)!r}, where a text is needed. Nothing was changed. Begin a new run."
        )
    if not Path(ready["ca"]).is_file():
        raise ConfigError(f"{path}: ca names {ready['ca']}, which is no file. Nothing was changed. Begin a new run.")
    addresses = {name: str(ready.get(name, "")) for name in _ENDPOINTS}
    for one in _further(ready):
        addresses |= {f"{name} of {one['app']}": one[name] for name in _ADDRESSES}
    addresses |= {_STORE: str(ready[_STORE])} if ready.get(_STORE) else {}
    addresses |= {"webhook_url": str(ready["webhook_url"])} if ready.get("webhook_url") else {}
    addresses |= {"git_host.api": _git_host(path, ready)} if ready.get("git_host") else {}
    addresses |= {"staging_url": str(ready["staging_url"])} if ready.get("staging_url") else {}
    addresses |= {"ui_origin": str(ready["ui_origin"])} if ready.get("ui_origin") else {}
    addresses["control.url"] = str(ready["control"]["url"])
    for name, address in addresses.items():
        if not is_loopback(address):
            raise ConfigError(
                f"{path}: {name} is {address or 'missing'}, which is not on this machine. Nothing was changed. "
                "A drill or a rehearsal runs on a lab on loopback only: begin again with the ready file of one."
            )
