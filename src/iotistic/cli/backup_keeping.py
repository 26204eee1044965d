"""What `iotistic backup` keeps for ever, and what it lets go."""

from typing import Annotated, Any

import typer

from iotistic.bootstrap.backups import backup_copies as copies_of
from iotistic.cli import physical
from iotistic.cli.backup_book import write_down
from iotistic.cli.backup_copies import copy_known
from iotistic.cli.backup_folder import Folder, base_backups_of, find_backup, store_of
from iotistic.cli.db import Database, Which, database_name
from iotistic.cli.options import AsJson, DataDir, settings_from
from iotistic.cli.output import narrate, print_json_lines, print_table
from iotistic.operations import backups
from iotistic.operations.backups import BackupRecords, Here, Keep, Shelf

__all__ = ["pin", "prune", "unpin"]

Whole = Annotated[bool, typer.Option("--physical", help="Base backups of the whole server.")]
Name = Annotated[str, typer.Argument(help="The id of a backup, or `latest`.")]


def pin(
    name: Name,
    *,
    reason: Annotated[str, typer.Option("--reason", help="Why it is kept.")] = "",
    database: Which = Database.platform,
    whole: Whole = False,
    folder: Folder = None,
    data_dir: DataDir = None,
) -> None:
    """Keep a backup for ever."""
    settings = settings_from(data_dir)
    if whole:
        bases = base_backups_of(settings, folder)
        bases.pin(bases.get(name), reason)
        narrate(f"{bases.get(name).id} stays, and what it is built on.")
        return
    store = store_of(settings, folder)
    manifest = find_backup(settings, store, name, database)
    BackupRecords(store.root).pin(manifest, reason)
    copy_known(settings, store, manifest)
    write_down(settings, store)
    narrate(f"{manifest.id} stays until `iotistic backup unpin {manifest.id}`.")


def unpin(
    name: Name,
    *,
    database: Which = Database.platform,
    whole: Whole = False,
    folder: Folder = None,
    data_dir: DataDir = None,
) -> None:
    """Let a pinned backup go when its time comes."""
    settings = settings_from(data_dir)
    if whole:
        bases = base_backups_of(settings, folder)
        done = "is no longer pinned" if bases.unpin(bases.get(name)) else "was not pinned"
        narrate(f"{bases.get(name).id} {done}.")
        return
    store = store_of(settings, folder)
    manifest = find_backup(settings, store, name, database)
    told = "is no longer pinned" if BackupRecords(store.root).unpin(manifest) else "was not pinned"
    copy_known(settings, store, manifest)
    write_down(settings, store)
    narrate(f"{manifest.id} {told}.")


def prune(
    database: Which = Database.platform,
    *,
    daily: Annotated[int, typer.Option("--daily", min=1, help="Days that keep their newest.")] = 7,
    weekly: Annotated[int, typer.Option("--weekly", min=0, help="Weeks that do.")] = 4,
    monthly: Annotated[int, typer.Option("--monthly", min=0, help="Months that do.")] = 12,
    whole: Whole = False,
    yes: Annotated[bool, typer.Option("--yes", help="Remove, instead of showing what would go.")] = False,
    folder: Folder = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Remove backups that are no longer needed; without --yes, only show which and why.

    A backup goes only if a newer one was proved by a drill. Of base backups whole chains stay, and the log after the oldest that stays.
    """
    settings = settings_from(data_dir)
    if whole:
        kept = Keep(daily=daily, weekly=weekly, monthly=monthly)
        physical.prune_bases(base_backups_of(settings, folder), kept, act=yes, as_json=as_json)
        return
    store = store_of(settings, folder)
    keep, copies = Keep(daily=daily, weekly=weekly, monthly=monthly), copies_of(settings)
    for each in store.unreadable(database_name(settings, database)):
        narrate(f"{each.why} It stays.")
    shelves: list[tuple[str, Shelf]] = [
        ("here", Here(store)),
        *([(copies.address, copies)] if copies else []),
    ]
    rows: list[dict[str, Any]] = [
        {
            "id": each.manifest.id,
            "where": where,
            "keep": each.keep,
            "reason": each.reason,
            "bytes": each.manifest.bytes,
        }
        for where, shelf in shelves
        for each in backups.prune(shelf, database_name(settings, database), keep=keep, act=yes)
    ]
    if yes:
        write_down(
            settings, store, let_go=[row["id"] for row in rows if row["where"] == "here" and not row["keep"]]
        )
    if as_json:
        print_json_lines(rows)
        return
    print_table(rows, ["id", "where", "keep", "reason"], empty=f"There is no backup in {store.root}.")
    going = [row for row in rows if not row["keep"]]
    done = "were removed" if yes else "would go; --yes removes them"
    narrate(f"{len(going)} of {len(rows)} {done}.")
