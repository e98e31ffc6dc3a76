"""DNS: whether the name of production leads to where the app takes requests in.

The addresses are the app's inbound ones as Resource Manager tells them (Azure documentation, "Inbound and outbound IP
addresses in App Service"), or the declared ones of a front that stands before it.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Collection
from urllib.parse import urlsplit

from cpr_cockpit.core.sensing import Reading, State

ITEM = "infrastructure.load-balancers"
_TIMEOUT_S = 10.0


class Names:
    """``address``: of production; ``expected``: where it takes requests in, as addresses, networks or host names.

    It may raise PortError.
    """

    items = (ITEM,)
    timeout_s = _TIMEOUT_S

    def __init__(self, address: str, expected: Callable[[], Awaitable[Collection[str]]]) -> None:
        self._host = urlsplit(address).hostname or ""
        self._expected = expected

    async def read(self) -> tuple[Reading, ...]:
        """Failed where the name leads elsewhere, also in part; unknown where nothing is told of the app.

        PortError, OSError.
        """
        try:
            found = await _resolved(self._host)
        except OSError as error:
            words = f"DNS: {self._host} leads nowhere ({error.strerror or error})"
            return (Reading(ITEM, State.FAILED, words),)
        told = sorted({_plain(one) for one in await self._expected()})
        if not told:
            return (Reading(ITEM, State.UNKNOWN, "DNS: Resource Manager tells no inbound address of the app"),)
        expected = [network for one in told for network in await _networks(one)]
        wrong = sorted(one for one in found if not any(ipaddress.ip_address(one) in network for network in expected))
        if wrong:
            words = f"DNS: {self._host} leads to {', '.join(wrong)}, and the app is at {', '.join(told)}"
            return (Reading(ITEM, State.FAILED, f"{words}. What stands before it is named by front_addresses"),)
        return (Reading(ITEM, State.OK, f"DNS: {self._host} leads to {', '.join(sorted(found))}, the app's own"),)


async def _resolved(host: str) -> frozenset[str]:
    """The addresses of a name. OSError."""
    told = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return frozenset(_plain(str(one[4][0])) for one in told)


async def _networks(told: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """What is told as networks: an address, a network, or a host name, which leads where it leads. OSError."""
    with contextlib.suppress(ValueError):
        return [ipaddress.ip_network(told, strict=False)]
    return [ipaddress.ip_network(one) for one in await _resolved(told)]


def _plain(address: str) -> str:
    """The address in its one form."""
    try:
        return str(ipaddress.ip_address(address.strip()))
    except ValueError:
        return address.strip()
