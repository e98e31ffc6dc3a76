"""One session for one app: an OS lock that ends with the process that holds it, whatever ends that."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from cpr_cockpit.engine.places import state_home


class AppBusy(Exception):
    """Another session holds the app: what, what was not changed, what next."""


class AppLock:
    """The lock of one app, named by where its Resource Manager is and by its resource id.

    AppBusy where another process holds it, OSError where its file cannot be written. It is this user's: sessions of
    another user on the same machine are not seen.
    """

    def __init__(self, resource_manager: str, site_id: str, run: str) -> None:
        folder = state_home() / "locks"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = hashlib.sha256(f"{resource_manager}{site_id}".lower().encode()).hexdigest()[:16]
        self._file = os.open(folder / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(self._file, 1000, 0)
            os.close(self._file)
            raise AppBusy(_busy(Path(site_id).name, holder)) from error
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, json.dumps({"run": run, "pid": os.getpid()}).encode(), 0)

    def close(self) -> None:
        """Let the app go."""
        os.close(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self.close()


def hold_all(sites: Iterable[tuple[str, str]], run: str) -> ExitStack:
    """The locks of several apps, each as (Resource Manager, resource id), or none of them. AppBusy, OSError."""
    with ExitStack() as stack:
        for resource_manager, site_id in sites:
            stack.enter_context(AppLock(resource_manager, site_id, run))
        return stack.pop_all()


def _busy(app: str, holder: bytes) -> str:
    try:
        told = json.loads(holder)
        run, pid = str(told["run"]), int(told["pid"])
    except (ValueError, KeyError, TypeError):
        return f"Another session holds app {app}. Nothing was changed. Find it with: cpr-cockpit runs"
    return (
        f"Run {run} (process {pid}) holds app {app}: two sessions on one app would undo each other's swaps. "
        f"Nothing was changed. Join it with: cpr-cockpit attach {run}, or end it with: cpr-cockpit stop {run}"
    )
