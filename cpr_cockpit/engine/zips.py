"""A look at an artifact before it goes anywhere."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path


class ZipError(Exception):
    """The file is missing, is no zip or is damaged: one sentence."""


def examine(path: Path) -> str:
    """The SHA-256 of a whole, readable zip; ZipError otherwise."""
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
    except FileNotFoundError as error:
        raise ZipError(f"The artifact {path.name} is missing.") from error
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError, EOFError) as error:
        raise ZipError(f"The artifact {path.name} is not a readable zip ({error}).") from error
    if damaged is not None:
        raise ZipError(f"The artifact {path.name} is damaged: {damaged} does not match its checksum.")
    return digest(path)


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
