"""Certificates on the wire."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from iotistic.http.schemas.values import Answer, Page, Timestamp

__all__ = ["CertificatePage", "CertificateSeen"]

_FINGERPRINT = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


class CertificateSeen(Answer):
    """A certificate that was issued for the VPN."""

    fingerprint: str = Field(description="SHA-256 of the certificate, hexadecimal.", examples=[_FINGERPRINT])
    issuer: str = Field(examples=["Iotistic VPN 2026"])
    serial: str = Field(description="Hexadecimal.", examples=["1f3c9a7be1d04c2a8f6e1b70"])
    common_name: str = Field(examples=["3c0fbd7e-5c1d-4b86-9a52-2d1f4a6e8b90"])
    device_uuid: UUID | None = Field(
        description="null: a server's, or the device is deleted.",
        examples=["3c0fbd7e-5c1d-4b86-9a52-2d1f4a6e8b90"],
    )
    not_before: Timestamp = Field(examples=["2026-11-23T20:00:00Z"])
    not_after: Timestamp = Field(examples=["2027-02-21T20:00:00Z"])
    issued_at: Timestamp = Field(examples=["2026-11-23T20:00:00Z"])
    revoked_at: Timestamp | None = Field(examples=[None])
    revocation_reason: str | None = Field(description="As in RFC 5280.", examples=[None])
    state: Literal["early", "valid", "expired", "revoked"] = Field(examples=["valid"])


class CertificatePage(Page[CertificateSeen]):
    """Some of the certificates, by fingerprint."""
