"""Channels at the wire: what arrives, what a refusal is called, and that no address is ever told."""

from __future__ import annotations

import asyncio
import base64
import ssl
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from cpr_cockpit.adapters.connections import Connections
from cpr_cockpit.adapters.notifications.channel import ChannelSettings
from cpr_cockpit.adapters.notifications.painter import ScreenPainter
from cpr_cockpit.adapters.notifications.service import Service
from cpr_cockpit.adapters.notifications.webhook import Webhook
from cpr_cockpit.core.notices import Attachment, Notice, NoticeKind, Notifier
from cpr_cockpit.core.ports import PortError
from cpr_cockpit.core.view import View
from cpr_cockpit.core.view_json import sections
from cpr_cockpit.lab import certificates

SECRET = "hook-secret-7f3a"
NOTICE = Notice(
    "run/start",
    "run",
    NoticeKind.START,
    1_760_000_000.0,
    "START of v1.3.0 on goals",
    "v1.3.0 on goals: deploying",
    ("START by ana.",),
    (Attachment("rollback-card.md", "text/markdown", b"# card"),),
)
# Each loads the library in a process of its own.
SLOW = pytest.param("service", marks=pytest.mark.long)
Take = Callable[[web.Request], Awaitable[web.StreamResponse]]


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    issued = certificates.issue(tmp_path_factory.mktemp("tls"))
    return issued.ca, issued.server


@asynccontextmanager
async def a_hook(take: Take, tls: ssl.SSLContext) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post(f"/hooks/{SECRET}", take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    try:
        yield f"localhost:{runner.addresses[0][1]}/hooks/{SECRET}"
    finally:
        await runner.cleanup()


def settings(url: str) -> ChannelSettings:
    return ChannelSettings("oncall", frozenset(NoticeKind), "ONCALL", url)


@asynccontextmanager
async def a_channel(kind: str, url: str, ca: Path) -> AsyncIterator[Notifier]:
    connections = Connections(str(ca), loopback=True)
    try:
        if kind == "webhook":
            yield Webhook(settings(f"https://{url}"), connections)
        else:
            yield Service(settings(f"jsons://{url}"), str(ca))
    finally:
        await connections.close()


@pytest.mark.parametrize("kind", ["webhook", SLOW])
async def test_a_notice_arrives_with_its_card(kind: str, tls: tuple[Path, ssl.SSLContext]) -> None:
    got: list[dict[str, Any]] = []

    async def take(request: web.Request) -> web.Response:
        got.append(await request.json())
        return web.json_response({})

    async with a_hook(take, tls[1]) as url, a_channel(kind, url, tls[0]) as channel:
        await channel.send(NOTICE)
    (body,) = got
    assert body["title"] == NOTICE.title
    assert body["message"].splitlines() == ["v1.3.0 on goals: deploying", "START by ana."]
    (card,) = body["attachments"]
    assert card["filename"] == "rollback-card.md"
    assert base64.b64decode(card["base64"]) == b"# card"


@pytest.mark.parametrize("kind", ["webhook", SLOW])
async def test_a_refusal_is_told_without_the_address(kind: str, tls: tuple[Path, ssl.SSLContext]) -> None:
    async def take(request: web.Request) -> web.Response:
        return web.Response(status=503, text=str(request.url))

    async with a_hook(take, tls[1]) as url, a_channel(kind, url, tls[0]) as channel:
        with pytest.raises(PortError) as refused:
            await channel.send(NOTICE)
    assert refused.value.what == "Notifying oncall: it answered 503."


async def test_a_redirect_leads_nowhere(tls: tuple[Path, ssl.SSLContext]) -> None:
    async def take(request: web.Request) -> web.Response:
        raise web.HTTPTemporaryRedirect("https://elsewhere.test/")

    async with a_hook(take, tls[1]) as url, a_channel("webhook", url, tls[0]) as channel:
        with pytest.raises(PortError, match="it answered 307"):
            await channel.send(NOTICE)


@pytest.mark.parametrize(
    ("kind", "url"),
    [
        ("webhook", f"localhost:1/{SECRET}"),
        ("webhook", f"local host:x/{SECRET}"),
        pytest.param("service", f"localhost:1/{SECRET}", marks=pytest.mark.long),
    ],
)
async def test_what_cannot_be_reached_is_told_without_the_address(
    kind: str, url: str, tls: tuple[Path, ssl.SSLContext]
) -> None:
    async with a_channel(kind, url, tls[0]) as channel:
        with pytest.raises(PortError) as failed:
            await channel.send(NOTICE)
    assert SECRET not in failed.value.words()
    assert "oncall" in failed.value.what


async def test_a_variable_that_is_not_set_is_named(tls: tuple[Path, ssl.SSLContext]) -> None:
    with pytest.raises(PortError, match="variable ONCALL is not set"):
        await Service(settings("")).send(NOTICE)


@pytest.mark.long
async def test_a_sender_that_is_left_is_ended(tls: tuple[Path, ssl.SSLContext]) -> None:
    asked = asyncio.Event()

    async def take(request: web.Request) -> web.Response:
        asked.set()
        await asyncio.sleep(30)
        return web.Response()

    async with a_hook(take, tls[1]) as url, a_channel("service", url, tls[0]) as channel:
        sending = asyncio.create_task(channel.send(NOTICE))
        await asked.wait()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
    assert not any("notifications.sender" in command for command in _children())


def _children() -> list[str]:
    """Command lines of what this process has started and not ended."""
    found = Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text("ascii").split()
    return [Path(f"/proc/{pid}/cmdline").read_text("utf-8") for pid in found if Path(f"/proc/{pid}").exists()]


@pytest.mark.long
def test_the_library_is_loaded_by_its_own_process_alone() -> None:
    words = "import cpr_cockpit.session_main, cpr_cockpit.wiring.notifying, sys; sys.exit('apprise' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", words], check=False).returncode == 0


@pytest.mark.long
async def test_the_screen_is_drawn_and_turned_into_what_the_machine_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = sections(View("0001-a1b2", 1, 1_760_000_000.0, "window"))
    monkeypatch.setenv("PATH", str(tmp_path))
    [svg] = await ScreenPainter(draw_s=60.0).paint(view)
    assert (svg.name, svg.content[:4]) == ("screen.svg", b"<svg")
    assert b"0001-a1b2" in svg.content
    converter = tmp_path / "rsvg-convert"
    converter.write_text("#!/bin/sh\nwhile read -r line; do :; done\necho PNG\n", "ascii")
    converter.chmod(0o700)
    [png] = await ScreenPainter(draw_s=60.0).paint(view)
    assert (png.name, png.media_type, png.content) == ("screen.png", "image/png", b"PNG\n")


def test_what_a_failure_quotes_of_the_url_is_taken_out() -> None:
    channel = settings("https://hooks.example.com/services/T0AAAAAA/s3cr3t-token?sig=abcdefgh")
    words = channel.failed("POST /services/T0AAAAAA/s3cr3t-token?sig=abcdefgh to hooks.example.com was refused").words()
    assert not [one for one in ("T0AAAAAA", "s3cr3t-token", "abcdefgh") if one in words]
    assert "hooks.example.com" in words


@pytest.mark.parametrize(
    ("url", "quoted"),
    [
        ("mailtos://deploy:pa%40ss-word@mail.example.com", "login deploy with pa@ss-word was refused"),
        ("mailtos://deploy:pass-word@mail.example.com", "login with pass-word was refused"),
        ("tgram://123456:bot-token/chat", "bot bot-token is not known"),
        ("https://deploy:pass-word@hooks.example.com/x", "pass-word was refused"),
    ],
)
def test_a_key_before_the_first_slash_is_taken_out_too(url: str, quoted: str) -> None:
    words = settings(url).failed(quoted).words()
    assert "***" in words
    assert not [one for one in ("pa@ss", "pa%40ss", "pass-word", "bot-token") if one in words]


async def test_an_unknown_service_is_found_before_anything_is_sent() -> None:
    words = await Service(settings(f"nosuch://{SECRET}")).look()
    assert words == "ONCALL: the library knows no such service, or its URL is not whole"
