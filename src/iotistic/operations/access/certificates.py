"""Certificates: a certificate authority of one's own for development and closed networks, and what a certificate says.

An authority's key signs whatever it is asked to, so it lies sealed (`iotistic.sealing`). The server's key has to be readable for PostgreSQL
and lies in a file of mode 0600. Profiles are fixed: nothing but the names comes from whoever asks.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from iotistic.errors import Invalid
from iotistic.secret import Secret

__all__ = [
    "Authority",
    "CertificateFacts",
    "CertificateInvalid",
    "make_authority",
    "read_certificate",
    "sign_server",
]

_AUTHORITY_LASTS: Final = timedelta(days=3650)
_HOST: Final = re.compile(r"(\*\.)?[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9])?")
_SKEW: Final = timedelta(minutes=10)
"""Clocks differ: a certificate of this second is not valid yet elsewhere."""


class CertificateInvalid(Invalid):
    """It is no certificate, or no key that fits it."""

    code = "certificate_invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """Who signs."""

    certificate: bytes
    """In PEM; public: what clients check by."""
    key: Secret
    """In PEM."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFacts:
    """What a certificate says."""

    subject: str
    issuer: str
    hosts: tuple[str, ...]
    """The names and addresses it is for."""
    begins: datetime
    ends: datetime
    serial: str
    """In hexadecimal."""


def make_authority(name: str, *, now: datetime) -> Authority:
    """A new authority for ten years, which may sign servers and clients and no further authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _named(name)
    builder = (
        _builder(subject, subject, key, now=now, lasts=_AUTHORITY_LASTS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
    )
    return Authority(certificate=_pem(builder.sign(key, hashes.SHA256())), key=_key_pem(key))


def sign_server(
    authority: Authority, hosts: Sequence[str], *, now: datetime, lasts: timedelta
) -> tuple[bytes, Secret]:
    """A new key, and a certificate for a server of these names and addresses, both in PEM. Raises CertificateInvalid."""
    names = [_general_name(host) for host in hosts]
    if not names:
        raise CertificateInvalid("A server's certificate needs a name or an address.")
    try:
        ca = x509.load_pem_x509_certificate(authority.certificate)
        ca_key = serialization.load_pem_private_key(authority.key.reveal().encode(), None)
    except ValueError as error:
        raise CertificateInvalid("The authority's certificate or key is damaged.") from error
    if not isinstance(ca_key, ec.EllipticCurvePrivateKey) or ca_key.public_key() != ca.public_key():
        raise CertificateInvalid("The authority's key does not fit its certificate.")
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        _builder(_named(hosts[0]), ca.subject, key, now=now, lasts=min(lasts, ca.not_valid_after_utc - now))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False
        )
    )
    return _pem(builder.sign(ca_key, hashes.SHA256())), _key_pem(key)


def read_certificate(certificate: bytes) -> CertificateFacts:
    """What a certificate in PEM or DER says; of several in PEM the first. Raises CertificateInvalid."""
    try:
        load = (
            x509.load_pem_x509_certificate if b"-----BEGIN" in certificate else x509.load_der_x509_certificate
        )
        found = load(certificate)
    except ValueError as error:
        raise CertificateInvalid("This is no certificate.") from error
    return CertificateFacts(
        subject=found.subject.rfc4514_string(),
        issuer=found.issuer.rfc4514_string(),
        hosts=_hosts(found),
        begins=found.not_valid_before_utc,
        ends=found.not_valid_after_utc,
        serial=f"{found.serial_number:x}",
    )


def _hosts(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    addresses = [str(address) for address in names.get_values_for_type(x509.IPAddress)]
    return (*names.get_values_for_type(x509.DNSName), *addresses)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, *, now: datetime, lasts: timedelta
) -> x509.CertificateBuilder:
    begins = now.astimezone(UTC) - _SKEW
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(now.astimezone(UTC) + lasts)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        pass
    if not _HOST.fullmatch(host):
        raise CertificateInvalid(f"{host!r} is no name of a host.", hint="Letters, digits, dots, dashes.")
    return x509.DNSName(host)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> Secret:
    return Secret(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()
    )
