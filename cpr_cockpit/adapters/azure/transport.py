"""The SDK's transport over the session's own HTTP clients: one stack, one TLS context, nothing sent twice.

The transport that ships with azure-core sends a PUT again when its connection breaks, and reports a connection lost
after the request as one that was never made; both would be lies about a change. Here a request whose connection could
not be made raises ServiceRequestError, and one whose answer was lost ServiceResponseError, as azure-core documents.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, MutableMapping
from types import TracebackType
from typing import Any, Self

import httpx
from azure.core.exceptions import HttpResponseError, ServiceRequestError, ServiceResponseError
from azure.core.pipeline.transport import AsyncHttpTransport
from azure.core.rest import AsyncHttpResponse, HttpRequest

from cpr_cockpit.adapters.azure.errors import UNSENT
from cpr_cockpit.adapters.connections import CONNECT_S, READ_S, Connections
from cpr_cockpit.adapters.over_http import words_of

_SAFE = frozenset({"GET", "HEAD"})


class SharedTransport(AsyncHttpTransport[HttpRequest, AsyncHttpResponse]):
    """Sends the SDK's requests; the connections belong to the session and are not closed here."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def open(self) -> None:
        """Nothing to open: connections are made when they are needed."""

    async def close(self) -> None:
        """Nothing to close: other clients use the same connections."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        return None

    async def send(
        self,
        request: HttpRequest,
        *,
        stream: bool = False,
        proxies: MutableMapping[str, str] | None = None,
        **config: Any,
    ) -> AsyncHttpResponse:
        """Send once and read the whole answer.

        Whatever may change something gets a connection of its own: on one that was kept, nobody can tell a server that
        hung up before the request from one that hung up after it.
        """
        client = self._connections.kept if request.method in _SAFE else self._connections.fresh
        timeout = httpx.Timeout(config.get("read_timeout", READ_S), connect=config.get("connection_timeout", CONNECT_S))
        body = request.content
        content = {"data": body} if isinstance(body, Mapping) else {"content": body}
        try:
            answer = await client.request(
                request.method, request.url, headers=request.headers, timeout=timeout, **content
            )
        except UNSENT as error:
            raise ServiceRequestError(words_of(error), error=error) from error
        except httpx.HTTPError as error:
            raise ServiceResponseError(words_of(error), error=error) from error
        return HttpxResponse(request, answer)


class HttpxResponse(AsyncHttpResponse):
    """An answer that has been read to its end, in the SDK's form."""

    def __init__(self, request: HttpRequest, answer: httpx.Response) -> None:
        self._request = request
        self._answer = answer

    @property
    def request(self) -> HttpRequest:
        """The request it answers."""
        return self._request

    @property
    def status_code(self) -> int:
        """The HTTP status."""
        return self._answer.status_code

    @property
    def headers(self) -> MutableMapping[str, str]:
        """The headers, found in any case."""
        return self._answer.headers

    @property
    def reason(self) -> str:
        """The status in words."""
        return self._answer.reason_phrase

    @property
    def content_type(self) -> str | None:
        """The media type as sent."""
        media_type: str | None = self._answer.headers.get("Content-Type")
        return media_type

    @property
    def is_closed(self) -> bool:
        """Always: the answer has been read."""
        return True

    @property
    def is_stream_consumed(self) -> bool:
        """Always: the answer has been read."""
        return True

    @property
    def encoding(self) -> str | None:
        """The encoding of its text."""
        return self._answer.encoding

    @encoding.setter
    def encoding(self, value: str | None) -> None:
        self._answer.encoding = value or "utf-8"

    @property
    def url(self) -> str:
        """The address that answered."""
        return str(self._answer.url)

    @property
    def content(self) -> bytes:
        """The body."""
        return self._answer.content

    def text(self, encoding: str | None = None) -> str:
        """The body as text."""
        return self.content.decode(encoding or self.encoding or "utf-8", errors="replace")

    def json(self) -> Any:
        """The body as JSON; ValueError where it is none."""
        return json.loads(self.text())

    def raise_for_status(self) -> None:
        """HttpResponseError for 400 and above."""
        if self.status_code >= 400:
            raise HttpResponseError(response=self)

    async def read(self) -> bytes:
        """The body."""
        return self.content

    async def iter_bytes(self, **kwargs: Any) -> AsyncIterator[bytes]:
        """The body in one piece."""
        yield self.content

    async def iter_raw(self, **kwargs: Any) -> AsyncIterator[bytes]:
        """The body in one piece, decoded: what was on the wire is gone."""
        yield self.content

    async def close(self) -> None:
        """Nothing is open."""

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        return None
