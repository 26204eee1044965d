"""`iotistic restore`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from iotistic.bootstrap.endpoints import Endpoints
from iotistic.cli import physical
from iotistic.cli.backup_folder import Folder, find_backup, store_of
from iotistic.cli.byte_progress import byte_progress
from iotistic.cli.db import Database, Which, database_name
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json, print_table, readable_bytes, run_async
from iotistic.cli.time_range import moment_of
from iotistic.clock import system_clock
from iotistic.config import Endpoint, Settings
from iotistic.errors import Invalid
from iotistic.operations import backups
from iotistic.operations.backups import Outcome, Restoration

__all__ = ["app"]

app = typer.Typer(add_completion=False, no_args_is_help=True)


ToTime = Annotated[
    str | None,
    typer.Option(
        "--to-time",
        metavar="TIME",
        help="The whole server as it was then, from its base backups and archived log; `end`: as far as that goes.",
    ),
]
Target = Annotated[
    Path | None, typer.Option("--target", metavar="PATH", help="With --to-time: a new data folder.")
]


class RestoreUnclear(Invalid):
    """The options contradict each other."""

    code = "restore_unclear"


@app.command()
def restore(
    name: Annotated[
        str, typer.Argument(help="The id of a backup, `latest`, or a file of plain SQL (.sql, .sql.gz).")
    ],
    *,
    database: Which = Database.platform,
    into: Annotated[
        str | None,
        typer.Option("--into", metavar="NAME", help="Restore into a new database; replace nothing."),
    ] = None,
    table: Annotated[
        list[str] | None,
        typer.Option(
            "--table", help="Bring only this table back, into a schema of its own; may be repeated."
        ),
    ] = None,
    to_time: ToTime = None,
    target: Target = None,
    jobs: Annotated[int, typer.Option("--jobs", min=1, max=64, help="How many tables at a time.")] = 2,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    folder: Folder = None,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Restore a backup: into a new database, compared with its manifest, then swapped in by name.

    The former database is put aside, not dropped. A live database is never written to.
    """
    _require_clear(name, into=into, table=table, to_time=to_time, target=target)
    settings = settings_from(data_dir, url)
    if to_time is not None:
        _recover(settings, name, to_time, target, folder, as_json=as_json)
        return
    endpoint = Endpoints(settings).superuser()
    live = database_name(settings, database)
    if _is_file(name):
        _restore_plain(endpoint, Path(name), into, as_json=as_json)
        return
    with byte_progress("loading") as observe:
        restoration, manifest = _restoration(
            settings, endpoint, name, database, folder=folder, jobs=jobs, observe=observe
        )
        _carry_out(restoration, manifest, endpoint, live, into=into, table=table, yes=yes, as_json=as_json)


def _carry_out(
    restoration: Restoration,
    manifest: backups.Manifest,
    endpoint: Endpoint,
    live: str,
    *,
    into: str | None,
    table: list[str] | None,
    yes: bool,
    as_json: bool,
) -> None:
    if table:
        schema, copied = run_async(backups.restore_tables(restoration, endpoint, manifest, live, table))
        _tell_tables(schema, copied, as_json=as_json)
        return
    if into is None and not yes:
        narrate(
            f"This replaces the database {live} by the backup {manifest.id} of {manifest.started_at:%Y-%m-%d %H:%M} UTC."
        )
        narrate("Its sessions are ended; it is put aside under another name, not dropped.")
        if typer.prompt("Type the database's name to go on", err=True) != live:
            raise typer.Abort
    outcome = run_async(restoration.into(into) if into else restoration.replace(live))
    _tell(outcome, as_json=as_json)


def _is_file(name: str) -> bool:
    """Whether a file is meant: whatever it is called, no file has the name of a backup."""
    return name.endswith((".sql", ".sql.gz")) or Path(name).is_file()


def _require_clear(
    name: str, *, into: str | None, table: list[str] | None, to_time: str | None, target: Path | None
) -> None:
    """An option that would be passed over is worse than one that is refused: without it, the live database is replaced."""
    if target is not None and to_time is None:
        raise RestoreUnclear(
            "--target is given without --to-time.",
            hint="`--to-time end` goes as far as the log does; to restore into another database, take --into NAME.",
        )
    if to_time is not None and (into or table):
        raise RestoreUnclear(
            "--to-time recovers the whole server; --into and --table do not go with it.",
            hint="Recover it, start it, and take a dump there: `iotistic backup create --data-dir TARGET`.",
        )
    if into and table:
        raise RestoreUnclear("--into and --table are both given.", hint="Give one.")
    if table and _is_file(name):
        raise RestoreUnclear(
            "Single tables are taken from backups of ours; this is a file of SQL.",
            hint="Restore all of it beside with --into NAME, and copy from there.",
        )


def _recover(
    settings: Settings, name: str, to_time: str, target: Path | None, folder: Path | None, *, as_json: bool
) -> None:
    if target is None:
        raise RestoreUnclear(
            "A point in time is recovered beside the live server, into a data folder of its own.",
            hint="Name it with --target PATH.",
        )
    moment = None if to_time == "end" else moment_of(to_time)
    if moment is not None and moment > system_clock():
        raise RestoreUnclear(
            f"{to_time} is in the future.", hint="`--to-time end` goes as far as the log does."
        )
    physical.recover(settings, folder, name, moment, target, as_json=as_json)


def _restoration(
    settings: Settings,
    endpoint: Endpoint,
    name: str,
    database: Database,
    *,
    folder: Path | None,
    jobs: int,
    observe: backups.Observe | None,
) -> tuple[Restoration, backups.Manifest]:
    store = store_of(settings, folder)
    manifest = find_backup(settings, store, name, database)
    embedded = settings.database is None
    return (
        Restoration(
            endpoint,
            store,
            manifest,
            jobs=jobs,
            narrate=narrate,
            data_folder=settings.data_dir if embedded else None,
            observe=observe,
        ),
        manifest,
    )


def _restore_plain(endpoint: Endpoint, path: Path, into: str | None, *, as_json: bool) -> None:
    if into is None:
        raise RestoreUnclear(
            "A file of plain SQL has no manifest to compare with, so it replaces nothing by itself.",
            hint="Restore it beside with --into NAME, and look at it there.",
        )
    dump = backups.inspect_dump(path)
    narrate(
        f"{path.name}: {readable_bytes(dump.bytes)} of SQL, of PostgreSQL {dump.server_major or 'unknown'}"
    )
    run_async(backups.restore_plain(endpoint, dump, into))
    if as_json:
        print_json({"database": into, "compared": False})
        return
    narrate(f"Restored into {into}; nothing was compared, because plain SQL says nothing about itself.")
    sys.stdout.write(f"{into}\n")


def _tell(outcome: Outcome, *, as_json: bool) -> None:
    if as_json:
        print_json(outcome)
        return
    narrate(
        f"{outcome.rows} rows in {outcome.tables} tables are in {outcome.database}, as the manifest says."
    )
    if outcome.put_aside:
        narrate(
            f"The former database is {outcome.put_aside}; `iotistic backup drop {outcome.put_aside}` drops it."
        )
    sys.stdout.write(f"{outcome.database}\n")


def _tell_tables(schema: str, copied: dict[str, int], *, as_json: bool) -> None:
    rows = [{"table": f"{schema}.{name}", "rows": count} for name, count in copied.items()]
    if as_json:
        print_json({"schema": schema, "tables": rows})
    else:
        print_table(rows, ["table", "rows"], empty="Nothing was copied.")
        narrate(
            "Copy from there what is missing (INSERT INTO ... SELECT ...), with `iotistic db psql --role owner`; "
            f"DROP SCHEMA {schema} CASCADE when it is done."
        )
