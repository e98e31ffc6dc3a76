"""Finds and reads ``cockpit.toml``, lays the environment's variables over it, checks all of it.

A variable ``COCKPIT_POLICY__WINDOW_S`` stands for the key ``policy.window_s``: two underscores for each dot, ``-`` in a
name as ``_``. Variables win over the file. Secrets are never in the file: Azure's come from azure-identity's chain, the
token of signed-in smoke tests from ``COCKPIT_USER_TOKEN``.
"""

from __future__ import annotations

import codecs
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from cpr_cockpit.config.model import Environment, Settings
from cpr_cockpit.config.notify_table import SERVICE, url_problem
from cpr_cockpit.config.pipeline_table import PIPELINE_TOKEN
from cpr_cockpit.config.places import Key, line_at, lines_of
from cpr_cockpit.config.problems import Problem, SettingsError, dotted, field_at, nearest, problems_of, shown
from cpr_cockpit.core.policy import Policy

NAME = "cockpit.toml"
LARGEST = 1_000_000
PREFIX = "COCKPIT_"
USER_TOKEN = "COCKPIT_USER_TOKEN"  # noqa: S105  # the variable's name
STAGING_TOKEN = "COCKPIT_STAGING_TOKEN"  # noqa: S105  # the same
ENVIRONMENT = "COCKPIT_ENVIRONMENT"
# Variables that stand for themselves, not for a key of the file.
_OWN = frozenset({USER_TOKEN, STAGING_TOKEN, PIPELINE_TOKEN, ENVIRONMENT, "COCKPIT_USER"})
_AT = re.compile(r"(.*) \(at line (\d+), column \d+\)", re.DOTALL)
_MARKS = ((codecs.BOM_UTF32_LE, "UTF-32"), (codecs.BOM_UTF16_LE, "UTF-16"), (codecs.BOM_UTF16_BE, "UTF-16"))


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings with the file that they came from."""

    path: Path
    settings: Settings
    policy: Policy

    def environment(self, name: str | None) -> tuple[str, Environment]:
        """The environment of that name; without a name the only one. SettingsError where that is not one."""
        known = self.settings.environments
        if name is None and len(known) == 1:
            return next(iter(known.items()))
        names = ", ".join(sorted(known)) or "none: write a table [environments.NAME]"
        if name is None:
            what = "are several: name one with --environment" if known else "are missing"
            raise SettingsError([Problem(self.path.name, "environments", what, names)])
        if name not in known:
            what = f"has no environment {shown(name)!r}{nearest(name, list(known))}"
            raise SettingsError([Problem(self.path.name, "", what, names)])
        return name, known[name]


def find(feature: Path) -> Path | None:
    """The feature folder's own file, or the nearest one above it within the same git repository."""
    if (feature / NAME).exists():
        return feature / NAME
    above = feature.absolute().parents
    root = next((number for number, folder in enumerate(above) if (folder / ".git").exists()), None)
    within = [] if root is None else above[: root + 1]
    return next((folder / NAME for folder in within if (folder / NAME).is_file()), None)


def load(path: Path, variables: Mapping[str, str]) -> Loaded:
    """The settings in the file at ``path`` under ``variables``; SettingsError names everything that is wrong."""
    text = _text(path)
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError([_broken(path, str(error))]) from error
    except RecursionError as error:
        raise SettingsError([Problem(path.name, "", "is nested too deeply")]) from error
    except ValueError as error:  # a number that is longer than Python reads
        raise SettingsError(
            [Problem(path.name, "", f"cannot be read: {shown(str(error))}", "shorter numbers")]
        ) from error
    lines = lines_of(text)
    taken = _overlay(raw, variables)

    def place(key: Key) -> str:
        # A table that a variable alone brought in has no line: its variable is named.
        variable = taken.get(key) or next((name for at, name in taken.items() if at[: len(key)] == key), None)
        if variable is not None and (key in taken or key not in lines):
            return f"variable {variable}"
        line = line_at(lines, key)
        return path.name if line is None else f"{path.name}, line {line}"

    try:
        settings = Settings.model_validate(raw)
        policy = settings.policy.policy()
    except ValidationError as error:
        raise SettingsError(problems_of(error, Settings, place)) from error
    except ValueError as error:
        raise SettingsError([_impossible(str(error), place)]) from error
    wrong = _doubles(settings, place) + _channels(settings, variables)
    if wrong:
        raise SettingsError(wrong)
    return Loaded(path, settings, policy)


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise SettingsError([Problem(path.name, "", f"cannot be read ({error.strerror})", "a file")]) from error
    if len(data) > LARGEST:
        raise SettingsError([Problem(path.name, "", "is larger than 1 MB", "a TOML text")])
    name = next((name for mark, name in _MARKS if data.startswith(mark)), None)
    if name is None and b"\0" in data:
        name = "UTF-16, or binary"
    if name is not None:
        raise SettingsError([Problem(f"{path.name}, line 1", "", f"is {name}", "UTF-8: save the file as that")])
    try:
        # Editors and PowerShell put a mark before UTF-8, which TOML does not know.
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        what = "is no UTF-8 here"
        raise SettingsError([Problem(f"{path.name}, line {line}", "", what, "UTF-8: save the file as that")]) from error
    return text.replace("\r\n", "\n")


def _broken(path: Path, words: str) -> Problem:
    match = _AT.fullmatch(words)
    where = f"{path.name}, line {match[2]}" if match else path.name
    said = shown(match[1] if match else words)
    return Problem(where, "", f"is no valid TOML: {said}", 'key = "text", key = 12, key = true, [table], [[table]]')


def _overlay(raw: dict[str, Any], variables: Mapping[str, str]) -> dict[Key, str]:
    """Put the variables' values into ``raw``; which variable gave which key."""
    taken: dict[Key, str] = {}
    for name in sorted(variables):
        if not name.startswith(PREFIX) or name in _OWN:
            continue
        here: dict[str, Any] = raw
        path: Key = ()
        parts = name.removeprefix(PREFIX).lower().split("__")
        for part in parts[:-1]:
            actual = next((key for key in here if key.lower().replace("-", "_") == part), part)
            path = (*path, actual)
            inner = here.setdefault(actual, {})
            if not isinstance(inner, dict):
                what = f"stands for {dotted((*path, *parts[len(path) :]))}, which is in no table"
                raise SettingsError([Problem(f"variable {name}", "", what, "keys of single tables")])
            here = inner
        path = (*path, parts[-1])
        here[parts[-1]] = _value(path, variables[name])
        taken[path] = name
    return taken


def _value(path: Key, text: str) -> Any:
    """A variable's text as the key's kind: as it stands for a text, else as TOML reads it (12, true), else as text."""
    _, field = field_at(Settings, path)
    if field is not None and field.annotation is str:
        return text
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):
        return text


def _impossible(words: str, place: Callable[[Key], str]) -> Problem:
    """What `Policy` says of numbers that do not go together, with the line of the first field that it names."""
    match = re.match(r"policy: (\w+)", words)
    key: Key = ("policy", match[1]) if match else ("policy",)
    return Problem(place(key), "policy", f"cannot be used: {shown(words.removeprefix('policy: '))}")


def _doubles(settings: Settings, place: Callable[[Key], str]) -> list[Problem]:
    """People, smoke tests, signals and checks that share what each must have alone."""
    found: list[Problem] = []
    named = (
        ("people", "initials", [one.initials.upper() for one in settings.people]),
        ("smoke", "name", [one.name for one in settings.smoke]),
        ("signals", "name", [one.name for one in settings.signals]),
        ("checks", "name", [one.name for one in settings.checks]),
        ("notify", "name", [one.name for one in settings.notify]),
    )
    for table, key, values in named:
        for number, value in enumerate(values):
            if value in values[:number]:
                path: Key = (table, number, key)
                first = values.index(value) + 1
                what = f"is {shown(value)!r}, as in {table}[{first}]"
                found.append(Problem(place(path), dotted(path), what, f"{key} of its own for each"))
    return found


def _channels(settings: Settings, variables: Mapping[str, str]) -> list[Problem]:
    """Variables that hold no URL of their channel. They are secrets: none is quoted."""
    found = []
    for one in settings.notify:
        if what := url_problem(one, variables):
            allowed = "a URL of Apprise, such as slack://..." if one.kind == SERVICE else "https://host/path"
            what = f"{what}, and notify {shown(one.name)!r} is sent there"
            found.append(Problem(f"variable {one.url_env}", "", what, allowed))
    return found
