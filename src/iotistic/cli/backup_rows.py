"""Backups in the words of JSON: whole ones, damaged ones, and those that should be there and are not."""

from collections.abc import Sequence
from typing import Any

from iotistic.operations.backups import BackupRecords, BackupStore, Copies, DamagedBackup, Manifest, Recorded

__all__ = ["listed", "shown"]


def shown(manifest: Manifest, store: BackupStore) -> dict[str, Any]:
    """One that is whole."""
    records = BackupRecords(store.root)
    proof = records.find_proof(manifest)
    return {
        "id": manifest.id,
        "database": manifest.database,
        "full": manifest.is_full,
        "tables_asked": list(manifest.tables_asked),
        "started_at": manifest.started_at,
        "finished_at": manifest.finished_at,
        "server_version": manifest.server_version,
        "compression": manifest.compression,
        "rows": manifest.rows,
        "bytes": manifest.bytes,
        "key_id": manifest.key_id,
        "proved_at": proof.proved_at if proof else None,
        "pinned": records.is_pinned(manifest),
        "warnings": list(manifest.warnings),
        "path": str(store.folder_of(manifest)),
        "copy": None,
        "verified_at": records.find_verified(manifest),
        "drill_error": None,
        "gone_at": None,
        "damaged": None,
    }


def listed(
    store: BackupStore, copies: Copies | None, database: str | None, recorded: Sequence[Recorded]
) -> list[dict[str, Any]]:
    """Every backup that is here, has a copy, or should be here, newest first; of one database, or of all."""
    rows = {each.id: shown(each, store) for each in store.list(database)}
    if copies is not None:
        for copy in copies.list(database):
            row = rows.setdefault(copy.id, {**shown(copy, store), "path": None})
            row["copy"] = copies.address
    for broken in [*store.list_damaged(database), *(copies.list_damaged(database) if copies else ())]:
        row = rows.setdefault(broken.id, _damaged(broken))
        row["damaged"] = row["damaged"] or broken.reason
    for each in recorded:
        if each.id in rows:
            rows[each.id]["drill_error"] = each.drill_error
        elif each.gone_at is not None and database in {None, each.database_name}:
            rows[each.id] = _gone(each)
    return [rows[name] for name in sorted(rows, reverse=True)]


def _damaged(broken: DamagedBackup) -> dict[str, Any]:
    nothing = dict.fromkeys(
        (
            "full",
            "tables_asked",
            "started_at",
            "rows",
            "bytes",
            "key_id",
            "proved_at",
            "pinned",
            "path",
            "copy",
        )
    )
    unknown = dict.fromkeys(("verified_at", "drill_error", "gone_at", "damaged"))
    return {"id": broken.id, "database": broken.database, **nothing, **unknown}


def _gone(row: Recorded) -> dict[str, Any]:
    """Of a backup that is nowhere any more, what its row says."""
    nothing = dict.fromkeys(("tables_asked", "rows", "path", "copy", "pinned", "damaged"))
    return {
        **nothing,
        "id": row.id,
        "database": row.database_name,
        "full": True,
        "started_at": row.started_at,
        "bytes": row.byte_count,
        "key_id": row.key_id,
        "proved_at": row.proved_at,
        "verified_at": row.verified_at,
        "drill_error": row.drill_error,
        "gone_at": row.gone_at,
    }
