"""The first ``cockpit.toml``, with a comment on each key: what was found, and what is left to a person."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class FirstFile:
    """What is known; "" for what is not. ``cloud``: endpoints of another cloud than public Azure.

    ``code``: the clone's folder relative to the file, with its branch, main branch and remote.
    """

    environment: str
    tenant: str
    subscription: str
    resource_group: str
    app: str
    slot: str
    workspace_id: str
    production_url: str
    slot_url: str
    app_insights_id: str = ""
    plan_id: str = ""
    database_id: str = ""
    app_configuration: str = ""
    tag: tuple[str, str] | None = None
    cloud: Mapping[str, str] = field(default_factory=dict)
    person: tuple[str, str] | None = None
    code: Mapping[str, str] = field(default_factory=dict)
    version: str = ""

    def text(self) -> str:
        """The file."""
        parts = (self._head(), self._environment(), self._cloud(), self._rules(), self._code(), self._artifacts())
        return "\n".join(line for part in parts for line in part) + "\n"

    def _head(self) -> Iterator[str]:
        yield "# CPR Cockpit: where this feature is deployed to, and by which rules. Written by cpr-cockpit init."
        yield "#"
        yield "# No secret belongs here: Azure is met as whoever is signed in (az login, managed identity). The JSON"
        yield "# schema of this file, for an editor: cpr-cockpit init --schema. Is all well: cpr-cockpit doctor."
        yield ""

    def _environment(self) -> Iterator[str]:
        yield f"[environments.{_key(self.environment)}]"
        yield "# Pinned: nothing is ever taken from a client's current subscription."
        for name in ("tenant", "subscription", "resource_group", "app"):
            yield _line(name, getattr(self, name))
        yield "# The slot that the new version is laid into, and that the old one waits in after the swap."
        yield _line("slot", self.slot)
        yield "# The Log Analytics workspace that the app's requests are in."
        yield _line("workspace_id", self.workspace_id)
        yield "# The Application Insights component whose rows count, where several report to one workspace."
        yield _line("app_insights_id", self.app_insights_id, wanted=bool(self.app_insights_id))
        yield "# The plan that the app runs on; without it the one that the app names."
        yield _line("plan_id", self.plan_id, wanted=bool(self.plan_id))
        yield "# The database whose load is watched beside the app."
        yield _line("database_id", self.database_id, wanted=bool(self.database_id))
        yield "# The store of the feature flags, where the lease lies too: with it no two runs meet in one app."
        yield _line("app_configuration", self.app_configuration, wanted=bool(self.app_configuration))
        yield _line("production_url", self.production_url)
        yield _line("slot_url", self.slot_url)
        yield "# Tells status 200 and the version that serves."
        yield _line("health_path", "/api/health")
        yield "# How late a request is in the logs, until that has been measured."
        yield _line("telemetry_delay_s", "3m")
        yield "# What the tags of the app, or of its resource group, must say before anything is changed."
        name, value = self.tag or ("cpr-environment", self.environment)
        yield f"{'' if self.tag else '# '}tag = {{ {_key(name)} = {_text(value)} }}"
        yield ""

    def _cloud(self) -> Iterator[str]:
        if self.cloud:
            yield "# Another cloud than public Azure: all five of its endpoints."
            yield f"[environments.{_key(self.environment)}.cloud]"
            yield from (_line(name, value) for name, value in self.cloud.items())
            yield ""

    def _rules(self) -> Iterator[str]:
        yield "# Every default is the procedure's; only what differs has to be written."
        yield "[policy]"
        yield _line("window_s", "15m")
        yield "# Acts that a second person confirms: start, go, database-undo, waiver. ROLLBACK never is one."
        yield '# two_person = ["start", "go"]'
        yield ""
        yield "# Who takes part: initials sign, the numbers stand on the rollback card."
        name, initials = self.person or ("Your Name", "YN")
        rows = ("[[people]]", _line("name", name), _line("initials", initials), _line("role", "deployment lead"))
        yield from (row if self.person else f"# {row}" for row in rows)
        yield '# phone = "a number that is answered at night"'
        yield ""
        yield "# When nobody should deploy: START asks for a reason then, ROLLBACK never."
        yield "# [[freeze]]"
        yield '# name = "weekend"'
        yield '# zone = "Europe/Berlin"'
        yield '# days = ["saturday", "sunday"]'
        yield '# from = "00:00"'
        yield '# to = "24:00"'
        yield ""
        yield "# Smoke tests: against the slot before the switch, and against production after it."
        yield "[[smoke]]"
        yield _line("name", "health")
        yield _line("path", "/api/health")
        yield ""

    def _code(self) -> Iterator[str]:
        if self.code:
            yield "# The repository of the feature: branch up to date, conflicts and tag are read from its remote."
            yield "[[code]]"
            yield from (_line(name, value) for name, value in self.code.items())
            yield ""

    def _artifacts(self) -> Iterator[str]:
        yield "# The new version, as its health answer tells it, and its zip."
        version = self.version or "v1.0.0"
        mark = "" if self.version else "# "
        yield f"{mark}[artifacts]"
        yield mark + _line("version", version)
        yield mark + _line("path", f"artifacts/{self.app}-{version}.zip")


def _line(name: str, value: str, *, wanted: bool = True) -> str:
    return f"{name} = {_text(value)}" if wanted else f'# {name} = ""'


def _text(value: str) -> str:
    """A TOML text: its escapes are those of JSON; half a surrogate, which no file can hold, becomes "?"."""
    return json.dumps(value.encode("utf-8", "replace").decode(), ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    bare = name.replace("-", "").replace("_", "")
    return name if bare.isascii() and bare.isalnum() else _text(name)
