"""A document's bytes as text: what PowerShell, editors and people leave in a folder.

UTF-8 with or without a byte order mark, UTF-16 in both byte orders with or without one. Bytes that are no UTF-8 are
read as Windows-1252 and that is said, never done silently. Anything else is refused with one clear message.
"""

from __future__ import annotations

import codecs
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from cpr_cockpit.documents.parts import Problem, printable

LARGEST = 20_000_000
"""Bytes; a larger file is not one of the framework's documents."""

_ALLOWED = "Allowed: UTF-8 or UTF-16 text. Write the file again"
_CONTROLS = re.compile(r"[\x01-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
_REST = "cpr_cockpit.windows_1252"


class DocumentError(Exception):
    """The file cannot be read as a document; ``problem`` says file, line, what and what to do."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.words())
        self.problem = problem


@dataclass(frozen=True, slots=True)
class SourceText:
    """A document's text, line ends as line feeds; ``encoding``: the one taken; ``problems``: notes on a fallback."""

    name: str
    text: str
    encoding: str
    problems: tuple[Problem, ...] = ()


def read_text(path: Path, name: str | None = None) -> SourceText:
    """Read the file at ``path``; DocumentError where it is missing, no regular file, too large, or no text."""
    name = printable(name or path.name)
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            kind = "a folder" if stat.S_ISDIR(mode) else "no regular file"
            raise DocumentError(Problem(name, "", f"is {kind}", "Put the document itself there."))
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise DocumentError(Problem(name, "", "missing", "Put it into the feature folder.")) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        what = f"cannot be opened ({printable(reason)})"
        raise DocumentError(Problem(name, "", what, "Check its path and rights.")) from None
    return decode(data, name)


def decode(data: bytes, name: str) -> SourceText:
    """The text of ``data``; DocumentError where it is none."""
    if len(data) > LARGEST:
        raise DocumentError(Problem(name, "", f"larger than {LARGEST // 1_000_000} MB", "This is no such document."))
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)) and len(data) > len(codecs.BOM_UTF32_LE):
        raise DocumentError(Problem(name, "", "encoded as UTF-32", f"{_ALLOWED} as UTF-8."))
    for mark, encoding in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if data.startswith(mark):
            return _text(name, _utf_16(data[len(mark) :], name, encoding), f"{encoding} with BOM")
    marked = data.startswith(codecs.BOM_UTF8)
    body = data[len(codecs.BOM_UTF8) :] if marked else data
    if not marked and (guessed := _unmarked_utf_16(data)) is not None:
        return _text(name, _utf_16(data, name, guessed), guessed)
    try:
        return _text(name, body.decode("utf-8"), "utf-8 with BOM" if marked else "utf-8")
    except UnicodeDecodeError as error:
        return _windows(body, name, error)


def _unmarked_utf_16(data: bytes) -> str | None:
    """The byte order of UTF-16 without a mark: text of the framework is mostly ASCII, so every other byte is NUL."""
    pairs = len(data) // 2
    if pairs == 0 or b"\0" not in data:
        return None
    even, odd = data[::2].count(0), data[1::2].count(0)
    if odd >= 0.5 * pairs and even <= 0.05 * pairs:
        return "utf-16-le"
    if even >= 0.5 * pairs and odd <= 0.05 * pairs:
        return "utf-16-be"
    return None


def _utf_16(data: bytes, name: str, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].decode(encoding, "replace").count("\n") + 1
        cut = error.end >= len(data)
        what = "ends in the middle of a character: truncated" if cut else f"is no valid {encoding}"
        raise DocumentError(Problem(name, f"line {line}", what, f"{_ALLOWED}, whole.")) from None


def _windows(data: bytes, name: str, first: UnicodeDecodeError) -> SourceText:
    line = data.count(b"\n", 0, first.start) + 1
    if first.reason == "unexpected end of data" and any(byte >= 0x80 for byte in data[: first.start]):
        what = "ends in the middle of a UTF-8 character: truncated"
        raise DocumentError(Problem(name, f"line {line}", what, f"{_ALLOWED}, whole."))
    try:
        text = data.decode("utf-8", _REST)
    except UnicodeDecodeError:
        what = "binary, or in an encoding that is neither UTF-8, UTF-16 nor Windows-1252"
        raise DocumentError(Problem(name, f"line {line}", what, f"{_ALLOWED} as UTF-8.")) from None
    what = "not UTF-8 here; read as Windows-1252"
    note = Problem(name, f"line {line}", what, "Save the file as UTF-8.", blocks=False)
    return _text(name, text, "windows-1252", (note,))


def _by_windows(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252"), error.end


codecs.register_error(_REST, _by_windows)


def _text(name: str, text: str, encoding: str, problems: tuple[Problem, ...] = ()) -> SourceText:
    place = text.find("\0")
    if place >= 0 or len(_CONTROLS.findall(text)) * 50 > len(text):
        line = text.count("\n", 0, max(place, 0)) + 1
        raise DocumentError(Problem(name, f"line {line}", "binary, not text", f"{_ALLOWED} as UTF-8."))
    if not text.replace("\ufeff", "").replace("\u200b", "").strip():
        raise DocumentError(Problem(name, "", "empty", "Write it again with the framework's script, or by hand."))
    return SourceText(name, text.replace("\r\n", "\n").replace("\r", "\n"), encoding, problems)
