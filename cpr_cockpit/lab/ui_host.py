"""The host of the product's page: an origin of its own, with a certificate of its own."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

from cpr_cockpit.lab.certificates import HostCertificate
from cpr_cockpit.lab.troubles import EXPIRED_CERTIFICATE, Troubles

_STATIC = Path(__file__).with_name("product") / "static"
_FILES = {
    "/": ("index.html", "text/html"),
    "/app.js": ("app.js", "text/javascript"),
    "/style.css": ("style.css", "text/css"),
}


def application() -> web.Application:
    """It serves the page and the files that it names, and no API."""
    files = {path: (_STATIC.joinpath(name).read_bytes(), kind) for path, (name, kind) in _FILES.items()}

    async def file(request: web.Request) -> web.Response:
        content, kind = files[request.path]
        return web.Response(body=content, content_type=kind, charset="utf-8")

    app = web.Application()
    for path in files:
        app.router.add_get(path, file)
    return app


def take_troubles(troubles: Troubles, certificate: HostCertificate) -> None:
    """The certificate is one that has ended as long as the trouble lasts."""

    async def expired(there: bool) -> None:
        certificate.serve(expired=there)

    troubles.watch(EXPIRED_CERTIFICATE, expired)
