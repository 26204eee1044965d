"""Certificates in the words of the model. Decides nothing, commits nothing."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import final
from uuid import UUID

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.vpn.errors import CONSTRAINTS
from iotistic.vpn.model import IssuedCertificate, RevocationReason, VpnCertificate

__all__ = ["VpnRepository"]

_QUERIES = Queries("iotistic.vpn")


@final
class VpnRepository:
    """Reads and writes on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES, CONSTRAINTS)

    async def insert(self, certificate: IssuedCertificate) -> None:
        await self._sql.run("insert_certificate", **asdict(certificate))

    async def find(self, fingerprint: bytes) -> VpnCertificate | None:
        return await self._sql.one("find_certificate", VpnCertificate, fingerprint=fingerprint)

    async def list(
        self, *, device_uuid: UUID | None, after: bytes | None, limit: int
    ) -> Sequence[VpnCertificate]:
        return await self._sql.many(
            "list_certificates", VpnCertificate, device_uuid=device_uuid, after=after, limit=limit
        )

    async def list_ending(self, device_uuid: UUID, *, until: datetime) -> Sequence[VpnCertificate]:
        return await self._sql.many("list_ending", VpnCertificate, device_uuid=device_uuid, until=until)

    async def list_revoked(self, issuer: str, *, limit: int) -> Sequence[VpnCertificate]:
        return await self._sql.many("list_revoked", VpnCertificate, issuer=issuer, limit=limit)

    async def revoke(self, fingerprint: bytes, reason: RevocationReason) -> bool:
        return await self._sql.run("revoke", fingerprint=fingerprint, reason=reason) > 0

    async def revoke_of_device(self, device_uuid: UUID, reason: RevocationReason) -> int:
        return await self._sql.run("revoke_of_device", device_uuid=device_uuid, reason=reason)
