"""The host of the product's page: an origin of its own, with a certificate of its own."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

from cpr_cockpit.lab.certificates import HostCertificate
from cpr_cockpit.lab.troubles import EXPIRED_CERTIFICATE, Troubles

_PAGE = Path(__file__).with_name("product") / "static" / "index.html"


def application() -> web.Application:
    """It serves the page alone."""
    content = _PAGE.read_bytes()

    async def page(_: web.Request) -> web.Response:
        return web.Response(body=content, content_type="text/html", charset="utf-8")

    app = web.Application()
    app.router.add_get("/", page)
    return app


def take_troubles(troubles: Troubles, certificate: HostCertificate) -> None:
    """The certificate is one that has ended as long as the trouble lasts."""

    async def expired(there: bool) -> None:
        certificate.serve(expired=there)

    troubles.watch(EXPIRED_CERTIFICATE, expired)
