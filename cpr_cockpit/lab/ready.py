"""The ready file: written once the whole lab answers, it tells a client where and with what it may come in."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any


class ReadyFile:
    """A file that appears whole or not at all, readable by its owner only, because it holds secrets."""

    def __init__(self, path: Path) -> None:
        """Prove that the file can be written, before anything is started. Raises OSError."""
        self._path = path
        if path.is_dir():
            raise IsADirectoryError(f"{path} is a folder")
        self._beside = path.with_name(f".{path.name}.{os.getpid()}")
        self._beside.unlink(missing_ok=True)
        os.close(os.open(self._beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))

    def remove_old(self) -> None:
        """Remove what an earlier lab left under the name: nobody may take it for this lab's. Raises OSError."""
        self._path.unlink(missing_ok=True)

    def write(self, content: dict[str, Any]) -> None:
        """Let the file appear. Raises OSError."""
        self._beside.write_text(json.dumps(content, indent=2) + "\n", "utf-8")
        self._beside.replace(self._path)

    def give_up(self) -> None:
        """Leave nothing half-written behind."""
        with contextlib.suppress(OSError):
            self._beside.unlink(missing_ok=True)
