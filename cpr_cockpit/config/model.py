"""The settings as types. A field's description says what is allowed: an error repeats it."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from cpr_cockpit.config.checks_table import Check, Code
from cpr_cockpit.config.figures_table import Figure
from cpr_cockpit.config.freeze_table import Freeze
from cpr_cockpit.config.github_table import GitHub
from cpr_cockpit.config.journeys_table import Journey, Secret, together
from cpr_cockpit.config.merge_table import Merge
from cpr_cockpit.config.notify_table import Notify
from cpr_cockpit.config.pipeline_table import Pipeline
from cpr_cockpit.config.policy import PolicySettings
from cpr_cockpit.config.sentry_table import Sentry
from cpr_cockpit.config.signals_table import Signal
from cpr_cockpit.config.values import percent, seconds
from cpr_cockpit.config.workers_table import Workers
from cpr_cockpit.core.canary import PERCENTS, STEP_S
from cpr_cockpit.core.contact import Contact
from cpr_cockpit.core.pipeline import DEPLOYERS, PIPELINE, ZIP
from cpr_cockpit.core.ports import PRODUCTION
from cpr_cockpit.core.roles import ROLES
from cpr_cockpit.core.strategies import STRATEGIES, Course
from cpr_cockpit.core.strategy import BLUE_GREEN, FEATURE_FLAG

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_GUID = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
# Addresses and the health path stand in the rollback card's commands: nothing that a shell would read another way.
_HOST = re.compile(r"[A-Za-z0-9.-]+(:\d+)?|\[[0-9a-fA-F:]+\](:\d+)?")
_COMPONENT = re.compile(
    r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/microsoft\.insights/components/[^/]+", re.IGNORECASE
)
_PLAN = re.compile(
    r"/subscriptions/[^/?#\s]+/resourceGroups/[^/?#\s]+/providers/Microsoft\.Web/serverfarms/[A-Za-z0-9_-]+",
    re.IGNORECASE,
)
# The kinds whose metrics are known: adapters/azure/metrics_database.py.
_DATABASE = re.compile(
    r"/subscriptions/[^/?#\s]+/resourceGroups/[^/?#\s]+/providers/"
    r"(Microsoft\.Sql/servers/[^/?#\s]+/databases|Microsoft\.DBfor(PostgreSQL|MySQL)/flexibleServers)/[^/?#\s]+",
    re.IGNORECASE,
)

# With a letter at its end, so that an address with a slip is none.
_FRONT_NAME = re.compile(r"(?=.{4,253}$)([A-Za-z0-9_-]{1,63}\.)+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]")

_RULE_NAME = re.compile(r"[^/\\?#%&:<>*\s][^/\\?#%&:<>*\r\n\t]{0,259}")
_RULE_ID = re.compile(
    r"/subscriptions/[^/?#\s]+/resourceGroups/[^/?#\s]+/providers/Microsoft\.Insights/"
    r"(metricAlerts|scheduledQueryRules)/[^/?#]+",
    re.IGNORECASE,
)
_DASHBOARD = re.compile(
    r"/subscriptions/[^/?#\s]+/resourceGroups/[^/?#\s]+/providers/"
    r"(Microsoft\.Portal/dashboards|Microsoft\.Insights/workbooks)/[^/?#\s]+",
    re.IGNORECASE,
)


def _address(value: str) -> str:
    """An https address without path, as `urlsplit` reads it."""
    parts = urlsplit(value)
    if parts.scheme != "https" or not parts.hostname or not _HOST.fullmatch(parts.netloc):
        raise ValueError("is no https address")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError("has more than scheme and host")
    parts.port  # noqa: B018  # ValueError for a port that is none
    return value.rstrip("/")


def _component(value: str) -> str:
    if value and not _COMPONENT.fullmatch(value):
        raise ValueError("is no resource id of an Application Insights component")
    return value


def _plan(value: str) -> str:
    if value and not _PLAN.fullmatch(value):
        raise ValueError("is no resource id of an App Service plan")
    return value


def _database(value: str) -> str:
    if value and not _DATABASE.fullmatch(value):
        raise ValueError("is no resource id of a database whose metrics are known")
    return value


def _store(value: str) -> str:
    return _address(value) if value else value


def _front(value: str) -> str:
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        if not _FRONT_NAME.fullmatch(value):
            raise ValueError("is no IP address, no network and no host name") from None
        return value
    return str(network.network_address) if network.num_addresses == 1 else str(network)


def _rule(value: str) -> str:
    if not (_RULE_ID if value.startswith("/") else _RULE_NAME).fullmatch(value):
        raise ValueError("is neither the name nor the resource id of an alert rule")
    return value


def _dashboard(value: str) -> str:
    if value and not _DASHBOARD.fullmatch(value):
        raise ValueError("is no resource id of a dashboard or of a workbook")
    return value


def _operation(value: str) -> str:
    if not value.isprintable() or value != value.strip():
        raise ValueError("is no name of an operation")
    return value


def _slot(value: str) -> str:
    if value.lower() == PRODUCTION:
        raise ValueError("is production itself")
    return value


def _path(value: str) -> str:
    if not value.startswith("/") or value.startswith("//") or not value.isprintable() or " " in value:
        raise ValueError("is no path")
    return value


Guid = Annotated[str, Field(pattern=_GUID)]
Address = Annotated[str, AfterValidator(_address)]
Path = Annotated[str, AfterValidator(_path)]
Duration = Annotated[float, BeforeValidator(seconds)]
Percent = Annotated[float, BeforeValidator(percent), Field(gt=0, lt=100)]
# Azure Resource Manager: names of tags have none of these signs and up to 512 characters, values up to 256.
TagName = Annotated[str, Field(pattern=r"^[^<>%&\\?/\s]([^<>%&\\?/]{0,510}[^<>%&\\?/\s])?$")]
TagValue = Annotated[str, Field(max_length=256)]
Words = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^\S(.*\S)?$")]

_URL = "an https address of scheme and host, such as https://goals.azurewebsites.net"
_APP = r"^[A-Za-z0-9][A-Za-z0-9-]{0,58}[A-Za-z0-9]$"
_APP_WORDS = "2 to 60 letters, digits, -"
_GROUP = r"[\w().-]{0,89}[\w()-]"
_GROUP_WORDS = "1 to 90 letters, digits, . _ - ( ), no dot at the end"
_GUID_WORDS = "a GUID, such as 8b1f3c52-6f0e-4d55-9a43-0c5a3f6f2b11"


class Part(BaseModel):
    """Base of all tables: frozen, nothing converted silently, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Cloud(Part):
    """The endpoints of another cloud than public Azure, all of them: half of one cloud and half of another is none."""

    resource_manager: Address = Field(description=_URL)
    authority: Address = Field(description=_URL)
    logs: Address = Field(description=_URL)
    logs_audience: Address = Field(description=_URL)
    kudu_audience: Address = Field(description=_URL)


class App(Part):
    """A further app of several: the same product and slot, its telemetry in the same workspace."""

    app: str = Field(pattern=_APP, description=_APP_WORDS)
    resource_group: str = Field(
        "", pattern=rf"^({_GROUP})?$", description=f"{_GROUP_WORDS}; without it the first app's"
    )
    production_url: Address = Field(description=_URL)
    slot_url: Address = Field(description=_URL)


class Environment(Part):
    """One app with its pinned ids. Nothing of it is secret, and nothing is ever taken from a client's default."""

    tenant: Guid = Field(description=_GUID_WORDS)
    subscription: Guid = Field(description=_GUID_WORDS)
    resource_group: str = Field(pattern=rf"^{_GROUP}$", description=_GROUP_WORDS)
    app: str = Field(pattern=_APP, description=_APP_WORDS)
    slot: Annotated[str, AfterValidator(_slot)] = Field(
        "green", pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,58}$", description="the name of a slot other than production"
    )
    workspace_id: Guid = Field(description=f"the workspace's id, {_GUID_WORDS}")
    app_insights_id: Annotated[str, AfterValidator(_component)] = Field(
        "", description="/subscriptions/<id>/resourceGroups/<group>/providers/microsoft.insights/components/<name>"
    )
    plan_id: Annotated[str, AfterValidator(_plan)] = Field(
        "",
        description="/subscriptions/<id>/resourceGroups/<group>/providers/Microsoft.Web/serverfarms/<name>; without it "
        "the plan that the app runs on",
    )
    database_id: Annotated[str, AfterValidator(_database)] = Field(
        "",
        description="the resource id of an Azure SQL database (.../Microsoft.Sql/servers/<server>/databases/<name>) or "
        "of a flexible server (.../Microsoft.DBforPostgreSQL/flexibleServers/<name>, the same of Microsoft.DBforMySQL)",
    )
    feature_operation: Annotated[str, AfterValidator(_operation)] = Field(
        "",
        max_length=200,
        description="the operation of the new feature as requests name it in the logs (OperationName), such as POST "
        "/api/v1/goals: up to 200 printable characters; without it nobody is told how much the feature is used",
    )
    production_url: Address = Field(description=_URL)
    slot_url: Address = Field(description=_URL)
    health_path: str = Field(
        "/api/health", pattern=r"^/([A-Za-z0-9._~%-]+/?)*$", description="a plain path, such as /api/health"
    )
    app_configuration: Annotated[str, AfterValidator(_store)] = Field(
        "",
        description="the address of the App Configuration store whose feature flags the application reads, and where "
        "the lease lies, such as https://goals.azconfig.io; without it no flag can be set, and nobody holds a lease",
    )
    flags_path: str = Field(
        "/api/flags",
        pattern=r"^/([A-Za-z0-9._~%-]+/?)*$",
        description="a plain path, at which each instance tells its feature flags, such as /api/flags",
    )
    telemetry_delay_s: Duration = Field(
        180.0, ge=0, le=3600, description='how late telemetry comes, 0 to 1 h: seconds, or text such as "3m"'
    )
    apps: tuple[App, ...] = Field(
        (), strict=False, description="a table [[environments.NAME.apps]] for each further app, in their order"
    )
    certificate_days: float = Field(
        14.0, ge=0, le=365, description="how many days a certificate must be good for at least, 0 to 365"
    )
    settings_file: str = Field(
        "",
        max_length=1000,
        description="a file with the names of the documented app settings, one a line (NAME or NAME=...), relative to "
        "this file, such as ../.env.example; without it a person compares them",
    )
    tag: dict[TagName, TagValue] = Field(
        default_factory=dict,
        max_length=10,
        description="a table of up to 10 tags with the value that the app or its resource group must have, such as "
        '{ cpr-environment = "production" }; without it no tag is looked at',
    )
    staging_urls: tuple[Address, ...] = Field(
        (),
        strict=False,
        max_length=20,
        description="addresses of staging, each with the same health_path; journeys are walked at the first: a list "
        'such as ["https://goals-staging.example.org"]',
    )
    staging_page_url: Address | None = Field(
        None, description="the address of staging's page, such as https://goals-ui-staging.example.org"
    )
    staging_app_insights_id: str = Field(
        "",
        max_length=1000,
        description="the resource id of staging's Application Insights, where it reports to the same workspace: its "
        "new kinds of error are looked for; without it a person reads staging's logs",
    )
    ui_origin: Annotated[str, AfterValidator(_store)] = Field(
        "",
        description="the origin of the page that calls the API, such as https://goals.example.org; without it a person "
        "looks at CORS",
    )
    front_addresses: tuple[Annotated[str, AfterValidator(_front)], ...] = Field(
        (),
        strict=False,
        max_length=50,
        description="where the name of production leads, if a front or private endpoint stands before it: a list of "
        'addresses, networks or host names, such as ["203.0.113.7", "goals.z01.azurefd.net"]; without it the '
        "app's own inbound ones",
    )
    alert_rules: tuple[Annotated[str, AfterValidator(_rule)], ...] = Field(
        (),
        strict=False,
        max_length=50,
        description="alert rules that must be able to call somebody: names in the resource group, or resource ids",
    )
    backup_hours: float = Field(
        24.0, gt=0, le=24 * 35, description="how old the newest restore point may be, in hours, up to 840"
    )
    dashboard_id: Annotated[str, AfterValidator(_dashboard)] = Field(
        "",
        description="the resource id of the dashboard (.../Microsoft.Portal/dashboards/<name>) or of a workbook "
        "(.../Microsoft.Insights/workbooks/<id>)",
    )
    cloud: Cloud | None = Field(None, description="a table of five addresses; without it public Azure is meant")

    @model_validator(mode="after")
    def _two_hosts(self) -> Self:
        if self.production_url.lower() == self.slot_url.lower():
            raise ValueError("slot_url and production_url are the same: nobody could tell the slot from production")
        return self

    @model_validator(mode="after")
    def _apps_of_their_own(self) -> Self:
        every: tuple[Environment | App, ...] = (self, *self.apps)
        for what, values in (
            ("app", [one.app for one in every]),
            ("address", [url for one in every for url in (one.production_url, one.slot_url)]),
        ):
            lower = [value.lower() for value in values]
            double = next((value for value in values if lower.count(value.lower()) > 1), None)
            if double is not None:
                raise ValueError(f"{what} {double} is named twice: each app has its own")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """All apps in their order."""
        return (self.app, *(one.app for one in self.apps))


class Person(Part):
    """Somebody who takes part in deployments."""

    name: Words = Field(description="1 to 200 characters")
    initials: str = Field(pattern=r"^\w{2,4}$", description="2 to 4 letters or digits, each person's own")
    role: Words = Field(
        description=f"{', '.join(ROLES)}, or words of your own, 1 to 200 characters",
        json_schema_extra={"examples": list(ROLES)},
    )
    phone: Words | None = Field(None, description="1 to 200 characters: a number that is answered at night")
    contact: Words | None = Field(None, description="1 to 200 characters: how else they are reached")

    @property
    def reached(self) -> Contact:
        """As the rollback card names them."""
        return Contact(self.name, self.role, ", ".join(one for one in (self.phone, self.contact) if one))


class Smoke(Part):
    """One smoke test; ``clean_up`` deletes what the answer's Location names."""

    name: Words = Field(description="1 to 200 characters, each test's own")
    method: str = Field("GET", pattern=f"^({'|'.join(METHODS)})$", description=", ".join(METHODS))
    path: Path = Field(description="a path from the first slash on, such as /api/v1/goals")
    status: int = Field(200, ge=100, le=599, description="the status of a right answer, 100 to 599")
    signed_in: bool = Field(False, description="true or false")
    body: dict[str, str] | None = Field(None, description='a table of texts, such as { title = "Smoke test" }')
    clean_up: bool = Field(False, description="true or false")

    @model_validator(mode="after")
    def _cleans_what_it_makes(self) -> Self:
        if self.clean_up and self.method != "POST":
            raise ValueError(f"clean_up belongs to a POST, and the method is {self.method}")
        return self


class Artifacts(Part):
    """The new version with its zip; the old version's zip, where production's own shall not be fetched."""

    version: str = Field(pattern=r"^[\w.+-]{1,64}$", description="the version as the app tells it, such as v1.3.0")
    path: Words = Field(description="the new version's zip, relative to this file")
    commit: str | None = Field(
        None,
        pattern=r"^[0-9A-Fa-f]{7,64}$",
        description="the commit that the version's tag points to, 7 to 64 hex digits: what was built from another is "
        "refused, and what does not tell by build.json in the zip or by its health answer too",
    )
    old_path: Words | None = Field(None, description="the old version's zip, relative to this file")


class Strategy(Part):
    """How the new version is brought to production: ``shares`` are a canary's or a flag's, ``at_once`` is rolling's."""

    name: str = Field(pattern=f"^({'|'.join(STRATEGIES)})$", description=" or ".join(STRATEGIES))
    shares: tuple[Percent, ...] = Field(
        PERCENTS, strict=False, description="percent of new sessions, rising, such as [5, 25, 50]"
    )
    step_s: Duration = Field(
        STEP_S, ge=60, description='how long each share, or each gate, is judged: seconds, or text such as "5m"'
    )

    at_once: int = Field(1, ge=1, description="how many apps are switched between two gates, 1 or more")

    control: Annotated[float, BeforeValidator(percent)] = Field(
        0.0, ge=0, le=50, description="percent of new sessions that stay on the old version during the window, 0 to 50"
    )

    deploy: str = Field(
        ZIP,
        pattern=f"^({'|'.join(DEPLOYERS)})$",
        description="who lays the new version into the slot: zip (this program) or pipeline (see the table [pipeline])",
    )

    harmless: tuple[Words, ...] = Field(
        (),
        strict=False,
        description='differences between slot and production that routed sessions may meet, by name, such as ["app '
        'setting SLOT_NAME", "connection string Db", "identity", "CORS"]',
    )

    preview: bool = Field(
        False, description="true or false: of blue-green, whether production's settings are proven on the slot first"
    )

    flag: str = Field(
        "",
        max_length=200,
        pattern=r"^([^%:\s]([^%:\r\n\t]*[^%:\s])?)?$",
        description="the id of a feature flag: up to 200 characters, neither % nor :; with another strategy than "
        "feature-flag it is the kill switch, which a rollback sets off first",
    )

    @model_validator(mode="after")
    def _previews_a_swap(self) -> Self:
        if self.preview and self.name != BLUE_GREEN:
            raise ValueError(f"preview belongs to {BLUE_GREEN}, and the name is {self.name}")
        return self

    @model_validator(mode="after")
    def _fits_the_flag(self) -> Self:
        if self.name == FEATURE_FLAG and not self.flag:
            raise ValueError("the strategy feature-flag needs a flag: its id")
        if self.name == FEATURE_FLAG and self.control:
            raise ValueError("the strategy feature-flag has no control: those with the flag off are one")
        return self

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if not self.shares or sorted(set(self.shares)) != list(self.shares):
            raise ValueError(f"shares rise from one to the next, found {list(self.shares)}")
        return self

    @property
    def course(self) -> Course:
        """As a run is told."""
        return Course(
            strategy=self.name,
            percents=self.shares,
            step_s=self.step_s,
            control=self.control,
            harmless=self.harmless,
            preview=self.preview,
            deploy=self.deploy,
            at_once=self.at_once,
            flag=self.flag,
        )


class Settings(Part):
    """The whole file."""

    environments: dict[str, Environment] = Field(
        default_factory=dict, description="a table [environments.NAME] for each"
    )
    policy: PolicySettings = Field(default_factory=PolicySettings, description="a table [policy]")
    people: tuple[Person, ...] = Field((), strict=False, description="a table [[people]] for each")
    smoke: tuple[Smoke, ...] = Field((), strict=False, description="a table [[smoke]] for each")
    signals: tuple[Signal, ...] = Field((), strict=False, description="a table [[signals]] for each")
    figures: tuple[Figure, ...] = Field((), strict=False, description="a table [[figures]] for each")
    checks: tuple[Check, ...] = Field((), strict=False, description="a table [[checks]] for each")
    code: tuple[Code, ...] = Field((), strict=False, description="a table [[code]] for each repository")
    freeze: tuple[Freeze, ...] = Field((), strict=False, description="a table [[freeze]] for each")
    notify: tuple[Notify, ...] = Field((), strict=False, description="a table [[notify]] for each channel")
    github: GitHub = Field(default_factory=GitHub, description="a table [github]")
    merge: Merge = Field(default_factory=Merge, description="a table [merge]")
    journeys: tuple[Journey, ...] = Field(
        (), strict=False, max_length=50, description="a table [[journeys]] for each, up to 50"
    )
    secrets: dict[str, Secret] = Field(default_factory=dict, description="a table [secrets.NAME] for each")
    sentry: Sentry | None = Field(None, description="a table [sentry]; without it Application Insights alone is asked")
    artifacts: Artifacts | None = Field(None, description="a table [artifacts]")
    strategy: Strategy | None = Field(None, description="a table [strategy]; without it blue-green")
    pipeline: Pipeline | None = Field(None, description="a table [pipeline]")
    workers: Workers | None = Field(None, description="a table [workers]; without it background work is not looked at")

    @model_validator(mode="after")
    def _has_its_pipeline(self) -> Self:
        if self.strategy is not None and self.strategy.deploy == PIPELINE and self.pipeline is None:
            raise ValueError('strategy.deploy is "pipeline", and there is no table [pipeline]')
        return self

    @model_validator(mode="after")
    def _knows_its_secrets(self) -> Self:
        together(self.journeys, self.secrets)
        return self
