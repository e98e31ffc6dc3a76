"""Release packages: built from the sample product, and unpacked to be run."""

from __future__ import annotations

import hashlib
import io
import json
import stat
import zipfile
import zlib
from dataclasses import asdict
from pathlib import Path, PurePosixPath, PureWindowsPath

from cpr_cockpit.lab.models import Defect

RELEASE = "release.json"
BUILD = "build.json"
"""Tells from which commit a package was built."""
_PRODUCT = Path(__file__).with_name("product")
_KINDS = {".py", ".html", ".js", ".css"}
_DATE = (2025, 1, 1, 0, 0, 0)  # of every file, so that the same release is the same bytes
_MOST_BYTES = 256 * 1024 * 1024  # unpacked
_MOST_FILES = 20_000
_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)


class PackageError(Exception):
    """The package cannot be unpacked: one sentence."""


def build(version: str, *, built_in: Defect | None = None) -> bytes:
    """A zip of the sample product as release `version`; `built_in`: a defect that it has wherever it runs."""
    release = {"version": version, "defect": None if built_in is None else asdict(built_in)}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        _add(file, RELEASE, json.dumps(release, indent=2).encode() + b"\n")
        built = {"version": version, "commit": commit_of(version)}
        _add(file, BUILD, json.dumps(built, indent=2).encode() + b"\n")
        for path in sorted(_PRODUCT.rglob("*")):
            if path.suffix in _KINDS:
                _add(file, path.relative_to(_PRODUCT).as_posix(), path.read_bytes())
    return packed.getvalue()


def commit_of(version: str) -> str:
    """The commit that a version's tag names: always the same one."""
    return hashlib.sha1(version.encode(), usedforsecurity=False).hexdigest()


def _add(file: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, _DATE)
    entry.external_attr = (stat.S_IFREG | 0o644) << 16
    file.writestr(entry, content, zipfile.ZIP_DEFLATED)


def bad() -> bytes:
    """A package that cannot be deployed: the first half of a good one, as a broken upload leaves it."""
    whole = build("v0.0.0")
    return whole[: len(whole) // 2]


def examine(package: bytes) -> None:
    """Raises PackageError if `package` is no zip, is damaged, too large, or would write outside its folder."""
    _read(package, None)


def unpack(package: bytes, folder: Path) -> None:
    """Write the files of `package` into `folder`, which is made. Raises PackageError, nothing written, or OSError."""
    examine(package)
    folder.mkdir(parents=True)
    _read(package, folder)


def _read(package: bytes, folder: Path | None) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(package)) as file:
            entries = file.infolist()
            _check(entries)
            if folder is not None:
                file.extractall(folder)
            elif (damaged := file.testzip()) is not None:
                raise PackageError(f"The archive is damaged: the entry '{damaged}' does not match its checksum.")
    except _UNREADABLE as error:
        raise PackageError(f"The package is no zip, or its archive is damaged ({error}).") from error


def _check(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > _MOST_FILES or sum(entry.file_size for entry in entries) > _MOST_BYTES:
        raise PackageError(f"The package holds more than {_MOST_FILES} files or {_MOST_BYTES} bytes.")
    for entry in entries:
        if _leaves(entry.filename):
            raise PackageError(f"The entry '{entry.filename}' would be written outside of the site's folder.")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise PackageError(f"The entry '{entry.filename}' is a link.")


def _leaves(name: str) -> bool:
    """Whether a path leads out of the folder it is joined to, on any system."""
    windows = PureWindowsPath(name)
    return bool(windows.drive or windows.root) or ".." in windows.parts or PurePosixPath(name).is_absolute()
