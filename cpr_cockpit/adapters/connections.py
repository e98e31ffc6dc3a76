"""Every connection of one session: one TLS context, one client that keeps connections and one that never does."""

from __future__ import annotations

import ssl
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

from cpr_cockpit import __version__

USER_AGENT = f"cpr-cockpit/{__version__}"

CONNECT_S = 5.0
READ_S = 30.0
# Longer than the pause between two rollback checks, so that the looks of a rollback find a connection that stands.
# Its changes go over new ones (two round trips and a few milliseconds more each): see `SharedTransport.send`.
KEPT_S = 45.0
_TIMEOUT = httpx.Timeout(READ_S, connect=CONNECT_S)


class Connections:
    """The HTTP clients that all adapters of a session share.

    ``ca``: path of a PEM file that alone is trusted (a lab's); None: what the machine trusts. ``loopback``: nothing
    leaves this machine, so no proxy of the environment is asked. Neither client follows a redirect, sends again or
    keeps a cookie: a front end's affinity cookie would lead every later look to the instance that the first one met.
    Building a TLS context takes milliseconds, so there is one.
    """

    def __init__(self, ca: str | None = None, *, loopback: bool = False) -> None:
        self.tls = ssl.create_default_context(cafile=ca)
        self._trust_env = not loopback
        self.kept = self._client(keep=20)
        self.fresh = self._client(keep=0)

    def _client(self, *, keep: int) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            verify=self.tls,
            trust_env=self._trust_env,
            timeout=_TIMEOUT,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=keep, keepalive_expiry=KEPT_S),
            headers={"User-Agent": USER_AGENT},
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        )

    async def close(self) -> None:
        """Close what is open."""
        await self.kept.aclose()
        await self.fresh.aclose()
