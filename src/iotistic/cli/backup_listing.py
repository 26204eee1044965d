"""What `iotistic backup` shows of backups: here, in the storage, and in the rows of the database."""

from typing import Annotated, Any

import typer

from iotistic.bootstrap.backups import backup_copies as copies_of
from iotistic.cli.backup_book import write_down
from iotistic.cli.backup_folder import Folder, get_backup, store_of
from iotistic.cli.backup_rows import listed, shown
from iotistic.cli.db import Database, database_name
from iotistic.cli.options import AsJson, DataDir, settings_from
from iotistic.cli.output import narrate, print_json, print_json_lines, print_table, readable_bytes

__all__ = ["list_backups", "show"]

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
    rows = listed(store, copies_of(settings), name, write_down(settings, store))
    if as_json:
        print_json_lines(rows)
        return
    columns = ["id", "database", "holds", "rows", "size", "sealed", "proved", "pinned", "where"]
    print_table(
        [_told(row) for row in rows],
        columns,
        empty=f"There is no backup in {store.root}. `iotistic backup create` makes one.",
    )
    for row in rows:
        if row["damaged"]:
            narrate(
                f"warning: {row['damaged']} It counts for nothing, and stays: look after the disk, then move it away."
            )


def show(name: Name = "latest", folder: Folder = None, data_dir: DataDir = None) -> None:
    """Show what one backup holds, as JSON."""
    store = store_of(settings_from(data_dir), folder)
    manifest = get_backup(store, name)
    tables = [{"table": table.label, "rows": table.rows, "digest": table.digest} for table in manifest.tables]
    print_json({**shown(manifest, store), "tables": tables})


def _told(row: dict[str, Any]) -> dict[str, Any]:
    """The cells of a table."""
    places = " and ".join(filter(None, ["here" if row["path"] else None, row["copy"]]))
    damaged = bool(row["damaged"]) and row["rows"] is None
    return {
        **row,
        "size": None if damaged else readable_bytes(row["bytes"]),
        "holds": "everything" if row["full"] else ", ".join(row["tables_asked"] or ()),
        "sealed": row["key_id"] or "no",
        "where": "DAMAGED" if damaged else places or "gone",
        "proved": "the last drill failed" if row["drill_error"] else row["proved_at"],
    }
