"""Who acts."""

from __future__ import annotations

import getpass
import os


def acting(named: str) -> str:
    """Who was named on the command line, else the user's name, else the number of one without a name (a container)."""
    if named:
        return named
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"
