"""The one module that talks to a lab's own control endpoint: start it, choose its scenario, read what its clients met.

Only ``drill``, ``rehearse``, ``resume`` of their runs and tests use it, and, for the lease alone, the session process
of a lab run. Everything else meets the lab as it would meet Azure: over the wire.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from cpr_cockpit.adapters.over_http import words_of

READY_FILE = "lab.json"
LEASE_S = 300.0
START_TIMEOUT_S = 60.0
# What the lab can do to its telemetry, and to which of it.
TELEMETRY_FAULTS = ("none", "lossy", "ahead", "frozen", "cut", "duplicated", "late")
TELEMETRY_SOURCES = ("all", "logs", "platform")


class LabError(Exception):
    """The lab could not be started or does not answer: what, what was not changed, what next."""


@dataclass(frozen=True, slots=True)
class LabOptions:
    """How a lab is started. ``window_s`` scales what the lab itself times (the dependency's spike).

    ``telemetry_fault``: what goes wrong with all telemetry from the switch to the new version on (`TELEMETRY_FAULTS`).
    ``apps``: how many, each in a region of its own, with a front before them where there are several.
    ``instances``: of each slot. ``troubles``: of the lab, in force from the start. ``staging``: whether it has
    an app of staging. ``requests_per_minute``: of all users together; None: many. ``journeys``: whether it
    tells of any.
    """

    fast: bool
    telemetry_delay_s: float
    window_s: float
    seed: int | None = None
    telemetry_fault: str | None = None
    apps: int = 1
    instances: int = 1
    troubles: tuple[str, ...] = ()
    staging: bool = False
    requests_per_minute: float | None = None
    journeys: bool = True

    def arguments(self) -> list[str]:
        """As command line arguments of the lab."""
        options = ["--telemetry-delay", str(self.telemetry_delay_s), "--window", str(self.window_s)]
        options += ["--fast"] if self.fast else []
        options += ["--apps", str(self.apps)] if self.apps > 1 else []
        options += ["--instances", str(self.instances)] if self.instances > 1 else []
        options += ["--staging"] if self.staging else []
        rate = self.requests_per_minute
        options += ["--requests-per-minute", str(rate)] if rate is not None else []
        options += [] if self.journeys else ["--no-journeys"]
        options += [word for name in self.troubles for word in ("--trouble", name)]
        options += ["--telemetry-fault", self.telemetry_fault] if self.telemetry_fault is not None else []
        return options + (["--seed", str(self.seed)] if self.seed is not None else [])


def start_lab(folder: Path, options: LabOptions) -> dict[str, Any]:
    """Start a lab that outlives this process and ends by its lease; its ready file. LabError where it cannot."""
    ready = folder / READY_FILE
    command = [sys.executable, "-m", "cpr_cockpit.lab", "--ready-file", str(ready), "--lease", str(LEASE_S)]
    with (folder / "lab.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, *options.arguments()],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    deadline = time.monotonic() + START_TIMEOUT_S
    while not ready.exists():
        if process.poll() is not None:
            said = (folder / "lab.log").read_text("utf-8", errors="replace").strip().splitlines()
            why = said[-1] if said else f"it said nothing. Nothing was changed. See {log.name}."
            raise LabError(f"The lab did not start: {why}")
        if time.monotonic() > deadline:
            process.terminate()
            raise LabError(
                f"The lab was not ready within {START_TIMEOUT_S:.0f} s. Nothing was changed. See {log.name}."
            )
        time.sleep(0.05)
    return read_ready(ready)


def read_ready(path: Path) -> dict[str, Any]:
    """The ready file's object; LabError where it is missing or no such file."""
    try:
        ready = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise LabError(f"{path} is not a readable ready file of a lab ({error}). Nothing was changed.") from error
    control = ready.get("control") if isinstance(ready, dict) else None
    if not isinstance(control, dict) or not all(_plain(control.get(name)) for name in ("url", "token")):
        raise LabError(
            f"{path} is not the ready file of a lab. Nothing was changed. Give the file that cpr-cockpit lab wrote."
        )
    made: dict[str, Any] = ready
    return made


def _plain(value: Any) -> bool:
    """Whether it is a text that a header, or an address, can carry."""
    return isinstance(value, str) and value.isascii() and value.isprintable()


class LabControl:
    """The control endpoint of one lab."""

    def __init__(self, ready: dict[str, Any]) -> None:
        control = ready["control"]
        headers = {"Authorization": f"Bearer {control['token']}"}
        self._client = httpx.AsyncClient(base_url=control["url"], headers=headers, timeout=10.0, trust_env=False)

    async def _ask(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        try:
            answer = await self._client.request(method, path, **options)
            answer.raise_for_status()
            body: dict[str, Any] = answer.json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise LabError(f"The lab does not answer ({words_of(error)}).") from error
        return body

    async def scenario(
        self,
        name: str,
        *,
        version: str,
        share: float | None,
        factor: float | None,
        window_s: float,
        flag: str | None = None,
        telemetry_fault: Mapping[str, Any] | None = None,
    ) -> None:
        """Choose the defect of the version under deployment; ``telemetry_fault`` begins with it, at its switch.

        The fault's members: fault, source, seconds, share; those that are absent mean the usual. ``flag``: only users
        for whom this feature flag is on are hit.
        """
        body: dict[str, Any] = {"name": name, "version": version, "window": window_s}
        more = {"share": share, "factor": factor, "flag": flag, "telemetry_fault": telemetry_fault}
        await self._ask(
            "PUT", "/scenario", json=body | {key: value for key, value in more.items() if value is not None}
        )

    async def telemetry_fault(
        self, fault: str, *, source: str = "all", share: float | None = None, seconds: float | None = None
    ) -> dict[str, Any]:
        """Let a fault of telemetry begin now ("none" ends it); what each source has from now on.

        ``share`` of rows or points is hit (None: the fault's usual one); ``seconds`` None: until another one begins.
        """
        body = {"fault": fault, "source": source, "share": share, "seconds": seconds}
        return await self._ask("PUT", "/telemetry", json=body)

    async def telemetry(self) -> dict[str, Any]:
        """The fault that each source of telemetry has, and the one that awaits the switch."""
        return await self._ask("GET", "/telemetry")

    async def traffic(self, since: float | None = None) -> dict[str, Any]:
        """What the lab's clients met, for requests sent at or after ``since`` (epoch seconds)."""
        return await self._ask("GET", "/traffic", params={} if since is None else {"since": repr(since)})

    async def operations(self) -> list[dict[str, Any]]:
        """The lab's operation log, oldest first."""
        log: list[dict[str, Any]] = (await self._ask("GET", "/operations"))["log"]
        return log

    async def mutating_requests(self, since: float = 0.0) -> list[dict[str, Any]]:
        """Every request to change something that came to the lab's Azure at or after ``since`` (epoch seconds).

        Each has ``method``, ``path`` and ``at``, whatever became of it. Requests for tokens and queries are none.
        """
        entries = await self.operations()
        return [entry for entry in entries if entry["kind"] == "request.mutating" and entry["at"] >= since]

    async def requests(self, since: float) -> list[dict[str, Any]]:
        """Every request to the lab's Resource Manager and Kudu at or after ``since``: ``at``, ``method``, ``path``."""
        found: list[dict[str, Any]] = (await self._ask("GET", "/requests", params={"since": repr(since)}))["requests"]
        return found

    async def rights(self, permissions: Sequence[Mapping[str, Any]] | None = None, *, away: bool | None = None) -> None:
        """What the lab's client may do from now on, and whether Resource Manager closes every connection."""
        body = {"permissions": permissions, "away": away}
        await self._ask("PUT", "/rights", json={key: value for key, value in body.items() if value is not None})

    async def messages(self) -> list[dict[str, Any]]:
        """What came to the lab's webhook, oldest first: at, answer, headers, body, attachments."""
        found: list[dict[str, Any]] = (await self._ask("GET", "/messages"))["messages"]
        return found

    async def answer_messages(self, answer: str) -> None:
        """What the lab's webhook does with messages from now on: accept, refuse or hang."""
        await self._ask("PUT", "/messages", json={"answer": answer})

    async def troubles(self, names: Sequence[str]) -> list[str]:
        """These troubles of the lab (`cpr-cockpit lab --trouble`), and no others, from now on."""
        found: list[str] = (await self._ask("PUT", "/troubles", json={"troubles": list(names)}))["troubles"]
        return found

    async def state(self) -> dict[str, Any]:
        """Scenario, slots, lease."""
        return await self._ask("GET", "/state")

    async def renew_lease(self) -> None:
        """The lab lives on for another lease."""
        await self._ask("POST", "/lease", json={"seconds": LEASE_S})

    async def stop(self) -> None:
        """End the lab and everything in it."""
        await self._ask("POST", "/stop")

    async def close(self) -> None:
        """Close the connection."""
        await self._client.aclose()


async def keep_lease(ready: dict[str, Any]) -> None:
    """Renew the lease until cancelled; a lab that does not answer is left to its end."""
    control = LabControl(ready)
    try:
        while True:
            try:
                await control.renew_lease()
            except LabError:
                # The lease runs on for minutes: the next turn may reach the lab again.
                await asyncio.sleep(2.0)
            await asyncio.sleep(LEASE_S / 10)
    finally:
        await control.close()
