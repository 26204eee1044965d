"""Claims and claim keys in the words of the model. Decides nothing, commits nothing."""

from collections.abc import Sequence
from datetime import timedelta
from typing import final
from uuid import UUID

from psycopg.types.json import Jsonb

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.security.enrolment.errors import CONSTRAINTS
from iotistic.security.enrolment.limits import AttemptLimits, counted_network
from iotistic.security.enrolment.model import (
    Attempt,
    AttemptSeen,
    ClaimKey,
    OpenEnrolment,
    Permit,
    StoredClaimKey,
    StoredEnrolment,
)

__all__ = ["EnrolmentRepository"]

_QUERIES = Queries("iotistic.security.enrolment")


@final
class EnrolmentRepository:
    """Reads and writes on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES, CONSTRAINTS)

    async def insert_claim_key(
        self,
        *,
        key_id: str,
        label: str,
        secret_hash: bytes,
        pepper_version: int,
        max_uses: int,
        allowed_serials: Sequence[str] | None,
        created_by: str,
        lasts: timedelta,
    ) -> None:
        await self._sql.run(
            "insert_claim_key",
            key_id=key_id,
            label=label,
            secret_hash=secret_hash,
            pepper_version=pepper_version,
            max_uses=max_uses,
            allowed_serials=None if allowed_serials is None else list(allowed_serials),
            created_by=created_by,
            lasts=lasts,
        )

    async def find_claim_key(self, key_id: str) -> StoredClaimKey | None:
        return await self._sql.one("find_claim_key", StoredClaimKey, key_id=key_id)

    async def get_claim_key(self, key_id: str) -> ClaimKey | None:
        return await self._sql.one("get_claim_key", ClaimKey, key_id=key_id)

    async def list_claim_keys(self, *, before: str | None, limit: int) -> Sequence[ClaimKey]:
        return await self._sql.many("list_claim_keys", ClaimKey, before=before, limit=limit)

    async def revoke_claim_key(self, key_id: str) -> ClaimKey | None:
        """Its open claims can no longer be answered either."""
        revoked = await self._sql.one("revoke_claim_key", ClaimKey, key_id=key_id)
        await self._sql.run("close_claims", key_id=key_id)
        return revoked

    async def use_claim_key(self, key_id: str, serial: str | None) -> bool:
        """Whether the key is good for this device, which is counted unless it came with the key before."""
        await self._sql.run("lock_claim_key", key_id=key_id)
        await self._sql.run("give_back_late_claims", key_id=key_id)
        if await self._sql.value("was_let_in", key_id=key_id, serial=serial):
            return True
        return await self._sql.run("use_claim_key", key_id=key_id) > 0

    async def open_enrolment(self, claim: OpenEnrolment, *, lasts: timedelta) -> UUID:
        row: UUID = await self._sql.value(
            "open_enrolment",
            claim_key_id=claim.claim_key_id,
            serial=claim.claimant.serial,
            name=claim.claimant.name,
            kind=claim.claimant.kind,
            facts=Jsonb(claim.claimant.facts),
            previous_device_uuid=claim.previous_device_uuid,
            device_key_id=claim.device_key_id,
            secret_hash=claim.secret_hash,
            pepper_version=claim.pepper_version,
            mqtt_password_hash=claim.mqtt_password_hash,
            answer_hash=claim.answer_hash,
            lasts=lasts,
        )
        return row

    async def lock_enrolment(self, enrolment_id: UUID) -> StoredEnrolment | None:
        return await self._sql.one("lock_enrolment", StoredEnrolment, id=enrolment_id)

    async def complete_enrolment(self, enrolment_id: UUID, device_uuid: UUID) -> None:
        await self._sql.run("complete_enrolment", id=enrolment_id, device_uuid=device_uuid)

    async def void_enrolment(self, enrolment_id: UUID) -> None:
        await self._sql.run("void_enrolment", id=enrolment_id)

    async def has_had_key(self, device_uuid: UUID) -> bool:
        return bool(await self._sql.value("has_had_key", device_uuid=device_uuid))

    async def give_permit(self, device_uuid: UUID, *, by: str, lasts: timedelta) -> Permit:
        rows = await self._sql.many(
            "give_permit", Permit, device_uuid=device_uuid, permitted_by=by, lasts=lasts
        )
        return rows[0]

    async def find_permit(self, device_uuid: UUID) -> Permit | None:
        return await self._sql.one("find_permit", Permit, device_uuid=device_uuid)

    async def take_permit(self, device_uuid: UUID) -> bool:
        """Whether there was one that holds."""
        return await self._sql.run("take_permit", device_uuid=device_uuid) > 0

    async def withdraw_permit(self, device_uuid: UUID) -> bool:
        return await self._sql.run("withdraw_permit", device_uuid=device_uuid) > 0

    async def find_wait(self, attempt: Attempt, limits: AttemptLimits) -> timedelta | None:
        """None: may try now."""
        wait: timedelta | None = await self._sql.value(
            "find_wait",
            source_network=counted_network(attempt.source),
            claim_key_id=attempt.claim_key_id,
            lookback=limits.window,
            passed_of_source=limits.refused_of_source - 1,
            passed_of_claim_key=limits.refused_of_claim_key - 1,
        )
        return wait

    async def insert_attempt(self, attempt: Attempt, outcome: str) -> None:
        network = counted_network(attempt.source)
        await self._sql.run(
            "insert_attempt",
            # An address with a zone (fe80::1%eth0) has no form in PostgreSQL.
            source=None if network is None or attempt.source is None else attempt.source.partition("%")[0],
            source_network=network,
            claim_key_id=attempt.claim_key_id,
            serial=attempt.serial,
            outcome=outcome,
        )

    async def list_attempts(
        self, *, before: int | None, outcome: str | None, limit: int
    ) -> Sequence[AttemptSeen]:
        return await self._sql.many("list_attempts", AttemptSeen, before=before, outcome=outcome, limit=limit)

    async def delete_old_attempts(self, older: timedelta, *, limit: int) -> int:
        return await self._sql.run("delete_old_attempts", older=older, limit=limit)
