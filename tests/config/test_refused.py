"""Every kind of mistake: one message with file, line, key, what was found, what is allowed, the nearest match."""

from __future__ import annotations

from pathlib import Path

import pytest

from cpr_cockpit.config import SettingsError, load
from tests.config.files import TEXT, changed, line_of, refused

# What is replaced by what, and what the one message must tell: key, found, allowed or nearest.
MISTAKES = {
    "a key misspelt": ("tenant =", "tenat =", ["environments.production.tenat", "nearest match: tenant"]),
    "a policy's key misspelt": ('window_s = "15m"', 'windw_s = "15m"', ["policy.windw_s", "nearest match: window_s"]),
    "a text for a number": ("status = 401", 'status = "401"', ["smoke[2].status", "no whole number", "'401'", "599"]),
    "a number for a text": ('"ML"', "12", ["people[1].initials", "no text", "found 12", "2 to 4 letters"]),
    "a text for a switch": ("require_ready = false", 'require_ready = "no"', ["policy.require_ready", "true or false"]),
    "a duration without unit": ('window_s = "15m"', 'window_s = "15"', ["policy.window_s", "no duration", "'15'"]),
    "a window too short": ('window_s = "15m"', 'window_s = "5s"', ["policy.window_s", "5.0", "10 s to 24 h"]),
    "not a number": ('window_s = "15m"', "window_s = nan", ["policy.window_s", "found nan"]),
    "percent for a share": ('error_rate = "5%"\nerror_for_s', "error_rate = 5\nerror_for_s", ["error_rate", "found 5"]),
    "a status that is none": ("status = 401", "status = 4010", ["smoke[2].status", "found 4010", "100 to 599"]),
    "a tenant that is no id": ("5d0b7a6e-", "5d0b7a6-", ["environments.production.tenant", "a GUID"]),
    "http": ("https://goals-api-green", "http://goals-api-green", ["slot_url", "no https address", "http://goals"]),
    "a path in an address": ("green.azurewebsites.net", "green.azurewebsites.net/a", ["slot_url", "scheme and host"]),
    "credentials in an address": ("https://goals-api-green", "https://u:p@goals", ["slot_url", "no https address"]),
    "a command in an address": ("https://goals-api-green", "https://$(x)green", ["slot_url", "no https address"]),
    "a command in the health path": ('health_path = "/api', 'health_path = "/a;b', ["health_path", "a plain path"]),
    "an id that is no plan": ("workspace_id =", 'plan_id = "plan"\nworkspace_id =', ["plan_id", "an App Service plan"]),
    "an id of no known database": (
        "workspace_id =",
        'database_id = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Cache/redis/r"\nworkspace_id =',
        ["database_id", "no resource id of a database", "Microsoft.Sql/servers"],
    ),
    "a control character in an operation": (
        'operation = "POST /api/v1/goals"',
        r'operation = "POST\u0007"',
        ["environments.production.feature_operation", "no name of an operation", "up to 200 printable characters"],
    ),
    "a name of an operation that begins with a space": (
        'operation = "POST',
        'operation = " POST',
        ["feature_operation", "no name of an operation", "such as POST /api/v1/goals"],
    ),
    "a name of an operation that is too long": (
        'operation = "POST',
        f'operation = "{"POST/" * 40}',
        ["feature_operation", "'POST/POST/", "up to 200 printable characters"],
    ),
    "no address in a list": (
        "workspace_id =",
        'front_addresses = ["203.0.113.7", "10.0.0"]\nworkspace_id =',
        ["front_addresses[2] is no IP address", "found '10.0.0'", "Allowed: where the name of production leads"],
    ),
    "one host for both": ("https://goals-api-green", "https://goals-api", ["slot_url and production_url are the same"]),
    "production as slot": ('slot = "green"', 'slot = "Production"', ["environments.production.slot", "'Production'"]),
    "initials twice": ('"JW"', '"ml"', ["people[2].initials", "people[1]"]),
    "a smoke test twice": ('name = "first page"', 'name = "health"', ["smoke[5].name", "smoke[1]"]),
    "an unknown table": ("[artifacts]", "[artefacts]", ["artefacts", "nearest match: artifacts"]),
    "a table for a list": ('name = "first page"', 'name = "first page"\nbody = 3', ["smoke[5].body", "no table"]),
    "an inline table's member": ('title = "Smoke', 'title = 3, x = "Smoke', ["smoke[4].body.title", "no text"]),
    "clean-up of a GET": ('name = "first page"', 'name = "first page"\nclean_up = true', ["smoke[5]", "GET"]),
    "half a cloud": ("[policy]", '[environments.production.cloud]\nlogs = "https://a.b"\n[policy]', []),
    "broken TOML": ("[policy]", "[policy", ["no valid TOML", "Expected ']'"]),
    "a table twice": ("[artifacts]", "[policy]\n[artifacts]", ["no valid TOML", "twice"]),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_with_its_place(name: str, tmp_path: Path) -> None:
    old, new, told = MISTAKES[name]
    said = refused(tmp_path, changed(old, new))
    assert len(said) == (1 if told else 4)
    assert said[0].startswith("cockpit.toml, line ")
    assert [part for part in told if part not in said[0]] == []


@pytest.mark.parametrize(
    ("old", "new"),
    [("tenant =", "tenat ="), ("status = 401", "status = 4010"), ('"JW"', '"ML"'), ("[artifacts]", "[artefacts]")],
)
def test_the_line_is_that_of_the_key(old: str, new: str, tmp_path: Path) -> None:
    text = changed(old, new)
    assert refused(tmp_path, text)[0].startswith(f"cockpit.toml, line {line_of(TEXT, old)}:")


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    text = changed("tenant =", "tenat =").replace("status = 401", "status = 4010")
    assert len(refused(tmp_path, text)) == 2


def test_numbers_that_do_not_go_together_name_both(tmp_path: Path) -> None:
    (said,) = refused(tmp_path, changed('window_s = "15m"', "window_s = 20\nbin_s = 40"))
    assert f"line {line_of(TEXT, 'window_s =') + 1}: policy" in said
    assert "bin_s (40.0 s) does not fit into window_s (20.0 s)" in said


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"\xff\xfe" + TEXT.encode("utf-16-le"), "is UTF-16"),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), "is UTF-16"),
        (TEXT.encode("utf-16-le"), "is UTF-16, or binary"),
        (TEXT.replace("Jonas", "J\xf6rg").encode("latin-1"), "is no UTF-8 here"),
        (b"\x00\x01\x02", "is UTF-16, or binary"),
        (b"#" * 1_000_001, "is larger than 1 MB"),
    ],
    ids=["utf-16-le", "utf-16-be", "utf-16 without mark", "latin-1", "binary", "large"],
)
def test_another_encoding_is_named(data: bytes, what: str, tmp_path: Path) -> None:
    (said,) = refused(tmp_path, data)
    assert what in said
    assert "Allowed: " in said


def test_text_from_the_file_is_shown_inert(tmp_path: Path) -> None:
    (said,) = refused(tmp_path, changed('slot = "green"', r'slot = "\u001b[31m\u202ered"'))
    assert said.isprintable()


def test_a_folder_in_the_files_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "cockpit.toml").mkdir()
    with pytest.raises(SettingsError, match="cannot be read"):
        load(tmp_path / "cockpit.toml", {})


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("COCKPIT_POLICY__WINDW_S", "15m", "policy.windw_s is no key here (nearest match: window_s)"),
        ("COCKPIT_POLCY__WINDOW_S", "15m", "polcy is no key here (nearest match: policy)"),
        ("COCKPIT_ENVIRONMENTS__PRODUCTION__TENANT", "12", "environments.production.tenant"),
        ("COCKPIT_SMOKE__NAME", "x", "smoke.name, which is in no table"),
    ],
)
def test_a_variable_is_named_where_it_is_the_mistake(variable: str, value: str, told: str, tmp_path: Path) -> None:
    (said,) = refused(tmp_path, TEXT, {variable: value})
    assert said.startswith(f"variable {variable}: ")
    assert told in said


def test_a_number_longer_than_python_reads_is_told(tmp_path: Path) -> None:
    (said,) = refused(tmp_path, "a = " + "9" * 5000)
    assert "cannot be read" in said
    (said,) = refused(tmp_path, TEXT, {"COCKPIT_POLICY__WINDOW_S": "9" * 5000})
    assert said.startswith("variable COCKPIT_POLICY__WINDOW_S: ")
