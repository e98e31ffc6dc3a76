"""The JSON schema of ``cockpit.toml``: in step with what reads the file, and no stricter than it."""

from __future__ import annotations

import json
import re
import tomllib
from datetime import date, datetime, time
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # its types are a package of their own

from cpr_cockpit.config import load
from cpr_cockpit.config.schema import FILE, schema, schema_text
from tests.config.files import SAMPLE, TEXT
from tests.config.test_refused import MISTAKES
from tests.config.test_safeguards import FREEZES

SHIPPED = SAMPLE.parent.parent / FILE
# Mistakes that no schema can tell: several keys together, and what is no TOML at all.
_BEYOND = re.compile(
    "twice|one host|clean-up of|half a cloud|broken|address|http$|no plan|database|operation|as slot|path|not a number"
    "|too short"
)


def plain(value: Any) -> Any:
    """As an editor hands TOML to a schema: times are texts."""
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return value.isoformat() if isinstance(value, date | datetime | time) else value


@cache
def validator() -> Draft202012Validator:
    Draft202012Validator.check_schema(schema())
    return Draft202012Validator(schema())


def wrong(text: str) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in validator().iter_errors(plain(tomllib.loads(text)))]


def uncommented() -> str:
    """The sample with all that it shows as a comment, but what it tells in words."""
    key = re.compile(r"^# ?(\[\[?[\w.]+\]?\]( |$)|[\w]+ = |'''|\| )")
    lines = [line.removeprefix("#").removeprefix(" ") if key.match(line) else line for line in TEXT.splitlines()]
    told = [
        line for line in lines if not line.startswith(("[environments.production.cloud]", "[[environments.", "preview"))
    ]
    return "\n".join(told)


def test_the_shipped_schema_is_what_the_types_say() -> None:
    """Where it is not: cpr-cockpit init --schema > cpr_cockpit/samples/cockpit.schema.json."""
    assert SHIPPED.read_text("utf-8") == schema_text()


@pytest.mark.parametrize("text", [TEXT, TEXT + FREEZES, uncommented()], ids=["sample", "freezes", "every key"])
def test_what_can_be_used_is_valid(text: str, tmp_path: Path) -> None:
    assert wrong(text) == []
    (tmp_path / "cockpit.toml").write_text(text, "utf-8")
    load(tmp_path / "cockpit.toml", {})


@pytest.mark.parametrize("name", [name for name in MISTAKES if not _BEYOND.search(name)])
def test_a_mistake_of_one_key_is_no_valid_file(name: str) -> None:
    old, new, _ = MISTAKES[name]
    assert wrong(TEXT.replace(old, new)) != []


def test_a_number_with_a_unit_is_a_text_of_that_form() -> None:
    assert wrong('[policy]\nwindow_s = "15 minutes"') != []
    assert wrong('[policy]\nwindow_s = "15m"\nerror_rate = "5%"\ntarget_p95_ms = "0.2s"') == []
    assert wrong('[strategy]\nname = "canary"\nshares = ["5%", 25]\ncontrol = "x"') != []


def test_it_is_json_without_a_word_of_python() -> None:
    text = json.dumps(schema())
    assert "``" not in text
    assert text.count('"title"') == 1
