"""What `iotistic backup` shows of backups: here, in the storage, and in the rows of the database."""

import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from iotistic.bootstrap.backups import backup_copies as copies_of
from iotistic.cli.backup_book import write_down
from iotistic.cli.backup_folder import Folder, get_here, store_of
from iotistic.cli.db import Database, Which, database_name
from iotistic.cli.options import AsJson, DataDir, settings_from
from iotistic.cli.output import (
    exit_code,
    narrate,
    print_error,
    print_json,
    print_json_lines,
    print_table,
    readable_bytes,
)
from iotistic.config import Settings
from iotistic.errors import IotisticError
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
) -> int:
    """List backups, newest first, here and in the storage (with --json: one object a line).

    Exits with 6 when the storage cannot be asked, and lists those that are here.
    """
    settings = settings_from(data_dir)
    store = store_of(settings, folder)
    name = database_name(settings, database) if database else None
    recorded = write_down(settings, store)
    copies, refused = _copies(settings, name)
    rows = _listed(store, name, recorded, copies)
    if as_json:
        print_json_lines(rows)
    else:
        _render(rows, store)
    for each in store.unreadable(name):
        narrate(f"{each.why} It stays where it is: {store.root / each.database / each.id}")
    if refused is not None:
        print_error(refused)
        return exit_code(refused)
    return 0


def _render(rows: Sequence[dict[str, Any]], store: BackupStore) -> None:
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


def show(
    name: Name = "latest",
    database: Which = Database.platform,
    folder: Folder = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Show what one backup holds: when, how large, proved or not, and the rows of each table."""
    settings = settings_from(data_dir)
    store = store_of(settings, folder)
    manifest = get_here(settings, store, name, database)
    tables = [{"table": table.label, "rows": table.rows, "digest": table.digest} for table in manifest.tables]
    facts = shown(manifest, store)
    if as_json:
        print_json({**facts, "tables": tables})
        return
    _render_one(manifest, facts)
    filled = [row for row in tables if row["rows"]]
    print_table(filled, ["table", "rows"], empty="No table has a row.")
    narrate(f"{len(tables) - len(filled)} of {len(tables)} tables are empty.")


def _render_one(manifest: Manifest, facts: dict[str, Any]) -> None:
    lines = {
        "Backup": manifest.id,
        "Database": f"{manifest.database}, of PostgreSQL {manifest.server_version // 10_000}",
        "Holds": "everything" if manifest.is_full else ", ".join(manifest.tables_asked),
        "Taken": f"{manifest.started_at:%Y-%m-%d %H:%M:%S} UTC, in {(manifest.finished_at - manifest.started_at).total_seconds():.0f} s",
        "Size": f"{readable_bytes(manifest.bytes)} ({manifest.compression}), {manifest.rows} rows",
        "Sealed": manifest.key_id or "no",
        "Proved": f"{facts['proved_at']:%Y-%m-%d %H:%M:%S} UTC"
        if facts["proved_at"]
        else "never: `iotistic backup drill`",
        "Pinned": "yes" if facts["pinned"] else "no",
        "Where": facts["path"],
    }
    for label, text in lines.items():
        sys.stdout.write(f"{label:<10}{text}\n")
    for warning in manifest.warnings:
        sys.stdout.write(f"{'Warning':<10}{warning}\n")
    sys.stdout.write("\n")


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


def _copies(
    settings: Settings, database: str | None
) -> tuple[Sequence[tuple[Manifest, str]], IotisticError | None]:
    """Each copy and where it lies, or why that cannot be told."""
    try:
        copies = copies_of(settings)
        if copies is None:
            return (), None
        whole, damaged = copies.look(database)
    except IotisticError as error:
        return (), error
    for each in damaged:
        narrate(f"{each.why} The copy stays.")
    return [(each, copies.address) for each in whole], None


def _listed(
    store: BackupStore,
    database: str | None,
    recorded: Sequence[Recorded],
    copies: Sequence[tuple[Manifest, str]],
) -> list[dict[str, Any]]:
    """Every backup that is here, has a copy, or should be here, newest first."""
    rows = {each.id: shown(each, store) for each in store.list(database)}
    for copy, address in copies:
        row = rows.setdefault(copy.id, {**shown(copy, store), "path": None})
        row["copy"] = address
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
