"""`iotistic archive ...`."""

import csv
import sys
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from iotistic.bootstrap.platform import open_platform
from iotistic.cells import as_cell
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json_lines, print_table, readable_bytes, run_async
from iotistic.config import Settings
from iotistic.data_folder import DataFolder
from iotistic.database import locks
from iotistic.errors import NotFound
from iotistic.operations.archive import (
    ArchiveDamaged,
    ArchivedTableNotFound,
    ArchiveReader,
    Archivist,
    Folder,
    Manifest,
)
from iotistic.partitioning import PartitionCatalog, Period

__all__ = ["app"]

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Partitions as Parquet files: make, check and query them.",
)

DAMAGED = 3

Where = Annotated[
    Path | None,
    typer.Option("--folder", metavar="PATH", help="The archive, if it is not the installation's own."),
]
Table = Annotated[str | None, typer.Option("--table", help="Only of this table.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV on stdout.")]


class ArchiveMissing(NotFound):
    """A folder that is not there, and would pass for an empty archive."""

    code = "archive_missing"


@app.command("list")
def list_parts(
    table: Table = None, folder: Where = None, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """List the archived files (with --json: one manifest a line)."""
    rows = [_row(part) for part in _reader(folder, data_dir).list_parts(table=table)]
    if as_json:
        print_json_lines(rows)
    else:
        shown = [{**row, "size": readable_bytes(row["bytes"])} for row in rows]
        print_table(
            shown,
            ["table", "leaf", "part", "lower", "upper", "rows", "size", "created_at"],
            empty="Nothing is archived.",
        )


@app.command()
def create(
    leaf: Annotated[str, typer.Argument(help="The partition.", metavar="PARTITION")],
    folder: Where = None,
    data_dir: DataDir = None,
    url: Url = None,
) -> None:
    """Archive a partition now and prove it; it stays where it is. Rows that come later are archived before it is dropped."""
    settings = settings_from(data_dir, url)
    rows = run_async(_create(settings, _folder(folder, settings), leaf))
    narrate(f"{rows} rows of {leaf} were added." if rows else f"The archive had every row of {leaf} already.")


@app.command()
def verify(table: Table = None, folder: Where = None, data_dir: DataDir = None) -> int:
    """Read every archived file whole and compare it with its manifest; exits with 3 when one is damaged."""
    reader = _reader(folder, data_dir)
    damaged = 0
    parts = reader.list_parts(table=table)
    for part in parts:
        try:
            reader.verify(part)
        except ArchiveDamaged as error:
            damaged += 1
            narrate(f"error: {error.message}")
    narrate(f"{len(parts) - damaged} of {len(parts)} files hold what was archived.")
    return DAMAGED if damaged else 0


@app.command()
def query(
    text: Annotated[
        str,
        typer.Argument(help="A SELECT as DuckDB speaks it, on views named like the tables.", metavar="SQL"),
    ],
    as_csv: AsCsv = False,
    folder: Where = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Answer a query on the archived rows. It can read the archive only, and change nothing."""
    with _reader(folder, data_dir).query(text) as answer:
        if as_json:
            print_json_lines(dict(zip(answer.columns, row, strict=True)) for row in answer.rows())
        elif as_csv:
            _print_csv(answer.columns, answer.rows())
        else:
            rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows()]
            print_table(rows, answer.columns, empty="No row.")


def _print_csv(columns: list[str], rows: Iterable[tuple[Any, ...]]) -> None:
    writer = csv.writer(sys.stdout)
    writer.writerow(columns)
    for row in rows:
        writer.writerow(map(_cell, row))


def _cell(value: Any) -> Any:  # noqa: ANN401 - a value of any column
    match value:
        case datetime():
            return value.isoformat()
        case str():
            return as_cell(value)
        case _:
            return value


def _row(part: Manifest) -> dict[str, Any]:
    return {
        "table": part.table,
        "leaf": part.leaf,
        "part": part.part,
        "file": part.file_key,
        "lower": part.lower,
        "upper": part.upper,
        "rows": part.rows,
        "bytes": part.bytes,
        "sha256": part.sha256,
        "created_at": part.created_at,
    }


def _folder(folder: Path | None, settings: Settings) -> Folder:
    return Folder(folder or DataFolder(settings.data_dir).archive)


def _reader(folder: Path | None, data_dir: Path | None) -> ArchiveReader:
    if folder is None:
        return ArchiveReader(_folder(None, settings_from(data_dir)))
    if not folder.is_dir():
        raise ArchiveMissing(
            f"There is no folder {folder}.", hint="--folder names one that holds an archive."
        )
    return ArchiveReader(Folder(folder))


async def _create(settings: Settings, folder: Folder, leaf: str) -> int:
    platform = await open_platform(settings, application_name="iotistic-archive", with_ingest=False)
    try:
        connection = await platform.owner_connection("archive")
        try:
            async with locks.hold(connection, locks.LockKey.LEAVES):
                for situation in await PartitionCatalog(connection).situations():
                    for one in situation.leaves:
                        if one.name == leaf and one.lower and one.upper:
                            period = Period(one.lower, one.upper)
                            return await Archivist(folder).keep(
                                connection, parent=situation.policy.parent, leaf=leaf, period=period
                            )
        finally:
            await connection.close()
    finally:
        await platform.close()
    raise ArchivedTableNotFound(
        f"There is no partition {leaf}.", hint="Partitions are named like device_logs_20261128.", leaf=leaf
    )
