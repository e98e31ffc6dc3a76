"""The lab's own certificate authority and the certificate of its servers, made anew for every lab.

Clients check the lab as they check Azure, so the certificate has to satisfy OpenSSL in its strict mode (Python 3.13),
aiohttp, httpx, requests and the az client: an authority with critical basic constraints and key usage, key identifiers
on both, and a server certificate for `localhost` and `127.0.0.1`. The authority's key never leaves this process.
"""

from __future__ import annotations

import ipaddress
import os
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFETIME = timedelta(days=3)
# A client whose clock runs behind must not meet a certificate of the future.
_BACKDATED = timedelta(hours=1)
# How long ago the certificate of the trouble has ended.
_ENDED = timedelta(days=1)
_SIGNING = frozenset({"key_cert_sign", "crl_sign"})
_SERVING = frozenset({"digital_signature"})


@dataclass(frozen=True, slots=True)
class Certificates:
    """`ca`: file of the authority's certificate, for clients; `server`: the TLS context of the lab's servers.

    `page`: the certificate of the host of the page, which can end. `staging`: of the host of staging, another one.
    """

    ca: Path
    server: ssl.SSLContext
    page: HostCertificate
    staging: ssl.SSLContext


class HostCertificate:
    """The TLS context of one server, with a certificate that is good and one that has ended."""

    def __init__(self, folder: Path, good: bytes, ended: bytes) -> None:
        self._folder, self._good, self._ended = folder, good, ended
        self.context = _context(folder, good)

    def serve(self, *, expired: bool) -> None:
        """Handshakes from now on get the one or the other. Raises OSError."""
        _load(self.context, self._folder, self._ended if expired else self._good)


def issue(folder: Path) -> Certificates:
    """Make an authority and a server certificate; `folder` is private to this user. Raises OSError."""
    begins = datetime.now(UTC) - _BACKDATED
    authority_key, server_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = _authority(authority_key, begins)
    server = _server(server_key.public_key(), authority, authority_key, begins)
    past = begins - _ENDED - LIFETIME - _BACKDATED
    ended = _server(server_key.public_key(), authority, authority_key, past)
    good = _chain(server, server_key)
    ca = folder / "ca.pem"
    ca.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    page = HostCertificate(folder, good, _chain(ended, server_key))
    own_key = ec.generate_private_key(ec.SECP256R1())
    own = _chain(_server(own_key.public_key(), authority, authority_key, begins), own_key)
    return Certificates(ca, _context(folder, good), page, _context(folder, own))


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, begins: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + _BACKDATED + LIFETIME)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(allowed: frozenset[str]) -> x509.KeyUsage:
    names = (
        *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
        *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
    )
    return x509.KeyUsage(**{name: name in allowed for name in names})


def _authority(key: ec.EllipticCurvePrivateKey, begins: datetime) -> x509.Certificate:
    name = _name("CPR Cockpit lab authority")
    builder = _builder(name, name, key.public_key(), begins)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(_SIGNING), critical=True)
    return builder.sign(key, hashes.SHA256())


def _server(
    key: ec.EllipticCurvePublicKey, authority: x509.Certificate, signer: ec.EllipticCurvePrivateKey, begins: datetime
) -> x509.Certificate:
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    builder = _builder(_name("localhost"), authority.subject, key, begins)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(_SERVING), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    builder = builder.add_extension(identifier, critical=False)
    return builder.sign(signer, hashes.SHA256())


def _chain(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> bytes:
    """Key and certificate as OpenSSL reads them."""
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return secret + certificate.public_bytes(serialization.Encoding.PEM)


def _context(folder: Path, chain: bytes) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _load(context, folder, chain)
    return context


def _load(context: ssl.SSLContext, folder: Path, chain: bytes) -> None:
    """OpenSSL reads a key from a file only: the file lives, for its owner alone, as long as the reading takes."""
    path = folder / "server.pem"
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(chain)
        context.load_cert_chain(path)
    finally:
        path.unlink(missing_ok=True)
