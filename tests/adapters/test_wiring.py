from __future__ import annotations

import json
import ssl
import sys
from dataclasses import replace
from pathlib import Path
from subprocess import run
from typing import Any

import pytest

from cpr_cockpit.config import App, Check, Code, Environment, Smoke
from cpr_cockpit.core.plan import Act, ActKind
from cpr_cockpit.core.policy import Policy
from cpr_cockpit.core.signals import Source
from cpr_cockpit.core.strategies import Course
from cpr_cockpit.core.workers import WorkerRule
from cpr_cockpit.engine.settings import SessionSettings
from cpr_cockpit.wiring import (
    ConfigError,
    Target,
    apps_of,
    environment_of,
    left_out,
    outside_of,
    place_of,
    read_config,
    write_config,
)
from cpr_cockpit.wiring.declared import Declared
from cpr_cockpit.wiring.run_key import KEY, run_key
from cpr_cockpit.wiring.target import check_ready
from tests.azure.rows import request
from tests.azure.wire import TENANT, Wire
from tests.azure.workspace import ASKED, NOW, T0


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


def _write(folder: Path, ready: dict[str, Any], mode: str = "drill", target: Target | None = None) -> None:
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
        ),
        target,
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


ENVIRONMENT = Environment(
    tenant="5d0b7a6e-3c1f-4f0e-9a55-2f6f0f4f8c01",
    subscription="8b1f3c52-6f0e-4d55-9a43-0c5a3f6f2b11",
    resource_group="rg",
    app="goals",
    workspace_id="c2a4b9d0-71e5-4b7c-8f5a-6d1e2f3a4b5c",
    production_url="https://goals.azurewebsites.net",
    slot_url="https://goals-green.azurewebsites.net",
    health_path="/health",
)
SMOKE = (Smoke(name="made", method="POST", path="/x", status=201, signed_in=True, body={"a": "b"}, clean_up=True),)


def test_an_environment_comes_back_as_it_was_kept_and_meets_public_azure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ready: dict[str, Any]
) -> None:
    monkeypatch.setenv("COCKPIT_USER_TOKEN", "of-the-user")
    _write(tmp_path, ready, "open", Target(ENVIRONMENT, smoke=SMOKE))
    (tmp_path / "lab.json").unlink()
    config = read_config(tmp_path)
    assert config.target == Target(ENVIRONMENT, smoke=SMOKE)
    assert config.settings.environment["app"] == "goals"
    assert config.settings.environment["health_path"] == "/health"
    place = place_of(config.target, config.ready)
    assert (place.azure.resource_manager, place.authority, place.ca) == ("https://management.azure.com", None, None)
    assert (place.principal, place.azure.loopback_only, place.user_token) == (None, False, "of-the-user")
    assert "of-the-user" not in (tmp_path / "session.json").read_text("utf-8") + repr(place)


def test_plan_and_database_are_those_of_the_environment_or_of_the_lab(tmp_path: Path, ready: dict[str, Any]) -> None:
    group = "/subscriptions/8b1f3c52-6f0e-4d55-9a43-0c5a3f6f2b11/resourceGroups/rg/providers"
    ids = {
        "plan_id": f"{group}/Microsoft.Web/serverfarms/plan",
        "database_id": f"{group}/Microsoft.Sql/servers/sql/databases/goals",
    }
    own = Environment.model_validate(ENVIRONMENT.model_dump() | ids)
    for target, told in ((Target(own), {}), (Target(), ready | ids)):
        azure = place_of(target, told).azure
        assert (azure.plan_id, azure.database_id) == (ids["plan_id"], ids["database_id"])
    for target, told in ((Target(ENVIRONMENT), {}), (Target(), ready)):
        azure = place_of(target, told).azure
        assert (azure.plan_id, azure.database_id) == ("", "")


def test_the_new_features_operation_is_kept_for_resume_and_a_lab_has_one(tmp_path: Path, ready: dict[str, Any]) -> None:
    own = ENVIRONMENT.model_copy(update={"feature_operation": "POST /api/orders/express"})
    _write(tmp_path, ready, "open", Target(own))
    config = read_config(tmp_path)
    assert place_of(config.target, config.ready).feature_operation == "POST /api/orders/express"
    assert place_of(Target(ENVIRONMENT), {}).feature_operation == ""
    assert place_of(Target(), ready).feature_operation == "POST /api/v1/goals"
    # A run that an older program began has no word about it.
    kept = json.loads((tmp_path / "session.json").read_text("utf-8"))
    del kept["target"]["environment"]["feature_operation"]
    (tmp_path / "session.json").write_text(json.dumps(kept), "utf-8")
    assert read_config(tmp_path).target == Target(ENVIRONMENT)


async def test_the_use_of_the_places_feature_is_what_the_logs_are_asked_for(ready: dict[str, Any], wire: Wire) -> None:
    wire.answer_tables({"AppRequests": [request(T0 + 60, OperationName="POST /api/v1/goals")]}, same={}, now=NOW)
    there = dict.fromkeys(("resource_manager", "authority", "logs"), wire.url)
    async with outside_of(place_of(Target(), ready | there | {"tenant": TENANT})) as ports:
        usage = next(reader for reader in ports.readers if reader.source is Source.USAGE)
        found = {one.name: one.n for one in (await usage.read(ASKED)).readings}
    assert found["use of the new feature"] == 1


async def test_the_further_sources_of_a_place(ready: dict[str, Any]) -> None:
    group = "/subscriptions/s/resourceGroups/rg/providers"
    sql = f"{group}/Microsoft.Sql/servers/sql/databases/goals"
    for database, sources in ((sql, {"plan", "database", "log_stream"}), ("", {"plan", "log_stream"})):
        place = place_of(Target(), ready | {"database_id": database})
        async with outside_of(place, Policy(warning_cpu_percent=70.0)) as ports:
            names = {reader.source.value for reader in ports.readers}
            assert sources | {"exceptions", "dependencies", "usage", "browser"} <= names
            assert ("database" in sources) is ("database" in names)
            assert ports.premises is not None


async def test_a_place_has_a_lease_where_it_names_a_store_and_its_surroundings_always(ready: dict[str, Any]) -> None:
    for store, key in (("https://localhost:8445", f"cpr-cockpit/lease/{ready['app']}"), ("", None)):
        async with outside_of(place_of(Target(), ready | {"app_configuration": store})) as ports:
            lease = ports.lease
            assert (None if lease is None else lease.key) == key
            assert ports.surroundings is not None


def test_a_store_on_another_machine_is_refused_for_a_lab(tmp_path: Path, ready: dict[str, Any]) -> None:
    _write(tmp_path, ready | {"app_configuration": "https://goals.azconfig.io"})
    with pytest.raises(ConfigError, match=r"app_configuration is https://goals\.azconfig\.io"):
        read_config(tmp_path)


def test_the_key_of_a_run_is_made_once_is_private_and_is_no_obstacle(tmp_path: Path) -> None:
    key = run_key(tmp_path)
    assert (len(key), run_key(tmp_path)) == (32, key)
    assert (tmp_path / KEY).stat().st_mode & 0o777 == 0o600
    (tmp_path / KEY).write_bytes(b"short")
    assert run_key(tmp_path) not in (key, b"short")
    assert len(run_key(tmp_path / "gone")) == 32


async def test_who_works_in_the_background_is_asked_where_a_rule_is_declared(ready: dict[str, Any]) -> None:
    table = {"rule": "sticky-off", "setting": "WORKERS_ENABLED", "off": "0"}
    for told, tells in ((table | {"path": "/api/workers"}, True), (table, False), (None, None)):
        async with outside_of(place_of(Target(), ready | {"workers": told})) as ports:
            workers = ports.workers
            assert (None if workers is None else workers.tells) is tells
            # Only instances tell of a queue.
            assert (Source.WORKERS in {reader.source for reader in ports.readers}) is bool(tells)
            planned = ports.planned(Act(ActKind.PROVE_WORKERS, "green"))
            assert any(one.url.endswith("/api/workers") for one in planned) is bool(tells)
            assert bool(planned) is (told is not None)


def test_the_rule_of_the_workers_is_kept_for_resume(tmp_path: Path, ready: dict[str, Any]) -> None:
    rule = WorkerRule("sticky-off", "WORKERS_ENABLED", "0")
    _write(tmp_path, ready)
    kept = read_config(tmp_path).settings
    write_config(replace(kept, course=Course(workers=rule)))
    assert read_config(tmp_path).settings.course == Course(workers=rule)


def test_a_lab_gives_its_service_principal(tmp_path: Path, ready: dict[str, Any]) -> None:
    _write(tmp_path, ready)
    config = read_config(tmp_path)
    place = place_of(config.target, config.ready)
    assert (place.principal, place.ca, place.azure.loopback_only) == (("c", "s"), ready["ca"], True)
    assert "client_secret" not in (tmp_path / "session.json").read_text("utf-8")


@pytest.mark.parametrize(("mode", "target"), [("drill", Target(ENVIRONMENT)), ("open", Target())])
def test_a_drill_off_its_lab_and_a_real_run_on_one_are_refused(
    mode: str, target: Target, tmp_path: Path, ready: dict[str, Any]
) -> None:
    _write(tmp_path, ready, mode, target)
    with pytest.raises(ConfigError, match="does not fit its target"):
        read_config(tmp_path)


APPS = [
    {"app": "goals", "region": "r1", "production_url": "https://127.0.0.1:8444", "slot_url": "https://[::1]:8445"},
    {"app": "goals-2", "region": "r2", "production_url": "https://127.0.0.1:8454", "slot_url": "https://[::1]:8455"},
]
WEST = App(app="goals-west", resource_group="west", production_url="https://w.net", slot_url="https://w-green.net")


async def test_each_further_app_of_a_lab_or_an_environment_has_ports_of_its_own(ready: dict[str, Any]) -> None:
    own = ENVIRONMENT.model_copy(update={"apps": (WEST,)})
    for target, told, name, group in (
        (Target(), ready | {"apps": APPS}, "goals-2", "rg"),
        (Target(own), {}, WEST.app, "west"),
    ):
        async with outside_of(place_of(target, told)) as ports:
            assert set(ports.apps) == {name}
            sent = [request.url for request in ports.planned(Act(ActKind.SWAP, "green", version="v1", app=name))]
            site = f"/resourceGroups/{group}/providers/Microsoft.Web/sites/{name}/slots/green/slotsswap"
            assert any(site in url for url in sent)
            assert not any("/sites/goals/" in url for url in sent)
            first = [request.url for request in ports.planned(Act(ActKind.SWAP, "green", version="v1"))]
            assert any("/sites/goals/slots/green/slotsswap" in url for url in first)


def test_what_differs_in_a_further_app_is_pinned_under_its_name(ready: dict[str, Any]) -> None:
    lab = environment_of(ready | {"apps": APPS})
    assert (lab["app"], lab["production_url@goals-2"]) == ("goals", "https://127.0.0.1:8454")
    pinned = Target(ENVIRONMENT.model_copy(update={"apps": (WEST,)})).pinned({})
    assert (pinned["resource_group"], pinned["resource_group@goals-west"]) == ("rg", "west")


def test_an_app_off_this_machine_is_refused(tmp_path: Path, ready: dict[str, Any]) -> None:
    away = [APPS[0], APPS[1] | {"slot_url": "https://goals-2.azurewebsites.net"}]
    _write(tmp_path, ready | {"apps": away})
    with pytest.raises(ConfigError, match="slot_url of goals-2 is https://goals-2"):
        read_config(tmp_path)


@pytest.mark.parametrize("apps", [[{"app": "goals-2"}], ["goals-2"], [{"app": None, "production_url": "x"}], 7])
def test_apps_that_cannot_be_read_are_refused(ready: dict[str, Any], apps: Any) -> None:
    with pytest.raises(ConfigError, match="tells its apps wrongly"):
        apps_of(ready | {"apps": apps})


def test_the_apps_of_a_course_are_kept_for_resume(tmp_path: Path, ready: dict[str, Any]) -> None:
    course = Course("rolling", apps=("goals", "goals-2"), at_once=1)
    _write(tmp_path, ready | {"apps": APPS})
    write_config(replace(read_config(tmp_path).settings, course=course))
    assert read_config(tmp_path).settings.course == course


def test_reading_a_configuration_loads_no_client_of_azure() -> None:
    code = (
        "import cpr_cockpit.wiring, sys; print([n for n in sys.modules if n.partition('.')[0] in ('azure', 'aiohttp')])"
    )
    shown = run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert shown.stdout.strip() == "[]"


async def test_every_app_is_read_and_on_a_lab_nothing_that_is_declared_beyond_this_machine(
    ready: dict[str, Any],
) -> None:
    further = {"app": "goals-b", "production_url": "https://127.0.0.1:8447", "slot_url": "https://127.0.0.1:8448"}
    url = Check(item="configuration.cors", name="preflight", url="https://goals.example.org/")
    own = Check(item="database.backups", name="backup", command=("true",))
    declared = Declared(checks=(url, own), code=(Code(path="../api", branch="feature/1"),))
    place = place_of(Target(declared=declared), ready | {"apps": [further]})
    async with outside_of(place) as ports:
        kinds = [type(one).__name__ for one in ports.sensors]
    assert kinds == [*["OfApp"] * 4, "Certificates", "Staging", "Names", "Names", "ErrorTracking", "CommandCheck"]
    assert left_out(place) == ("preflight", "../api")
    async with outside_of(replace(place, on_lab=False, apps=(), code=declared.code)) as ports:
        kinds = [type(one).__name__ for one in ports.sensors]
    assert kinds == [
        *("PlanCapacity", "SiteSettings", "Certificates", "Staging", "Names", "ErrorTracking"),
        *("Repository", "RequestCheck", "CommandCheck"),
    ]


async def test_a_lab_has_repositories_of_its_own_at_its_own_host(ready: dict[str, Any], tmp_path: Path) -> None:
    one = {"name": "goals/goals-api", "clone": "/clones/goals-api", "branch": "feature/1", "main": "main"}
    rows = [one, one | {"name": "goals/goals-ui", "clone": "/clones/goals-ui"}]
    told = ready | {"git_host": {"api": "https://localhost:8449", "token": "of-the-lab", "repositories": rows}}
    declared = Declared(code=(Code(path="../api", branch="feature/1"),), commit="a" * 40)
    place = place_of(Target(declared=declared), told | {"versions": {"good": "v1.3.0"}})
    assert "of-the-lab" not in repr(place)
    async with outside_of(place) as ports:
        assert [(host.name, host.artifact) for host in ports.code] == [
            ("goals/goals-api", True),
            ("goals/goals-ui", False),
        ]
        kinds = [type(one).__name__ for one in ports.sensors]
    assert kinds[-4:] == ["Repository", "Repository", "CodeHostItems", "CodeHostItems"]
    path = tmp_path / "ready.json"
    told["git_host"]["api"] = "https://api.github.com"
    with pytest.raises(ConfigError, match=r"git_host\.api is https://api\.github\.com, which is not on this machine"):
        check_ready(path, told | {"app_configuration": "", "control": {"url": "https://localhost:1"}})


async def test_a_command_tells_no_secret_of_another_check(
    tmp_path: Path, ready: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORDERS", "of-orders")
    own = Check(item="database.backups", name="backup", command=("sh", "-c", "echo got $ORDERS and $USER_OF_TESTS"))
    monkeypatch.setenv("USER_OF_TESTS", "user-token")
    place = replace(
        place_of(Target(declared=Declared(checks=(own,), home=str(tmp_path))), ready),
        secrets={"ORDERS": "of-orders"},
        user_token="user-token",
    )
    async with outside_of(place) as ports:
        (reading,) = await ports.sensors[-1].read()
    assert reading.words.startswith("backup: got *** and ***, in ")
