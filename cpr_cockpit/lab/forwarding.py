"""Sends a request on to an instance and brings its answer back, over connections that belong to that instance alone.

An instance never closes an idle connection while it is to be sent requests: it keeps them for an hour, and it is
stopped only after it was drained, when its connections are closed from this side. So no request meets a closing one.
"""

from __future__ import annotations

import asyncio

import aiohttp
from aiohttp import hdrs, web
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from cpr_cockpit.lab.instance import Instance

APP_HEADER = "x-lab-app"
SLOT_HEADER = "x-lab-slot"
DEFECT_HEADER = "x-lab-defect"
_KEEPALIVE = 1800.0  # seconds that an idle connection to an instance is kept: less than the instance keeps it
_ANSWER = 230.0  # seconds until an instance must have answered, as App Service's front ends have it
_FAREWELL = 1.0  # seconds in which the end of a process that broke off is waited for
# RFC 9110, section 7.6.1, and what both libraries write by themselves.
_OF_THE_CONNECTION = frozenset(
    {
        *("connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"),
        *("proxy-authenticate", "proxy-authorization", "expect"),
    }
)
_NOT_ADDED = (hdrs.USER_AGENT, hdrs.ACCEPT, hdrs.ACCEPT_ENCODING, hdrs.CONTENT_TYPE)
_BODILESS = (204, 304)


class Unanswered(Exception):
    """No whole answer came; `refused`: the instance took no connection.

    Then it has not seen the request; but an idempotent one that broke off on a kept connection was tried once more by
    the library, and may have been refused at its second try only.
    """

    def __init__(self, *, refused: bool) -> None:
        super().__init__(refused)
        self.refused = refused


class Upstream:
    """One instance as the front end sees it, `in_flight` requests on their way to it. Made in a running loop."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.in_flight = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEPALIVE),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=_NOT_ADDED,
            timeout=aiohttp.ClientTimeout(total=_ANSWER),
        )

    async def idle(self) -> None:
        """Returns in a moment in which no request is on its way to the instance."""
        while self.in_flight:
            await self._idle.wait()

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def send(self, request: web.BaseRequest, body: bytes) -> web.Response:
        """The instance's answer, whole. Counts as in flight from the call on. Raises Unanswered."""
        self.in_flight += 1
        self._idle.clear()
        try:
            async with self._session.request(
                request.method,
                URL(f"http://127.0.0.1:{self.instance.port}{request.raw_path}", encoded=True),
                headers=_request_headers(request),
                data=body or None,
                allow_redirects=False,
            ) as answer:
                return _response(answer, await answer.read(), request.method)
        except aiohttp.ClientConnectorError as error:
            raise Unanswered(refused=True) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unanswered(refused=False) from error
        finally:
            self.in_flight -= 1
            if not self.in_flight:
                self._idle.set()

    async def died_of_outage(self) -> bool:
        """Whether the instance that gave no answer has, or died of, the outage defect."""
        if not self.instance.has_outage:
            # The broken connection is noticed a moment before the end of the process is.
            await asyncio.wait([waiting := asyncio.ensure_future(self.instance.exited.wait())], timeout=_FAREWELL)
            waiting.cancel()
        return self.instance.has_outage


def _end_to_end(headers: CIMultiDictProxy[str]) -> CIMultiDict[str]:
    """The headers that are not about the connection."""
    named = {name.strip().lower() for value in headers.getall(hdrs.CONNECTION, ()) for name in value.split(",")}
    dropped = _OF_THE_CONNECTION | named
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in dropped)


def _request_headers(request: web.BaseRequest) -> CIMultiDict[str]:
    headers = _end_to_end(request.headers)
    headers.popall(hdrs.CONTENT_LENGTH, None)
    headers["X-Forwarded-Proto"] = "https"
    headers["X-Forwarded-For"] = request.remote or ""
    return headers


def _response(answer: aiohttp.ClientResponse, content: bytes, method: str) -> web.Response:
    headers = _end_to_end(answer.headers)
    if method != hdrs.METH_HEAD:
        headers.popall(hdrs.CONTENT_LENGTH, None)
    bodiless = method == hdrs.METH_HEAD or answer.status in _BODILESS
    body = None if bodiless else content
    return web.Response(status=answer.status, reason=answer.reason, headers=headers, body=body)
