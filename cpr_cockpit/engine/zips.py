"""A look at an artifact before it goes anywhere."""

from __future__ import annotations

import hashlib
import json
import zipfile
from functools import lru_cache
from pathlib import Path

from cpr_cockpit.core.inert import clean

BUILD = "build.json"
_MOST_BUILD = 65_536  # bytes of it that are read


class ZipError(Exception):
    """The file is missing, is no zip or is damaged: one sentence."""


def examine(path: Path) -> str:
    """The SHA-256 of a whole, readable zip; ZipError otherwise."""
    _read_through(path)
    return digest(path)


def check_whole(path: Path) -> None:
    """ZipError where the file is no whole, readable zip; one that was and has not changed since is not read again."""
    try:
        now = path.stat()
    except OSError:
        _read_through(path)
    else:
        _whole(path, now.st_ino, now.st_size, now.st_mtime_ns)


@lru_cache(maxsize=16)
def _whole(path: Path, inode: int, size: int, changed_ns: int) -> None:
    _read_through(path)


def _read_through(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
    except FileNotFoundError as error:
        raise ZipError(f"The artifact {path.name} is missing.") from error
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError, EOFError) as error:
        raise ZipError(f"The artifact {path.name} is not a readable zip ({error}).") from error
    if damaged is not None:
        raise ZipError(f"The artifact {path.name} is damaged: {damaged} does not match its checksum.")


def commit_of(path: Path) -> str | None:
    """The commit that a zip says it was built from, by ``build.json`` at its root; None where it does not tell."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open(BUILD) as file:
            told = json.loads(file.read(_MOST_BUILD))
    except (KeyError, zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError, EOFError, ValueError):
        return None
    commit = told.get("commit") if isinstance(told, dict) else None
    return clean(commit)[:64] if isinstance(commit, str) and commit else None


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
