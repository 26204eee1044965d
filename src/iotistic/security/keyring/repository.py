"""Keys in the words of the model. Decides nothing, commits nothing."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, final
from uuid import UUID

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.security.keyring.errors import CONSTRAINTS
from iotistic.security.keyring.model import Key, KeyDraft, KeyReport, KeyRotation

__all__ = ["Hashed", "KeyringRepository"]

_QUERIES = Queries("iotistic.security.keyring")

Hashed = Mapping[str, Any]
"""key_id, secret_hash and pepper_version of a new key."""


@final
class KeyringRepository:
    """Reads and writes on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES, CONSTRAINTS)

    async def say_reason(self, reason: str) -> None:
        """For the history, of what is written from here on."""
        await self._sql.value("say_reason", reason=reason)

    async def insert_account_key(self, username: str, kind: str, hashed: Hashed, draft: KeyDraft) -> bool:
        return (
            await self._sql.value(
                "insert_account_key",
                username=username,
                kind=kind,
                label=draft.label,
                scopes=_list(draft.scopes),
                networks=_list(draft.networks),
                lasts=draft.lasts,
                **hashed,
            )
            is not None
        )

    async def insert_device_key(self, device_uuid: UUID, hashed: Hashed, draft: KeyDraft) -> bool:
        return (
            await self._sql.value(
                "insert_device_key",
                device_uuid=device_uuid,
                label=draft.label,
                networks=_list(draft.networks),
                lasts=draft.lasts,
                **hashed,
            )
            is not None
        )

    async def insert_successor(self, replaces: str, hashed: Hashed) -> None:
        await self._sql.run("insert_successor", replaces=replaces, **hashed)

    async def revoke_successor(self, key_id: str) -> int:
        return await self._sql.run("revoke_successor", key_id=key_id)

    async def retire_key(self, key_id: str, *, grace: timedelta, sleep: timedelta) -> None:
        await self._sql.run("retire_key", key_id=key_id, grace=grace, sleep=sleep)

    async def note_late_fetch(self, key_id: str) -> None:
        await self._sql.run("note_late_fetch", key_id=key_id)

    async def list_keys(
        self,
        *,
        key_id: str | None = None,
        username: str | None = None,
        device_uuid: UUID | None = None,
        kind: str | None = None,
        only_retiring: bool = False,
        with_revoked: bool = False,
        after: str = "",
        limit: int = 1,
    ) -> Sequence[Key]:
        return await self._sql.many(
            "list_keys",
            Key,
            key_id=key_id,
            username=username,
            device_uuid=device_uuid,
            kind=kind,
            only_retiring=only_retiring,
            with_revoked=with_revoked,
            after=after,
            limit=limit,
        )

    async def report(self, fleet: str | None) -> KeyReport:
        found = await self._sql.one("report_keys", KeyReport, fleet=fleet)
        if found is None:
            raise LookupError("an aggregate without a row")
        return found

    async def note_uses(self, uses: Sequence[tuple[str, str | None]]) -> int:
        return await self._sql.run(
            "note_uses", key_ids=[key_id for key_id, _ in uses], addresses=[address for _, address in uses]
        )

    async def insert_rotation(
        self, *, fleet: str | None, grace: timedelta, reason: str, requested_by: str
    ) -> int | None:
        number: int | None = await self._sql.value(
            "insert_rotation", fleet=fleet, grace=grace, reason=reason, requested_by=requested_by
        )
        return number

    async def list_rotations(
        self, *, number: int | None = None, only_open: bool = False, limit: int = 1
    ) -> Sequence[KeyRotation]:
        return await self._sql.many(
            "list_rotations", KeyRotation, id=number, only_open=only_open, limit=limit
        )

    async def advance_rotation(self, number: int, *, sleep: timedelta, limit: int) -> int | None:
        looked_at: int | None = await self._sql.value("advance_rotation", id=number, sleep=sleep, limit=limit)
        return looked_at


def _list(values: Sequence[Any] | None) -> list[Any] | None:
    return None if values is None else list(values)
