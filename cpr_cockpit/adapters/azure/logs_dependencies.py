"""The DEPENDENCIES source: how what the application asks of others does, target by target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from azure.monitor.query import LogsTableRow

from cpr_cockpit.adapters.azure.errors import clean
from cpr_cockpit.adapters.azure.logs_answers import count, number
from cpr_cockpit.adapters.azure.logs_reader import Dated, LogsReader, beside, dated, share, span, versions
from cpr_cockpit.core.blocks import DATABASE_KIND, Reading
from cpr_cockpit.core.ports import Asked
from cpr_cockpit.core.signals import Observation, Source

MOST_TARGETS = 6
FAILED, P95 = " failed", " p95"
"""What follows the target in the names of its two readings."""
# Signs of a target's name, and those that are left of a longer one on both sides of its mark.
_LONGEST, _HEAD, _TAIL = 48, 24, 16
# How SDKs name a database as the type of a call: the classic one ("SQL"), OpenTelemetry's (its system's own name).
_DATABASES = frozenset(
    {"sql", "mssql", "postgresql", "mysql", "mariadb", "oracle", "mongodb", "azure documentdb", "cosmosdb"}
)


@dataclass(frozen=True, slots=True)
class Part:
    """Calls of one target and kind, before the switch or since; ``p95`` in ms."""

    calls: int = 0
    failures: int = 0
    p95: float | None = None

    @property
    def failed(self) -> float | None:
        """Share of the calls that failed; None without calls."""
        return share(self.failures, self.calls)


@dataclass(slots=True)
class Target:
    """One target, and whether it is a database."""

    name: str
    database: bool
    since: Part = field(default_factory=Part)
    before: Part = field(default_factory=Part)

    @property
    def worse(self) -> tuple[float, float, int]:
        """The larger, the worse: more failures than before, then slower than before, then busier."""
        failed, past = self.since.failed or 0.0, self.before.failed or 0.0
        slower = self.since.p95 / self.before.p95 if self.since.p95 and self.before.p95 else 1.0
        return round(failed - past, 3), slower, self.since.calls


class DependenciesReader(LogsReader):
    """The Reader of the application's calls. The targets that got worse most are told, a database among them."""

    source = Source.DEPENDENCIES

    async def read(self, asked: Asked) -> Observation:
        """The new version's calls since the switch beside the old one's before it. PortError where nothing came."""
        answers = await self.ask({"dependencies": span(asked) | versions(asked) | beside(asked)})
        found = answers.rows("dependencies", _part) or []
        targets: dict[str, Target] = {}
        for one in found:
            target = targets.setdefault(one.target, Target(one.target, one.database))
            if one.when == "since":
                target.since = one.part
            elif one.when == "before":
                target.before = one.part
        readings = [reading for target in _shown(list(targets.values())) for reading in _readings(target)]
        return self.observed(answers, [one.dated for one in found], readings)


@dataclass(frozen=True, slots=True)
class _Row:
    when: str
    target: str
    database: bool
    part: Part
    dated: Dated


def _part(row: LogsTableRow) -> _Row:
    target = _name(str(row["Target"]))
    database = str(row["Kind"]).casefold() in _DATABASES
    calls = Part(count(row["Rows"]), count(row["Failures"]), number(row["P95"]))
    return _Row(str(row["Part"]), target, database, calls, dated(row))


def _name(target: str) -> str:
    """The target as readings name it; of a long one the middle gives way to a mark that is the whole target's own."""
    words = clean(target) or "of no name"
    if len(words) <= _LONGEST:
        return words
    mark = sha256(target.encode("utf-8", "replace")).hexdigest()[:6]
    return f"{words[:_HEAD]}…{mark}…{words[-_TAIL:]}".rstrip()


def _shown(targets: Sequence[Target]) -> list[Target]:
    called = sorted((one for one in targets if one.since.calls), key=lambda one: one.name)
    called.sort(key=lambda one: one.worse, reverse=True)
    shown = called[:MOST_TARGETS]
    databases = [one for one in called[MOST_TARGETS:] if one.database]
    if databases and not any(one.database for one in shown):
        shown[-1] = max(databases, key=lambda one: one.since.calls)
    return shown


def _readings(target: Target) -> tuple[Reading, Reading]:
    name, since, past = target.name, target.since, target.before
    kind = DATABASE_KIND if target.database else None
    return (
        Reading(name + FAILED, since.failed, "share", n=since.calls, before=past.failed, kind=kind),
        Reading(name + P95, since.p95, "ms", n=since.calls, before=past.p95, kind=kind),
    )
