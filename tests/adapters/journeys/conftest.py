from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from cpr_cockpit.adapters.connections import Connections
from cpr_cockpit.adapters.journeys.runner import JourneyRunner
from cpr_cockpit.config import Journey, Secret
from cpr_cockpit.wiring.journeys import Given, JourneyTables, runner_of
from tests.azure.clocks import FixedClock
from tests.azure.wire import Wire

SECRET = "kohlrabi-47-geheim"
Runner = Callable[..., JourneyRunner]


class Signer:
    """Whoever signs in, at a wire that gives no token for it."""

    def __init__(self) -> None:
        self.scopes: list[str] = []
        self.token = "of-the-cockpit"

    async def get_token(self, *scopes: str, **_: Any) -> Signer:
        self.scopes += scopes
        return self


@pytest.fixture
def signer() -> Signer:
    return Signer()


@pytest.fixture
async def runner(
    certificate: tuple[Path, ssl.SSLContext], wire: Wire, signer: Signer, tmp_path: Path
) -> AsyncIterator[Runner]:
    """Makes a runner of tables as of cockpit.toml; slot and production are the wire by its two names."""
    connections = Connections(str(certificate[0]), loopback=True)
    hosts = {"green": wire.url, "production": wire.url.replace("localhost", "127.0.0.1")}
    made: list[JourneyRunner] = []

    def make(
        *journeys: Mapping[str, Any],
        secrets: Mapping[str, Mapping[str, Any]] | None = None,
        given: Mapping[str, str] | None = None,
        artifacts: str = "",
        staging: str = "",
    ) -> JourneyRunner:
        tables = JourneyTables(
            tuple(Journey.model_validate(one) for one in journeys),
            {name: Secret.model_validate(one) for name, one in (secrets or {}).items()},
            str(tmp_path),
            staging,
        )
        known = Given(given if given is not None else {"login": SECRET}, artifacts)
        found = runner_of(tables, hosts, known, connections, signer, FixedClock(1000.0))  # type: ignore[arg-type]
        assert found is not None
        made.append(found)
        return found

    yield make
    for one in made:
        await one.close()
    await connections.close()


def journey(*steps: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": "goals", "account": "check@goals.example", "critical": True, "steps": list(steps), **more}


def lines() -> tuple[list[str], Callable[[Sequence[str]], None]]:
    heard: list[str] = []
    return heard, heard.extend
