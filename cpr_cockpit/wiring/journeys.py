"""The journeys of a place: what ``cockpit.toml`` declares, or a lab of its own product; and where secrets come from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cpr_cockpit.config import Journey, JourneyStep, Secret
from cpr_cockpit.core.journeys import STAGING, Proof
from cpr_cockpit.core.journeys import Journey as Declared
from cpr_cockpit.core.ports import Clock

if TYPE_CHECKING:
    from cpr_cockpit.adapters.azure.credentials import PinnedCredential
    from cpr_cockpit.adapters.connections import Connections
    from cpr_cockpit.adapters.journeys.runner import JourneyRunner
    from cpr_cockpit.adapters.journeys.secrets import Source
    from cpr_cockpit.adapters.journeys.spec import Capture, JourneySpec, StepSpec


@dataclass(frozen=True, slots=True)
class JourneyTables:
    """What is declared, as a run's folder keeps it: no secret is in it. ``home``: the folder of ``cockpit.toml``.

    ``staging_url``: "": there is no staging address.
    """

    journeys: tuple[Journey, ...] = ()
    secrets: Mapping[str, Secret] = field(default_factory=dict)
    home: str = "."
    staging_url: str = ""

    def to_dict(self) -> dict[str, Any]:
        """For session.json."""
        return {
            "journeys": [one.model_dump(mode="json", exclude_unset=True) for one in self.journeys],
            "secrets": {name: one.model_dump(mode="json", exclude_unset=True) for name, one in self.secrets.items()},
            "home": self.home,
            "staging_url": self.staging_url,
        }

    @classmethod
    def from_dict(cls, body: Mapping[str, Any]) -> JourneyTables:
        """From session.json; one of an older program declares nothing."""
        return cls(
            tuple(Journey.model_validate(one) for one in body.get("journeys", ())),
            {name: Secret.model_validate(one) for name, one in body.get("secrets", {}).items()},
            str(body.get("home", ".")),
            str(body.get("staging_url", "")),
        )

    def names(self, place: str) -> tuple[str, ...]:
        """Of those that are walked at a place."""
        return tuple(one.name for one in self.journeys if place in one.at)


@dataclass(frozen=True, slots=True)
class Given:
    """What only this process knows of a place's journeys: a lab's secrets, and where artifacts are kept."""

    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    artifacts: str = ""


def lab_tables(ready: Mapping[str, Any]) -> JourneyTables:
    """The journeys of a lab's own product; none where its lab is of an older program."""
    told = {"staging_url": str(ready.get("staging_url") or "")}
    return JourneyTables.from_dict({**(ready.get("journeys") or {}), **told})


def runner_of(
    tables: JourneyTables,
    hosts: Mapping[str, str],
    given: Given,
    connections: Connections,
    credential: PinnedCredential,
    clock: Clock,
) -> JourneyRunner | None:
    """Who walks the declared journeys; None where there are none. ``hosts``: base address of production and slot."""
    from cpr_cockpit.adapters.journeys.runner import JourneyRunner, Places
    from cpr_cockpit.adapters.journeys.secrets import Given as Known
    from cpr_cockpit.adapters.journeys.secrets import Secrets

    if not tables.journeys:
        return None
    sources: dict[str, Source] = {name: Known(value) for name, value in given.secrets.items()}
    for name, table in tables.secrets.items():
        sources.setdefault(name, _source(table, tables.home, connections, credential))
    staging = {STAGING: tables.staging_url} if tables.staging_url else {}
    places = Places({**hosts, **staging}, Path(given.artifacts) if given.artifacts else None)
    specs = [_spec(one, tables.home) for one in tables.journeys]
    return JourneyRunner(specs, places, Secrets(sources, clock), connections, clock)


def _source(table: Secret, home: str, connections: Connections, credential: PinnedCredential) -> Source:
    from cpr_cockpit.adapters.journeys.secrets import FromCommand, FromVariable, FromVault, vault_scope

    if table.env:
        return FromVariable(table.env)
    if table.command:
        return FromCommand(table.command, Path(home))
    url = table.vault or ""
    return FromVault(url, credential, vault_scope(url), connections)


def _spec(one: Journey, home: str) -> JourneySpec:
    from cpr_cockpit.adapters.journeys.spec import CommandSpec, JourneySpec

    proves = one.proves if one.command else tuple(proof for step in one.steps for proof in step.proves)
    facts = Declared(
        name=one.name,
        account=one.account,
        critical=one.critical,
        places=one.at,
        steps=tuple(step.name for step in one.steps),
        proves=tuple(Proof(proof) for proof in dict.fromkeys(proves)),
        timeout_s=one.timeout_s,
    )
    if one.steps:
        return JourneySpec(facts, steps=tuple(_step(step) for step in one.steps))
    return JourneySpec(
        facts,
        command=CommandSpec(
            one.command,
            Path(home),
            variables=one.variables,
            console_errors=one.console_errors,
            load_ms=one.load_within_ms,
        ),
    )


def _step(one: JourneyStep) -> StepSpec:
    from cpr_cockpit.adapters.journeys.spec import StepSpec

    return StepSpec(
        name=one.name,
        method=one.method,
        path=one.path,
        headers=one.headers,
        body=one.body,
        has_body=one.has_body,
        form=one.form,
        statuses=one.status,
        contains=one.contains,
        answers=one.answers,
        equals=one.equals,
        exists=one.exists,
        within_ms=one.within_ms,
        captures={name: _capture(where.model_dump()) for name, where in one.captures.items()},
        clean_up=one.clean_up,
        follow=one.follow,
        proves=tuple(Proof(proof) for proof in one.proves),
        timeout_s=one.timeout_s,
    )


def _capture(where: Mapping[str, Any]) -> Capture:
    from cpr_cockpit.adapters.journeys.spec import Capture

    regex = re.compile(where["regex"]) if where["regex"] else None
    return Capture(where["pointer"] or "", where["header"] or "", regex, bool(where["shown"]))
