"""What files prove of the closing checklist: the run's papers, and those beside the feature. They are only read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from cpr_cockpit.core.run import Run
from cpr_cockpit.documents.papers.completion import NAME
from cpr_cockpit.documents.papers.figures import new_version
from cpr_cockpit.documents.papers.writing import PLAN, REPORT
from cpr_cockpit.documents.parts import printable
from cpr_cockpit.documents.reading import LARGEST

CHANGELOG, PROGRESS = "CHANGELOG.md", "progress.md"
_SECTIONS = ("Production Validation", "Issues", "Rollback Capability", "Monitoring Plan", "Deployment Sign-Off")
_OF_THE_RUN = ("quality-documentation.report", "post-rollback.update-report")
_OF_THE_FEATURE = (
    "quality-documentation.plan",
    "quality-documentation.changelog",
    "quality-phase.progress",
    "quality-phase.artifacts",
)
_COMPLETE = re.compile(r"\b(completed?|done|finished)\b|\[x\]|\N{WHITE HEAVY CHECK MARK}", re.IGNORECASE)
_INCOMPLETE = re.compile(r"\[ \]|\b(not|never|until|incomplete|pending|open)\b", re.IGNORECASE)
_PHASE = re.compile(r"\bphase\s*8\b", re.IGNORECASE)
# How far above the feature's folder the repository's changelog is looked for.
_UP = 6


def proven(folder: Path, run: Run, feature: Path | None) -> dict[str, str]:
    """Items that were looked at and what was read, "" where nothing proves them.

    ``folder`` is the run's, ``feature`` the feature's own folder: what lies there is looked at only if it was named.
    """
    found = dict.fromkeys(_OF_THE_RUN, "") | dict(_report(folder / "report" / REPORT))
    if feature is not None:
        found |= dict.fromkeys(_OF_THE_FEATURE, "") | dict(_beside(feature, new_version(run)))
    return found


def _report(path: Path) -> Iterator[tuple[str, str]]:
    text = _text(path)
    if all(f"## {one}" in text for one in _SECTIONS):
        for item in _OF_THE_RUN:
            yield item, f"{path.name} written from the journal, {len(text.splitlines())} lines"


def _beside(feature: Path, version: str) -> Iterator[tuple[str, str]]:
    plan, report, deploy = (_text(feature / name) for name in (PLAN, REPORT, NAME))
    if _names(plan, version) and "[x]" in plan.lower():
        ticks, every = len(re.findall(r"- \[[xX]\]", plan)), len(re.findall(r"- \[[ xX]\]", plan))
        words = f"{PLAN} beside the feature names {version}, {ticks} of {every} items ticked"
        yield "quality-documentation.plan", words
    if all(_names(text, version) for text in (plan, report, deploy)):
        yield "quality-phase.artifacts", f"{PLAN}, {REPORT} and {NAME} beside the feature name {version}"
    line = next((one for one in _text(feature / PROGRESS).splitlines() if _PHASE.search(one)), "")
    if _COMPLETE.search(line) and not _INCOMPLETE.search(line):
        yield "quality-phase.progress", f"{PROGRESS}: {printable(line.strip(), 80)}"
    for place in (feature, *feature.resolve().parents[:_UP]):
        entries = _entries(_text(place / CHANGELOG), version)
        if entries:
            yield "quality-documentation.changelog", f"{CHANGELOG} has {version} with {entries} entries"
            return


def _entries(text: str, version: str) -> int:
    """Entries of the section whose heading names the version, with or without its v."""
    inside, entries = False, 0
    for line in text.splitlines():
        if line.startswith("## "):
            inside = _names(line, version)
        entries += inside and re.match(r"\s*[-*+] \S", line) is not None
    return entries


def _names(text: str, version: str) -> bool:
    """Whether it names this version, with or without its v, and not one that only begins so."""
    bare = re.escape(version.lstrip("vV"))
    return bool(bare) and re.search(rf"(?<![\w.])[vV]?{bare}(?![\w-]|\.\w)", text) is not None


def _text(path: Path) -> str:
    """The file's text; "" where it cannot be read: then it proves nothing."""
    try:
        with path.open("rb") as file:
            return file.read(LARGEST).decode("utf-8", "replace")
    except OSError:
        return ""
