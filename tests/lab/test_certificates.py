"""The lab's certificates: trusted by a strict client, for loopback only, and no key left on disk."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest
from cryptography import x509

from cpr_cockpit.lab import certificates


async def _handshake(made: certificates.Certificates, trust: ssl.SSLContext, name: str) -> str:
    """The TLS version of a connection to a server with `made` whose client expects it to be called `name`."""

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=made.server)
    async with server:
        port = server.sockets[0].getsockname()[1]
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trust, server_hostname=name)
        version: str = writer.get_extra_info("ssl_object").version()
        writer.close()
    return version


def _strict(ca: Path) -> ssl.SSLContext:
    trust = ssl.create_default_context(cafile=ca)
    trust.verify_flags |= ssl.VerifyFlags.VERIFY_X509_STRICT
    return trust


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
async def test_a_strict_client_that_trusts_the_authority_connects(tmp_path: Path, name: str) -> None:
    made = certificates.issue(tmp_path)
    assert await _handshake(made, _strict(made.ca), name) in ("TLSv1.2", "TLSv1.3")


async def test_another_name_is_refused(tmp_path: Path) -> None:
    made = certificates.issue(tmp_path)
    with pytest.raises(ssl.SSLCertVerificationError):
        await _handshake(made, _strict(made.ca), "example.org")


async def test_a_client_without_the_authority_refuses(tmp_path: Path) -> None:
    made = certificates.issue(tmp_path)
    with pytest.raises(ssl.SSLCertVerificationError):
        await _handshake(made, ssl.create_default_context(), "localhost")


def test_the_authority_is_short_lived_and_no_key_stays_on_disk(tmp_path: Path) -> None:
    made = certificates.issue(tmp_path)
    assert list(tmp_path.iterdir()) == [made.ca]
    authority = x509.load_pem_x509_certificate(made.ca.read_bytes())
    lifetime = authority.not_valid_after_utc - authority.not_valid_before_utc
    assert lifetime.days <= certificates.LIFETIME.days + 1
    assert b"PRIVATE" not in made.ca.read_bytes()
