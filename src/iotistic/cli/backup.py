"""`iotistic backup ...`."""

import sys
from typing import Annotated

import typer

from iotistic.bootstrap.backups import backup_copies as copies_of
from iotistic.bootstrap.endpoints import Endpoints
from iotistic.cli import backup_copies, backup_keeping, backup_listing, physical
from iotistic.cli.backup_book import write_down
from iotistic.cli.backup_folder import Folder, find_backup, get_here, store_of
from iotistic.cli.backup_listing import shown
from iotistic.cli.byte_progress import byte_progress
from iotistic.cli.db import Database, Which, database_name
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json, print_json_lines, print_table, readable_bytes, run_async
from iotistic.clock import system_clock
from iotistic.config import Settings
from iotistic.errors import Invalid, IotisticError
from iotistic.operations import backups
from iotistic.operations.backups import (
    BackupOrder,
    BackupRecords,
    BackupStore,
    Compression,
    Manifest,
)

__all__ = ["app"]

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Take backups, prove them by restoring, and let old ones go.",
)

Name = Annotated[str, typer.Argument(help="The id of a backup, or `latest`.")]
Jobs = Annotated[int, typer.Option("--jobs", min=1, max=64, help="How many tables at a time.")]


app.command("list")(backup_listing.list_backups)
for other in (
    backup_listing.show,
    backup_keeping.pin,
    backup_keeping.unpin,
    backup_keeping.prune,
    backup_copies.send,
    backup_copies.fetch,
    physical.bases,
    physical.archiving,
    physical.archive_wal,
):
    app.command()(other)


class BackupUnclear(Invalid):
    """The options contradict each other."""

    code = "backup_unclear"


@app.command()
def create(
    database: Which = Database.platform,
    *,
    tables: Annotated[
        str | None,
        typer.Option("--tables", metavar="NAME,NAME", help="Only these; a partitioned one with its leaves."),
    ] = None,
    compress: Annotated[
        Compression | None,
        typer.Option("--compress", help="zstd where pg_dump can, else gzip.", metavar="zstd|gzip"),
    ] = None,
    jobs: Jobs = 2,
    digests: Annotated[
        bool, typer.Option("--digests", help="Also hash every row, to compare contents later.")
    ] = False,
    whole: Annotated[
        bool, typer.Option("--physical", help="The whole server as files, to recover any moment after it.")
    ] = False,
    incremental: Annotated[
        bool,
        typer.Option(
            "--incremental", help="With --physical: only what changed since the newest (PostgreSQL 17)."
        ),
    ] = False,
    folder: Folder = None,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Dump a database on one snapshot, with the counts that a restore is compared with."""
    settings = settings_from(data_dir, url)
    if whole or incremental:
        _require_no_choice(tables, compress, digests=digests)
        physical.create_base(settings, folder, incremental=incremental, as_json=as_json)
        return
    store = store_of(settings, folder)
    order = BackupOrder(
        database=database_name(settings, database),
        tables=tuple(name.strip() for name in (tables or "").split(",") if name.strip()),
        compression=compress,
        jobs=jobs,
        digests=digests,
    )
    with byte_progress(f"dumping {order.database}") as observe:
        manifest = run_async(
            backups.create_backup(Endpoints(settings).of("backup"), store, order, observe=observe)
        )
    _copy_and_tell(settings, store, manifest, as_json=as_json)


def _require_no_choice(tables: str | None, compress: Compression | None, *, digests: bool) -> None:
    given = {"--tables": tables, "--compress": compress, "--digests": digests}
    for option in (name for name, value in given.items() if value):
        raise BackupUnclear(
            f"{option} belongs to a dump; a base backup takes the whole server as it is.",
            hint="Leave it out, or leave out --physical and --incremental.",
        )


def _copy_and_tell(settings: Settings, store: BackupStore, manifest: Manifest, *, as_json: bool) -> None:
    copies = copies_of(settings)
    try:
        if copies is not None:
            narrate(f"copying it to {copies.address}")
            copies.send(store, manifest)
    except IotisticError:
        narrate(
            f"{manifest.id} is whole in {store.folder_of(manifest)}; its copy is missing: `iotistic backup send {manifest.id}`"
        )
        raise
    finally:  # it is here, whether or not it is there too
        write_down(settings, store, made=manifest)
    if as_json:
        print_json({**shown(manifest, store), "copy": copies.address if copies else None})
        return
    for warning in manifest.warnings:
        narrate(f"warning: {warning}")
    narrate(
        f"{manifest.rows} rows of {len(manifest.tables)} tables, {readable_bytes(manifest.bytes)} on disk. "
        f"`iotistic backup drill {manifest.id}` proves it."
    )
    sys.stdout.write(f"{store.folder_of(manifest)}\n")


@app.command()
def verify(
    name: Name = "latest",
    *,
    database: Which = Database.platform,
    copy: Annotated[bool, typer.Option("--copy", help="The copy in the storage, read there.")] = False,
    folder: Folder = None,
    data_dir: DataDir = None,
) -> None:
    """Read every file of a backup and compare it with its checksum; of a sealed one, see that the key opens it."""
    settings = settings_from(data_dir)
    store = store_of(settings, folder)
    if copy:
        backup_copies.verify_copy(settings, name, database)
        return
    manifest = get_here(settings, store, name, database)
    read = store.check(manifest)
    narrate(
        f"All {len(manifest.files)} files of {manifest.id} are as they were written ({readable_bytes(read)})."
    )
    if manifest.sealed_key is not None:
        store.try_open(manifest)
        narrate(f"They open under the key {manifest.key_id}.")
    BackupRecords(store.root).verify(manifest, system_clock())
    backup_copies.copy_known(settings, store, manifest)
    write_down(settings, store)


@app.command()
def roles(
    name: Name = "latest",
    database: Which = Database.platform,
    folder: Folder = None,
    data_dir: DataDir = None,
) -> None:
    """Print the statements that make the roles a backup refers to, without passwords."""
    settings = settings_from(data_dir)
    store = store_of(settings, folder)
    sys.stdout.write(store.roles_of(get_here(settings, store, name, database)))


@app.command()
def drill(
    name: Name = "latest",
    *,
    database: Which = Database.platform,
    amcheck: Annotated[bool, typer.Option("--amcheck/--no-amcheck", help="Also check every page.")] = True,
    jobs: Jobs = 2,
    folder: Folder = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Restore a backup into a scratch server, compare it with its manifest, and record that it is good."""
    settings = settings_from(data_dir)
    store = store_of(settings, folder)
    manifest = find_backup(settings, store, name, database)
    try:
        proof = run_async(backups.drill(store, manifest, narrate=narrate, amcheck=amcheck, jobs=jobs))
    except IotisticError as error:
        write_down(settings, store, failed=(manifest, error.message))
        raise
    backup_copies.copy_known(settings, store, manifest)
    write_down(settings, store)
    if as_json:
        print_json(proof)
        return
    narrate(
        f"{manifest.id} is proved: {proof.rows} rows in {proof.tables} tables came back in {proof.seconds:.0f} s."
    )


@app.command()
def aside(data_dir: DataDir = None, url: Url = None, as_json: AsJson = False) -> None:
    """List databases that restores put aside (with --json: one object a line)."""
    found = run_async(backups.list_aside(Endpoints(settings_from(data_dir, url)).superuser()))
    rows = [
        {"name": each.name, "bytes": each.bytes, "size": readable_bytes(each.bytes), "comment": each.comment}
        for each in found
    ]
    if as_json:
        print_json_lines(rows)
    else:
        print_table(rows, ["name", "size", "comment"], empty="No restore put a database aside.")


@app.command()
def drop(
    name: Annotated[str, typer.Argument(help="As `iotistic backup aside` lists it.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data_dir: DataDir = None,
    url: Url = None,
) -> None:
    """Drop a database that a restore put aside, for good; no other can be dropped this way."""
    if not yes and typer.prompt(f"This drops {name} for good. Type its name to go on", err=True) != name:
        raise typer.Abort
    gone = run_async(backups.drop_aside(Endpoints(settings_from(data_dir, url)).superuser(), name))
    narrate(f"{gone.name} is gone ({readable_bytes(gone.bytes)}).")
