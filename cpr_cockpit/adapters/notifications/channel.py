"""What every channel has: its name, what is sent there, and its address, which is a secret of the environment."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from cpr_cockpit.adapters.veil import Veil
from cpr_cockpit.core.notices import NoticeKind
from cpr_cockpit.core.ports import PortError


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """``url``: the value of the environment's ``variable``, "": that is not set. It is never told in any words."""

    name: str
    kinds: frozenset[NoticeKind]
    variable: str
    url: str = field(repr=False)
    picture: bool = False

    @property
    def trouble(self) -> str:
        """What is missing; "" for nothing."""
        return "" if self.url else f"variable {self.variable} is not set"

    def address(self) -> str:
        """The URL. PortError where there is none."""
        if not self.url:
            raise PortError(
                f"Notifying {self.name}: {self.trouble}.",
                next_step="Set it where the session is started.",
            )
        return self.url

    def failed(self, words: str) -> PortError:
        """A try that came to nothing; what its words quote of the URL is taken out."""
        return PortError(f"Notifying {self.name}: {self.veiled(words)}.", next_step="It is tried again.")

    def veiled(self, words: str) -> str:
        """Words without the URL and its parts, however they are written; the host of a web address is no secret."""
        scheme, _, rest = self.url.partition("://")
        host = self._host if scheme in ("http", "https") else ""
        parts = {part for part in re.split(r"[/?&=@:,#]+", rest) if part != host}
        return Veil((self.url, *parts, *map(unquote, parts))).over(words)

    @property
    def _host(self) -> str:
        with contextlib.suppress(ValueError):
            return urlsplit(self.url).hostname or ""
        return ""
