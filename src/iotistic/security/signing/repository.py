"""Signing keys in the words of the model. Decides nothing, commits nothing."""

from collections.abc import Sequence
from datetime import timedelta
from typing import final

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.security.signing.model import SigningKeySeen, StoredSigningKey

__all__ = ["SigningRepository"]

_QUERIES = Queries("iotistic.security.signing")


@final
class SigningRepository:
    """Reads and writes on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES)

    async def find(self, key_id: str | None) -> StoredSigningKey | None:
        """None as the id: the one that signs."""
        return await self._sql.one("find_signing_key", StoredSigningKey, id=key_id)

    async def insert(self, key_id: str, *, algorithm: str, sealed_seed: str) -> None:
        await self._sql.run("insert_signing_key", id=key_id, algorithm=algorithm, sealed_seed=sealed_seed)

    async def retire(self, *, verifies_for: timedelta, older_than: timedelta | None) -> bool:
        return await self._sql.run("retire_signing_key", verifies_for=verifies_for, older_than=older_than) > 0

    async def end(self, key_id: str) -> bool:
        return await self._sql.run("end_signing_key", id=key_id) > 0

    async def list(self) -> Sequence[SigningKeySeen]:
        return await self._sql.many("list_signing_keys", SigningKeySeen)

    async def forget(self) -> int:
        return await self._sql.run("forget_signing_keys")

    async def list_sealed(self) -> Sequence[StoredSigningKey]:
        return await self._sql.many("list_sealed_signing_keys", StoredSigningKey)

    async def replace_seed(self, key_id: str, *, before: str, sealed_seed: str) -> int:
        return await self._sql.run("replace_signing_seed", id=key_id, before=before, sealed_seed=sealed_seed)
