"""A small TLS server that answers as it is told and keeps what it was asked: the other end of the wire."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import json
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from cpr_cockpit.lab.kql.engine import run
from cpr_cockpit.lab.kql.errors import KqlError
from cpr_cockpit.lab.kql.frame import Frame
from cpr_cockpit.lab.kql.schema import table

TENANT = "11111111-1111-1111-1111-111111111111"
TOKEN_PATH = f"/{TENANT}/oauth2/v2.0/token"


def make_certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A self-signed certificate of localhost: the file that clients trust, and the server's context."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    hosts = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "ca.pem", folder / "key.pem"
    public.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return public, context


@dataclass(frozen=True)
class Answer:
    """One answer: ``body`` is JSON, text or bytes.

    ``cut`` breaks the connection instead, once the request was read; with bytes as ``body``, after these.
    """

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False


@dataclass(frozen=True)
class Asked:
    """One request as it arrived; ``peer`` is the client's port, so that connections can be told apart."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    peer: int

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Wire:
    """Answers each route with its answers in turn, the last one again and again; 404 where nothing was told."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self._arrived = asyncio.Condition()
        self.url = ""
        self.host = ""
        self._answers: dict[tuple[str, str], list[Answer]] = {}
        self._runner: web.AppRunner | None = None
        self._batch: Callable[[Any], Any] | None = None
        self._query: Callable[[str], dict[str, Any]] | None = None
        self.on(
            "POST", TOKEN_PATH, Answer(body={"token_type": "Bearer", "expires_in": 3600, "access_token": "a-token"})
        )

    def on(self, method: str, path: str, *answers: Answer) -> None:
        self._answers[method, path.lower()] = list(answers)

    def answer_batch(self, bodies: list[Any]) -> None:
        """From now on a batch of logs questions is answered with these bodies, in the order of its questions."""

        def answer(batch: Any) -> Any:
            ids = [one["id"] for one in batch["requests"]]
            answers = [{"id": id, "status": 200, "body": body} for id, body in zip(ids, bodies, strict=False)]
            return {"responses": answers[::-1]}

        self._batch = answer

    def answer_queries(self, rows: Sequence[Mapping[str, Any]], same: Mapping[str, str], now: float) -> None:
        """From now on a batch is answered by the lab's engine over these rows of AppRequests."""
        self.answer_tables({"AppRequests": rows}, same, now)

    def answer_tables(
        self, tables: Mapping[str, Sequence[Mapping[str, Any]]], same: Mapping[str, str], now: float
    ) -> None:
        """From now on a query, or a batch, is answered by the lab's engine over these tables; there are no others."""
        frames = {name: table(name, rows, same) for name, rows in tables.items()}
        self._query = lambda text: _run(text, frames, now)

        def answer(batch: Any) -> Any:
            return {
                "responses": [{"id": one["id"], **_run(one["body"]["query"], frames, now)} for one in batch["requests"]]
            }

        self._batch = answer

    def answer_no_queries(self) -> None:
        """From now on queries are answered as `on` says."""
        self._query = None

    def count(self, method: str, ending: str = "") -> int:
        return len(self.of(method, ending))

    def of(self, method: str, ending: str = "") -> list[Asked]:
        return [
            one for one in self.asked if one.method == method and one.path.endswith(ending) and one.path != TOKEN_PATH
        ]

    @property
    def tokens_asked(self) -> list[str]:
        """The bodies of the requests for tokens."""
        return [one.body.decode() for one in self.asked if one.path == TOKEN_PATH]

    async def arrives(self, method: str) -> None:
        """Wait until a request of that kind has come."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: self.count(method) > 0)

    async def open(self, context: ssl.SSLContext) -> None:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=context)
        await site.start()
        port = self._runner.addresses[0][1]
        self.host, self.url = f"localhost:{port}", f"https://localhost:{port}"

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        peer = request.transport.get_extra_info("peername")[1]
        body = await request.read()
        self.asked.append(Asked(request.method, request.path, dict(request.query), dict(request.headers), body, peer))
        async with self._arrived:
            self._arrived.notify_all()
        if self._batch is not None and request.path == "/v1/$batch":
            return web.json_response(self._batch(json.loads(body)))
        if self._query is not None and request.path.endswith("/query"):
            answered = self._query(json.loads(body)["query"])
            return web.json_response(answered["body"], status=answered["status"])
        answers = self._answers.get((request.method, request.path.lower()), [Answer(404, "not told")])
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if answer.cut:
            return await _cut(request, answer)
        return _response(answer)


def _run(text: str, frames: Mapping[str, Frame], now: float) -> dict[str, Any]:
    try:
        result = run(text, frames, now)
    except KqlError as error:
        inner = {"code": "SemanticError", "innererror": {"code": error.code, "message": error.message}}
        refused = {
            "code": "BadArgumentError",
            "message": "The request had some invalid properties",
            "innererror": inner,
        }
        return {"status": 400, "body": {"error": refused}}
    columns = [{"name": name, "type": type} for name, type in result.columns]
    return {"status": 200, "body": {"tables": [{"name": "PrimaryResult", "columns": columns, "rows": result.rows}]}}


async def _cut(request: web.Request, answer: Answer) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, headers={"Content-Length": "1000000"})
    if isinstance(answer.body, bytes):
        await response.prepare(request)
        await response.write(answer.body)
    if request.transport is not None:
        request.transport.abort()
    return response


def _response(answer: Answer) -> web.Response:
    if isinstance(answer.body, bytes):
        return web.Response(status=answer.status, body=answer.body, headers=answer.headers)
    if isinstance(answer.body, str) or answer.body is None:
        return web.Response(status=answer.status, text=answer.body or "", headers=answer.headers)
    return web.json_response(answer.body, status=answer.status, headers=answer.headers)
