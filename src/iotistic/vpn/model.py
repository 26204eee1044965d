"""The nouns of the VPN."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

__all__ = ["CertificateState", "IssuedCertificate", "RevocationReason", "VpnCertificate"]

RevocationReason = Literal[
    "unspecified",
    "key_compromise",
    "ca_compromise",
    "affiliation_changed",
    "superseded",
    "cessation_of_operation",
    "privilege_withdrawn",
]
"""As in RFC 5280, section 5.3.1."""
CertificateState = Literal["early", "valid", "expired", "revoked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedCertificate:
    """A certificate as an authority issued it. The private key is nowhere in here: it does not leave its device."""

    fingerprint: bytes
    """SHA-256 of the certificate in DER."""
    issuer: str
    """The common name of the authority."""
    serial: str
    """Hexadecimal in lower case."""
    common_name: str
    device_uuid: UUID | None
    """None: a server's."""
    not_before: datetime
    not_after: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class VpnCertificate:
    """A certificate as the platform keeps it."""

    fingerprint: str
    """SHA-256 of the certificate in DER, hexadecimal."""
    issuer: str
    serial: str
    common_name: str
    device_uuid: UUID | None
    """None: a server's, or the device is deleted."""
    not_before: datetime
    not_after: datetime
    issued_at: datetime
    revoked_at: datetime | None
    revocation_reason: RevocationReason | None
    state: CertificateState
    """At the moment it was read, by the clock of the database."""
