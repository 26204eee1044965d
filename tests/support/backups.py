"""Backups that were never taken: manifests for decisions about them, and folders to handle."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from iotistic.operations.backups import BackupStore, Manifest
from iotistic.operations.backups.folders import list_files

__all__ = ["NOON", "backup", "put"]

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


def backup(days_ago: float, *tables: str) -> Manifest:
    """One taken so many days before noon; of these tables, or of everything."""
    at = NOON - timedelta(days=days_ago)
    return Manifest(
        format=1,
        id=f"{at:%Y%m%dT%H%M%S}000Z-0000",
        database="iotistic",
        tables_asked=tables,
        server_version=180006,
        tool_major=18,
        compression="gzip",
        started_at=at,
        finished_at=at,
        database_bytes=0,
        owner="iotistic_owner",
        extensions=(),
        roles=(),
        settings=(),
        grants=(),
        tables=(),
        files=(),
    )


def put(
    store: BackupStore, days_ago: float, *, content: bytes = b"rows", database: str = "iotistic"
) -> Manifest:
    """One in the store, with files that are no dump."""
    manifest = replace(backup(days_ago), database=database)
    with store.draft(manifest.database, manifest.id) as draft:
        (draft / "dump").mkdir()
        (draft / "dump" / "1.dat").write_bytes(content)
        (draft / "roles.sql").write_text("CREATE ROLE one;")
        manifest = replace(manifest, files=list_files(draft))
        store.publish(draft, manifest)
    return manifest
