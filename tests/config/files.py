"""A whole ``cockpit.toml`` for the tests, and what loading a changed one says."""

from __future__ import annotations

from pathlib import Path

import pytest

import cpr_cockpit
from cpr_cockpit.config import SettingsError, load

SAMPLE = Path(cpr_cockpit.__file__).parent / "samples" / "0001-personal-goal-creation-management" / "cockpit.toml"
TEXT = SAMPLE.read_text("utf-8")


def changed(old: str, new: str) -> str:
    assert TEXT.count(old) == 1, old
    return TEXT.replace(old, new)


def refused(folder: Path, content: str | bytes, variables: dict[str, str] | None = None) -> list[str]:
    """What is said of the file, one text for each problem."""
    path = folder / "cockpit.toml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(SettingsError) as caught:
        load(path, variables or {})
    return [one.words() for one in caught.value.problems]


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1
