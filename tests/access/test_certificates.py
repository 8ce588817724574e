"""The server's own certificate is trusted by whoever trusts its authority, and by nobody else."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509

from outcrop.access.certificates import own_certificate

NOW = datetime.now(UTC)


def at(moment):
    return lambda: moment


def read(path):
    return x509.load_pem_x509_certificate(path.read_bytes())


def names_of(certificate):
    made = read(certificate.chain).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {*made.get_values_for_type(x509.DNSName), *map(str, made.get_values_for_type(x509.IPAddress))}


def test_it_names_the_host_and_this_machine(tmp_path):
    made = own_certificate(tmp_path / "tls", "search.example.org", at(NOW))
    assert names_of(made) >= {"search.example.org", "localhost", "127.0.0.1", "::1"}
    assert str(ip_address("10.0.0.7")) in names_of(own_certificate(tmp_path / "tls", "10.0.0.7", at(NOW)))
    assert "0.0.0.0" not in names_of(own_certificate(tmp_path / "other", "0.0.0.0", at(NOW)))  # noqa: S104


def test_only_its_owner_may_read_it(tmp_path):
    made = own_certificate(tmp_path / "tls", "127.0.0.1", at(NOW))
    assert (tmp_path / "tls").stat().st_mode & 0o077 == 0
    for path in (made.chain, made.key, made.authority):
        assert path.stat().st_mode & 0o077 == 0


def test_the_key_belongs_to_it_and_its_authority_signed_it(tmp_path):
    made = own_certificate(tmp_path, "127.0.0.1", at(NOW))
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(made.chain, made.key)
    read(made.chain).verify_directly_issued_by(read(made.authority))


def test_it_is_kept_until_it_ends_soon(tmp_path):
    first = own_certificate(tmp_path, "127.0.0.1", at(NOW)).chain.read_bytes()
    assert own_certificate(tmp_path, "127.0.0.1", at(NOW + timedelta(days=300))).chain.read_bytes() == first
    assert own_certificate(tmp_path, "127.0.0.1", at(NOW + timedelta(days=380))).chain.read_bytes() != first


def test_one_that_is_broken_is_made_anew(tmp_path):
    made = own_certificate(tmp_path, "127.0.0.1", at(NOW))
    made.chain.write_bytes(b"not a certificate")
    assert "localhost" in names_of(own_certificate(tmp_path, "127.0.0.1", at(NOW)))
