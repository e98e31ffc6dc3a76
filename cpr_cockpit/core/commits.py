"""From which commit something was built: told in full or in short, compared as git does."""

from __future__ import annotations

LEAST = 7
"""Fewer digits than these name no commit."""


def same_commit(one: str, other: str) -> bool:
    """Whether both name the same commit, one of them perhaps by its first digits."""
    short, long = sorted((one.strip().lower(), other.strip().lower()), key=len)
    return len(short) >= LEAST and long.startswith(short)


def wrong_commit(where: str, told: str, wanted: str) -> str:
    """What is wrong with something that was built from ``told`` where the tag points to ``wanted``."""
    return f"{where} was built from commit {told}, and the tag points to {wanted} ([artifacts] commit)."
