"""What `iotistic backup` shows of backups: here, in the storage, and in the rows of the database."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from iotistic.bootstrap.backups import backup_copies as copies_of
from iotistic.cli.backup_book import write_down
from iotistic.cli.backup_folder import Folder, store_of
from iotistic.cli.db import Database, database_name
from iotistic.cli.options import AsJson, DataDir, settings_from
from iotistic.cli.output import print_json, print_json_lines, print_table, readable_bytes
from iotistic.config import Settings
from iotistic.operations.backups import BackupRecords, BackupStore, Manifest, Recorded

__all__ = ["list_backups", "show", "shown"]

Name = Annotated[str, typer.Argument(help="The id of a backup, or `latest`.")]


def list_backups(
    database: Annotated[
        Database | None, typer.Option("--database", help="Only those of one database.")
    ] = None,
    folder: Folder = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List backups, newest first, here and in the storage (with --json: one object a line)."""
    settings = settings_from(data_dir)
    store = store_of(settings, folder)
    name = database_name(settings, database) if database else None
    rows = _listed(settings, store, name, write_down(settings, store))
    if as_json:
        print_json_lines(rows)
        return
    for row in rows:
        row["size"] = readable_bytes(row["bytes"])
        row["holds"] = "everything" if row["full"] else ", ".join(row["tables_asked"])
        row["sealed"] = row["key_id"] or "no"
        row["where"] = " and ".join(filter(None, ["here" if row["path"] else None, row["copy"]])) or "gone"
        row["proved"] = "the last drill failed" if row["drill_error"] else row["proved_at"]
    columns = ["id", "database", "holds", "rows", "size", "sealed", "proved", "pinned", "where"]
    print_table(
        rows, columns, empty=f"There is no backup in {store.root}. `iotistic backup create` makes one."
    )


def show(name: Name = "latest", folder: Folder = None, data_dir: DataDir = None) -> None:
    """Show what one backup holds, as JSON."""
    store = store_of(settings_from(data_dir), folder)
    manifest = store.get(name)
    tables = [{"table": table.label, "rows": table.rows, "digest": table.digest} for table in manifest.tables]
    print_json({**shown(manifest, store), "tables": tables})


def shown(manifest: Manifest, store: BackupStore) -> dict[str, Any]:
    """One backup in the words of JSON."""
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
    }


def _listed(
    settings: Settings, store: BackupStore, database: str | None, recorded: Sequence[Recorded]
) -> list[dict[str, Any]]:
    """Every backup that is here, has a copy, or should be here, newest first."""
    copies, rows = copies_of(settings), {each.id: shown(each, store) for each in store.list(database)}
    for copy in copies.list(database) if copies else ():
        row = rows.setdefault(copy.id, {**shown(copy, store), "path": None})
        row["copy"] = copies.address if copies else None
    for each in recorded:
        known = each.id in rows or (database is not None and each.database_name != database)
        if each.gone_at is not None and not known:
            rows[each.id] = _gone(each)
        elif each.id in rows:
            rows[each.id]["drill_error"] = each.drill_error
    return [rows[name] for name in sorted(rows, reverse=True)]


def _gone(row: Recorded) -> dict[str, Any]:
    """Of a backup that is nowhere any more, what its row says."""
    nothing = dict.fromkeys(("tables_asked", "rows", "path", "copy", "pinned"))
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
