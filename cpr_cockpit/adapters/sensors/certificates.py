"""The certificates that the hosts really serve: trusted, for their names, with enough days left."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from cpr_cockpit.core.ports import Clock, PortError
from cpr_cockpit.core.sensing import Reading, State

ITEM = "infrastructure.ssl-certificates-valid"
_DAY_S = 86_400.0
_HANDSHAKE_S = 5.0


@dataclass(frozen=True, slots=True)
class Host:
    """Where a certificate is looked at.

    ``missing``: asked where it does not answer: why it cannot yet, "" where it should. May raise PortError.
    """

    address: str
    missing: Callable[[], Awaitable[str]] | None = None


class Certificates:
    """A handshake with each address as a browser makes it: chain, name and time are checked by the TLS library.

    ``least_days``: below it the item fails, for the certificate may end before anybody looks again.
    """

    items = (ITEM,)
    timeout_s = 10.0

    def __init__(self, hosts: Sequence[Host], clock: Clock, tls: ssl.SSLContext, least_days: float) -> None:
        self._hosts = {_place(one.address): one.missing for one in reversed(hosts)}
        self._clock = clock
        self._tls = tls
        self._least_days = least_days

    async def read(self) -> tuple[Reading, ...]:
        """Failed where one is not trusted, is for another name, or ends too soon; unknown where one does not answer.

        A host that is not there yet is a note.
        """
        found = await asyncio.gather(*(self._look(host, port) for host, port in reversed(self._hosts)))
        wrong = [one for one in found if one.state in (State.FAILED, State.UNKNOWN)]
        if wrong:
            state = State.FAILED if any(one.state is State.FAILED for one in wrong) else State.UNKNOWN
            return (Reading(ITEM, state, "; ".join(one.words for one in wrong)),)
        state = State.NOTE if any(one.state is State.NOTE for one in found) else State.OK
        return (Reading(ITEM, state, "; ".join(one.words for one in found)),)

    async def _look(self, host: str, port: int) -> Reading:
        seen = await self._handshake(host, port)
        missing = self._hosts[host, port]
        if seen.state is not State.UNKNOWN or missing is None:
            return seen
        try:
            why = await missing()
        except PortError:
            return seen
        return Reading(ITEM, State.NOTE, f"{host}: {why}") if why else seen

    async def _handshake(self, host: str, port: int) -> Reading:
        name = host if port == 443 else f"{host}:{port}"
        try:
            async with asyncio.timeout(_HANDSHAKE_S):
                ends = await self._ends(host, port)
        except ssl.SSLCertVerificationError as error:
            return Reading(ITEM, State.FAILED, f"{name}: {error.verify_message}")
        except TimeoutError:
            return Reading(ITEM, State.UNKNOWN, f"{name}: no handshake within {_HANDSHAKE_S:g} s")
        except (OSError, ValueError) as error:
            return Reading(ITEM, State.UNKNOWN, f"{name}: {error}")
        left = (ends - self._clock.now()) / _DAY_S
        words = f"{name}: {left:.0f} days left"
        if left < self._least_days:
            return Reading(ITEM, State.FAILED, f"{words}, at least {self._least_days:g} are wanted")
        return Reading(ITEM, State.OK, words)

    async def _ends(self, host: str, port: int) -> float:
        """Epoch seconds at which the certificate of ``host`` ends."""
        _, writer = await asyncio.open_connection(host, port, ssl=self._tls, server_hostname=host)
        try:
            told = writer.get_extra_info("peercert")
        finally:
            writer.close()
        return float(ssl.cert_time_to_seconds(told["notAfter"]))


def _place(address: str) -> tuple[str, int]:
    parts = urlsplit(address)
    return parts.hostname or "", parts.port or 443
