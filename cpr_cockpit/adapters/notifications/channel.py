"""What every channel has: its name, what is sent there, and its address, which is a secret of the environment."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from cpr_cockpit.core.notices import NoticeKind
from cpr_cockpit.core.ports import PortError

SECRET_FROM = 6
"""Characters of a part of a URL from which on it may be a secret; shorter ones are words of any sentence."""


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
        for secret in filter(None, (self.url, *re.split(r"[/?&=@]+", self.url.partition("://")[2])[1:])):
            words = words.replace(secret, "***") if len(secret) >= SECRET_FROM else words
        return PortError(f"Notifying {self.name}: {words}.", next_step="It is tried again.")
