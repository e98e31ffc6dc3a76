"""Background work in the lab: the setting that switches the product's worker off, and the WebJobs of a package.

The lab lists the WebJobs that a package carries, below ``App_Data/jobs`` as App Service wants them, and runs none.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from pathlib import PurePosixPath

from cpr_cockpit.lab.models import PRODUCTION

SETTING, ON, OFF = "WORKERS_ENABLED", "1", "0"
STOPPED = "WEBJOBS_STOPPED"  # App Service's own; "1" stops all WebJobs of the slot
CONTINUOUS, TRIGGERED = "continuous", "triggered"
_JOBS = ("App_Data", "jobs")
# The lab's table [workers], as a team would write it in its cockpit.toml.
TABLE = {"rule": "sticky-off", "setting": SETTING, "off": OFF, "path": "/api/workers"}


def value(slot: str) -> str:
    """What the setting is in a slot of this name."""
    return ON if slot == PRODUCTION else OFF


@dataclass(frozen=True, slots=True)
class WebJob:
    """A WebJob of a package; ``kind``: `CONTINUOUS` or `TRIGGERED`; ``command``: the file that it begins with."""

    name: str
    kind: str
    command: str


def web_jobs(package: bytes) -> tuple[WebJob, ...]:
    """The WebJobs in a package, by kind and name; none where nothing was deployed."""
    if not package:
        return ()
    found: dict[tuple[str, str], str] = {}
    with zipfile.ZipFile(io.BytesIO(package)) as file:
        for path in sorted(PurePosixPath(name) for name in file.namelist()):
            root, jobs, kind, name, *command = (*path.parts, *("",) * 4)
            if (root, jobs) == _JOBS and kind in (CONTINUOUS, TRIGGERED) and command[0]:
                found.setdefault((kind, name), command[0])
    return tuple(WebJob(name, kind, command) for (kind, name), command in sorted(found.items()))
