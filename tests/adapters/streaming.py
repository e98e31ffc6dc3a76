"""A log stream on a real TLS socket: whoever connects gets the pieces that the test writes, until it hangs up."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping

from aiohttp import web


class Streaming:
    """Serves ``GET /api/logstream``; ``status`` other than 200 is a refusal; ``asked``: the headers of each request."""

    def __init__(self) -> None:
        self.asked: list[Mapping[str, str]] = []
        self.status = 200
        self.host = ""
        self.open = 0
        self._connected = asyncio.Condition()
        self._pieces: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._runner: web.AppRunner | None = None

    async def start(self, tls: ssl.SSLContext) -> None:
        app = web.Application()
        app.router.add_get("/api/logstream", self._stream)
        # A handler ends with its client, as a server's that follows a file does.
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        self.host = f"localhost:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        await self._pieces.put(None)
        if self._runner is not None:
            await self._runner.cleanup()

    async def write(self, *pieces: bytes) -> None:
        for piece in pieces:
            await self._pieces.put(piece)

    async def hang_up(self) -> None:
        await self._pieces.put(None)

    async def connections(self, number: int) -> None:
        """Wait until so many have come in all."""
        async with self._connected:
            await self._connected.wait_for(lambda: len(self.asked) >= number)

    async def all_gone(self) -> None:
        """Wait until nobody is connected."""
        async with self._connected:
            await self._connected.wait_for(lambda: self.open == 0)

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        async with self._connected:
            self.asked.append(dict(request.headers))
            self.open += 1
            self._connected.notify_all()
        try:
            if self.status != 200:
                return web.Response(status=self.status, text="no")
            return await self._pour(request)
        finally:
            async with self._connected:
                self.open -= 1
                self._connected.notify_all()

    async def _pour(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        await response.prepare(request)
        while (piece := await self._pieces.get()) is not None:
            await response.write(piece)
        return response
