"""Any service that the library Apprise knows, sent by a process of its own.

The library blocks, in threads that nothing ends, follows redirects and logs addresses: so it runs in a child that is
killed when its time is over, with its own log off. It is told the URL on standard input: no argument list holds it.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import sys
from typing import Any

from cpr_cockpit.adapters.notifications.channel import ChannelSettings
from cpr_cockpit.adapters.over_http import short
from cpr_cockpit.adapters.sensors.programs import environment
from cpr_cockpit.core.notices import Notice

SEND_S = 20.0
SENDER = "cpr_cockpit.adapters.notifications.sender"


class Service:
    """One URL of the library as a Notifier; ``ca``: path of a PEM file that alone is trusted (a lab's)."""

    def __init__(self, settings: ChannelSettings, ca: str | None = None) -> None:
        self._settings, self._ca = settings, ca
        self.name, self.kinds, self.picture = settings.name, settings.kinds, settings.picture
        self.trouble = settings.trouble

    async def look(self) -> str:
        """Ask the library whether it knows the URL; that it could not be asked is no trouble."""
        if self.trouble:
            return self.trouble
        try:
            code, words = await self._asked({"url": self._settings.url})
        except (TimeoutError, OSError):
            return ""
        return f"{self._settings.variable}: {self._settings.veiled(words)}" if code != 0 else ""

    async def send(self, notice: Notice) -> None:
        """Have it sent, once. PortError."""
        try:
            code, words = await self._asked(_order(self._settings.address(), notice))
        except TimeoutError as error:
            raise self._settings.failed(f"no answer within {SEND_S:g} s") from error
        if code != 0:
            raise self._settings.failed(words or f"the sender ended with {code}")

    async def _asked(self, order: dict[str, Any]) -> tuple[int, str]:
        """Exit code and words of a sender. TimeoutError, OSError."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            SENDER,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=self._environment(),
        )
        try:
            async with asyncio.timeout(SEND_S):
                said, _ = await process.communicate(json.dumps(order).encode())
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        return process.returncode or 0, short(said.decode("utf-8", "replace").strip())

    def _environment(self) -> dict[str, str]:
        """What requests and OpenSSL read of the environment; a lab's authority in the place of the machine's."""
        trusted = {"REQUESTS_CA_BUNDLE": self._ca, "SSL_CERT_FILE": self._ca, "NO_PROXY": "*"} if self._ca else {}
        return environment() | trusted


def _order(url: str, notice: Notice) -> dict[str, Any]:
    files = [
        {"name": one.name, "type": one.media_type, "base64": base64.b64encode(one.content).decode("ascii")}
        for one in notice.attachments
    ]
    return {"url": url, "title": notice.title, "body": notice.text, "kind": str(notice.kind), "files": files}
