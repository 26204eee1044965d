"""`iotistic backup ...`."""

import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

from iotistic.bootstrap.endpoints import Endpoints
from iotistic.cli import physical
from iotistic.cli.backup_folder import Folder, store_of
from iotistic.cli.db import Database, Which, database_name
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json, print_json_lines, print_table, readable_bytes, run_async
from iotistic.operations import backups
from iotistic.operations.backups import BackupOrder, BackupRecords, BackupStore, Compression, Keep, Manifest

__all__ = ["app"]

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Take backups, prove them by restoring, and let old ones go.",
)

Name = Annotated[str, typer.Argument(help="The id of a backup, or `latest`.")]
Jobs = Annotated[int, typer.Option("--jobs", min=1, max=64, help="How many tables at a time.")]


for physically in (physical.bases, physical.archiving, physical.archive_wal):
    app.command()(physically)


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
    with _watched(order.database) as observe:
        manifest = run_async(
            backups.create_backup(Endpoints(settings).of("backup"), store, order, observe=observe)
        )
    if as_json:
        print_json(_shown(manifest, store))
        return
    for warning in manifest.warnings:
        narrate(f"warning: {warning}")
    narrate(
        f"{manifest.rows} rows of {len(manifest.tables)} tables, {readable_bytes(manifest.bytes)} on disk. "
        f"`iotistic backup drill {manifest.id}` proves it."
    )
    sys.stdout.write(f"{store.folder_of(manifest)}\n")


@app.command("list")
def list_backups(
    database: Annotated[
        Database | None, typer.Option("--database", help="Only those of one database.")
    ] = None,
    folder: Folder = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List backups, newest first (with --json: one object a line)."""
    settings = settings_from(data_dir)
    store = store_of(settings, folder)
    rows = [
        _shown(manifest, store)
        for manifest in store.list(database_name(settings, database) if database else None)
    ]
    if as_json:
        print_json_lines(rows)
        return
    for row in rows:
        row["size"] = readable_bytes(row["bytes"])
        row["holds"] = "everything" if row["full"] else ", ".join(row["tables_asked"])
    columns = ["id", "database", "holds", "rows", "size", "proved_at", "pinned"]
    print_table(
        rows, columns, empty=f"There is no backup in {store.root}. `iotistic backup create` makes one."
    )


@app.command()
def show(name: Name = "latest", folder: Folder = None, data_dir: DataDir = None) -> None:
    """Show what one backup holds, as JSON."""
    store = store_of(settings_from(data_dir), folder)
    manifest = store.get(name)
    tables = [{"table": table.label, "rows": table.rows, "digest": table.digest} for table in manifest.tables]
    print_json({**_shown(manifest, store), "tables": tables})


@app.command()
def verify(name: Name = "latest", folder: Folder = None, data_dir: DataDir = None) -> None:
    """Read every file of a backup and compare it with its checksum."""
    store = store_of(settings_from(data_dir), folder)
    manifest = store.get(name)
    read = store.check(manifest)
    narrate(
        f"All {len(manifest.files)} files of {manifest.id} are as they were written ({readable_bytes(read)})."
    )


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
    manifest = store.get(name, database_name(settings, database) if name == "latest" else None)
    proof = run_async(backups.drill(store, manifest, narrate=narrate, amcheck=amcheck, jobs=jobs))
    if as_json:
        print_json(proof)
        return
    narrate(
        f"{manifest.id} is proved: {proof.rows} rows in {proof.tables} tables came back in {proof.seconds:.0f} s."
    )


@app.command()
def pin(
    name: Name,
    reason: Annotated[str, typer.Option("--reason", help="Why it is kept.")] = "",
    folder: Folder = None,
    data_dir: DataDir = None,
) -> None:
    """Keep a backup for ever."""
    store = store_of(settings_from(data_dir), folder)
    manifest = store.get(name)
    BackupRecords(store.root).pin(manifest, reason)
    narrate(f"{manifest.id} stays until `iotistic backup unpin {manifest.id}`.")


@app.command()
def unpin(name: Name, folder: Folder = None, data_dir: DataDir = None) -> None:
    """Let a pinned backup go when its time comes."""
    store = store_of(settings_from(data_dir), folder)
    manifest = store.get(name)
    told = "is no longer pinned" if BackupRecords(store.root).unpin(manifest) else "was not pinned"
    narrate(f"{manifest.id} {told}.")


@app.command()
def prune(
    database: Which = Database.platform,
    *,
    daily: Annotated[int, typer.Option("--daily", min=1, help="Days that keep their newest.")] = 7,
    weekly: Annotated[int, typer.Option("--weekly", min=0, help="Weeks that do.")] = 4,
    monthly: Annotated[int, typer.Option("--monthly", min=0, help="Months that do.")] = 12,
    yes: Annotated[bool, typer.Option("--yes", help="Remove, instead of showing what would go.")] = False,
    folder: Folder = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Remove backups that are no longer needed; without --yes, only show which and why.

    A backup goes only if a newer one was proved by a drill.
    """
    settings = settings_from(data_dir)
    store = store_of(settings, folder)
    verdicts = backups.prune(
        store,
        database_name(settings, database),
        keep=Keep(daily=daily, weekly=weekly, monthly=monthly),
        act=yes,
    )
    rows = [
        {"id": each.manifest.id, "keep": each.keep, "reason": each.reason, "bytes": each.manifest.bytes}
        for each in verdicts
    ]
    if as_json:
        print_json_lines(rows)
        return
    print_table(rows, ["id", "keep", "reason"], empty=f"There is no backup in {store.root}.")
    going = [row for row in rows if not row["keep"]]
    done = "were removed" if yes else "would go; --yes removes them"
    narrate(f"{len(going)} of {len(rows)} {done}.")


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


def _shown(manifest: Manifest, store: BackupStore) -> dict[str, Any]:
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
        "proved_at": proof.proved_at if proof else None,
        "pinned": records.is_pinned(manifest),
        "warnings": list(manifest.warnings),
        "path": str(store.folder_of(manifest)),
    }


class _watched:  # noqa: N801 - used as a word: `with _watched(...)`
    """A progress bar on a terminal; silence elsewhere."""

    def __init__(self, title: str) -> None:
        self._bar = Progress(
            "{task.description}",
            BarColumn(),
            DownloadColumn(binary_units=True),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task(f"dumping {title}", total=None)

    def __enter__(self) -> Callable[[backups.Progress], None] | None:
        if not sys.stderr.isatty():
            return None
        self._bar.start()
        return self._observe

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def _observe(self, progress: backups.Progress) -> None:
        self._bar.update(self._task, completed=progress.bytes_done, total=progress.bytes_total)
