"""``automation-deploy.json`` completed: the feature's own bytes, with what the run knows filled in.

Keys that the cockpit does not know, their order, the layout, the encoding and its mark stay. A placeholder that the
run does not know stays a placeholder.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path

from cpr_cockpit.core.run import Run
from cpr_cockpit.documents import words
from cpr_cockpit.documents.automation_deploy import NAME
from cpr_cockpit.documents.json_text import parse
from cpr_cockpit.documents.papers import ending
from cpr_cockpit.documents.papers.json_edit import EditRefused, put, put_first, value_at
from cpr_cockpit.documents.papers.known import Known, When, known
from cpr_cockpit.documents.papers.own_issues import own_issues
from cpr_cockpit.documents.reading import LARGEST, DocumentError, decode

_MARKS = {
    "utf-8 with BOM": ("utf-8", codecs.BOM_UTF8),
    "utf-16-le with BOM": ("utf-16-le", codecs.BOM_UTF16_LE),
    "utf-16-be with BOM": ("utf-16-be", codecs.BOM_UTF16_BE),
    "utf-16-le": ("utf-16-le", b""),
    "utf-16-be": ("utf-16-be", b""),
    "utf-8": ("utf-8", b""),
    # UTF-8 with single bytes of Windows-1252: those are carried through as they are.
    "windows-1252": ("utf-8", b""),
}


@dataclass(frozen=True, slots=True)
class Completed:
    """The bytes of the completed file, and the fields that could not be set, each with its reason."""

    data: bytes
    refused: tuple[str, ...]


def complete(data: bytes, run: Run) -> Completed:
    """Fill in what the run knows; DocumentError where ``data`` is no such document."""
    source = decode(data, NAME)
    parse(source)
    encoding, mark = _MARKS[source.encoding]
    mixed = source.encoding == "windows-1252"
    errors = "surrogateescape" if mixed else "strict"
    text = data[len(mark) :].decode(encoding, errors)
    refused = []
    for one in known(run):
        try:
            if _wanted(text, one):
                text = put(text, one.path, one.value, ascii_only=mixed)
        except EditRefused as error:
            refused.append(f"{'.'.join(one.path)}: {error}")
    try:
        for path, value in tuple(own_issues(text, run)):
            text = put(text, path, value, ascii_only=mixed)
    except EditRefused as error:
        refused.append(f"issues: {error}")
    if ending.rehearsal(run):
        try:
            text = put_first(text, "rehearsal", ending.rehearsal(run), ascii_only=mixed)
        except EditRefused as error:
            refused.append(f"rehearsal: {error}")
    return Completed(mark + text.encode(encoding, errors), tuple(refused))


def _wanted(text: str, one: Known) -> bool:
    """Whether the field may be set: always for what only the run can know, else by what stands there."""
    if one.when is When.ALWAYS:
        return True
    try:
        present = value_at(text, one.path)
    except KeyError:
        return one.when is When.BLANK
    if one.when is When.PRESENT:
        return True
    return present is None or present in ("", 0) or (isinstance(present, str) and words.blank(present))


def complete_file(path: Path, run: Run) -> Completed:
    """Complete the file at ``path``, which is only read; DocumentError or OSError."""
    with path.open("rb") as file:
        return complete(file.read(LARGEST + 1), run)


__all__ = ["NAME", "Completed", "DocumentError", "complete", "complete_file"]
