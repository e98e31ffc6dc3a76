"""Lines of an application's log: cut out of a stream in bounded memory, cleaned, and told whether they are errors."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from datetime import UTC, datetime

LONGEST = 8 * 1024
"""Bytes of a line that are read; what follows up to its end is dropped."""
SHOWN = 400
"""Characters of an error line that are kept for people: every reading takes them into the journal."""

_NUMBERS = itertools.count()


def _whole(pattern: str) -> str:
    """The pattern, taken whole or not at all: nothing of what it has matched is given back.

    Python's own (?>...) and *+ give up where they should go on, up to 3.11.4 (cpython issue 106052).
    """
    name = f"whole{next(_NUMBERS)}"
    return f"(?=(?P<{name}>{pattern}))(?P={name})"


# Levels as loggers write them: those of errors, and the others.
_BAD = r"(?:error|err|critical|crit|fatal|ftl|severe)"
_FINE = r"(?:trace|trce|debug|dbug|dbg|verbose|vrb|information|info|inf|notice|warning|warn|wrn)"
# What stands before the level: time, process, thread in brackets, and the logger's name where a bar or dash ends it.
_BEFORE = _whole(rf"""
    (?:
        [\s|,:-]
      | (?=\d) (?=\S*\d[:/-]\d) [\d:.,/T+-]* Z? (?![^\s|\]\[])
      | [+-]\d\d:?\d\d\b | (?:UTC|GMT|AM|PM)\b | PID\[\d+\] | (?<=\S[\s|]) \d+ (?:\#\d+:)? (?![^\s|])
      | \[ (?! [\d\s:.,TZ/+-]* (?:{_BAD}|{_FINE}) \b) [^\[\]]* \]
      | \[
      | (?! (?:{_BAD}|{_FINE}) \b) [A-Za-z_][\w.$]* (?= \s-\s | \| | \s{_BAD}:\s\d+\s: )
    )*
""")
_LEVEL = rf"{_BAD} (?= [\s\]|:;,!] | $ ) | (?:fail | panic) (?=:) | <[0-3]>"
# An exception that nobody caught, as runtimes write it of themselves.
_UNCAUGHT = r"""
    (?:an\s+)? (?:unhandled|uncaught) \s+ (?:\w+\s+)? (?:exception|rejection|error) \b
  | exception\ in\ thread\b | traceback\ \(most\ recent | [A-Za-z_][\w.+$`]* exception (?= : | \s*$ )
"""
_LEVELS = r"(?:level|lvl|severity|loglevel)"
_VALUE = _whole(r""" "[^"\\]*(?:\\.[^"\\]*)*" | [^\s"]* """)
_PAIRS = _whole(rf"(?: (?!{_LEVELS}=) [\w.@-]+ = {_VALUE} \s+ )*")
_KEYED = rf"""
    {_PAIRS} {_LEVELS} = "? {_BAD} (?= "|\s|$ )
  | \{{ .* "(?:@l|level|loglevel|log\.level|levelname|severity)" \s* : \s* "{_BAD}"
"""
_ERROR = re.compile(rf"{_BEFORE} (?: {_LEVEL} | {_UNCAUGHT} | {_KEYED} )", re.IGNORECASE | re.VERBOSE)
_COLOUR = re.compile(r"\x1b\[[\d;]*m")
_DATE = r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d{1,6})?\d*(?:Z|\+00:?00)?(?=\s|$)"
# An indented line belongs to the one above it, as those of a stack trace do; but a level may be filled up to a width.
_BELONGS = re.compile(rf"(?:{_DATE})?(?:\s{{4,}}(?![A-Z]+\b)|\s*(?:at \S|--- End of |File \"))")
# What the log stream of App Service says of itself.
_SERVICE = re.compile(
    r"^\S*\s*(?:Welcome, you are now connected to log-streaming|No new trace in the past \d+ min|"
    r"Stream terminated due to|(?:Starting|Ending) (?:Live Log Stream|Log Tail))"
)
_STAMP = re.compile(_DATE)
# Values that let somebody in, by the names under which programs write them, or by their form. A name holds one of the
# words, such as DB_PASSWORD and refresh_token, or ends as a name of a key does, such as X-Functions-Key.
_WORDS = (
    r"password|passwd|passphrase|passcode|pwd|secret|token|credential|authorization|cookie|signature|jwt|"
    r"(?:api|account|access|private)[ _-]?key|conn(?:ection)?[ _-]?str(?:ing)?"
)
_NAME = rf"(?<![\w.-])(?:[\w.-]*(?:{_WORDS})[\w.-]*|[\w.-]*pass|[\w.-]+key|sig|sas)"
_QUOTE = r"\\*[\"']|\"\""
_IS = _whole(rf"(?:{_QUOTE}|\])?\s*(?:(?<=[\"'])[\s,]*(?:{_QUOTE})?value(?:{_QUOTE})?\s*)?(?:=>|:=|=|:)\s*")
_SCHEME = r"(?:bearer|basic|negotiate|ntlm)\s+"
# A word up to what ends it: a space, the quote around it, or the next of several names and values.
_WORD = r"(?:[^\s\"';,&]|[;,&](?!\s|$|[\w.-]+\s*[=:])|[\"'](?=\w))"
# To the closing quote: one behind as many backslashes as the opening one; doubled, it closes nothing.
_QUOTED = r"(?P<quote>\\*[\"']|\"\"(?=[^\s\"',;&}\])]))" + _whole(
    r"(?:[^\\\"']|\\+(?![\\\"'])|(?P=quote){2}|(?!(?P=quote))\\*[\"'])+"
)
# What stands in brackets; where it holds further ones, all that follows.
_TEXT = r"\"[^\"\\]*(?:\\.[^\"\\]*)*\"?"
_BRACES, _BRACKETS = _whole(rf"(?:{_TEXT}|[^{{}}\"])*"), _whole(rf"(?:{_TEXT}|[^\[\]\"])*")
_MANY = rf"\{{{_BRACES}\}}|\[{_BRACKETS}\]|[{{\[].*"
# Headers whose value is more than one word.
_HEADER = (
    rf"(?<![\w.-])((?:[\w.-]*authorization|(?:set-)?cookie2?){_IS})(?!\s|{_QUOTE}|[{{\[])"
    rf"(?:{_SCHEME}{_WORD}+|.+?(?=\\*\"\s*(?:,\s*\\*\"|[}}\]])|$))"
)
_SECRETS = (
    (_HEADER, r"\1***"),
    # A query of an address.
    (rf"((?<=[?&])(?:amp;)?(?:{_NAME}|code|key)=)[^\s&\"'#]+", r"\1***"),
    # A part of a connection string, which may hold spaces.
    (rf"((?<=;){_NAME}\s*=\s*)(?!\s|{_QUOTE}|\{{)[^;\"']+", r"\1***"),
    (rf"({_NAME}{_IS}){_QUOTED}", r"\1\g<quote>***"),
    (rf"({_NAME}{_IS})(?:{_MANY}|(?!{_QUOTE}|[;,&])(?:{_SCHEME})?{_WORD}+)", r"\1***"),
    (r"\b(bearer\s+)[^\s;,&\"']+", r"\1***"),
    (r"\beyJ[\w-]{4,}(?:\.[\w-]*)*", "***"),
    (r"(://)[^\s/?#\"']*:[^\s/?#\"']*@", r"\1***@"),
)
_MASKS = tuple((re.compile(secret, re.IGNORECASE), instead) for secret, instead in _SECRETS)


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
    """Whether a line tells of an error: by its level, in the place of one, or because nobody caught an exception."""
    line = _COLOUR.sub("", line)
    return _BELONGS.match(line) is None and _ERROR.match(line) is not None


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
    for secret, instead in _MASKS:
        plain = secret.sub(instead, plain)
    words = " ".join(plain.split())
    return words if len(words) <= SHOWN else words[: SHOWN - 1] + "…"
