"""The server's own certificate for TLS, made where none is given.

It is signed by an authority that exists for this one signature: its key is thrown away, so that whoever trusts its
certificate (AWS_CA_BUNDLE) trusts this one server and nothing else.
"""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

from filelock import FileLock

from outcrop.access.secrets import PRIVATE_FOLDER
from outcrop.core.clock import Clock
from outcrop.core.errors import Denied, Invalid
from outcrop.core.settings import Settings

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

DAYS = 397  # the longest that browsers and SDKs accept of any certificate
RENEWED = timedelta(days=30)  # before the end
CLOCKS_DIFFER = timedelta(days=1)  # a client's clock may be behind
ALWAYS = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a server presents (`chain`, `key`) and what its clients trust (`authority`), as PEM files.

    `authority` is None for a certificate that the user gave: its clients know whom they trust.
    """

    chain: Path
    key: Path
    authority: Path | None = None


def certificate_of(settings: Settings, clock: Clock) -> Certificate | None:
    """The certificate that the settings ask for, the server's own if they name none; None without TLS.

    Raises:
        Invalid: Only one of the two files is named, or they are not a certificate and its key.
    """
    if (settings.tls_cert is None) != (settings.tls_key is None):
        raise Invalid("A certificate needs its key: give both --tls-cert and --tls-key.")
    if settings.tls_cert is None or settings.tls_key is None:
        return own_certificate(settings.data / "keys" / "tls", settings.host, clock) if settings.tls else None
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
            settings.tls_cert, settings.tls_key, password=lambda: ""
        )
    except (OSError, ssl.SSLError) as error:
        message = f"{settings.tls_cert} and {settings.tls_key} are no certificate and its unencrypted key: {error}"
        raise Invalid(message) from error
    return Certificate(settings.tls_cert.resolve(), settings.tls_key.resolve())


def own_certificate(folder: Path, host: str, clock: Clock) -> Certificate:
    """The certificate kept in a folder, made or renewed where it lacks the host or ends soon.

    Raises:
        Denied: It is there but may not be read by this user.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=PRIVATE_FOLDER)
    found = Certificate(folder / "server.pem", folder / "server.key", folder / "authority.pem")
    names = sorted({host.lower(), socket.gethostname().lower(), *ALWAYS} - {"", "0.0.0.0", "::"})  # noqa: S104 # not bound
    with FileLock(folder / ".lock"):
        if not _holds(found, names, clock()):
            _make(found, names, clock())
    return found


def _holds(found: Certificate, names: list[str], now: datetime) -> bool:
    """Whether the certificate is there, names all of these, and does not end soon."""
    from cryptography import x509

    try:
        made = x509.load_pem_x509_certificate(found.chain.read_bytes())
        complete = found.key.is_file() and found.authority is not None and found.authority.is_file()
    except FileNotFoundError:
        return False
    except PermissionError as error:
        raise Denied(f"{found.chain} may not be read. Run Outcrop as the user who owns it.") from error
    except ValueError:
        return False
    kept = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return complete and set(kept) >= set(_alternatives(names)) and made.not_valid_after_utc > now + RENEWED


def _make(found: Certificate, names: list[str], now: datetime) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = _authority(authority_key, now)
    leaf = _leaf(authority, authority_key, key, names)
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    _write(found.key, private)
    _write(found.chain, leaf.public_bytes(pem) + authority.public_bytes(pem))
    _write(found.authority or found.chain, authority.public_bytes(pem))


def _authority(key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    """A certificate that signs others: exactly one, as its key is not kept."""
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256

    name = _name(f"Outcrop on {socket.gethostname()}, made {now:%Y-%m-%d %H:%M}")
    return (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - CLOCKS_DIFFER)
        .not_valid_after(now + timedelta(days=DAYS) - CLOCKS_DIFFER)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, SHA256())
    )


def _leaf(
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
    key: ec.EllipticCurvePrivateKey,
    names: list[str],
) -> x509.Certificate:
    """The server's certificate, as long as its authority's."""
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256

    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    builder = x509.CertificateBuilder(
        authority.subject, _name("Outcrop"), key.public_key(), x509.random_serial_number()
    )
    return (
        builder.not_valid_before(authority.not_valid_before_utc)
        .not_valid_after(authority.not_valid_after_utc)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(_alternatives(names)), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(issuer, critical=False)
        .sign(authority_key, SHA256())
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        **dict.fromkeys(("content_commitment", "key_encipherment", "data_encipherment"), False),
        **dict.fromkeys(("key_agreement", "encipher_only", "decipher_only"), False),
    )


def _name(text: str) -> x509.Name:
    from cryptography import x509

    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text[:64])])


def _alternatives(names: list[str]) -> list[x509.GeneralName]:
    return [_alternative(name) for name in names]


def _alternative(name: str) -> x509.GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write(path: Path, data: bytes) -> None:
    """Write a file of mode 0600, whole or not at all."""
    with NamedTemporaryFile(dir=path.parent, prefix=".new-", delete=False) as draft:
        draft.write(data)
    Path(draft.name).replace(path)
