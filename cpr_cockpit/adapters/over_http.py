"""What our own requests over HTTP have in common: a secret in a header, an answer's length, an error in words."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import httpx

from cpr_cockpit.core.headers import VALUE
from cpr_cockpit.core.inert import clean
from cpr_cockpit.core.ports import PortError

PIECE = 256 * 1024
"""Bytes of a large body that are in memory at once."""
WORDS = 200
"""Characters of foreign words that are kept."""
_PORTS = {"https": 443, "http": 80}
# A protocol error's own text quotes what was sent or answered, and so perhaps a secret; these quote nothing.
_QUOTES_NOTHING = re.compile(
    r"Server disconnected without sending a response\.|peer closed connection without [\w() ,]+"
)


class TooLong(Exception):
    """An answer has more bytes than are read: the message tells how many those are."""


def short(text: str) -> str:
    """Foreign text on one line, printable, at most `WORDS` characters."""
    return clean(text)[:WORDS]


def words_of(error: BaseException) -> str:
    """What went wrong with a request, in few words: the error's own where they quote no header, else its name."""
    words = short(str(error)).strip()
    if isinstance(error, httpx.ProtocolError) and not _QUOTES_NOTHING.fullmatch(words):
        return type(error).__name__
    return words or type(error).__name__


def same_origin(one: str, other: str) -> bool:
    """Whether two URLs have scheme, host and port in common, the port of a scheme by name or by number."""
    origins = []
    for url in (one, other):
        try:
            parts = urlsplit(url)
            origins.append((parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)))
        except ValueError:
            return False
    return origins[0] == origins[1]


def carried(secret: str, doing: str, variable: str, header: str) -> str:
    """The secret of the environment's ``variable`` if ``header`` can carry it. PortError, which does not quote it."""
    if not VALUE.fullmatch(secret):
        raise PortError(
            f"{doing}: variable {variable} holds what header {header} cannot carry: "
            "printable ASCII signs only, and no space or line end before or after them.",
            next_step="Correct it where the session is started.",
        )
    return secret


async def bounded(answer: httpx.Response, longest: int) -> bytes:
    """The body of a streamed answer, up to ``longest`` bytes. TooLong, httpx.HTTPError."""
    read = bytearray()
    async for piece in answer.aiter_bytes():
        read += piece
        if len(read) > longest:
            raise TooLong(f"more than {longest} bytes")
    return bytes(read)
