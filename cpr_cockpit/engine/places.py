"""Where runs live: folders by the XDG rules, names, sockets."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import tempfile
import time
from pathlib import Path

# sockaddr_un.sun_path holds 108 bytes with its final zero on Linux, 104 on macOS.
SOCKET_PATH_LIMIT = 103


class PlacesError(Exception):
    """A folder that the program needs cannot be made or found; says which, and what to do."""


def state_home() -> Path:
    """``$XDG_STATE_HOME/cpr-cockpit`` or ``~/.local/state/cpr-cockpit``."""
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "cpr-cockpit"


def runs_home() -> Path:
    """The folder of all runs."""
    return state_home() / "runs"


def new_run_name(feature: str) -> str:
    """A name that sorts by time, tells the feature and is unique: 20261124-141503-0001-goal-9f3a."""
    slug = re.sub(r"[^a-z0-9]+", "-", feature.lower()).strip("-")[:24].rstrip("-") or "feature"
    return f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{slug}-{secrets.token_hex(2)}"


def make_run_folder(name: str) -> Path:
    """A new private folder for a run; PlacesError where it cannot be written."""
    folder = runs_home() / name
    try:
        folder.mkdir(mode=0o700, parents=True)
        for child in ("report", "artifacts"):
            (folder / child).mkdir(mode=0o700)
    except OSError as error:
        raise PlacesError(
            f"The state folder {folder} cannot be written: {error.strerror}. Nothing was changed. "
            "Set XDG_STATE_HOME to a folder that you may write."
        ) from error
    return folder


def find_run(name: str) -> Path:
    """The folder of the run of that name, or of a unique beginning or end of it, or else of a unique part."""
    home, folders = runs_home(), all_runs()
    if not folders:
        raise PlacesError(f"There is no run in {home}. Start one with: cpr-cockpit rehearse")
    found = [path for path in folders if path.name == name]
    found = found or [path for path in folders if path.name.startswith(name) or path.name.endswith(name)]
    found = found or [path for path in folders if name and name in path.name]
    if len(found) != 1:
        reason = "There is no run" if not found else f"{len(found)} runs fit the name"
        raise PlacesError(f"{reason} {name!r} in {home}. List them with: cpr-cockpit runs")
    return found[0]


def all_runs() -> list[Path]:
    """Every run's folder, oldest first."""
    home = runs_home()
    return sorted(path for path in home.iterdir() if path.is_dir()) if home.is_dir() else []


def socket_path(run: str) -> Path:
    """The session's socket: in the runtime folder, else in a private folder of the temporary directory."""
    name = hashlib.sha256(run.encode()).hexdigest()[:12] + ".sock"
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime and os.access(runtime, os.W_OK):
        path = Path(runtime) / "cpr-cockpit" / name
        if len(os.fsencode(path)) <= SOCKET_PATH_LIMIT:
            return path
    return Path(tempfile.gettempdir()) / f"cpr-cockpit-{os.getuid()}" / name


def make_private(folder: Path) -> None:
    """Make the socket's folder, ours alone; PlacesError where somebody else owns it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    stat = folder.lstat()
    if not folder.is_dir() or folder.is_symlink() or stat.st_uid != os.getuid():
        raise PlacesError(f"{folder} belongs to somebody else. Nothing was started. Remove it or set XDG_RUNTIME_DIR.")
    if stat.st_mode & 0o077:
        folder.chmod(0o700)
