"""The key of a run with which hashes of settings are made; it lies in the run's folder, apart from the journal."""

from __future__ import annotations

import logging
import os
import secrets
from pathlib import Path

log = logging.getLogger(__name__)

KEY = "surroundings.key"
_BYTES = 32


def run_key(folder: Path) -> bytes:
    """The run's key, made at its first session. One that cannot be kept is made anew: then hashes are not compared."""
    path = folder / KEY
    made = secrets.token_bytes(_BYTES)
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(made)
    except FileExistsError:
        return _kept(path) or made
    except OSError as error:
        log.warning("the key of the settings' hashes cannot be kept in %s: %s", path, error)
    return made


def _kept(path: Path) -> bytes | None:
    try:
        found = path.read_bytes()
    except OSError as error:
        log.warning("the key of the settings' hashes cannot be read from %s: %s", path, error)
        return None
    return found if len(found) == _BYTES else None
