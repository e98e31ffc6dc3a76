"""Lines of an application's log: cut out of a stream in bounded memory, cleaned, and told whether they are errors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

LONGEST = 8 * 1024
"""Bytes of a line that are read; what follows up to its end is dropped."""
SHOWN = 400
"""Characters of an error line that are kept for people: every reading takes them into the journal."""

# Words of levels and exceptions as loggers write them; "errors" in a path or a count is none.
_ERROR = re.compile(
    r"\b(?:error|err|critical|crit|fatal|ftl)\b|\bfail:|exception\b|\btraceback \(most recent", re.IGNORECASE
)
# The lines of a stack trace belong to the exception above them.
_FRAME = re.compile(r"^\s*(?:at \S|--- End of |File \")")
# What the log stream of App Service says of itself.
_SERVICE = re.compile(
    r"^\S*\s*(?:Welcome, you are now connected to log-streaming|No new trace in the past \d+ min|"
    r"Stream terminated due to|(?:Starting|Ending) (?:Live Log Stream|Log Tail))"
)
_STAMP = re.compile(r"^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d{1,6})?\d*(?:Z|\+00:?00)?(?=\s|$)")
# Values that let somebody in, by the names under which programs write them, or by their form.
_NAMES = (
    r"pass(?:word|wd)?|pwd|secret|client[_-]?secret|token|access[_-]?token|api[_-]?key|account[_-]?key|"
    r"shared[_-]?access[_-]?key|sig|authorization"
)
_SECRETS = (
    (re.compile(rf"(?i)\b((?:{_NAMES})[\"']?\s*[=:]\s*[\"']?)(?:(?:bearer|basic)\s+)?[^\s;,&\"']+"), r"\1***"),
    (re.compile(r"(?i)\b(bearer\s+)[^\s;,&\"']+"), r"\1***"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), "***"),
    (re.compile(r"(://)[^/\s:@]*:[^/\s@]+@"), r"\1***@"),
)


class Lines:
    """Cuts pieces of a stream into lines; no line takes more than `LONGEST` bytes, however long it is."""

    def __init__(self) -> None:
        self._begun = bytearray()

    def feed(self, piece: bytes) -> Iterator[str]:
        """The lines that end in ``piece``, without their ends; empty ones are left out."""
        start = 0
        while (end := piece.find(b"\n", start)) >= 0:
            line = self._with(piece, start, end).decode("utf-8", "replace").rstrip("\r")
            self._begun.clear()
            start = end + 1
            if line.strip():
                yield line
        rest = self._with(piece, start, len(piece))
        self._begun = bytearray(rest)

    def _with(self, piece: bytes, start: int, end: int) -> bytes:
        room = LONGEST - len(self._begun)
        return bytes(self._begun) + piece[start : min(end, start + room)]


def of_service(line: str) -> bool:
    """Whether the stream says it of itself, so that it is no line of the application."""
    return _SERVICE.match(line) is not None


def is_error(line: str) -> bool:
    """Whether a line tells of an error."""
    return _ERROR.search(line) is not None and _FRAME.match(line) is None


def stamp(line: str) -> float | None:
    """Epoch seconds of the time (UTC) that a line begins with, None where it begins with none."""
    found = _STAMP.match(line)
    if found is None:
        return None
    try:
        at = datetime.fromisoformat(f"{found[1]}T{found[2]}{found[3] or ''}")
    except ValueError:
        return None
    return at.replace(tzinfo=UTC).timestamp()


def shown(line: str) -> str:
    """The line as people see it and the journal keeps it: printable, short, and without what looks like a secret."""
    plain = "".join(sign if sign.isprintable() else " " for sign in line[: 4 * SHOWN])
    for secret, instead in _SECRETS:
        plain = secret.sub(instead, plain)
    words = " ".join(plain.split())
    return words if len(words) <= SHOWN else words[: SHOWN - 1] + "…"
