"""Every text that the cockpit asks the logs with: its literals, Microsoft's own parser, and the lab's engine."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from importlib import resources
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

from cpr_cockpit.adapters.azure import kql
from cpr_cockpit.lab.kql.engine import run
from cpr_cockpit.lab.kql.frame import Frame
from cpr_cockpit.lab.kql.schema import TABLES

ROOT = Path(__file__).resolve().parents[2]
NOW = 1_700_000_000.0
ALL_TABLES = TABLES | {"Operation": {"TimeGenerated": "datetime", "OperationCategory": "string", "Detail": "string"}}
SPAN = {"start": kql.moment(NOW), "end": kql.moment(NOW + 900)}
APP = {"app": kql.text("/subscriptions/s/resourceGroups/rg/providers/microsoft.insights/components/goals")}
PLAIN = {"version_of": kql.version_of("")}
BY_VERSION = {"versions": kql.texts(("v1", "v2")), "every_version": kql.truth(False)} | PLAIN
BY_FLAG = BY_VERSION | {"version_of": kql.version_of('a "flag" \\{start}')}
VERSIONS = {"old_version": kql.text('v1" or true //'), "new_version": kql.text("v2\\")}
BEFORE = {"before": kql.moment(NOW - 3600)}
# After GO: what lies between the two sides is not read.
BESIDE = {"switch": kql.moment(NOW - 1800), "reach": kql.reach(NOW - 3600, (NOW - 1800, NOW))}
UNSPLIT = {"switch": kql.moment(NOW), "reach": kql.reach(NOW - 3600, (NOW, NOW))}
STRETCHES = {name: kql.moment(NOW) for name in ("recent", "users_before", "served", "served_before")}
SINCE = {"since": kql.moment(NOW)}
STAGED = {"staging": kql.text("/subscriptions/s/staging"), "new_version": VERSIONS["new_version"]}
FIGURES = "Requests Failures Total Newest LastOk P50 P95 P99"
DATED = "Newest LagS"
OF_USERS = "Rows Users UsersBefore Named Requests Refusals RequestsBefore RefusalsBefore"
OF_FEATURE = (
    "Uses UsesTotal UsesTotalBefore NewestSince OldestBefore "
    "ServedUsers FeatureUsers ServedUsersBefore FeatureUsersBefore"
)
# Question to its literals, and the columns that are read from its answer.
SENT: dict[str, tuple[dict[str, kql.Literal], str]] = {
    "arrived": (SINCE | APP, f"AppVersion Rows {DATED}"),
    "bins": (SPAN | APP | BY_VERSION | {"length": kql.length(60)}, f"Start AppVersion {FIGURES}"),
    "blocks": (
        SPAN | APP | BY_VERSION | {"length": kql.length(10), "slow": kql.counts_above((0.5, 140.0))},
        "Number AppVersion OperationName AppRoleInstance Slow Requests Failures Total",
    ),
    "browser_exceptions": (SPAN | APP | BESIDE, f"Rows Total TotalBefore {DATED}"),
    "dependencies": (SPAN | APP | BESIDE | VERSIONS, f"Part Target Rows Kind Failures P95 {DATED}"),
    "exceptions": (SPAN | APP | BESIDE | VERSIONS, f"Rows Total TotalBefore {DATED}"),
    "freshness": (SINCE | APP, DATED),
    "hours": (SINCE | APP | {"length": kql.length(300)}, "Start Rows Oldest"),
    "ingestion": (SINCE, "Stopped Resumed"),
    "new_problems": (SPAN | APP | BEFORE | VERSIONS, "ProblemId ExceptionType Rows Total First"),
    "page_loads": ({"end": SPAN["end"]} | APP | BESIDE, f"Part Rows P75 {DATED}"),
    "pinned": (SPAN | APP | {"version": kql.text('v2" or true //')}, "Users Named Rows"),
    "pipeline": (SINCE | APP, DATED),
    "staged_problems": (SINCE | APP | STAGED, "ProblemId ExceptionType Rows"),
    "staged_requests": (SINCE | STAGED, "Rows Failures Newest"),
    "usage": (
        SPAN | APP | BESIDE | VERSIONS | STRETCHES | {"feature": kql.text('POST /goals/{id}" or true //')},
        f"{OF_USERS} {OF_FEATURE} {DATED}",
    ),
    "users": (SINCE | APP, f"Rows Requests {DATED}"),
    "whole": (SPAN | APP | BY_VERSION, f"AppVersion {FIGURES}"),
}
# Without thresholds, without a version to filter by, and of a whole workspace.
BARE = APP | {"app": kql.text("")}
VARIANTS = [
    ("blocks", SPAN | BARE | BY_VERSION | {"length": kql.length(10), "slow": kql.counts_above(())}),
    ("usage", SPAN | BARE | UNSPLIT | VERSIONS | STRETCHES | {"feature": kql.text("")}),
    ("whole", SPAN | BARE | PLAIN | {"versions": kql.texts(()), "every_version": kql.truth(True)}),
    ("whole", SPAN | APP | BY_FLAG),
    ("bins", SPAN | APP | BY_FLAG | {"length": kql.length(60)}),
]


def test_every_file_is_among_the_texts_under_test() -> None:
    files = {path.name for path in resources.files(kql).iterdir() if path.name.endswith(".kql")}
    assert files == {f"{name}.kql" for name in SENT}


def test_the_wheel_ships_every_file() -> None:
    shipped = {one.distribution_path for one in WheelBuilder(str(ROOT)).recurse_included_files()}
    assert {f"cpr_cockpit/adapters/azure/kql/{name}.kql" for name in SENT} <= shipped


def test_microsofts_own_parser_takes_every_text(tmp_path: Path) -> None:
    checker = os.environ.get("KQL_CHECK", "")
    if not Path(checker).is_file() or shutil.which("node") is None:
        pytest.skip("KQL_CHECK does not name the script that asks Microsoft's parser, or there is no node to run it")
    (tmp_path / "tables.json").write_text(json.dumps(ALL_TABLES), "utf-8")
    asked = [(name, literals) for name, (literals, _) in SENT.items()] + VARIANTS
    files = []
    for number, (name, literals) in enumerate(asked):
        files.append(tmp_path / f"{number}-{name}.kql")
        files[-1].write_text(kql.question(name, **literals), "utf-8")
    command = ["node", checker, "--schema", str(tmp_path / "tables.json"), *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == f"{len(files)} queries, 0 errors\n", done.stdout + done.stderr


@pytest.mark.parametrize("name", SENT)
def test_the_lab_answers_every_text_with_the_columns_that_are_read(name: str) -> None:
    literals, columns = SENT[name]
    empty = {table: Frame.of_rows(schema, {"_ingestion": "datetime"}, []) for table, schema in ALL_TABLES.items()}
    found = run(kql.question(name, **literals), empty, NOW)
    assert {column for column, _ in found.columns} == set(columns.split())


# How telemetry comes, and staging, which has no users.
OF_NO_USERS = ("ingestion", "arrived", "pipeline", "staged_problems", "staged_requests")


@pytest.mark.parametrize("name", [name for name in SENT if name not in OF_NO_USERS])
def test_every_figure_of_users_leaves_synthetic_rows_out_and_counts_one_application(name: str) -> None:
    text = kql.question(name, **SENT[name][0])
    tables = len(re.findall(r"\bApp(Requests|Exceptions|Dependencies|BrowserTimings)\b", text))
    assert text.count("isempty(SyntheticSource)") == tables > 0
    assert text.count("_ResourceId =~") == tables


def test_a_parameter_that_is_missing_or_unknown_is_refused() -> None:
    with pytest.raises(KeyError, match="app, since"):
        kql.question("freshness", since=kql.moment(NOW))
    with pytest.raises(KeyError, match="given app, since, start"):
        kql.question("freshness", **SINCE, **APP, start=kql.moment(NOW))


def test_a_string_stays_a_string() -> None:
    assert kql.text('v1") or true //\\') == '"v1\\") or true //\\\\"'
    assert kql.texts(()) == '""'
    with pytest.raises(ValueError, match="control character"):
        kql.text("v1\n| take 1")
    # What looks like a parameter in a value is not filled again.
    assert '"{since}"' in kql.question("freshness", since=kql.moment(NOW), app=kql.text("{since}"))


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf")])
def test_a_threshold_is_a_number_of_milliseconds(value: float) -> None:
    with pytest.raises(ValueError, match="milliseconds"):
        kql.counts_above((value,))


def test_times_are_exact() -> None:
    assert kql.moment(NOW + 0.25) == "datetime(2023-11-14T22:13:20.250000Z)"
    assert kql.length(90_061.5) == "timespan(1.01:01:01.5000000)"
    with pytest.raises(ValueError, match="above zero"):
        kql.length(0.0)
