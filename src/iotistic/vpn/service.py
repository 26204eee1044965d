"""What can be done with certificates of the VPN."""

from collections.abc import Sequence
from datetime import datetime
from typing import final
from uuid import UUID

from iotistic.database.pool import Connection
from iotistic.vpn.errors import CertificateInvalid, CertificateNotFound
from iotistic.vpn.model import IssuedCertificate, RevocationReason, VpnCertificate
from iotistic.vpn.repository import VpnRepository

__all__ = ["VpnService"]

_LONGEST_PAGE = 1000
_LONGEST_LIST = 1_000_000


@final
class VpnService:
    """Certificates on one connection; whoever opened the transaction commits it."""

    def __init__(self, connection: Connection) -> None:
        self._certificates = VpnRepository(connection)

    async def record_certificate(self, certificate: IssuedCertificate) -> None:
        """Keeps what an authority issued. Raises CertificateExists or CertificateInvalid."""
        await self._certificates.insert(certificate)

    async def get_certificate(self, fingerprint: str) -> VpnCertificate:
        """The certificate of this fingerprint, hexadecimal. Raises CertificateNotFound or CertificateInvalid."""
        found = await self._certificates.find(_octets(fingerprint))
        if found is None:
            raise _unknown(fingerprint)
        return found

    async def list_certificates(
        self, *, device_uuid: UUID | None = None, after: str | None = None, limit: int = 100
    ) -> Sequence[VpnCertificate]:
        """Certificates by fingerprint, those behind `after`, at most `limit` (up to 1,000); of one device, or all."""
        behind = None if after is None else _octets(after)
        return await self._certificates.list(
            device_uuid=device_uuid, after=behind, limit=min(limit, _LONGEST_PAGE)
        )

    async def list_ending(self, device_uuid: UUID, *, until: datetime) -> Sequence[VpnCertificate]:
        """Those of a device that are good now and end before `until`, first to end first."""
        return await self._certificates.list_ending(device_uuid, until=until)

    async def list_revoked(self, issuer: str) -> Sequence[VpnCertificate]:
        """What the revocation list of an authority holds now, first revoked first."""
        return await self._certificates.list_revoked(issuer, limit=_LONGEST_LIST)

    async def revoke(self, fingerprint: str, reason: RevocationReason) -> bool:
        """Takes it back, for good; answers whether it was good until then. Raises CertificateNotFound."""
        await self.get_certificate(fingerprint)
        return await self._certificates.revoke(_octets(fingerprint), reason)

    async def revoke_of_device(self, device_uuid: UUID, reason: RevocationReason) -> int:
        """Takes all certificates of a device back; answers how many that were."""
        return await self._certificates.revoke_of_device(device_uuid, reason)


def _octets(fingerprint: str) -> bytes:
    try:
        return bytes.fromhex(fingerprint.replace(":", ""))
    except ValueError as error:
        raise CertificateInvalid(
            "A fingerprint is 64 hexadecimal digits, with or without colons.", fingerprint=fingerprint[:200]
        ) from error


def _unknown(fingerprint: str) -> CertificateNotFound:
    return CertificateNotFound(
        f"There is no certificate {fingerprint}.",
        hint="`iotistic vpn certificates` lists them.",
        fingerprint=fingerprint,
    )
