"""Feature folders for the tests: the shipped sample, and copies of it with something changed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import cpr_cockpit
from cpr_cockpit.documents.parts import Document
from cpr_cockpit.documents.reading import SourceText
from cpr_cockpit.documents.test_report import TestReport, read_test_report

FEATURE = "0001-personal-goal-creation-management"
SAMPLE = Path(cpr_cockpit.__file__).parent / "samples" / FEATURE
DEPLOY, REPORT, TEST = "automation-deploy.json", "test-report.md", "automation-test.json"


def copy(folder: Path) -> Path:
    """A copy of the sample below ``folder``."""
    return Path(shutil.copytree(SAMPLE, folder / FEATURE))


def sample(name: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads((SAMPLE / name).read_text("utf-8"))
    return body


def source(body: object, name: str = DEPLOY) -> SourceText:
    text = body if isinstance(body, str) else json.dumps(body)
    return SourceText(name, text, "utf-8")


def change(body: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """Set the value at a path with dots; the same object."""
    here = body
    *parents, last = path.split(".")
    for part in parents:
        here = here.setdefault(part, {})
    here[last] = value
    return body


def report(text: str) -> TestReport:
    return read_test_report(source(text, REPORT))


def blocking(document: Document) -> list[str]:
    return [one.words() for one in document.problems if one.blocks]


def notes(document: Document) -> list[str]:
    return [one.words() for one in document.problems if not one.blocks]
