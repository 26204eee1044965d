"""Manifests of backups that were never taken, for decisions about them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from iotistic.operations.backups import BackupStore, Manifest
from iotistic.operations.backups.store import list_files

__all__ = ["NOON", "backup", "damage", "stored"]

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


def stored(store: BackupStore, days_ago: float) -> Manifest:
    """One taken so many days before noon, in the store, of hardly anything."""
    manifest = backup(days_ago)
    with store.draft(manifest.database, manifest.id) as draft:
        (draft / "roles.sql").write_text("CREATE ROLE one;")
        manifest = replace(manifest, files=list_files(draft))
        store.publish(draft, manifest)
    return manifest


def damage(store: BackupStore, manifest: Manifest) -> None:
    """A bit of its manifest is another one now, as on a disk that dies."""
    path = store.folder_of(manifest) / "manifest.json"
    octets = bytearray(path.read_bytes())
    octets[100] ^= 0x80
    path.write_bytes(octets)
