"""What the lab reads of a deployed package before it runs it."""

from __future__ import annotations

import io
import json
import zipfile
import zlib

from cpr_cockpit.lab.packages import RELEASE

_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, KeyError, ValueError)


def version(package: bytes) -> str:
    """The version that the package's release file tells; empty where it tells none."""
    try:
        with zipfile.ZipFile(io.BytesIO(package)) as packed:
            release = json.loads(packed.read(RELEASE))
    except _UNREADABLE:
        return ""
    found = release.get("version") if isinstance(release, dict) else None
    return found if isinstance(found, str) else ""
