"""The rows that tell of backups in the platform's database. They follow what is on disk, which is the truth: a lost database loses none."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from platform import node as host_name
from typing import final

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.operations.backups.copies import Copies
from iotistic.operations.backups.model import Manifest
from iotistic.operations.backups.records import BackupRecords
from iotistic.operations.backups.store import BackupStore

__all__ = ["BackupBook", "Reconciled", "Recorded"]

_QUERIES = Queries("iotistic.operations.backups")
_MOST = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One row."""

    id: str
    place: str
    database_name: str
    started_at: datetime
    byte_count: int
    manifest_sha256: str
    key_id: str | None
    copied_to: str | None
    verified_at: datetime | None
    proved_at: datetime | None
    drill_failed_at: datetime | None
    drill_error: str | None
    gone_at: datetime | None
    """When its folder was first seen to be gone; None: it is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """What the rows did not say before. Ids."""

    new: tuple[str, ...]
    """Had no row."""
    gone: tuple[str, ...]
    """Had a row, and no folder any more."""


@final
class BackupBook:
    """The rows of one folder of backups. Never commits."""

    def __init__(self, connection: Connection, store: BackupStore) -> None:
        self._sql = Statements(connection, _QUERIES)
        self._store = store
        self.place = f"{host_name()}:{store.root}"

    async def reconcile(self, copies: Copies | None, now: datetime) -> Reconciled:
        """Makes the rows what is on disk; answers what was not known before."""
        here = self._store.list()
        copied = {each.id for each in copies.list()} if copies else set[str]()
        new = [
            manifest.id
            for manifest in here
            if await self._record(manifest, copies.address if copies and manifest.id in copied else None)
        ]
        present = [*(each.id for each in here), *(each.id for each in self._store.unreadable())]
        gone = await self._sql.rows("mark_gone", place=self.place, present=present, now=now)
        return Reconciled(new=tuple(new), gone=tuple(row[0] for row in gone))

    async def forget(self, ids: Collection[str]) -> None:
        """Backups that were let go."""
        await self._sql.run("forget_backups", place=self.place, ids=list(ids))

    async def record_failed_drill(self, manifest: Manifest, error: str, now: datetime) -> None:
        """Keeps what a drill found wrong, until one succeeds."""
        await self._sql.run("record_failed_drill", place=self.place, id=manifest.id, error=error, now=now)

    async def list(self, limit: int = _MOST) -> Sequence[Recorded]:
        """Newest first."""
        return await self._sql.many("list_recorded", Recorded, place=self.place, limit=limit)

    async def _record(self, manifest: Manifest, copied_to: str | None) -> bool:
        """Whether there was no row."""
        records = BackupRecords(self._store.root)
        proof = records.find_proof(manifest)
        written = await self._sql.rows(
            "record_backup",
            id=manifest.id,
            place=self.place,
            database_name=manifest.database,
            tables_asked=list(manifest.tables_asked),
            server_version=manifest.server_version,
            started_at=manifest.started_at,
            finished_at=manifest.finished_at,
            row_count=manifest.rows,
            byte_count=manifest.bytes,
            manifest_sha256=self._store.seal_of(manifest),
            key_id=manifest.key_id,
            copied_to=copied_to,
            is_pinned=records.is_pinned(manifest),
            verified_at=records.find_verified(manifest),
            proved_at=proof.proved_at if proof else None,
        )
        return any(row[0] for row in written)
