"""Ports of a run that only looks on: whatever would change something is refused before it reaches an adapter."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from cpr_cockpit.core.ports import (
    Accepted,
    Probe,
    SmokeResult,
    WebApps,
)
from cpr_cockpit.engine.ports import Ports


class LookingOnlyError(Exception):
    """Something was about to be changed by a run that must change nothing: a defect of this program."""


def _refuse(what: str) -> NoReturn:
    raise LookingOnlyError(f"This run only looks on: it does not {what}. Nothing was sent.")


class LookingWebApps:
    """App Service to be read; it holds no way to what changes a slot."""

    def __init__(self, real: WebApps) -> None:
        self.slots = real.slots
        self.swap_status = real.swap_status
        self.operation = real.operation
        self.instances = real.instances
        self.shares = real.shares
        self.differences = real.differences
        self.signing_in = real.signing_in
        self.deployment = real.deployment
        self.content = real.content
        self.planned = real.planned

    async def create_slot(self, slot: str) -> Accepted:
        """Refused."""
        _refuse(f"create slot {slot}")

    async def swap(self, slot: str) -> Accepted:
        """Refused."""
        _refuse(f"swap slot {slot}")

    async def route(self, slot: str, percent: float) -> Accepted:
        """Refused."""
        _refuse(f"route {percent:g} % of new sessions to slot {slot}")

    async def preview(self, slot: str) -> Accepted:
        """Refused."""
        _refuse(f"apply production's settings to slot {slot}")

    async def reset_preview(self, slot: str) -> Accepted:
        """Refused."""
        _refuse(f"reset the preview of slot {slot}")

    async def deploy(self, slot: str, package: Path) -> Accepted:
        """Refused."""
        _refuse(f"deploy {package.name} to slot {slot}")


class LookingProbe:
    """The application to be looked at. Smoke tests write data, and warming is load: both are left to who deploys."""

    def __init__(self, real: Probe) -> None:
        self.look = real.look
        self.flag = real.flag
        self.second_host = real.second_host
        self.planned = real.planned

    async def smoke(self, slot: str) -> tuple[SmokeResult, ...]:
        """Refused."""
        _refuse(f"run smoke tests on slot {slot}")

    async def warm(self, slot: str, times: int) -> tuple[float, ...]:
        """Refused."""
        _refuse(f"warm slot {slot}")


def looking_only(ports: Ports) -> Ports:
    """The same ports without what changes anything; the other sources only read, and nobody's lease is taken.

    It looks at one app, and walks no journey, which would write data.
    """
    web_apps, probe = LookingWebApps(ports.web_apps), LookingProbe(ports.probe)
    passed = replace(ports, web_apps=web_apps, probe=probe, flags=None, lease=None, apps={})
    return replace(passed, annotations=None, journeys=None)
