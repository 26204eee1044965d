"""Accounts and keys in the words of the model. Decides nothing, commits nothing."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import final
from uuid import UUID

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.security.errors import CONSTRAINTS
from iotistic.security.model import ChainHead, Role, StoredKey, StoredUser, User

__all__ = ["FIND_KEYS", "SecurityRepository"]

_QUERIES = Queries("iotistic.security")
FIND_KEYS = _QUERIES["find_keys"]
"""What `find_key` asks, for many keys at once."""


@final
class SecurityRepository:
    """Reads and writes on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES, CONSTRAINTS)

    async def insert_service(self, username: str, role: Role | None) -> User | None:
        """None when the name is taken."""
        return await self._sql.one("insert_service", User, username=username, role=role)

    async def insert_user(self, *, username: str, password_hash: str, role: Role | None) -> User | None:
        """None when the name is taken."""
        return await self._sql.one(
            "insert_user", User, username=username, password_hash=password_hash, role=role
        )

    async def user_exists(self, username: str) -> bool:
        return bool(await self._sql.value("user_exists", username=username))

    async def is_owner(self, username: str) -> bool:
        return bool(await self._sql.value("is_owner", username=username))

    async def find_user(self, username: str) -> StoredUser | None:
        return await self._sql.one("find_user", StoredUser, username=username)

    async def list_account_ids(self, usernames: Collection[str]) -> dict[str, int]:
        return dict(await self._sql.rows("list_account_ids", usernames=list(usernames)))

    async def list_users(self) -> Sequence[User]:
        return await self._sql.many("list_users", User)

    async def set_password_hash(self, username: str, password_hash: str) -> User | None:
        return await self._sql.one("set_password_hash", User, username=username, password_hash=password_hash)

    async def replace_password_hash(self, user_id: int, *, before: str | None, password_hash: str) -> None:
        await self._sql.run(
            "replace_password_hash", user_id=user_id, before=before, password_hash=password_hash
        )

    async def set_active(self, username: str, *, is_active: bool) -> User | None:
        """None: there is no such account."""
        return await self._sql.one("set_active", User, username=username, is_active=is_active)

    async def revoke_user_keys(self, user_id: int, reason: str) -> int:
        await self._sql.value("say_reason", reason=reason)
        return await self._sql.run("revoke_user_keys", user_id=user_id)

    async def insert_key(
        self,
        *,
        key_id: str,
        secret_hash: bytes,
        pepper_version: int,
        reason: str,
        device_uuid: UUID | None = None,
        user_id: int | None = None,
        lasts: timedelta | None = None,
    ) -> None:
        """For a device or for a person: exactly one of the two is given."""
        await self._sql.value("say_reason", reason=reason)
        await self._sql.run(
            "insert_key",
            key_id=key_id,
            kind="user" if device_uuid is None else "device",
            device_uuid=device_uuid,
            user_id=user_id,
            secret_hash=secret_hash,
            pepper_version=pepper_version,
            lasts=lasts,
        )

    async def find_key(self, key_id: str) -> StoredKey | None:
        return await self._sql.one("find_keys", StoredKey, keys=[key_id])

    async def lock_key(self, key_id: str) -> bool:
        """Until the transaction ends; whether there is one."""
        return await self._sql.value("lock_key", key_id=key_id) is not None

    async def note_use(self, key_id: str, *, secret_hash: bytes, pepper_version: int) -> None:
        await self._sql.value("say_reason", reason="first used")
        await self._sql.run("note_first_use", key_id=key_id)
        await self._sql.value("say_reason", reason=f"hashed under pepper {pepper_version}")
        await self._sql.run(
            "rehash_key", key_id=key_id, secret_hash=secret_hash, pepper_version=pepper_version
        )

    async def revoke_key(self, key_id: str, reason: str) -> int:
        await self._sql.value("say_reason", reason=reason)
        return await self._sql.run("revoke_key", key_id=key_id)

    async def revoke_device_keys(self, device_uuid: UUID, reason: str) -> int:
        await self._sql.value("say_reason", reason=reason)
        return await self._sql.run("revoke_device_keys", device_uuid=device_uuid)

    async def find_broken_links(self) -> Sequence[int]:
        return [row[0] for row in await self._sql.rows("find_broken_links")]

    async def find_head(self) -> ChainHead | None:
        return await self._sql.one("find_head", ChainHead)

    async def find_link(self, sequence: int) -> bytes | None:
        found: bytes | None = await self._sql.value("find_link", sequence=sequence)
        return found
