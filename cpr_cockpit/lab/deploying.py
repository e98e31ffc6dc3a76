"""Zip deployments: what Kudu does between the upload and the restart of the slot."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from typing import TYPE_CHECKING

from cpr_cockpit.lab import packages
from cpr_cockpit.lab.errors import ApiError
from cpr_cockpit.lab.models import Deployment, Slot
from cpr_cockpit.lab.rest import errors

if TYPE_CHECKING:
    from cpr_cockpit.lab.processes import Processes
    from cpr_cockpit.lab.site import Site

BUILDING, FAILED, SUCCESS = 1, 3, 4
_FAST = 0.2  # seconds in which files are laid down
_SLOWEST, _QUICKEST = 6.0, 2.0  # the same of a lab that is not fast


class Deploying:
    """The zip deployments of one app: at most one runs in each slot."""

    def __init__(self, site: Site, processes: Processes) -> None:
        self._site = site
        self._processes = processes
        self._random = random.Random(site.seed + 1)

    def begin(self, slot: Slot, package: bytes, deployer: str) -> Deployment:
        """Accept a deployment and let it run. Raises ApiError 409 while the slot has another one or is swapped."""
        if any(not present.complete for present in slot.deployments):
            raise ApiError(
                409, "Conflict", "There is a deployment currently in progress. Please try again when it completes."
            )
        swap = self._site.busy()
        if swap is not None and slot.name in (swap.source, swap.target):
            raise errors.in_progress(self._site.app, swap)
        now = time.time()
        deployment = Deployment(uuid.uuid4().hex, deployer, received=now, started=now, status_text="Receiving changes.")
        slot.deployments.append(deployment)
        self._site.log.add("deploy.accepted", id=deployment.id, slot=slot.name, bytes=len(package))
        self._processes.background(self._run(slot, deployment, package), f"deployment {deployment.id}")
        return deployment

    async def _run(self, slot: Slot, deployment: Deployment, package: bytes) -> None:
        deployment.status, deployment.status_text = BUILDING, "Building and Deploying."
        fast = self._site.settings.fast
        try:
            async with self._processes.lock(slot.name):
                await asyncio.sleep(_FAST if fast else self._random.uniform(_QUICKEST, _SLOWEST))
                await asyncio.to_thread(packages.examine, package)
                slot.package, slot.last_modified = package, time.time()
                await self._processes.restart(slot, once_held=lambda: self._laid_down(slot, deployment))
                deployment.site_started = slot.instance is not None
        except packages.PackageError as error:
            self._end(slot, deployment, FAILED, str(error))
        finally:
            if not deployment.complete:
                self._end(slot, deployment, FAILED, "The deployment was interrupted.")

    def _laid_down(self, slot: Slot, deployment: Deployment) -> None:
        """Kudu's success: it says nothing of the process, which is only now started."""
        for present in slot.deployments:
            present.active = present is deployment
        self._end(slot, deployment, SUCCESS, "Files were laid down.")

    def _end(self, slot: Slot, deployment: Deployment, status: int, text: str) -> None:
        deployment.status, deployment.status_text, deployment.message = status, "" if status == SUCCESS else text, text
        deployment.ended, deployment.complete = time.time(), True
        deployment.finished.set()
        self._site.log.add("deploy.ended", id=deployment.id, slot=slot.name, status=status, message=text)
