"""A lab and the real `az` client, signed in at it: one of each for all tests of a module."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.az.client import Az, Said, signed_in
from tests.lab import running
from tests.lab.running import RunningLab


@dataclass(frozen=True, slots=True)
class Bench:
    """The lab, the client, and what the lab itself says of what the client did."""

    lab: RunningLab
    az: Az

    def words(self, command: str, more: tuple[str, ...]) -> tuple[str, ...]:
        """The words of `az webapp COMMAND` on the lab's app."""
        ready = self.lab.ready
        return ("webapp", *command.split(), "-g", ready["resource_group"], "-n", ready["app"], *more)

    def webapp(self, command: str, *more: str) -> Any:
        """The answer of `az webapp COMMAND` on the lab's app."""
        return self.az(*self.words(command, more))

    def said(self, command: str, *more: str) -> Said:
        """The same, whatever comes of it."""
        return self.az.said(*self.words(command, more))

    def refused(self, command: str, *more: str) -> str:
        """The words with which it is refused."""
        return self.az.refused(*self.words(command, more))

    def place(self, slot: str) -> str:
        """Resource id of a slot; production is the app itself."""
        return self.lab.site if slot == "production" else f"{self.lab.site}/slots/{slot}"

    def read(self, slot: str, what: str = "") -> dict[str, Any]:
        """Properties of a resource of a slot."""
        with self.lab.manager() as manager:
            found = manager.get(self.place(slot) + what).raise_for_status().json()
        properties: dict[str, Any] = found["properties"]
        return properties

    def settings(self, slot: str) -> dict[str, str]:
        """The app settings of a slot."""
        with self.lab.manager() as manager:
            found = manager.post(f"{self.place(slot)}/config/appsettings/list").raise_for_status().json()
        properties: dict[str, str] = found["properties"]
        return properties

    def version(self, slot: str) -> str:
        """The version that answers on a slot's own host, to a client without a cookie."""
        return self.lab.version(f"https://{self.read(slot)['defaultHostName']}")

    def served(self) -> tuple[str, str]:
        """The versions in production and in the slot."""
        return self.version("production"), self.version(self.lab.ready["slot"])

    def instance(self, slot: str) -> str:
        """The process that serves a slot."""
        instance: str = self.lab.control("GET", "/state")["slots"][slot]["instance"]
        return instance

    def choose(self, scenario: str, **members: Any) -> None:
        """The old version in production, the new one in the slot, and this scenario for the new one."""
        order = {"name": "healthy", "version": self.lab.ready["versions"]["good"]}
        self.lab.control("PUT", "/scenario", json=order)
        for slot, package in (("production", "serving"), (self.lab.ready["slot"], "good")):
            assert self.lab.deploy(Path(self.package(package)).read_bytes(), slot).status_code == 200
        versions = self.lab.ready["versions"]
        assert self.served() == (versions["serving"], versions["good"])
        self.lab.control("PUT", "/scenario", json=order | {"name": scenario} | members)

    def package(self, name: str) -> str:
        """Path of a release package of the lab."""
        path: str = self.lab.ready["packages"][name]
        return path


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("az")
    # The short window makes points of two seconds of the platform metrics.
    with running.running(folder, "--telemetry-delay", "0.2", "--window", "30", "--seed", "13") as lab:
        yield Bench(lab, signed_in(folder / "user", lab.ready))
